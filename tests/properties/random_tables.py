"""Hypothesis strategies for small tables and models of them."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.tree import DecisionTreeRegressor

from sklime import LimeExplainer
from sklime.samplers import GaussianSampler, MarginalSampler

MARGINAL = st.sampled_from(
    [
        MarginalSampler(),
        MarginalSampler(n_bins=2, binning="uniform", sequence="random"),
        MarginalSampler(n_bins=None),
        MarginalSampler(within="truncnorm", sequence="lhs"),
    ]
)
GAUSSIAN = st.sampled_from(
    [
        GaussianSampler(),
        GaussianSampler(scale=0.5, n_bins=3),
        GaussianSampler("instance"),
        GaussianSampler("instance", n_bins=3),
    ]
)


@st.composite
def tables(draw, missing=False):
    """Tables of few rows, with ties, integers, wide and narrow columns, constants."""
    n = draw(st.integers(8, 24))
    values = [
        st.integers(-3, 3).map(float),
        st.floats(-1e9, 1e9),
        st.floats(0.0, 1.0),
        st.sampled_from([-2.825, 0.0, 1e-6]),
    ]
    if missing:
        values.append(st.sampled_from([np.nan, -1.5, 2.0, 2.5]))
    kinds = draw(st.lists(st.sampled_from(values), min_size=1, max_size=4))
    X = np.column_stack([draw(hnp.arrays(np.float64, n, elements=kind)) for kind in kinds])
    # A column that is nowhere observed is an error of its own.
    X[0, np.isnan(X).all(axis=0)] = 0.0
    return X


def tree(X, seed=0):
    """A model whose answer to a row has the same bits in any batch."""
    y = np.random.default_rng(seed).normal(size=len(X))
    return DecisionTreeRegressor(max_leaf_nodes=8, random_state=0).fit(X, y)


def explainer(model, **parameters):
    """An explainer of few draws."""
    defaults = {"method": "sampling", "n_samples": 128, "random_state": 0}
    return LimeExplainer(model, **defaults | parameters)
