"""Sampled Shapley values: error at equal numbers of coalitions, beside Leverage SHAP.

Three models of 30 columns, a background of four rows, 20 seeds; exact values come from
shap's interventional trees and, for probabilities of a linear score, from a quadrature.
Leverage SHAP is written down here from the paper: Musco and Witter (2025), Provably
accurate Shapley value estimation via leverage score sampling, algorithm 1.
"""

import numpy as np
import shap
from scipy.optimize import brentq
from scipy.special import comb
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from benchmarks.report import Line, markdown, table
from sklime import LimeExplainer
from sklime.kernels import ShapleyKernel
from sklime.samplers import CoalitionSampler

N_SEEDS = 20
N_ROWS = 3
N_BACKGROUND = 4
SIZES = (256, 512, 1024, 2048)


def measure():
    return [line_of(errors()), coverage()]


def line_of(found):
    ratios = {key: ours / theirs for key, (ours, theirs) in found.items()}
    mean = np.exp(np.mean(np.log(list(ratios.values()))))
    worst = max(ratios, key=ratios.get)
    return Line(
        f"sampled Shapley values, 30 columns, {SIZES[0]} to {SIZES[-1]:,} calls, 3 models, "
        f"{N_SEEDS} seeds: mean squared error over that of Leverage SHAP",
        "at most 1",
        f"geometric mean {mean:.2f}, worst {ratios[worst]:.2f} "
        f"({worst[0]}, {worst[1]:,} calls)",
        ratios[worst] <= 1.0,
    )


def errors():
    """By model and number of coalitions: mean squared errors, ours and Leverage SHAP's."""
    found = {}
    for name, setting in models().items():
        model, method, answer, exact, X, background, rows = setting
        for n in SIZES:
            ours, theirs = [], []
            for seed in range(N_SEEDS):
                values = explainer_of(model, method, background, n, seed).fit(X)
                ours.append(np.square(values.transform(rows) - exact))
                theirs.append(
                    [
                        np.square(
                            leverage_shap(value_of(answer, x, background), n, seed) - e
                        )
                        for x, e in zip(rows, exact, strict=True)
                    ]
                )
            found[name, n] = np.mean(ours), np.mean(theirs)
    return found


def coverage():
    """Share of exact values in 95 % intervals."""
    inside = []
    for setting in models().values():
        model, method, _, exact, X, background, rows = setting
        for n in SIZES:
            for seed in range(N_SEEDS):
                explainer = explainer_of(model, method, background, n, seed).fit(X)
                found = explainer.explain(rows, uncertainty=True)
                low, high = found.confidence_intervals()
                inside.append((low <= exact) & (exact <= high))
    share = np.mean(inside)
    return Line(
        "the same: coverage of 95 % intervals",
        "0.93 to 0.98",
        f"{share:.3f}",
        0.93 <= share <= 0.98,
    )


def explainer_of(model, method, background, n, seed):
    return LimeExplainer(
        model,
        sampler=CoalitionSampler(background),
        kernel=ShapleyKernel(),
        target=1,
        response_method=method,
        method="sampling",
        n_samples=n,
        random_state=seed,
    )


def models():
    """Models, their answers, exact values of some rows, and the tables."""
    X, y = load_breast_cancer(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    shuffled = X[np.random.default_rng(0).permutation(len(X))]
    background, rows = shuffled[:N_BACKGROUND], shuffled[50 : 50 + N_ROWS]
    forest = RandomForestClassifier(50, min_samples_leaf=2, random_state=0).fit(X, y)
    boosting = GradientBoostingClassifier(max_depth=4, random_state=0).fit(X, y)
    linear = LogisticRegression().fit(X, y)
    own = X, background, rows
    return {
        "forest": (
            forest,
            "predict_proba",
            lambda X: forest.predict_proba(X)[:, 1],
            tree_values(forest, background, rows)[..., 1],
            *own,
        ),
        "boosting": (
            boosting,
            "decision_function",
            boosting.decision_function,
            tree_values(boosting, background, rows),
            *own,
        ),
        "logistic regression": (
            linear,
            "predict_proba",
            lambda X: linear.predict_proba(X)[:, 1],
            logistic_values(linear, background, rows),
            *own,
        ),
    }


def tree_values(model, background, rows):
    explainer = shap.TreeExplainer(model, background, feature_perturbation="interventional")
    return np.asarray(explainer.shap_values(rows))


def logistic_values(model, background, rows):
    """Shapley values of a probability: over keep probabilities, and over frequencies."""
    coef, constant = model.coef_[0], model.intercept_[0]
    nodes, weights = np.polynomial.legendre.leggauss(len(coef) // 2 + 1)
    found = np.zeros(rows.shape)
    for i, x in enumerate(rows):
        for b in background:
            steps, base = coef * (x - b), constant + coef @ b
            step = 2.0 * np.pi / (2.0 * np.abs(steps).sum() + 60.0)
            u = (np.arange(int(12.0 / step)) + 0.5) * step
            turns = np.exp(1j * np.outer(u, steps))
            for t, weight in zip(0.5 * (nodes + 1.0), 0.5 * weights, strict=True):
                factors = 1.0 - t + t * turns
                for j in range(len(coef)):
                    others = np.delete(factors, j, axis=1).prod(axis=1)
                    moved = np.exp(1j * u * base) * others * (turns[:, j] - 1.0)
                    found[i, j] += weight * step * (moved.imag / np.sinh(np.pi * u)).sum()
    return found / len(background)


def value_of(answer, x, background):
    """Value of coalitions: mean answer over the background."""

    def value(masks):
        copies = np.where(masks[:, np.newaxis], x, background)
        return answer(copies.reshape(-1, len(x))).reshape(len(masks), -1).mean(axis=1)

    return value


def leverage_shap(value, n_calls, seed, d=30):
    """Leverage SHAP: pairs without replacement, as often as their leverage says."""
    rng = np.random.default_rng(seed)
    sizes = np.arange(1, d)
    counts = comb(d, sizes)

    def surplus(c):
        return np.minimum(counts, 2.0 * c).sum() - (n_calls - 2)

    c = brentq(surplus, 0.0, counts.max())
    masks, weights = [], []
    for s in range(1, d // 2 + 1):
        chance = min(1.0, 2.0 * c / comb(d, s))
        there = comb(d, s, exact=True) // (2 if 2 * s == d else 1)
        n = min(rng.binomial(there, chance), there)
        for kept in distinct(d, s, n, rng):
            mask = np.zeros(d, dtype=bool)
            mask[list(kept)] = True
            masks.append(mask)
            weights.append(1.0 / (s * (d - s) * comb(d, s) * chance))
    masks, weights = np.array(masks), np.array(weights)
    empty, full = value(np.array([[False] * d, [True] * d]))
    Z = np.concatenate([masks, ~masks])
    weights = np.concatenate([weights, weights])
    A = (Z - Z.mean(axis=1, keepdims=True)) * np.sqrt(weights)[:, np.newaxis]
    y = value(Z) - empty - Z.mean(axis=1) * (full - empty)
    apart = np.linalg.lstsq(A, y * np.sqrt(weights), rcond=None)[0]
    return apart - apart.mean() + (full - empty) / d


def distinct(d, s, n, rng):
    """So many distinct subsets of a size; of half the units one of each pair."""
    found = set()
    while len(found) < n:
        kept = frozenset(rng.choice(d, s, replace=False).tolist())
        if 2 * s == d and 0 not in kept:
            kept = frozenset(range(d)) - kept
        found.add(kept)
    return found


def details(found):
    """Every model and number of coalitions."""
    rows = [
        (name, f"{n:,}", f"{ours:.2e}", f"{theirs:.2e}", f"{ours / theirs:.2f}")
        for (name, n), (ours, theirs) in found.items()
    ]
    return markdown(
        ("model", "calls", "mean squared error", "Leverage SHAP's", "ratio"), rows
    )


if __name__ == "__main__":
    found = errors()
    print(f"{details(found)}\n\n{table([line_of(found), coverage()])}")
