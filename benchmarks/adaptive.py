"""Adaptive sample size: are the errors, against LIME's limit, as small as was asked for?"""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from benchmarks.problems import problem
from benchmarks.report import Line, markdown, table
from sklime import LimeExplainer

TOL = 0.05
MAX_SAMPLES = 2**17
N_SEEDS = 3
N_ROWS = 20
PROBLEMS = (
    ("breast_cancer", "forest"),
    ("wine", "forest"),
    ("diabetes", "linear"),
    ("diabetes", "boosting"),
    ("Friedman 1", "boosting"),
)


def measure():
    return [summary(errors())]


def errors():
    """By pair: errors relative to the row's largest attribution, and draws used."""
    return {pair: relative_errors(problem(*pair)) for pair in PROBLEMS}


def relative_errors(p):
    rows = p.X[:N_ROWS]
    limit = LimeExplainer(p.model, method="exact").fit(p.X_train).transform(rows)
    largest = np.abs(limit).max(axis=1, keepdims=True)
    explainer = LimeExplainer(p.model, method="sampling", tol=TOL, max_samples=MAX_SAMPLES)
    found, used = [], []
    with warnings.catch_warnings():
        # Training rows of small attributions may need more than max_samples.
        warnings.simplefilter("ignore", ConvergenceWarning)
        for seed in range(N_SEEDS):
            explainer.set_params(random_state=seed).fit(p.X_train)
            found.append(np.abs(explainer.transform(rows) - limit) / largest)
            used.append(explainer.n_samples_)
    return np.array(found), np.array(used)


def summary(found):
    every = np.concatenate([errors.ravel() for errors, _ in found.values()])
    share = np.mean(every <= TOL)
    return Line(
        f"tol={TOL}: coefficients whose error is within {TOL:.0%} of the row's largest, "
        f"{len(found)} models",
        "95 %",
        f"{share:.2%}, worst model "
        f"{min(np.mean(errors <= TOL) for errors, _ in found.values()):.2%}",
        share >= 0.95,
    )


def details(found):
    return markdown(
        ("data", "model", "draws used, median and range", "within", "worst row"),
        [
            (
                *pair,
                f"{np.median(used):,.0f}, {used.min():,} to {used.max():,}",
                f"{np.mean(errors <= TOL):.2%}",
                f"{np.mean(errors <= TOL, axis=(0, 2)).min():.2%}",
            )
            for pair, (errors, used) in found.items()
        ],
    )


if __name__ == "__main__":
    found = errors()
    print(f"{details(found)}\n\n{table([summary(found)])}")
