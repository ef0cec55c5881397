"""Closed forms of scikit-learn's trees and linear models: do 2^20 draws agree, and does
anything but the row matter?
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

from benchmarks.departures import N_ERRORS, departures, within
from benchmarks.report import Line, markdown, table
from sklime import LimeExplainer

N_ROWS = 200
N_DRAWS = 2**20


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
    return [within_errors(of_families()), identical()]


def of_families():
    """By family: departures from the closed form, in standard errors."""
    return {
        name: departures(model, X, N_ROWS, N_DRAWS, **parameters)
        for name, model, X, parameters in families()
    }


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
    found = of_families()
    print(f"{details(found)}\n\n{table([within_errors(found), identical()])}")
