"""Closed forms against draws: do they agree, and does anything but the row matter?

The 2**20 draws come in 32 independent runs, whose spread gives the standard error with 31
degrees of freedom: three of them hold 99.5 % of an unbiased estimate. One run in eight
scrambles has 7 degrees, of which they would hold 98.0 %.
"""

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, make_friedman1
from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from benchmarks.report import Line, markdown, table
from sklime import LimeExplainer

N_ROWS = 200
N_DRAWS = 2**20
N_RUNS = 32
N_ERRORS = 3.0


def families():
    """Name, fitted model, its table and further parameters of the explainer."""
    X, y = load_breast_cancer(return_X_y=True)
    yield "tree", DecisionTreeClassifier(random_state=0).fit(X, y), X, {}
    yield "forest", RandomForestClassifier(100, random_state=0).fit(X, y), X, {}
    linear = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    margin = {"response_method": "decision_function"}
    yield "logistic regression, margin", linear, X, margin
    yield "logistic regression", linear, X, {}
    X, y = load_diabetes(return_X_y=True)
    yield "extra trees", ExtraTreesRegressor(100, random_state=0).fit(X, y), X, {}
    X, y = make_friedman1(500, noise=1.0, random_state=0)
    yield "boosting", GradientBoostingRegressor(random_state=0).fit(X, y), X, {}
    yield "histogram boosting, gaps and categories, margin", *gaps_and_categories(margin)


def gaps_and_categories(margin):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 10))
    X[:, :3] = rng.integers(0, 6, (2000, 3))
    y = (X[:, 0] == 3) + X[:, 5] * X[:, 6] + X[:, 7] > 0.5
    X[rng.random(X.shape) < 0.1] = np.nan
    categorical = [0, 1, 2]
    model = HistGradientBoostingClassifier(
        categorical_features=categorical, early_stopping=False
    )
    return model.fit(X, y), X, margin | {"sampler__categorical_features": categorical}


def measure():
    return [within_errors(departures()), identical()]


def departures():
    """By family: departures from the closed form, in standard errors."""
    return {
        name: departure(model, X, parameters) for name, model, X, parameters in families()
    }


def departure(model, X, parameters):
    rows, n = X[:N_ROWS], N_DRAWS // N_RUNS
    explainer = LimeExplainer(model, method="sampling", n_samples=n)
    explainer.set_params(**parameters)
    runs = [
        explainer.set_params(random_state=seed).fit(X).transform(rows)
        for seed in range(N_RUNS)
    ]
    errors = np.std(runs, axis=0, ddof=1) / np.sqrt(N_RUNS)
    exact = LimeExplainer(model, method="exact", n_samples=n).set_params(**parameters)
    difference = np.mean(runs, axis=0) - penalised(exact.fit(X).explain(rows), n)
    # A column that the model ignores may have no error and no attribution.
    return difference[difference != 0.0] / errors[difference != 0.0]


def penalised(limit, n):
    """The limit as the ridge penalty of runs of `n` draws shrinks it."""
    share = limit.support / n
    variance = share * (1.0 - share)
    return limit.values * variance / (variance + 1.0 / n)


def within_errors(found):
    every = np.concatenate(list(found.values()))
    share = within(every)
    return Line(
        f"exact against 2^20 draws, {N_ROWS} rows, {len(found)} model families: "
        f"coefficients within {N_ERRORS:.0f} standard errors",
        "99 %",
        f"{share:.2%} of {len(every):,}, family by family "
        f"{', '.join(f'{within(one):.1%}' for one in found.values())}",
        share >= 0.99,
    )


def within(departures):
    return np.mean(np.abs(departures) <= N_ERRORS)


def identical():
    """Whether repetition, seed, order and company of rows leave every bit as it was."""
    same = 0
    for _, model, X, parameters in families():
        explainer = LimeExplainer(model, method="exact", random_state=0)
        explainer.set_params(**parameters).fit(X)
        rows = X[:N_ROWS]
        first = explainer.transform(rows)
        order = np.random.default_rng(0).permutation(len(rows))
        again = [
            explainer.transform(rows),
            explainer.transform(rows[order])[np.argsort(order)],
            np.concatenate([explainer.transform(row[np.newaxis]) for row in rows]),
            explainer.set_params(random_state=1).fit(X).transform(rows),
        ]
        same += all(np.array_equal(first, other) for other in again)
    n_families = 6
    return Line(
        "exact, repeated, in another order, row by row, with another seed",
        "bit-identical",
        f"in {same} of {n_families} model families",
        same == n_families,
    )


def details(found):
    """Each family: share within the errors, spread, and the largest departure."""
    return markdown(
        ("model", "within", "root mean square", "largest, standard errors"),
        [
            (
                name,
                f"{within(one):.2%}",
                f"{np.sqrt(np.mean(one**2)):.2f}",
                f"{np.abs(one).max():.1f}",
            )
            for name, one in found.items()
        ],
    )


if __name__ == "__main__":
    found = departures()
    print(f"{details(found)}\n\n{table([within_errors(found), identical()])}")
