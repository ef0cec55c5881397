"""Rows far from all others, of whose standardised columns narrow kernels tell nothing."""

import warnings

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from sklime import FunctionRegressor, LimeExplainer
from sklime.exceptions import NeighbourhoodWarning
from sklime.kernels import ExponentialKernel
from sklime.samplers import CrossoverSampler, MarginalSampler

# Of 3,000 rows, one is more than 50 standard deviations away.
X = np.random.default_rng(0).normal(size=(3000, 3))
X[0, 1] = 1e4
LINEAR = LinearRegression().fit(X, X @ [1.0, 2.0, 0.0])
BLACK_BOX = FunctionRegressor(LINEAR.predict)
TOLD = r"draws of one value in column\(s\) 'x1' \(1 rows\).* 0 for want of other values"


@pytest.mark.parametrize("attribution", ["effect", "contribution"])
@pytest.mark.parametrize("model", [LINEAR, BLACK_BOX], ids=["exact", "sampled"])
def test_a_value_without_neighbours_is_told(model, attribution):
    explainer = LimeExplainer(
        model,
        sampler=MarginalSampler(n_bins=None),
        kernel=ExponentialKernel(width="local"),
        attribution=attribution,
        random_state=0,
    ).fit(X)
    with pytest.warns(NeighbourhoodWarning, match=TOLD):
        found = explainer.transform(X[:3])
    assert found[0, 1] == 0.0 and np.all(found[1:, 1] != 0.0)
    # Others have answers, and no warning.
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        explainer.transform(X[1:])


def test_draws_around_rows_tell_it_too():
    explainer = LimeExplainer(
        BLACK_BOX,
        sampler=CrossoverSampler(),
        kernel=ExponentialKernel(width=1e-9),
        random_state=0,
    ).fit(X)
    with pytest.warns(NeighbourhoodWarning, match="'x0' .*'x1' .*'x2' "):
        assert not explainer.transform(X[1:2]).any()


def test_columns_that_never_vary_are_rightly_0():
    constant = np.column_stack([X[1:], np.full(len(X) - 1, 7.0)])
    model = FunctionRegressor(lambda X: X[:, 0])
    explainer = LimeExplainer(
        model,
        sampler=MarginalSampler(n_bins=None),
        kernel=ExponentialKernel(width="local"),
        random_state=0,
    ).fit(constant)
    assert not explainer.transform(constant[:5])[:, 3].any()
