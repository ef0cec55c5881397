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
from sklime.exceptions import NeighbourhoodWarning
from sklime.kernels import ExponentialKernel
from sklime.samplers import CoalitionSampler, GaussianSampler, MarginalSampler

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


def standardised(x, own, width):
    """Values of a column, their distances from a row's own one, and their weights."""
    values, counts = np.unique(x, return_counts=True)
    z = np.nan_to_num((values - np.nanmean(x)) / np.nanstd(x))
    z = z - np.nan_to_num((own - np.nanmean(x)) / np.nanstd(x))
    return values, z, counts * np.exp(-0.5 * np.square(z / width))


def matched(x, own, factor):
    """The same of a column of categories, of which others than the own have a factor."""
    values, counts = np.unique(x, return_counts=True)
    same = values == own
    return values, same - 1.0, counts * np.where(same, 1.0, factor)


def listed(predict, laws):
    """Weighted least squares on all combinations of the columns' values.

    Returns coefficients, the weighted mean of the answers, and contributions.
    """
    E, Z, W = (np.array(list(product(*own))) for own in zip(*laws, strict=True))
    W = np.prod(W / [weights.sum() for _, _, weights in laws], axis=1)
    f = predict(E)
    # Columns are independent, and counted from the row: one large system would lose digits.
    mean = W @ Z
    coef = (W[:, np.newaxis] * (Z - mean)).T @ (f - f[W.argmax()])
    coef = coef / (W @ np.square(Z - mean))
    return coef, W @ f, -coef * mean


def explaining(model, X, kernel, **params):
    params = {"sampler": MarginalSampler(n_bins=None), "method": "exact", **params}
    return LimeExplainer(model, kernel=kernel, **params).fit(X)


def check(model, X, predict, tolerance=1e-10):
    rows = X[[0, 3, 11, 20, 30]]
    for width in WIDTHS:
        own = explaining(model, X, ExponentialKernel(width=width)).explain(rows)
        contributions = own.contributions()
        for i, row in enumerate(rows):
            laws = [standardised(x, z, width) for x, z in zip(X.T, row, strict=True)]
            coef, mean, parts = listed(predict, laws)
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

    def predict(E):
        frame = pd.DataFrame(E[:, :4], columns=list("abcd"))
        frame["e"] = pd.Categorical.from_codes(E[:, 4].astype(int), ["x", "y", "z"])
        return model.predict(frame)

    for width in WIDTHS:
        explainer = explaining(model, table, ExponentialKernel(width=width))
        for i in [0, 5, 9]:
            laws = [standardised(x, z, width) for x, z in zip(X.T, X[i], strict=True)]
            codes = table["e"].cat.codes
            laws.append(matched(codes, codes[i], np.exp(-0.5 / width**2)))
            found = explainer.explain(table.iloc[[i]])
            coef, mean, parts = listed(predict, laws)
            bound = 1e-10 * np.abs(coef).max()
            assert np.abs(found.values[0] - coef).max() <= bound
            assert np.abs(found.contributions().values[0] - parts).max() <= bound
            assert abs(found.baselines[0] - mean) <= bound


def test_rows_far_from_training_and_values_between():
    X, y = small_table()
    model = RandomForestRegressor(10, random_state=0).fit(X, y)
    rows = np.array(
        [[2.0, -1.0, 0.5, 40.0], [1e6, -50.0, 1.0, 10.2], [0.05, 9.0, 3.0, 0.0]]
    )
    for width in WIDTHS:
        explainer = explaining(model, X, ExponentialKernel(width=width))
        with pytest.warns(NeighbourhoodWarning, match="draws of one value in .*'x0'"):
            found = explainer.explain(rows)
        for i, row in enumerate(rows[:1]):
            laws = [standardised(x, z, width) for x, z in zip(X.T, row, strict=True)]
            coef, mean, _ = listed(model.predict, laws)
            assert np.abs(found.values[i] - coef).max() <= 1e-10 * np.abs(coef).max()
            assert abs(found.baselines[i] - mean) <= 1e-10 * np.abs(coef).max()
        assert np.isfinite(found.values).all() and np.isfinite(found.baselines).all()
        # Its nearest value is the only one left.
        assert found.values[1, 0] == 0.0


def test_constant_columns_have_no_effect():
    X, y = small_table()
    X[:, 2] = 4.0
    model = RandomForestRegressor(5, random_state=0).fit(X, y)
    values = explaining(model, X, ExponentialKernel(width=0.7)).transform(X)
    assert (values[:, 2] == 0.0).all() and np.abs(values[:, 0]).max() > 0.0


@pytest.mark.parametrize("model", [TREES[1], PRODUCTS[0]], ids=lambda m: type(m).__name__)
def test_the_same_row_has_the_same_bits_in_any_batch(model):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 5))
    model.fit(X, X[:, 0] * X[:, 1])
    explainer = explaining(model, X, ExponentialKernel(width=0.7))
    found = explainer.transform(X)
    np.testing.assert_array_equal(explainer.transform(X[::-1])[::-1], found)
    alone = [explainer.transform(X[[i]])[0] for i in (0, 50, 119)]
    np.testing.assert_array_equal(alone, found[[0, 50, 119]])


@pytest.mark.parametrize("width", WIDTHS)
def test_interactions_are_second_contrasts(width):
    X, y = small_table()
    for model in [RandomForestRegressor(5, random_state=0), PRODUCTS[0]]:
        model.fit(X, y)
        explainer = explaining(model, X, ExponentialKernel(width=width))
        found = explainer.explain(X[:2], interactions=True)
        names = list(found.feature_names)
        pairs = [[names.index(own) for own in pair] for pair in found.interaction_pairs]
        for i, row in enumerate(X[:2]):
            laws = [standardised(x, z, width) for x, z in zip(X.T, row, strict=True)]
            E, Z, W = (np.array(list(product(*own))) for own in zip(*laws, strict=True))
            W = np.prod(W / [weights.sum() for _, _, weights in laws], axis=1)
            f = model.predict(E)
            centred = Z - W @ Z
            spread = W @ np.square(centred)
            expected = [
                (W * centred[:, j] * centred[:, k]) @ (f - W @ f) / (spread[j] * spread[k])
                for j, k in pairs
            ]
            # With both variances next to nothing, listing loses digits.
            bound = (1e-10 if width > 0.5 else 1e-6) * np.abs(expected).max()
            assert np.abs(found.interactions[i] - expected).max() <= bound


# ---- width="local"


def local(x, own, categorical):
    if not categorical:
        return standardised(x, own, 0.7)
    q = np.mean(x == own)
    return matched(x, own, q / (1.0 + q))


@pytest.mark.parametrize(
    "model",
    [TREES[1], LinearRegression(), *PRODUCTS[:1], LogisticRegression()],
    ids=lambda model: type(model).__name__,
)
@pytest.mark.parametrize("nominal", [[0, 1, 2, 3], [0, 2]], ids=str)
def test_local_width(model, nominal):
    X, y = small_table()
    model.fit(X, y > np.median(y) if isinstance(model, LogisticRegression) else y)
    predict = model.predict
    if isinstance(model, LogisticRegression):

        def predict(X):
            return model.predict_proba(X)[:, 1]

    sampler = MarginalSampler(n_bins=None, categorical_features=nominal)
    kernel = ExponentialKernel(width="local")
    explainer = explaining(model, X, kernel, sampler=sampler)
    assert explainer.kernel_.width == "local"
    found = explainer.explain(X[:6])
    for i, row in enumerate(X[:6]):
        laws = [local(x, row[j], j in nominal) for j, x in enumerate(X.T)]
        coef, mean, parts = listed(predict, laws)
        bound = 1e-10 * np.abs(coef).max()
        assert np.abs(found.values[i] - coef).max() <= bound
        assert abs(found.baselines[i] - mean) <= bound
        assert np.abs(found.contributions().values[i] - parts).max() <= bound
        for j in nominal:
            q = np.mean(X[:, j] == row[j])
            assert found.feature_means[i, j] == pytest.approx((1.0 + q) / 2.0, rel=1e-12)


@pytest.mark.parametrize("weighting", ["auto", "tilted", "kernel"])
@pytest.mark.parametrize(
    "sampler",
    [MarginalSampler(), MarginalSampler(n_bins=None), GaussianSampler()],
    ids=repr,
)
def test_draws_of_local_width_approach_the_limit(sampler, weighting):
    X, y = small_table()
    model = RandomForestRegressor(10, random_state=0).fit(X, y)
    kernel = ExponentialKernel(width="local")
    exact = explaining(model, X, kernel, sampler=sampler).explain(X[:3])
    drawn = explaining(
        model,
        X,
        kernel,
        sampler=sampler,
        method="sampling",
        weighting=weighting,
        n_samples=16_384,
        random_state=0,
    ).explain(X[:3], uncertainty=True)
    off = np.abs(drawn.values - exact.values)
    assert (off <= 6.0 * drawn.standard_errors + 0.02 * np.abs(exact.values).max()).all()
    assert np.abs(drawn.feature_means - exact.feature_means).max() < 0.02


def test_local_width_without_a_law_says_what_to_do():
    X, y = small_table()
    kernel = ExponentialKernel(width="local")
    with pytest.raises(ValueError, match=r'width="local".*MarginalSampler.*column_factor'):
        kernel([[1.0, 0.0]], [0.0, 0.0])
    with pytest.raises(ValueError, match=r'width="local".*metric=.cosine.*use metric=None'):
        LimeExplainer(
            LinearRegression().fit(X, y), kernel=kernel.set_params(metric="cosine")
        ).fit(X)
    kernel = ExponentialKernel(width="local")
    with pytest.raises(ValueError, match=r"CoalitionSampler.*use sampler=MarginalSampler"):
        LimeExplainer(
            LinearRegression().fit(X, y), kernel=kernel, sampler=CoalitionSampler()
        ).fit(X)
    with pytest.raises(ValueError, match=r'weighting="kernel".*use weighting="auto"'):
        LimeExplainer(
            LinearRegression().fit(X, y),
            kernel=kernel,
            sampler=GaussianSampler(center="instance"),
            weighting="kernel",
        ).fit(X)


def test_factors_of_local_width_by_column():
    X, _ = small_table()
    sampler = MarginalSampler(n_bins=None, categorical_features=[2]).fit(X)
    kernel = ExponentialKernel(width="local")
    factors = kernel.column_factor(sampler, X[:1])
    q = np.mean(X[:, 2] == X[0, 2])
    np.testing.assert_allclose(np.sort(factors[2]), [q / (1.0 + q), 1.0], rtol=1e-12)
    z = (np.unique(X[:, 0]) - X[0, 0]) / X[:, 0].std()
    np.testing.assert_allclose(factors[0], np.exp(-0.5 * np.square(z / 0.7)), rtol=1e-9)
    np.testing.assert_array_equal(kernel.column_factor(sampler.law(X[:1]))[0], factors[0])


def test_values_that_training_never_had_are_as_likely_as_not_under_local_width():
    X, y = small_table()
    table = pd.DataFrame({"a": X[:, 0], "b": np.where(X[:, 2] > 0.0, "yes", "no")})
    encode = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["b"]), remainder="passthrough"
    )
    model = make_pipeline(encode, RandomForestRegressor(10, random_state=0)).fit(table, y)
    explainer = explaining(model, table, ExponentialKernel(width="local"))
    row = table.iloc[[0]].assign(b="perhaps")
    found = explainer.explain(row)
    values, _, weights = standardised(X[:, 0], X[0, 0], 0.7)
    weights = weights / weights.sum()
    levels, counts = np.unique(table["b"], return_counts=True)

    def mean(level):
        return weights @ model.predict(pd.DataFrame({"a": values, "b": level}))

    others = sum(n / len(table) * mean(b) for b, n in zip(levels, counts, strict=True))
    effect = mean("perhaps") - others
    # The value itself is asked about in draws.
    scale = np.abs(y).max()
    assert found.feature_means[0, 1] == 0.5
    assert found.values[0, 1] == pytest.approx(effect, abs=0.02 * scale)
    assert found.baselines[0] == pytest.approx(others + 0.5 * effect, abs=0.02 * scale)
    parts = found.contributions()
    assert parts.values[0, 1] == pytest.approx(0.5 * found.values[0, 1], rel=1e-12)
    assert parts.values[0].sum() + parts.baselines[0] == pytest.approx(
        found.local_predictions[0], rel=1e-12
    )
