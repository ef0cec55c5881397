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

from sklime.kernels import ExponentialKernel, ShapleyKernel, UniformKernel, as_kernel
from sklime.samplers import (
    CoalitionSampler,
    CrossoverSampler,
    GaussianSampler,
    MarginalSampler,
    MixedSampler,
    SequenceSampler,
    SuperpixelSampler,
    TokenSampler,
    TrainingSampler,
)
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
TEXTS = [
    " ".join(f"w{(3 * i + k) % 17}" for k in range(1 + i % 9)).capitalize() + "!"
    for i in range(14)
]
GRAY = RNG.integers(0, 256, (12, 9, 6)).astype(np.uint8)
SHAPES = [(6, 9), (8, 8), (12, 5)]
UNEQUAL = [RNG.random((*SHAPES[i % 3], 3)) for i in range(12)]
GAPS = np.where(RNG.random((12, 6, 2)) < 0.1, np.nan, RNG.normal(size=(12, 6, 2)))
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
    *(
        (sampler, table, None)
        for table in (None, FRAME, POLARS)
        for sampler in (TrainingSampler(3), TrainingSampler(None), CrossoverSampler())
    ),
    (TrainingSampler(categorical_features=["age"]), FRAME, None),
    *((CrossoverSampler(4, share), None, None) for share in (0.2, 1.0)),
]
MASKED_SAMPLERS = [
    *(
        (TokenSampler(**parameters), None, None)
        for parameters in (
            {},
            {"positions": True},
            {"level": "char"},
            {"level": "char", "positions": True, "mask": "_"},
            {"mask": "UNK"},
            {"tokenizer": str.split},
            {"token_pattern": "[a-z]{2,}"},
            {"sequence": "random"},
        )
    ),
    (TokenSampler(), TEXTS, None),
    (TokenSampler(), pd.Series(TEXTS, name="review"), None),
    (TokenSampler(positions=True), pd.DataFrame({"review": TEXTS}), None),
    (TokenSampler(), pl.Series("review", TEXTS), None),
    (TokenSampler(), np.array(TEXTS)[:, np.newaxis], None),
    *(
        (SuperpixelSampler(segmenter), None, None)
        for segmenter in ("slic", "quickshift", "felzenszwalb", "grid", (2, 3))
    ),
    *(
        (SuperpixelSampler((2, 2), hide=hide), None, None)
        for hide in ("blur", "inpaint", 0.5, [0.1, 0.2, 0.3], np.full((8, 8, 3), 0.5))
    ),
    (SuperpixelSampler(n_segments=5), None, None),
    *((SuperpixelSampler((3, 2), hide=hide), GRAY, None) for hide in ("mean", "blur", 9)),
    (SuperpixelSampler((3, 2)), UNEQUAL, None),
    (SuperpixelSampler((3, 2), flat=(9, 6)), GRAY.reshape(12, 54), None),
    *(
        (SequenceSampler(unit, n_segments=3, fill=fill), X, None)
        for unit, fill, X in (
            *product(("step", "segment", "cell"), ("mean", "interpolate"), (None, GAPS)),
            *product(("step", "feature"), ("noise", "background", 0.0), (None, GAPS)),
            ("step", "mean", GRAY[:, 0]),
            ("cell", "interpolate", GRAY[:, :, :2]),
        )
    ),
    *((CoalitionSampler(own), None, None) for own in ("marginals", "median")),
    *((CoalitionSampler(), table, None) for table in (FRAME, POLARS)),
    (CoalitionSampler("median"), FRAME, None),
    (CoalitionSampler(RNG.normal(size=(1, 3))), None, None),
    (CoalitionSampler(RNG.normal(size=(4, 3))), None, None),
    (CoalitionSampler(FRAME.iloc[[1, 4, 5]]), FRAME, None),
    (CoalitionSampler(POLARS[:2]), POLARS, None),
]
LISTINGS = FRAME.drop(columns="constant").assign(
    text=[TEXTS[i % 14] if i % 5 else "" for i in range(60)]
)
MIXED_SAMPLERS = [
    (
        MixedSampler(
            [
                ("words", TokenSampler(), "text"),
                ("rest", MarginalSampler(), list(LISTINGS.columns[:-1])),
            ]
        ),
        LISTINGS,
        None,
    ),
    (
        MixedSampler(
            [
                ("rest", MarginalSampler(n_bins=None), slice(1, -1)),
                ("age", GaussianSampler(), [0]),
                ("words", TokenSampler(positions=True), [-1]),
            ]
        ),
        pl.DataFrame(LISTINGS.drop(columns="color")),
        None,
    ),
    (
        MixedSampler(
            [("a", MarginalSampler(), [0, 2]), ("b", CoalitionSampler([[0.5]]), [1])]
        ),
        RNG.normal(size=(60, 3)),
        None,
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
    ShapleyKernel(),
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
    for sampler, X, y in SAMPLERS + MASKED_SAMPLERS + MIXED_SAMPLERS:
        rows = "" if X is None else f" on {type(X).__module__.split('.')[0]} rows"
        yield f"{sampler}{rows}", sampler_checks(sampler, X, y)
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
