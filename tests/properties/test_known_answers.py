"""Attributions of models for which the right ones are known."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.base import clone

from sklime import FunctionRegressor
from sklime.exceptions import NeighbourhoodWarning, SelectionWarning, UnknownValueWarning
from sklime.kernels import ExponentialKernel, UniformKernel
from sklime.samplers import GaussianSampler, MarginalSampler
from sklime.selectors import AutoSelector, ForwardSelection, HighestWeights, LassoPath
from tests.properties.random_tables import GAUSSIAN, MARGINAL, explainer, tables, tree

# Tables of a dozen rows and 128 draws leave bins thin or empty, and say so.
pytestmark = [
    pytest.mark.filterwarnings(f"ignore::{warning.__module__}.{warning.__name__}")
    for warning in (NeighbourhoodWarning, UnknownValueWarning, SelectionWarning)
]
STANDARDISED = st.sampled_from(
    [MarginalSampler(n_bins=None), GaussianSampler(), GaussianSampler("instance")]
)
KERNELS = st.sampled_from([None, UniformKernel(), ExponentialKernel(2.0, "manhattan")])
SELECTORS = st.sampled_from(
    [None, HighestWeights(2), ForwardSelection(2), LassoPath(2), AutoSelector(2)]
)


def shrunk(beta, fitted, row):
    """Slopes of the ridge where the answers are linear in the design.

    With C the weighted covariance of the design, the ridge solves (C + I/n) b = C beta:
    the penalty is that of one draw among n.
    """
    meta = fitted.explain(row).meta
    [around] = fitted.sampler_.sample(row, meta["n_samples"], random_state=meta["seed"])
    weights = fitted.kernel_(around.design, around.position)
    n = len(weights)
    C = np.atleast_2d(np.cov(around.design.T.astype(float), aweights=weights, ddof=0))
    return np.linalg.solve(C + np.eye(len(beta)) / n, C @ beta)


@settings(max_examples=60)
@given(
    hnp.arrays(np.float64, (24, 3), elements=st.floats(-1.0, 1.0, width=16)),
    hnp.arrays(np.float64, 3, elements=st.floats(-4.0, 4.0, width=16)),
    st.sampled_from([1e-6, 1.0, 1e6]),
    st.sampled_from([0.0, 1e3]),
    STANDARDISED,
    KERNELS,
)
def test_linear_model_is_recovered(X, slopes, unit, offset, sampler, kernel):
    X = (X + offset) * unit
    assume((X.std(axis=0) > 1e-3 * unit).all())
    model = FunctionRegressor(lambda Z: Z @ (slopes / unit) + 1.0)
    fitted = explainer(model, sampler=sampler, kernel=kernel, weighting="kernel").fit(X)
    # The effect of one training standard deviation.
    effects = slopes / unit * X.std(axis=0)
    values = fitted.transform(X[:2])
    for row, found in zip(X[:2], values, strict=True):
        expected = shrunk(effects, fitted, row[np.newaxis])
        # The answers are of order 1e3 where the offset is, rounded to 1e-13.
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


def test_linear_model_is_recovered_to_the_shrinkage_of_one_draw():
    X = np.random.default_rng(0).normal([0.0, 5.0, -3.0], [1.0, 100.0, 0.01], (200, 3))
    slopes = np.array([2.0, -0.01, 300.0])
    model = FunctionRegressor(lambda Z: Z @ slopes)
    sampler = MarginalSampler(n_bins=None)
    fitted = explainer(model, sampler=sampler, kernel=UniformKernel(), n_samples=4096)
    values = fitted.fit(X).transform(X[:1])[0]
    # Unweighted, all three variances are 1: n / (n + 1), up to the sample's covariances.
    expected = slopes * X.std(axis=0) * 4096 / 4097
    np.testing.assert_allclose(values, expected, rtol=1e-5)


@settings(max_examples=60)
@given(tables(missing=True), MARGINAL, KERNELS, SELECTORS, st.floats(-1e100, 1e100))
def test_constant_model_gives_exactly_zero(X, sampler, kernel, selector, constant):
    model = FunctionRegressor(lambda Z: np.full(len(Z), constant))
    fitted = explainer(model, sampler=sampler, kernel=kernel, selector=selector).fit(X)
    explanation = fitted.explain(X)
    assert (explanation.values == 0.0).all()
    assert (explanation.intercepts == constant).all()
    assert (explanation.scores == 1.0).all()
    assert fitted.score(X) == 1.0


@settings(max_examples=30)
@given(tables(), GAUSSIAN, st.floats(-1e300, 1e300))
def test_constant_model_gives_exactly_zero_under_normal_draws(X, sampler, constant):
    model = FunctionRegressor(lambda Z: np.full(len(Z), constant))
    fitted = explainer(model, sampler=sampler).fit(X)
    assert (fitted.transform(X) == 0.0).all()


@settings(max_examples=60)
@given(tables(), MARGINAL | GAUSSIAN, SELECTORS, st.floats(-1e9, 1e9))
def test_constant_column_gets_exactly_zero(X, sampler, selector, constant):
    X = np.column_stack([X, np.full(len(X), constant)])
    # A model that would react to the column, if it ever varied.
    model = FunctionRegressor(lambda Z: tree(X).predict(Z) + 1e6 * (Z[:, -1] != constant))
    fitted = explainer(model, sampler=sampler, selector=selector).fit(X)
    assert (fitted.transform(X)[:, -1] == 0.0).all()


@settings(max_examples=40)
@given(tables(), MARGINAL | GAUSSIAN, st.integers(0, 3))
def test_column_that_the_model_ignores_gets_hardly_anything(X, sampler, seed):
    X = np.column_stack([X, np.random.default_rng(seed).normal(size=len(X))])
    model = FunctionRegressor(lambda Z: tree(X[:, :-1]).predict(Z[:, :-1]))
    fitted = explainer(model, sampler=sampler, n_samples=4096).fit(X)
    explanation = fitted.explain(X[:3])
    spread = tree(X[:, :-1]).predict(X[:, :-1]).std()
    # Five standard errors of a slope whose draws are worth their effective number.
    sizes = np.minimum(explanation.support[:, -1], explanation.effective_sample_sizes)
    assume((sizes > 100).all())
    error = 5.0 * max(spread, 1e-12) * np.sqrt(4.0 / sizes)
    assert (np.abs(explanation.values[:, -1]) <= error).all()


@settings(max_examples=40)
@given(tables(missing=True), st.integers(2, 5), KERNELS)
def test_missing_value_is_a_bin_of_its_own(X, n_bins, kernel):
    X[: len(X) // 3, 0], X[-1, 0] = np.nan, 1.0
    model = FunctionRegressor(lambda Z: np.isnan(Z[:, 0]).astype(float))
    # Without control variates, which leave the penalty less to shrink.
    sampler = MarginalSampler(n_bins, sequence="random")
    fitted = explainer(model, sampler=sampler, kernel=kernel, weighting="kernel").fit(X)
    # For a row that lacks the value the answers are the first column of the design.
    found = fitted.transform(X[:1])[0]
    beta = np.zeros(X.shape[1])
    beta[0] = 1.0
    expected = shrunk(beta, fitted, X[:1])
    # 0/1 designs are multiplied in single precision.
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


@settings(max_examples=40)
@given(
    tables(),
    MARGINAL | GAUSSIAN,
    st.sampled_from([-3.0, 1e-30, 1e30]),
    st.integers(-99, 99),
)
def test_attributions_scale_with_the_answers(X, sampler, factor, power):
    model = tree(X)

    def values(slope, origin):
        scaled = FunctionRegressor(lambda Z: slope * model.predict(Z) + origin)
        return explainer(scaled, sampler=sampler).fit(X).transform(X)

    one = values(1.0, 0.0)
    # Powers of two round nothing.
    np.testing.assert_array_equal(values(2.0**power, 0.0), 2.0**power * one)
    # Answers of order 1, rounded to single precision at other places.
    other = values(factor, 0.7 * factor) / factor
    np.testing.assert_allclose(other, one, rtol=0, atol=1e-5)


@settings(max_examples=30)
@given(tables(), MARGINAL | GAUSSIAN, SELECTORS, st.integers(1, 4))
def test_at_most_k_features_get_an_attribution(X, sampler, selector, k):
    if selector is not None:
        selector = clone(selector).set_params(k=k)
    fitted = explainer(tree(X), sampler=sampler, selector=selector).fit(X)
    kept = (fitted.transform(X) != 0.0).sum(axis=1)
    assert (kept <= (X.shape[1] if selector is None else k)).all()


@pytest.mark.parametrize(
    "sampler",
    [MarginalSampler(), MarginalSampler(n_bins=None), GaussianSampler("instance")],
    ids=repr,
)
@pytest.mark.parametrize("order", [[2, 0, 1], [1, 0, 2]])
def test_permuted_columns_permute_the_attributions(sampler, order):
    # Columns of a sequence are exchangeable in distribution only, so means over seeds
    # are compared.
    rng = np.random.default_rng(0)
    X = np.column_stack(
        [rng.normal(size=60), rng.integers(0, 4, 60), rng.exponential(size=60)]
    )
    model = tree(X)
    permuted = FunctionRegressor(lambda Z: model.predict(Z[:, np.argsort(order)]))

    def values(model, X):
        return np.stack(
            [
                explainer(model, sampler=sampler, random_state=seed)
                .fit(X)
                .transform(X[:20])
                for seed in range(12)
            ]
        )

    one, other = values(model, X)[:, :, order], values(permuted, X[:, order])
    error = np.sqrt((one.var(axis=0, ddof=1) + other.var(axis=0, ddof=1)) / 12)
    # Six standard errors, themselves known from 24 seeds only; single precision.
    assert (np.abs(one.mean(axis=0) - other.mean(axis=0)) <= 6.0 * error + 1e-6).all()
    # In another order it does not hold.
    turned = np.roll(other.mean(axis=0), 1, axis=1)
    assert (np.abs(one.mean(axis=0) - turned) > 6.0 * error + 1e-6).any()
