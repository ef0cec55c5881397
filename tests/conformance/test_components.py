"""Every sampler, kernel and selector that sklime ships keeps its contract."""

from itertools import product

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.feature_selection import SelectFromModel
from sklearn.gaussian_process.kernels import RBF, Matern, RationalQuadratic
from sklearn.linear_model import Ridge
from sklearn.preprocessing import KBinsDiscretizer

from sklime.kernels import ExponentialKernel, UniformKernel, as_kernel
from sklime.samplers import GaussianSampler, MarginalSampler
from sklime.selectors import (
    AllFeatures,
    AutoSelector,
    ForwardSelection,
    HighestWeights,
    LassoPath,
)
from sklime.testing import kernel_checks, sampler_checks, selector_checks
from tests.ids import shown

RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "age": RNG.integers(18, 80, 60),
        "height": np.where(np.arange(60) % 7 == 0, np.nan, RNG.normal(1.7, 0.1, 60)),
        "color": pd.Categorical(np.array(["red", "green", "blue"])[np.arange(60) % 3]),
        "city": [None if i % 11 == 0 else "north south".split()[i % 2] for i in range(60)],
        "member": np.arange(60) % 2 == 0,
        "constant": 2.825,
    }
)
COMPLETE = FRAME.drop(columns=["height", "city", "constant"]).assign(
    weight=RNG.normal(size=60)
)
POLARS = pl.DataFrame(FRAME.drop(columns="color"))
SPARSE = sparse.random(60, 8, 0.4, format="csr", random_state=0)
CLASSES = (np.arange(60) % 4 == 0).astype(int)
DISCRETISER = KBinsDiscretizer(3, encode="ordinal", strategy="uniform")


def halved_by_distance(Z, z):
    return 2.0 ** -np.abs(np.asarray(Z, dtype=float) - z).sum(axis=1)


def largest_gap(one, other):
    return np.abs(one - other).max()


SAMPLERS = [
    *(
        (MarginalSampler(binning=binning, within=within), None, None)
        for binning, within in product(
            ("quantile", "uniform", "kmeans", "entropy"), ("empirical", "truncnorm")
        )
    ),
    (MarginalSampler(n_bins=2, binning="uniform"), None, None),
    (MarginalSampler(binning=DISCRETISER), None, None),
    (MarginalSampler(n_bins=None), None, None),
    *(
        (MarginalSampler(n_bins, sequence=sequence), None, None)
        for n_bins, sequence in product((None, 4), ("lhs", "random"))
    ),
    (MarginalSampler(categorical_features=[0]), None, None),
    (MarginalSampler(categorical_features=[True, False, False]), None, None),
    (MarginalSampler(categorical_features=None, handle_unknown="ignore"), None, None),
    *(
        (MarginalSampler(n_bins, within=within), table, None)
        for table in (FRAME, POLARS)
        for n_bins, within in ((3, "empirical"), (3, "truncnorm"), (None, "empirical"))
    ),
    (MarginalSampler(binning="entropy"), FRAME, CLASSES),
    (MarginalSampler(categorical_features=["age", "color", "city", "member"]), FRAME, None),
    *((MarginalSampler(n_bins), SPARSE, None) for n_bins in (4, None)),
    (MarginalSampler(sequence="random"), SPARSE, None),
    *(
        (GaussianSampler(center, scale, n_bins), None, None)
        for center, scale, n_bins in product(("mean", "instance"), (0.5, 1.0), (None, 4))
    ),
    *((GaussianSampler(sequence=sequence), None, None) for sequence in ("lhs", "random")),
    *(
        (GaussianSampler(center, n_bins=n_bins), COMPLETE, None)
        for center, n_bins in product(("mean", "instance"), (None, 4))
    ),
]
KERNELS = [
    ExponentialKernel(),
    ExponentialKernel(width=0.5),
    *(
        ExponentialKernel(width=0.5, metric=metric)
        for metric in (
            "euclidean",
            "l2",
            "sqeuclidean",
            "manhattan",
            "cityblock",
            "l1",
            "chebyshev",
            "minkowski",
            "cosine",
            "hamming",
            "canberra",
            "braycurtis",
        )
    ),
    ExponentialKernel(1.0, metric=largest_gap),
    UniformKernel(),
    as_kernel(None),
    as_kernel(halved_by_distance),
    as_kernel(RBF(2.0)),
    as_kernel(0.5 * RBF() + Matern()),
    as_kernel(RationalQuadratic()),
]
SELECTORS = [
    AllFeatures(),
    HighestWeights(),
    ForwardSelection(),
    LassoPath(),
    AutoSelector(),
    SelectFromModel(Ridge(), max_features=2, threshold=-np.inf),
]


def cases():
    for sampler, X, y in SAMPLERS:
        table = "" if X is None else f" on {type(X).__module__.split('.')[0]} table"
        yield f"{sampler}{table}", sampler_checks(sampler, X, y)
    for kernel in KERNELS:
        yield shown(kernel), kernel_checks(kernel)
    for selector in SELECTORS:
        yield f"{selector}", selector_checks(selector)


@pytest.mark.parametrize(
    "check",
    [
        pytest.param(check, id=f"{' '.join(component.split())}-{name}")
        for component, checks in cases()
        for name, check in checks
    ],
)
def test_component_keeps_its_contract(check):
    check()
