"""A kernel so narrow that ``lime``'s coefficients vanish: sklime against LIME's limit."""

import warnings

import numpy as np
from lime.lime_tabular import LimeTabularExplainer

from benchmarks.problems import problem
from benchmarks.report import Line, table
from sklime import LimeExplainer

WIDTH = 0.5
K = 5
N_DRAWS = 4096
N_SEEDS = 5
N_ROWS = 20


def measure():
    p = problem("breast_cancer", "forest")
    rows = p.X[:N_ROWS]
    explainer = LimeExplainer(p.model, method="exact").set_params(kernel__width=WIDTH)
    limit = explainer.fit(p.X_train).transform(rows)
    top = np.argsort(-np.abs(limit), axis=1)[:, :K]
    limit = np.take_along_axis(limit, top, axis=1)
    explainer.set_params(method="sampling", weighting="auto", n_samples=N_DRAWS)
    errors = []
    for seed in range(N_SEEDS):
        explainer.set_params(random_state=seed).fit(p.X_train)
        values = np.take_along_axis(explainer.transform(rows), top, axis=1)
        errors.append(values - limit)
    together = np.linalg.norm(errors, axis=2) / np.linalg.norm(limit, axis=1)
    where = f"width {WIDTH}, breast_cancer, forest of 100 trees, {N_DRAWS:,} draws"
    lime = (
        f"; the limit's largest is {np.median(np.abs(limit).max(axis=1)):.2f}, "
        f"lime's {lime_largest(p):.0e}"
    )
    return [
        line(f"{where}: relative error of a row's top {K} together", together, lime),
        line(f"{where}: of each of them alone", np.abs(errors / limit)),
    ]


def line(what, errors, more=""):
    median, high = np.percentile(errors, (50, 95))
    return Line(
        what,
        "median 2 %, 95th percentile 6 %",
        f"{median:.1%}, {high:.1%}{more}",
        median <= 0.02 and high <= 0.06,
    )


def lime_largest(p):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="lime")
        lime = LimeTabularExplainer(p.X_train, kernel_width=WIDTH, random_state=0)
        found = [lime.explain_instance(x, p.model.predict_proba) for x in p.X[:N_ROWS]]
    return np.median([abs(e.local_exp[1][0][1]) for e in found])


if __name__ == "__main__":
    print(table(measure()))
