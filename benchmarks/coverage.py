"""Confidence intervals against LIME's limit: how often do they hold it?

Three models, three widths of the kernel, both kinds of draws. The ridge penalty pulls
estimates from independent draws towards 0; the table of details says how far, in standard
errors. Then a sum over columns, and a column of which few draws share a value.
"""

import warnings
from dataclasses import dataclass
from itertools import product

import numpy as np

from benchmarks.problems import problem
from benchmarks.report import Line, markdown, table
from sklime import FunctionRegressor, LimeExplainer
from sklime.exceptions import NeighbourhoodWarning
from sklime.kernels import ExponentialKernel
from sklime.samplers import MarginalSampler

LEVEL = 0.95
N_SEEDS = 40
# Small tables have few distinct rows: their cells scatter by 0.01 over 40 seeds.
N_SEEDS_OF_SMALL = 160
N_ROWS = 20
N_DRAWS = 4096
PROBLEMS = (("breast_cancer", "forest"), ("diabetes", "linear"), ("Friedman 1", "boosting"))
WIDTHS = (1.0, 2.0, None)
SEQUENCES = ("sobol", "random")


@dataclass(frozen=True)
class Cell:
    """What one model, width and kind of draws gave."""

    where: tuple
    coverage: float
    shrinkage: float
    n: int


def measure():
    return [*summaries(cells()), *of_sum(), *of_few_draws()]


def cells():
    return [
        cell(pair, width, sequence)
        for pair, width, sequence in product(PROBLEMS, WIDTHS, SEQUENCES)
    ]


def cell(pair, width, sequence):
    p = problem(*pair)
    rows = p.X[:N_ROWS]
    explainer = LimeExplainer(p.model, method="exact").set_params(kernel__width=width)
    limit = explainer.fit(p.X_train).transform(rows)
    explainer.set_params(
        method="sampling",
        weighting="kernel",
        n_samples=N_DRAWS,
        sampler__sequence=sequence,
    )
    held, pulled = [], []
    for seed in range(N_SEEDS):
        explainer.set_params(random_state=seed).fit(p.X_train)
        e = explainer.explain(rows, uncertainty=True)
        lower, upper = e.confidence_intervals(LEVEL)
        # What the model ignores, and the draws know to be 0, tells nothing.
        known = (limit == 0.0) & (e.standard_errors == 0.0)
        held.append(((lower <= limit) & (limit <= upper))[~known])
        towards_zero = np.sign(limit) * (limit - e.values)
        pulled.append(towards_zero[~known] / e.standard_errors[~known])
    held, pulled = np.concatenate(held), np.concatenate(pulled)
    return Cell((*pair, f"{width}", sequence), held.mean(), pulled.mean(), len(held))


def summaries(cells):
    lines = []
    for sequence in SEQUENCES:
        shares = [c.coverage for c in cells if c.where[-1] == sequence]
        mean = np.mean(shares)
        lines.append(
            Line(
                f'coverage of {LEVEL:.0%} intervals at {N_DRAWS:,} draws, "{sequence}", '
                f"{len(PROBLEMS)} models by {len(WIDTHS)} widths",
                "0.93 to 0.97",
                f"{mean:.3f}, from {min(shares):.3f} to {max(shares):.3f}",
                0.93 <= mean <= 0.97,
            )
        )
    return lines


def of_sum():
    """A model that is a sum over columns, on a small discrete table with a rare level."""
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.integers(0, k, 400) for k in (3, 2, 4, 3)]).astype(float)
    X[:, 3] = np.where(rng.random(400) < 0.05, 3.0, X[:, 3])
    model = FunctionRegressor(
        lambda X: X[:, 0] + 3 * X[:, 1] + np.sin(X[:, 2]) + 0.2 * X[:, 3] ** 2
    )
    single = [lambda x: x, lambda x: 3 * x, np.sin, lambda x: 0.2 * x**2]
    limit = np.array(
        [
            [_contrast(g(x), x == x[i]) for g, x in zip(single, X.T, strict=True)]
            for i in range(N_ROWS)
        ]
    )
    sampler = MarginalSampler(categorical_features=[0, 1, 2, 3])
    for name, setting in {
        "defaults": {},
        "width 0.3": {"kernel": ExponentialKernel(width=0.3)},
        "512 draws": {"n_samples": 512},
        "tilted": {"weighting": "tilted"},
    }.items():
        explainer = LimeExplainer(model, sampler=sampler, **setting)
        share = _share_held(explainer, X, limit)
        yield Line(
            f"coverage of {LEVEL:.0%} intervals of a sum over columns, {name}",
            "0.93 to 0.97",
            f"{share:.3f}",
            0.93 <= share <= 0.97,
        )


def of_few_draws():
    """A column of 25 equally frequent levels, whose effect depends on another column."""
    rng = np.random.default_rng(0)
    effect = rng.normal(size=25)
    X = np.column_stack([rng.integers(0, 25, 2000), *rng.normal(size=(2, 2000))])
    model = FunctionRegressor(
        lambda X: effect[X[:, 0].astype(int)] * (1 + np.sin(2 * X[:, 1])) + X[:, 2]
    )
    sampler = MarginalSampler(categorical_features=[0])
    many = [
        LimeExplainer(model, sampler=sampler, n_samples=2**16, random_state=seed)
        for seed in range(100, 104)
    ]
    limit = np.mean([e.fit(X).transform(X[:N_ROWS]) for e in many], axis=0)
    for n_draws in (256, 512, 1024, 2048):
        explainer = LimeExplainer(model, sampler=sampler, n_samples=n_draws)
        share = _share_held(explainer, X, limit, columns=[0])
        yield Line(
            f"coverage of {LEVEL:.0%} intervals of a value of {n_draws / 25:.0f} draws",
            "0.93 to 0.97",
            f"{share:.3f}",
            0.93 <= share <= 0.97,
        )


def _share_held(explainer, X, limit, columns=slice(None)):
    held = []
    for seed in range(N_SEEDS_OF_SMALL):
        found = explainer.set_params(random_state=seed).fit(X)
        with warnings.catch_warnings():
            # Values of a few draws are what is looked at.
            warnings.simplefilter("ignore", NeighbourhoodWarning)
            found = found.explain(X[:N_ROWS], uncertainty=True)
        lower, upper = found.confidence_intervals(LEVEL)
        held.append(((lower <= limit) & (limit <= upper))[:, columns].mean())
    return np.mean(held)


def _contrast(values, same):
    return values[same].mean() - values[~same].mean()


def details(cells):
    return markdown(
        ("data", "model", "width", "draws", "coverage", "shrunk by, standard errors", "of"),
        [(*c.where, f"{c.coverage:.3f}", f"{c.shrinkage:+.3f}", f"{c.n:,}") for c in cells],
    )


if __name__ == "__main__":
    found = cells()
    lines = [*summaries(found), *of_sum(), *of_few_draws()]
    print(f"{details(found)}\n\n{table(lines)}")
