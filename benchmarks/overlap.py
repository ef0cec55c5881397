"""Whether two seeds name the same five features: sklime, its closed form, and ``lime``."""

import warnings
from itertools import combinations

import numpy as np
from lime.lime_tabular import LimeTabularExplainer

from benchmarks.problems import problem
from benchmarks.report import Line, table
from sklime import LimeExplainer

N_SEEDS = 10
N_ROWS = 20
K = 5


def measure():
    p = problem("breast_cancer", "forest")
    theirs = overlaps([lime_top(p, seed) for seed in range(N_SEEDS)])
    lines = []
    for method, mean, least in (("sampling", 0.94, 0.6), ("exact", 1.0, 1.0)):
        own = overlaps([top(p, method, seed) for seed in range(N_SEEDS)])
        lines.append(
            Line(
                f"overlap (Jaccard) of the top {K} between {N_SEEDS} seeds, {N_ROWS} rows, "
                f"breast_cancer, forest of 100 trees, {method}",
                f"mean {mean}, worst pair {least}",
                f"{own.mean():.3f}, {own.min():.2f}; lime {theirs.mean():.3f}, "
                f"{theirs.min():.2f}",
                own.mean() >= mean and own.min() >= least,
            )
        )
    return lines


def top(p, method, seed):
    explainer = LimeExplainer(p.model, method=method, random_state=seed).fit(p.X_train)
    values = explainer.transform(p.X[:N_ROWS])
    return [set(row) for row in np.argsort(-np.abs(values), axis=1)[:, :K]]


def lime_top(p, seed):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="lime")
        lime = LimeTabularExplainer(p.X_train, random_state=seed)
        found = [lime.explain_instance(x, p.model.predict_proba) for x in p.X[:N_ROWS]]
    # lime lists features by the size of their coefficients, the largest first.
    return [{j for j, _ in e.local_exp[1][:K]} for e in found]


def overlaps(tops):
    """Jaccard index of every two seeds' features, for every row."""
    return np.array(
        [
            len(a & b) / len(a | b)
            for one, other in combinations(tops, 2)
            for a, b in zip(one, other, strict=True)
        ]
    )


if __name__ == "__main__":
    print(table(measure()))
