"""Own-value draws where kernels, budgets and tables are at their limits."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression
from sklearn.tree import DecisionTreeRegressor

from sklime import FunctionRegressor, LimeExplainer
from sklime.exceptions import UnknownValueWarning
from sklime.kernels import ExponentialKernel
from sklime.samplers import GaussianSampler, MarginalSampler


@pytest.mark.parametrize("method", ["exact", "sampling"])
@pytest.mark.parametrize("width", [0.03, 0.02, 1e-3, 1e-9])
@pytest.mark.filterwarnings("ignore:hardly any draw:sklime.exceptions.NeighbourhoodWarning")
def test_unseen_values_under_kernels_of_which_a_mismatch_rounds_to_no_weight(method, width):
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.integers(0, 3, 400), rng.integers(0, 4, 400)]).astype(float)
    model = DecisionTreeRegressor(random_state=0).fit(X, (1 + X[:, 0]) * X[:, 1])
    fitted = LimeExplainer(
        model,
        sampler=MarginalSampler(categorical_features=[0, 1]),
        kernel=ExponentialKernel(width=width),
        method=method,
        random_state=0,
    ).fit(X)
    found = fitted.explain([[9.0, 2.0]], uncertainty=True)
    # The other column stays where it is; the tree takes 9 for 2.
    others = model.predict(np.column_stack([X[:, 0], np.full(400, 2.0)])).mean()
    assert found.values[0, 0] == pytest.approx(6.0 - others, abs=0.05)
    assert found.support[0, 0] > 100.0


@pytest.mark.parametrize(
    "sampler",
    [
        MarginalSampler(categorical_features=[0]),
        GaussianSampler(center="instance", categorical_features=[0]),
    ],
    ids=["around the mean", "around the row"],
)
def test_pickles_do_not_tell_what_was_called(sampler):
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.integers(0, 4, 300), rng.normal(size=(300, 2))])
    forest = RandomForestRegressor(5, random_state=0).fit(X, X.sum(axis=1))
    fitted = LimeExplainer(forest, sampler=sampler, random_state=0).fit(X)
    assert fitted.method_ == "exact"
    rows = X[:3].copy()
    # Values that training never had.
    rows[0, 0], rows[1, 1] = 9.0, np.nan
    before = pickle.dumps(fitted)
    found = fitted.explain(rows)
    fidelity = fitted.score(rows)
    assert pickle.dumps(fitted) == before
    again = pickle.loads(before)
    assert_array_equal(again.explain(rows).values, found.values)
    assert_array_equal(again.explain(rows).scores, found.scores)
    assert again.score(rows) == fidelity


def test_a_model_that_fails_on_an_unseen_value_says_whose_parameter_helps():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 2))
    fitted = LimeExplainer(LinearRegression().fit(X, X[:, 0]), random_state=0).fit(X)
    with pytest.raises(ValueError, match="contains NaN") as caught:
        fitted.transform([[0.0, np.nan]])
    notes = "\n".join(caught.value.__notes__)
    assert "column 'x1'" in notes
    assert 'sampler with handle_unknown="error" or "ignore"' in notes


@pytest.mark.parametrize(
    ("sampler", "width"),
    [(MarginalSampler(), 0.2), (GaussianSampler(center="instance"), None)],
    ids=["narrow", "around the row"],
)
def test_closed_forms_ask_no_model_rows_without_limit(sampler, width):
    X = np.random.default_rng(0).normal(size=(400, 4))
    forest = RandomForestRegressor(2, max_depth=3, random_state=0).fit(X, X.sum(axis=1))
    fitted = LimeExplainer(
        forest, sampler=sampler, kernel=ExponentialKernel(width=width), random_state=0
    ).fit(X)
    assert fitted.method_ == "exact"
    rows = X[:300].copy()
    rows[:, 0] = np.nan
    with pytest.warns(UnknownValueWarning, match=r"'x0' \(44 rows\).*max_samples") as told:
        found = fitted.explain(rows)
    # Once: what is behind it, not also that there is no answer.
    assert len(told) == 1
    assert found.meta["n_own_value_samples"] <= 2**18
    # The first rows are answered as if they were alone.
    assert_array_equal(found.values[:50], fitted.transform(rows[:50]))
    assert (found.support[:50, 0] > 0).all()


@pytest.mark.parametrize("width", [None, 0.5])
def test_sums_are_exact_whatever_the_pool_holds_of_a_rare_value(width):
    """Pairs in which the column has one side before and after tell nothing of it."""
    rng = np.random.default_rng(0)
    X = np.column_stack(
        [np.arange(300) < 1, rng.integers(0, 4, 300), rng.integers(0, 3, 300)]
    )
    X = X.astype(float)
    for seed in range(5):
        explainer = LimeExplainer(
            FunctionRegressor(lambda X: X @ [2.0, 1.0, 0.5]),
            sampler=MarginalSampler(categorical_features=[0, 1, 2]),
            kernel=ExponentialKernel(width=width),
            random_state=seed,
        ).fit(X)
        found = explainer.explain(X[[0, 5]])
        assert found.meta["n_own_value_samples"] > 0
        assert_allclose(found.values[:, 0], [2.0, -2.0], rtol=1e-9)
