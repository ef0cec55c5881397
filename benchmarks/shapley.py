"""Exact Shapley values: their time beside exact LIME's, and values beside those of shap.

Backgrounds are the training marginals, or 50 rows. Trees are explained on whole numbers, as
shap compares in double precision where trees do in single.
"""

from itertools import product
from math import factorial

import numpy as np
import shap
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.preprocessing import StandardScaler
from xgboost import XGBClassifier

from benchmarks.report import Line, table
from benchmarks.timing import interleaved_medians, processor_seconds
from sklime import LimeExplainer
from sklime.kernels import ShapleyKernel
from sklime.samplers import CoalitionSampler

N_ROWS, N_ROWS_OF_BACKGROUND = 2_000, 500
N_BACKGROUND, N_BESIDE = 50, 20
ROUNDS = 5

# Columns of which all coalitions are listed.
N_LISTED = 10


def measure():
    X, y = load_breast_cancer(return_X_y=True)
    ranks = 4.0 * np.argsort(np.argsort(X, axis=0), axis=0)
    return [
        time_of_forest(X, y),
        time_of_forest(X, y, X[::11][:N_BACKGROUND]),
        beside_shap(*forest_beside_shap(ranks, y), "forest of 100 trees"),
        beside_shap(*xgboost_beside_shap(ranks, y), "margin of xgboost"),
        beside_shap(*linear_beside_shap(X, y), "linear regression"),
        probabilities(StandardScaler().fit_transform(X)[:, :N_LISTED], y),
    ]


def time_of_forest(X, y, background="marginals"):
    forest = RandomForestClassifier(100, random_state=0).fit(X, y)
    lime = LimeExplainer(forest, method="exact").fit(X)
    values = explainer_of(forest, background).fit(X)
    marginal = isinstance(background, str)
    rows = np.resize(X, (N_ROWS if marginal else N_ROWS_OF_BACKGROUND, X.shape[1]))
    own, theirs = interleaved_medians(
        lambda: processor_seconds(lambda: values.transform(rows)),
        lambda: processor_seconds(lambda: lime.transform(rows)),
        rounds=ROUNDS,
    )
    found = values.explain(X[:50])
    missed = np.abs(found.values.sum(axis=1) + found.intercepts - found.predictions).max()
    what = "marginals" if marginal else f"{len(background)} rows"
    return Line(
        f"exact Shapley values, forest of 100 trees, 30 columns, background of {what}: "
        "time over exact LIME's; sums",
        "below 10; 1e-10",
        f"{own / theirs:.1f}: {1e6 * own / len(rows):.0f} over "
        f"{1e6 * theirs / len(rows):.0f} microseconds a row; sums miss by {missed:.0e}",
        own < 10.0 * theirs and missed <= 1e-10,
    )


def beside_shap(model, X, background, expected, method, what):
    explainer = explainer_of(model, background, response_method=method).fit(X)
    missed = np.abs(explainer.transform(X[:N_BESIDE]) - expected).max()
    return Line(
        f"exact Shapley values beside shap's, {what}, {N_BACKGROUND} background rows: "
        "largest difference",
        "1e-6",
        f"{missed:.0e}, of values up to {np.abs(expected).max():.1f}",
        missed <= 1e-6,
    )


def forest_beside_shap(X, y):
    model, background = RandomForestClassifier(100, random_state=0).fit(X, y), some(X)
    beside = shap.TreeExplainer(model, background, feature_perturbation="interventional")
    return model, X, background, beside.shap_values(X[:N_BESIDE])[:, :, 1], "auto"


def xgboost_beside_shap(X, y):
    model, background = XGBClassifier(n_estimators=100, random_state=0).fit(X, y), some(X)
    beside = shap.TreeExplainer(model, background, feature_perturbation="interventional")
    expected = beside.shap_values(X[:N_BESIDE])
    return model, X, background, expected, "decision_function"


def linear_beside_shap(X, y):
    model, background = LinearRegression().fit(X, y), some(X)
    masker = shap.maskers.Independent(background, max_samples=N_BACKGROUND)
    expected = shap.LinearExplainer(model, masker).shap_values(X[:N_BESIDE])
    return model, X, background, expected, "auto"


def probabilities(X, y):
    """Probabilities of logistic regression, against all coalitions."""
    model, background, rows = LogisticRegression().fit(X, y), some(X), X[:N_BESIDE]
    found = explainer_of(model, background).fit(X).transform(rows)
    masks = np.array(list(product([False, True], repeat=X.shape[1])))
    expected = [shapley_values(model, row, background, masks) for row in rows]
    missed = np.abs(found - expected).max()
    return Line(
        f"exact Shapley values of logistic regression's probability, {N_BACKGROUND} "
        f"background rows: largest difference from all coalitions of {X.shape[1]} columns",
        "1e-10",
        f"{missed:.0e}",
        missed <= 1e-10,
    )


def shapley_values(model, row, background, masks):
    """By their definition, from the answers to all coalitions."""
    mixed = np.where(masks[:, np.newaxis], row, background)
    answers = model.predict_proba(mixed.reshape(-1, len(row)))[:, 1]
    worth = answers.reshape(len(masks), -1).mean(axis=1)
    d, sizes = len(row), masks.sum(axis=1)
    values = []
    for own in masks.T:
        share = [factorial(s - 1) * factorial(d - s) / factorial(d) for s in sizes[own]]
        values.append(share @ (worth[own] - worth[~own]))
    return values


def some(X):
    return X[::11][:N_BACKGROUND]


def explainer_of(model, background, **params):
    setting = {"sampler": CoalitionSampler(background), "kernel": ShapleyKernel()}
    return LimeExplainer(model, **setting, method="exact", random_state=0, **params)


if __name__ == "__main__":
    print(table(measure()))
