"""Closed forms of standardised columns, against sums over all combinations of values."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    OneHotEncoder,
    SplineTransformer,
    StandardScaler,
)
from sklearn.tree import DecisionTreeRegressor

from sklime import LimeExplainer
from sklime.kernels import ExponentialKernel, UniformKernel
from sklime.samplers import MarginalSampler

WIDTHS = [2.3, 0.7, 0.2]


def small_table(n=80, seed=0, missing=False):
    """Columns of few values: gaps of a tenth of a standard deviation and of several."""
    rng = np.random.default_rng(seed)
    X = np.column_stack(
        [
            rng.choice([0.0, 0.1, 0.4, 1.0, 5.0], n),
            rng.choice([-3.0, -2.9, 0.0, 2.0], n, p=[0.1, 0.2, 0.3, 0.4]),
            rng.choice([0.0, 1.0], n),
            rng.choice([1.0, 10.0, 10.5, 100.0], n, p=[0.5, 0.2, 0.2, 0.1]),
        ]
    )
    if missing:
        X[rng.random(X.shape) < 0.15] = np.nan
    y = np.nan_to_num(X[:, 0] * X[:, 1] + 3.0 * X[:, 2] * (X[:, 3] > 5.0) + X[:, 1] ** 2)
    return X, y + 0.1 * rng.normal(size=n)


def enumerated(predict, X, row, width):
    """Weighted least squares on all combinations of the columns' values.

    Returns coefficients, the weighted mean of the answers, and contributions.
    """
    laws, origin = [], []
    for x, own in zip(X.T, row, strict=True):
        values, counts = np.unique(x, return_counts=True)
        mean, sd = np.nanmean(x), np.nanstd(x)
        z = np.nan_to_num((values - mean) / sd)
        origin.append(np.nan_to_num((own - mean) / sd))
        weights = counts * np.exp(-0.5 * np.square((z - origin[-1]) / width))
        laws.append((values, z, weights / weights.sum()))
    E = np.array(list(product(*(values for values, _, _ in laws))))
    Z = np.array(list(product(*(z for _, z, _ in laws))))
    W = np.prod(list(product(*(weights for _, _, weights in laws))), axis=1)
    f = predict(E)
    # Columns are independent, and counted from the row: sums of other columns' weights
    # keep the digits that one large system would lose.
    Z = Z - origin
    mean = W @ Z
    centred = Z - mean
    variance = W @ np.square(centred)
    coef = (W[:, np.newaxis] * centred).T @ (f - f[W.argmax()]) / variance
    return coef, W @ f, -coef * mean


def check(model, X, predict, widths=WIDTHS, tolerance=1e-10, target=None):
    rows = X[[0, 3, 11, 20, 30]]
    for width in widths:
        explainer = LimeExplainer(
            model,
            sampler=MarginalSampler(n_bins=None),
            kernel=ExponentialKernel(width=width),
            method="exact",
            **({} if target is None else {"target": target}),
        ).fit(X)
        own = explainer.explain(rows)
        contributions = own.contributions()
        for i, row in enumerate(rows):
            coef, mean, parts = enumerated(predict, X, row, width)
            scale = np.abs(coef).max()
            assert np.abs(own.values[i] - coef).max() <= tolerance * scale
            assert abs(own.baselines[i] - mean) <= tolerance * max(abs(mean), scale)
            assert np.abs(contributions.values[i] - parts).max() <= tolerance * scale


TREES = [
    DecisionTreeRegressor(random_state=0),
    RandomForestRegressor(10, random_state=0),
    GradientBoostingRegressor(n_estimators=20, random_state=0),
    HistGradientBoostingRegressor(max_iter=20, min_samples_leaf=3),
]


@pytest.mark.parametrize("model", TREES, ids=lambda model: type(model).__name__)
@pytest.mark.parametrize("missing", [False, True])
def test_trees(model, missing):
    if missing and isinstance(model, GradientBoostingRegressor):
        model = DecisionTreeRegressor(max_depth=3, random_state=0)
    X, y = small_table(missing=missing)
    model = model.fit(X, y)
    check(model, X, model.predict)


def test_sums_of_columns():
    X, y = small_table()
    for model in [
        LinearRegression(),
        make_pipeline(SplineTransformer(), LinearRegression()),
        make_pipeline(StandardScaler(), FunctionTransformer(np.cbrt), LinearRegression()),
        GradientBoostingRegressor(max_depth=1, n_estimators=30, random_state=0),
    ]:
        model.fit(X, y)
        check(model, X, model.predict)


def test_trees_behind_steps_that_are_not_monotone():
    X, y = small_table()
    for step in [
        FunctionTransformer(lambda X: np.cos(X)),
        KBinsDiscretizer(3, strategy="uniform"),
        FunctionTransformer(lambda X: -X),
    ]:
        model = make_pipeline(step, RandomForestRegressor(10, random_state=0)).fit(X, y)
        check(model, X, model.predict)
