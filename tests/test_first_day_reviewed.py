"""Reports of users, as they were told: each with the value that is right."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError

from sklime import FunctionRegressor, LimeExplainer
from sklime.samplers import MarginalSampler


def additive(X):
    return X[:, 0] + 3 * X[:, 1] + np.sin(X[:, 2]) + 0.2 * X[:, 3] ** 2


TERMS = (lambda v: v, lambda v: 3 * v, np.sin, lambda v: 0.2 * v**2)


def limits(table, rows):
    """Mean of each column's term at the row's own value, less that at the others."""
    out = np.empty(rows.shape)
    for i, j in np.ndindex(rows.shape):
        term, own = TERMS[j](table[:, j]), table[:, j] == rows[i, j]
        out[i, j] = term[own].mean() - term[~own].mean()
    return out


@pytest.mark.parametrize("rare", [False, True])
@pytest.mark.parametrize(
    "setting",
    [
        {},
        {"weighting": "tilted"},
        {"n_samples": 512},
        {"sampler": MarginalSampler(sequence="random")},
    ],
    ids=["default", "tilted", "few", "random"],
)
def test_intervals_about_an_additive_black_box_hold_the_limit(setting, rare):
    rng = np.random.default_rng(0)
    table = rng.integers(0, 8, (400, 4))
    if rare:
        table[:, 1] = rng.random(400) < 0.05
    rows = table[:12]
    limit = limits(table, rows)
    inside = []
    for seed in range(30):
        explainer = LimeExplainer(
            FunctionRegressor(additive), random_state=seed, **setting
        ).fit(table)
        lower, upper = explainer.explain(rows, uncertainty=True).confidence_intervals()
        inside.append((lower <= limit) & (limit <= upper))
    # Eight scrambles; coefficients of one seed hang together.
    assert 0.92 < np.mean(inside) < 0.98


def test_a_fit_that_fails_leaves_no_mixture_of_two_fits():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))

    class Remote:
        down = False

        def predict(self, X):
            if self.down:
                raise RuntimeError("server down")
            return X[:, 0] + X[:, 1]

    model = Remote()
    e = LimeExplainer(model, random_state=0).fit(X)
    before, score = e.explain(X[:1]), e.score(X)
    model.down = True
    with pytest.raises(RuntimeError, match="server down"):
        e.fit(100 * X)
    model.down = False
    for ask in (e.explain, e.transform, e.score):
        with pytest.raises(NotFittedError, match="last fit failed with RuntimeError"):
            ask(X[:1])
    e.fit(X)
    assert e.explain(X[:1]).as_list(0) == before.as_list(0)
    assert e.score(X) == score
    # And the table of the fit that failed, fitted at last.
    scaled = LimeExplainer(model, random_state=0).fit(100 * X)
    again = e.fit(100 * X).explain(100 * X[:1])
    assert again.as_list(0) == scaled.explain(100 * X[:1]).as_list(0)
    assert_allclose(again.values, 100 * before.values, rtol=1e-6)
    assert_array_equal(again.data, 100 * X[:1])
