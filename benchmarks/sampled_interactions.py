"""Intervals of sampled interactions, of words, coalitions and standardised columns."""

import numpy as np
from scipy.stats import norm, t
from sklearn.ensemble import RandomForestRegressor

from benchmarks.report import Line, markdown, table
from sklime import FunctionRegressor, LimeExplainer
from sklime.kernels import ExponentialKernel, ShapleyKernel
from sklime.samplers import (
    CoalitionSampler,
    GaussianSampler,
    MarginalSampler,
    TokenSampler,
)

N_SEEDS, N_ROWS, LEVEL = 40, 4, 0.95
WORDS = "film not good bad plot very dull long fine end cast star day one".split()


def measure():
    return lines(shares())


def shares():
    """Share of the numbers inside their 95 % intervals, by what is drawn."""
    return {name: covered(explained) for name, explained in settings()}


def settings():
    """Name of a setting, and a function of a method's parameters that explains rows."""
    text = " ".join(WORDS)
    for n in (500, 2048):
        yield f"words of a text, {n} of 2^14 masks", of_text(text, n)
    for n in (300, 2048):
        for name, background in (("marginals", "marginals"), ("5 rows", "rows")):
            for kernel in (None, ShapleyKernel()):
                kind = "Banzhaf" if kernel is None else "Shapley"
                own = of_table(12, background, kernel, n)
                yield f"{kind}, background of {name}, {n} of 2^12 coalitions", own
    for sampler in (
        MarginalSampler(n_bins=None),
        GaussianSampler(),
        GaussianSampler(center="instance"),
    ):
        for width in (None, 0.8):
            name = "default" if width is None else width
            yield f"{sampler!r}, width {name}", of_columns(sampler, width)


def covered(explained):
    """Share of intervals of draws that hold the exact number."""
    known = explained(None).interactions
    inside = []
    for seed in range(N_SEEDS):
        own = explained(seed)
        df = own.meta["degrees_of_freedom"]
        level = 0.5 + LEVEL / 2
        q = norm.ppf(level) if df is None else t.ppf(level, df)
        off = np.abs(own.interactions - known)
        inside.append(off <= q * own.interaction_standard_errors)
    return float(np.mean(inside))


def of_text(text, n_samples):
    """Of a number that words decide together; all masks tell the exact one."""
    model = FunctionRegressor(_surprise)

    def explained(seed):
        n = 2 ** len(WORDS) if seed is None else n_samples
        explainer = LimeExplainer(
            model, sampler=TokenSampler(), n_samples=n, random_state=seed or 0
        )
        return explainer.fit([text]).explain([text], interactions=True)

    return explained


def of_table(n_columns, background, kernel, n_samples):
    """Of coalitions of a forest's columns."""
    X, model = _forest(n_columns)
    sampler = CoalitionSampler(X[:5] if background == "rows" else background)
    setting = {"sampler": sampler, "kernel": kernel, "n_samples": n_samples}
    return _by_closed_form(model, X, setting)


def of_columns(sampler, width):
    """Of a forest's standardised columns."""
    X, model = _forest(8)
    kernel = ExponentialKernel(width=width)
    setting = {"sampler": sampler, "kernel": kernel, "n_samples": 2048}
    return _by_closed_form(model, X, setting)


def _by_closed_form(model, X, setting):
    def explained(seed):
        method = "exact" if seed is None else "sampling"
        explainer = LimeExplainer(model, method=method, random_state=seed or 0, **setting)
        return explainer.fit(X).explain(X[:N_ROWS], interactions=True)

    return explained


def _forest(n_columns):
    X = np.random.default_rng(0).normal(size=(400, n_columns))
    y = X[:, 0] * X[:, 1] + np.sin(X[:, 2] * X[:, 3]) + X[:, 4] * (X[:, 5] > 0)
    forest = RandomForestRegressor(30, max_depth=6, random_state=0)
    return X, forest.fit(X, y)


def _surprise(texts):
    found = [set(text.split()) for text in texts]
    has = np.array([[word in own for word in WORDS] for own in found], dtype=float)
    together = 2 * has[:, 1] * has[:, 2] - has[:, 1] * has[:, 2] * has[:, 5]
    return np.tanh(has.sum(axis=1) / 4) + together


def lines(found):
    low, high = min(found.values()), max(found.values())
    yield Line(
        f"95 % intervals of sampled interactions, {len(found)} settings, {N_SEEDS} seeds: "
        "share that holds the exact number",
        "0.9 to 0.98 on average",
        f"{np.mean(list(found.values())):.3f}, from {low:.3f} to {high:.3f}",
        0.9 <= np.mean(list(found.values())) <= 0.98,
    )


def details(found):
    """Each setting's share."""
    return markdown(("setting", "inside"), [(k, f"{v:.3f}") for k, v in found.items()])


if __name__ == "__main__":
    found = shares()
    print(f"{details(found)}\n\n{table(lines(found))}")
