"""lime's selection functions and our selectors on the same weighted regressions."""

import numpy as np
import pytest
from lime.lime_base import LimeBase

from sklime.selectors import (
    AllFeatures,
    AutoSelector,
    ForwardSelection,
    HighestWeights,
    LassoPath,
)

LIME = LimeBase(kernel_fn=None)


def zero_or_one(rng, n, d):
    return (rng.random((n, d)) < rng.uniform(0.1, 0.9, size=d)).astype(float)


def correlated(rng, n, d):
    return rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) + rng.normal(size=d)


def weighted_regression(seed, design):
    """A random one; noise in the answers makes ties between features impossible."""
    rng = np.random.default_rng(seed)
    n, d = rng.integers(40, 200), rng.integers(2, 12)
    Z = design(rng, n, d)
    # lime ranks weight times first row, where it is 1 the weights themselves.
    Z[0] = 1.0
    coef = rng.normal(size=d) * (rng.random(d) < 0.7)
    y = 3.0 + Z @ coef + rng.normal(size=n)
    weights = rng.exponential(size=n)
    # At mean weight 1 the two penalties of HighestWeights are the same.
    return Z, y, weights / weights.mean(), int(rng.integers(1, d + 1))


@pytest.mark.parametrize("design", [zero_or_one, correlated])
@pytest.mark.parametrize(
    ("method", "make_selector"),
    [
        ("none", lambda k: AllFeatures()),
        ("highest_weights", HighestWeights),
        ("forward_selection", ForwardSelection),
        ("lasso_path", LassoPath),
        ("auto", AutoSelector),
    ],
)
def test_selectors_keep_the_features_that_lime_keeps(method, make_selector, design):
    for seed in range(60):
        Z, y, weights, k = weighted_regression(seed, design)
        theirs = LIME.feature_selection(Z, y, weights, k, method)
        ours = make_selector(k).fit(Z, y, sample_weight=weights).get_support(indices=True)
        assert sorted(theirs) == list(ours), f"seed {seed}"
