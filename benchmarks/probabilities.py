"""Probabilities of additive scores in closed form: time, error, and names over seeds."""

from time import process_time

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.overlap import overlaps, top
from benchmarks.problems import problem
from benchmarks.report import Line, table
from sklime import LimeExplainer

N_ROWS = 2000
N_SEEDS = 10
K = 5


def measure():
    p = problem("breast_cancer", "linear")
    with threadpool_limits(limits=1):
        return [time_of_a_row(p), error(p), names(p)]


def time_of_a_row(p):
    explainer = LimeExplainer(p.model, method="exact").fit(p.X_train)
    rows = np.resize(p.X, (N_ROWS, p.X.shape[1]))
    times = []
    for _ in range(5):
        start = process_time()
        explainer.transform(rows)
        times.append(process_time() - start)
    per_row = np.median(times) / len(rows) * 1e6
    return Line(
        "probability of logistic regression, 30 columns, exact: processor time of a row",
        "under 100 microseconds",
        f"{per_row:.0f} microseconds",
        per_row < 100,
    )


def error(p):
    """Largest difference that four times as many nodes make."""
    explainer = LimeExplainer(p.model, method="exact").fit(p.X_train)
    source = explainer._routes.source
    values = explainer.transform(p.X)
    source.model = source.model.refined(4)
    off = np.abs(explainer.transform(p.X) - values).max()
    return Line(
        "the same: largest difference from four times as many nodes",
        "at most 1e-12",
        f"{off:.0e}",
        off <= 1e-12,
    )


def names(p):
    own = overlaps([top(p, "auto", seed) for seed in range(N_SEEDS)])
    return Line(
        f"the same at all defaults: overlap of the top {K} between {N_SEEDS} seeds",
        "1.0",
        f"{own.min():.3f}",
        own.min() == 1.0,
    )


if __name__ == "__main__":
    print(table(measure()))
