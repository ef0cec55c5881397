"""Own-value draws where kernels, budgets and tables are at their limits."""

import numpy as np
import pytest
from sklearn.tree import DecisionTreeRegressor

from sklime import LimeExplainer
from sklime.kernels import ExponentialKernel
from sklime.samplers import MarginalSampler


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
