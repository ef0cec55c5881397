"""Closed forms of standardised columns, against sums over all combinations of values."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from interpret.glassbox import ExplainableBoostingRegressor
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    RandomForestRegressor,
)
from sklearn.kernel_approximation import RBFSampler
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LinearRegression, LogisticRegression, PoissonRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    OneHotEncoder,
    PolynomialFeatures,
    SplineTransformer,
    StandardScaler,
)
from sklearn.svm import SVR
from sklearn.tree import DecisionTreeRegressor

from sklime import LimeExplainer
from sklime.kernels import ExponentialKernel
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


PRODUCTS = [
    SVR(C=10.0),
    make_pipeline(StandardScaler(), SVR(kernel="poly", degree=2)),
    make_pipeline(StandardScaler(), KernelRidge(kernel="laplacian", gamma=0.3)),
    make_pipeline(StandardScaler(), PolynomialFeatures(2), LinearRegression()),
    make_pipeline(
        StandardScaler(), RBFSampler(n_components=30, random_state=0), LinearRegression()
    ),
    make_pipeline(StandardScaler(), PoissonRegressor()),
]


@pytest.mark.parametrize("model", PRODUCTS, ids=repr)
def test_sums_of_products(model):
    X, y = small_table()
    model.fit(X, y - y.min())
    check(model, X, model.predict)


@pytest.mark.parametrize(
    "model",
    [
        make_pipeline(StandardScaler(), LogisticRegression()),
        GradientBoostingClassifier(max_depth=1, n_estimators=20, random_state=0),
    ],
    ids=lambda model: type(model).__name__,
)
def test_probabilities_of_additive_scores(model):
    X, y = small_table()
    model.fit(X, y > np.median(y))
    check(model, X, lambda X: model.predict_proba(X)[:, 1])


def test_explainable_boosting_with_pairs():
    X, y = small_table()
    model = ExplainableBoostingRegressor(interactions=4, random_state=0, n_jobs=1).fit(X, y)
    check(model, X, model.predict)


def test_tables_of_mixed_types():
    X, y = small_table(missing=True)
    rng = np.random.default_rng(1)
    table = pd.DataFrame(X, columns=list("abcd"))
    table["e"] = pd.Categorical(rng.choice(["x", "y", "z"], len(X)))
    y = y + 5.0 * (table["e"] == "y") * (X[:, 0] > 0.3)
    encode = make_column_transformer(
        (OneHotEncoder(sparse_output=False), ["e"]), remainder="passthrough"
    )
    model = make_pipeline(encode, RandomForestRegressor(10, random_state=0)).fit(table, y)
    for width in WIDTHS:
        explainer = LimeExplainer(
            model,
            sampler=MarginalSampler(n_bins=None),
            kernel=ExponentialKernel(width=width),
            method="exact",
        ).fit(table)
        for i in [0, 5, 9]:
            levels = ["x", "y", "z"]

            def predict(E, levels=levels):
                frame = pd.DataFrame(E[:, :4], columns=list("abcd"))
                frame["e"] = pd.Categorical.from_codes(E[:, 4].astype(int), levels)
                return model.predict(frame)

            found = explainer.explain(table.iloc[[i]])
            expected = mixed_coefficients(predict, X, table["e"].cat.codes, i, width)
            assert (
                np.abs(found.values[0] - expected).max() <= 1e-10 * np.abs(expected).max()
            )


def mixed_coefficients(predict, X, codes, i, width):
    """Coefficients of standardised columns and of matches of a category."""
    parts, masses, designs = [], [], []
    for x, own in zip(X.T, X[i], strict=True):
        values, counts = np.unique(x, return_counts=True)
        scale = np.nanstd(x)
        z = np.nan_to_num((values - np.nanmean(x)) / scale)
        z = z - np.nan_to_num((own - np.nanmean(x)) / scale)
        parts.append(values)
        masses.append(counts / len(x) * np.exp(-0.5 * np.square(z / width)))
        designs.append(z)
    levels, counts = np.unique(codes, return_counts=True)
    same = (levels == codes[i]).astype(float)
    parts.append(levels)
    masses.append(counts / len(codes) * np.exp(-0.5 * (1.0 - same) / width**2))
    designs.append(same - 1.0)
    E = np.array(list(product(*parts)))
    Z = np.array(list(product(*designs)))
    W = np.prod(list(product(*masses)), axis=1)
    W /= W.sum()
    centred = Z - W @ Z
    f = predict(E)
    cov = (W[:, np.newaxis] * centred).T @ (f - f[W.argmax()])
    return cov / (W @ np.square(centred))
