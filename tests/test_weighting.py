"""Draws from the kernel-weighted law, in place of weighted draws."""

from contextlib import nullcontext

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.svm import SVR

from sklime import LimeExplainer
from sklime.exceptions import NeighbourhoodWarning
from sklime.kernels import ExponentialKernel, UniformKernel
from sklime.samplers import GaussianSampler, MarginalSampler
from tests.models import fitted, table


@pytest.fixture(scope="module")
def forest_and_rows():
    return fitted(RandomForestClassifier(20, random_state=0), "breast cancer")


# A few rows lie in bins so common that few draws lie outside.
RARE = pytest.mark.filterwarnings("ignore:hardly any draw:UserWarning")


def narrow(forest, X, **parameters):
    parameters = {"method": "sampling", "random_state": 0} | parameters
    kernel = ExponentialKernel(width=0.5)
    return LimeExplainer(forest, kernel=kernel, **parameters).fit(X)


@RARE
@pytest.mark.parametrize("weighting", ["tilted", "auto"])
def test_a_narrow_kernel_keeps_the_attributions_close_to_the_limit(
    forest_and_rows, weighting
):
    forest, X = forest_and_rows
    rows = X[::57]
    limit = narrow(forest, X, method="exact").transform(rows)
    drawn = narrow(forest, X, weighting=weighting).transform(rows)
    off = np.linalg.norm(drawn - limit, axis=1) / np.linalg.norm(limit, axis=1)
    # Weighted draws, of which 5 in 4,096 count, are off by more than the attributions.
    assert off.max() < 0.25
    with pytest.warns(match="effective sample size"):
        weighted = narrow(forest, X, weighting="kernel").transform(rows)
    assert np.linalg.norm(weighted - limit) > 5 * np.linalg.norm(drawn - limit)


def test_auto_leaves_rows_with_enough_weight_as_they_are(forest_and_rows):
    forest, X = forest_and_rows
    found = [
        LimeExplainer(
            forest, method="sampling", weighting=weighting, n_samples=512, random_state=3
        )
        .fit(X)
        .transform(X[:5])
        for weighting in ("auto", "kernel")
    ]
    assert_array_equal(*found)


def test_rows_are_tilted_one_by_one():
    X, y = table("iris")
    # Far rows share a bin with few training rows, which leaves them less weight.
    weights = np.where(np.arange(150) < 4, 1.0, 0.02)
    forest = RandomForestClassifier(10, random_state=0).fit(X, y == 0)
    explainer = LimeExplainer(
        forest,
        method="sampling",
        kernel=ExponentialKernel(width=0.55),
        n_samples=1024,
        random_state=0,
    ).fit(X, sample_weight=weights)
    explanation = explainer.explain(X)
    tilted = explanation.effective_sample_sizes == 1024
    assert 0 < tilted.sum() < 150
    assert (explanation.effective_sample_sizes[~tilted] >= 102.4).all()
    assert_array_equal(explainer.transform(X[tilted][:3]), explanation.values[tilted][:3])


def test_tilted_draws_need_no_weights(forest_and_rows):
    forest, X = forest_and_rows
    explanation = narrow(forest, X, weighting="tilted", n_samples=256).explain(X[:3])
    assert_array_equal(explanation.effective_sample_sizes, [256.0] * 3)


@pytest.mark.parametrize("center", ["mean", "instance"])
def test_a_linear_model_is_found_whatever_the_weighting(center):
    model, X = fitted(LinearRegression(), "diabetes")
    explainer = LimeExplainer(
        model,
        method="sampling",
        sampler=GaussianSampler(center),
        kernel=ExponentialKernel(width=0.3),
        weighting="tilted",
        random_state=0,
    ).fit(X)
    # The penalty is one draw's worth of evidence against 4,096 draws of variance 0.08.
    expected = np.tile(model.coef_ * X.std(axis=0), (4, 1))
    assert_allclose(explainer.transform(X[:4]), expected, rtol=1e-2, atol=0.2)


def test_row_centred_draws_too_thin_are_drawn_from_the_tilted_law_at_once():
    model, X = fitted(SVR(C=100.0), "diabetes")
    asked = []

    class Counting(SVR):
        def predict(self, X):
            asked.append(len(X))
            return super().predict(X)

    model.__class__ = Counting
    explainer = LimeExplainer(
        model,
        sampler=GaussianSampler("instance"),
        kernel=ExponentialKernel(width=0.2),
        method="sampling",
        n_samples=512,
        random_state=0,
    ).fit(X)
    asked.clear()
    explanation = explainer.explain(X[:3])
    assert_array_equal(explanation.effective_sample_sizes, [512.0] * 3)
    # Their own predictions and one set of draws each.
    assert sum(asked) == 3 + 3 * 512


def test_the_kernel_that_weighs_nothing_tilts_to_the_law_itself(forest_and_rows):
    forest, X = forest_and_rows
    parameters = {"method": "sampling", "kernel": UniformKernel(), "random_state": 0}
    # One column after the other, or else the draws differ by their order.
    X4, y = X[:, :4], forest.predict(X)
    forest = RandomForestClassifier(10, random_state=0).fit(X4, y)
    kernel = LimeExplainer(forest, weighting="kernel", **parameters).fit(X4)
    tilted = LimeExplainer(forest, weighting="tilted", **parameters).fit(X4)
    one, other = (e.explain(X4[:6], uncertainty=True) for e in (kernel, tilted))
    # Two independent estimates: 24 differences, at most 5 standard errors on 7 degrees.
    spread = np.hypot(one.standard_errors, other.standard_errors)
    assert (np.abs(one.values - other.values) <= 5 * spread).all()


def test_the_narrowest_kernel_still_draws():
    forest, X = fitted(RandomForestRegressor(10, random_state=0), "diabetes")
    for sampler in (MarginalSampler(), MarginalSampler(n_bins=None)):
        explainer = LimeExplainer(
            forest,
            method="sampling",
            sampler=sampler,
            kernel=ExponentialKernel(width=0.3),
            random_state=0,
        ).fit(X)
        # A column of two values, two standard deviations apart, has only the row's own.
        alone = not explainer.sampler_.binary_features_.any()
        told = pytest.warns(NeighbourhoodWarning, match="draws of one value in .*'x1'")
        with told if alone else nullcontext():
            assert np.isfinite(explainer.explain(X[:4]).intercepts).all()


@RARE
def test_no_kernel_is_too_narrow_to_draw_from():
    forest, X = fitted(RandomForestRegressor(10, random_state=0), "diabetes")
    # No draw leaves the row's own bins, which are all that has any weight, but for those
    # that the model is asked about: of eight columns, and the others get 0.
    setting = {"kernel": ExponentialKernel(width=1e-3), "random_state": 0}
    explainer = LimeExplainer(
        forest, method="sampling", weighting="tilted", n_samples=64, **setting
    ).fit(X)
    found = explainer.explain(X[:4])
    assert_array_equal(found.values[found.support == 0.0], 0.0)
    asked = found.support > 0.0
    assert_array_equal(asked.sum(axis=1), 8)
    exact = LimeExplainer(forest, method="exact", **setting).fit(X).transform(X[:4])
    off = np.abs(found.values - exact)[asked]
    # A few times what 512 draws of all values in a row's bins leave.
    assert off.max() < 0.1 * np.abs(exact).max()


def test_what_cannot_be_tilted_says_so():
    model, X = fitted(Ridge(), "diabetes")
    kernel = ExponentialKernel(metric="manhattan")
    with pytest.raises(ValueError, match='weighting="tilted" has no law to draw from'):
        LimeExplainer(model, kernel=kernel, method="sampling", weighting="tilted").fit(X)
    with pytest.raises(ValueError, match=r"weighting='narrow' of LimeExplainer must be"):
        LimeExplainer(model, weighting="narrow").fit(X)


def test_tilted_rows_do_not_depend_on_their_company(forest_and_rows):
    forest, X = forest_and_rows
    explainer = narrow(forest, X, n_samples=256)
    together = explainer.transform(X[:6])
    # The model rounds sums of trees the same way in any batch.
    assert_array_equal(explainer.transform(X[5::-1])[::-1], together)
    assert_array_equal(explainer.transform(X[2:3]), together[2:3])


def test_sparse_rows_are_tilted_too():
    from scipy import sparse

    rng = np.random.default_rng(0)
    X = sparse.random(60, 12, density=0.4, random_state=rng, format="csr")
    model = Ridge(alpha=1e-8).fit(X, X @ np.arange(12.0))
    explainer = LimeExplainer(
        model,
        kernel=ExponentialKernel(width=0.4),
        weighting="tilted",
        n_samples=512,
        random_state=0,
    ).fit(X)
    explanation = explainer.explain(X[:4])
    assert_array_equal(explanation.effective_sample_sizes, [512.0] * 4)
