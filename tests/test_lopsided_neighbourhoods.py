import warnings

import numpy as np
import pytest
from sklearn.feature_selection import SelectFromModel
from sklearn.linear_model import LinearRegression, Ridge

from sklime import FunctionRegressor, LimeExplainer
from sklime.exceptions import NeighbourhoodWarning
from sklime.kernels import ExponentialKernel

X = np.random.default_rng(0).normal(size=(300, 5))
X[0] = -1.5


def explain(f, **params):
    setting = {"weighting": "kernel", "random_state": 0} | params
    explainer = LimeExplainer(FunctionRegressor(f), **setting).fit(X)
    return explainer, explainer.explain(X[:1])


def test_huge_answers_without_weight_do_not_drown_those_near_the_row():
    def f(X):
        return X[:, 0] + 1e4 * (X > 0.5).all(axis=1)

    explainer, found = explain(f, kernel=ExponentialKernel(width=0.35), n_samples=16384)
    [own] = explainer.sampler_.sample(X[:1], 16384, random_state=found.meta["seed"])
    w, Z = explainer.kernel_(own.design, own.position), own.design.astype(float)
    y = f(own.inputs)
    # No penalty shrinks the slopes.
    line = LinearRegression().fit(Z, y, sample_weight=w)
    np.testing.assert_allclose(found.values[0], line.coef_, atol=1e-6)
    assert found.scores[0] == pytest.approx(line.score(Z, y, sample_weight=w), abs=1e-3)


@pytest.mark.parametrize("metric", ["jaccard", "dice"])
def test_boolean_metrics_weigh_0_1_designs_without_a_warning(metric):
    explain(lambda X: X[:, 0], kernel=ExponentialKernel(metric=metric))


def test_users_kernel_gets_numbers():
    explain(lambda X: X[:, 0], kernel=lambda Z, z: np.exp(-np.abs(Z - Z[0]).sum(axis=1)))


def test_tiny_weights_are_weights_for_a_users_regressor():
    def weigh(Z, z):
        return np.where(Z[:, :4].all(axis=1), 1e-322, 0.0)

    # Four columns do not vary where there is weight.
    with pytest.warns(NeighbourhoodWarning, match=r"'x0' \(1 rows\)"):
        _, found = explain(lambda X: X[:, 4], kernel=weigh, surrogate=LinearRegression())
    assert np.isfinite(found.values).all()
    assert found.values[0, 4] != 0.0


def test_resolved_kernels_read_as_users_write_them():
    explainer, _ = explain(lambda X: X[:, 0])
    assert "np.float64" not in repr(explainer.kernel_)


@pytest.mark.parametrize("weighting", ["kernel", "auto", "tilted"])
def test_a_column_that_never_varied_gets_exactly_nothing(weighting):
    rng = np.random.default_rng(0)
    table = np.column_stack([np.full(300, 3.0), rng.integers(0, 4, (300, 3))])
    for width in np.linspace(0.35, 0.8, 10):
        explainer = LimeExplainer(
            FunctionRegressor(lambda X: np.sin(X @ [1.0, 2.0, 3.0, 5.0])),
            kernel=ExponentialKernel(width=width),
            weighting=weighting,
            n_samples=1024,
            random_state=0,
        ).fit(table)
        np.testing.assert_array_equal(explainer.transform(table[:20])[:, 0], 0.0)


@pytest.mark.parametrize("width", np.linspace(0.15, 0.25, 21))
def test_no_width_gives_a_zero_without_a_word(width):
    narrow = ExponentialKernel(width=width)
    explainer = LimeExplainer(
        FunctionRegressor(lambda X: X[:, 0] + X[:, 1]), kernel=narrow, random_state=0
    ).fit(X[:, :2])
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        found = explainer.transform(X[:1, :2])
    assert (found != 0.0).all() or any(w.category is NeighbourhoodWarning for w in told)


def test_supports_of_many_sizes_do_not_touch_each_other():
    wide = np.random.default_rng(0).normal(size=(300, 60))
    model = FunctionRegressor(lambda X: np.tanh(X[:, :9] @ np.arange(9.0)) + X[:, 20])
    explainer = LimeExplainer(
        model, selector=SelectFromModel(Ridge()), n_samples=512, random_state=0
    ).fit(wide)
    together = explainer.transform(wide[:6])
    assert len(set((together != 0).sum(axis=1))) > 1
    alone = np.concatenate([explainer.transform(row[np.newaxis]) for row in wide[:6]])
    np.testing.assert_array_equal(together, alone)
