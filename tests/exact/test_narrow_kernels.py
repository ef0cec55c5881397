"""Limits of kernels so narrow that their weights round to nothing."""

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression
from sklearn.tree import DecisionTreeRegressor

from sklime import LimeExplainer
from sklime.exceptions import UnknownValueWarning
from sklime.kernels import ExponentialKernel, Kernel
from sklime.samplers import GaussianSampler, MarginalSampler
from sklime.selectors import (
    AllFeatures,
    AutoSelector,
    ForwardSelection,
    HighestWeights,
    LassoPath,
)

rng = np.random.default_rng(0)
X = rng.integers(0, 3, (400, 4)) * 1.0
FOREST = RandomForestRegressor(20, random_state=0)


@pytest.fixture(scope="module", autouse=True)
def fit_models():
    FOREST.fit(X, X[:, 0] * X[:, 1] + X[:, 2] / 3)


def exact(model, table, width, **params):
    params = {"kernel": ExponentialKernel(width=width), **params}
    return LimeExplainer(model, method="exact", **params).fit(table)


@pytest.mark.parametrize("width", [0.03, 0.026, 0.01, 1e-200])
def test_a_value_never_seen_has_no_effect_and_the_others_have_theirs(width):
    sampler = MarginalSampler(categorical_features=[0], handle_unknown="ignore")
    explainer = exact(FOREST, X, width, sampler=sampler)
    row = np.array([[9.0, 0.0, 2.0, 1.0]])
    with pytest.warns(UnknownValueWarning, match="'x0'"):
        found = explainer.explain(row)
    assert found.values[0, 0] == 0.0 and np.isfinite(found.effective_sample_sizes).all()
    # As in the limit: the first column drawn from its marginal, the others kept.
    values, counts = np.unique(X[:, 0], return_counts=True)
    for j in (1, 2, 3):
        inside = np.repeat(row, len(values), axis=0)
        inside[:, 0] = values
        others, n = np.unique(X[X[:, j] != row[0, j], j], return_counts=True)
        outside = np.tile(inside, (len(others), 1))
        outside[:, j] = np.repeat(others, len(values))
        expected = np.average(FOREST.predict(inside), weights=counts) - np.average(
            FOREST.predict(outside), weights=np.outer(n, counts).ravel()
        )
        # Weights of a mismatch are below 1e-200, and sums have some hundred terms.
        np.testing.assert_allclose(found.values[0, j], expected, atol=1e-12)


@pytest.mark.parametrize("width", [0.1, 0.03, 0.01, 1e-200])
@pytest.mark.parametrize(
    "selector",
    [HighestWeights(4), ForwardSelection(4), LassoPath(4), AutoSelector(4)],
    ids=repr,
)
def test_selectors_of_all_features_keep_them(selector, width):
    everything = exact(FOREST, X, width, selector=AllFeatures()).explain(X[:10])
    found = exact(FOREST, X, width, selector=selector).explain(X[:10])
    # Features that the forest hardly uses may be left out as rounding.
    np.testing.assert_allclose(found.values, everything.values, atol=1e-12)
    np.testing.assert_allclose(found.intercepts, everything.intercepts, atol=1e-12)
    one = exact(FOREST, X, width, selector=type(selector)(1)).transform(X[:10])
    assert ((one != 0.0).sum(axis=1) == 1).all()


@pytest.mark.parametrize("distance", [45.0, 1e3, 1e6])
@pytest.mark.parametrize("width", [0.1, 1e-3])
def test_a_row_far_from_all_draws_has_its_limit(distance, width):
    table = rng.normal(size=(300, 2))
    sampler = GaussianSampler()
    linear = LinearRegression().fit(table, table @ [1.0, 2.0])
    row = np.array([[distance, 0.0]])
    found = exact(linear, table, width, sampler=sampler).explain(row)
    expected = linear.coef_ * table.std(axis=0)
    # Where the row lies costs digits.
    np.testing.assert_allclose(found.values[0], expected, rtol=1e-9)
    np.testing.assert_allclose(found.local_predictions, linear.predict(row), rtol=1e-9)
    assert 0.0 < found.effective_sample_sizes[0] < 1e-100
    # Out there the tilted law lies on one side of the tree's first cut.
    stump = DecisionTreeRegressor(max_depth=1).fit(table, table[:, 1] > 0.2)
    found = exact(stump, table, width, sampler=sampler).explain(row)
    column, cut = table[:, 1], stump.tree_.threshold[0]
    sd = np.sqrt(1.0 / (1.0 + width**-2))
    centre = (1.0 - sd**2) * -column.mean() / column.std()
    density = norm.pdf((cut - column.mean()) / column.std(), centre, sd)
    jump = np.ptp(stump.tree_.value[1:, 0, 0])
    assert found.values[0, 0] == 0.0
    np.testing.assert_allclose(found.values[0, 1], jump * density, rtol=1e-6, atol=1e-300)


class SameBinsOnly(Kernel):
    """A kernel that is 0 wherever a bin differs."""

    def __call__(self, Z, z):
        return np.all(np.abs(Z - z) < 0.5, axis=1) * 1.0

    @property
    def column_factor(self):
        return lambda deviation: (np.abs(deviation) < 0.5) * 1.0


class OtherBinsOnly(SameBinsOnly):
    """A kernel that is 0 in the row's own bins."""

    @property
    def column_factor(self):
        return lambda deviation: (np.abs(deviation) > 0.5) * 1.0


@pytest.mark.parametrize("kernel", [SameBinsOnly(), OtherBinsOnly()], ids=repr)
def test_kernels_without_weight_in_some_bins_have_no_closed_form(kernel):
    with pytest.raises(ValueError, match="weight 0 in some of the bins"):
        exact(FOREST, X, None, kernel=kernel)
