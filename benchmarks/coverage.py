"""Confidence intervals against LIME's limit: how often do they hold it?

Three models, three widths of the kernel, both kinds of draws. The ridge penalty pulls every
estimate towards 0; the table of details says how far, in standard errors.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np

from benchmarks.problems import problem
from benchmarks.report import Line, markdown, table
from sklime import LimeExplainer

LEVEL = 0.95
N_SEEDS = 40
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
    return summaries(cells())


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


def details(cells):
    return markdown(
        ("data", "model", "width", "draws", "coverage", "shrunk by, standard errors", "of"),
        [(*c.where, f"{c.coverage:.3f}", f"{c.shrinkage:+.3f}", f"{c.n:,}") for c in cells],
    )


if __name__ == "__main__":
    found = cells()
    print(f"{details(found)}\n\n{table(summaries(found))}")
