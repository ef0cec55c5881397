"""Frames of any content through the public API: explained, or refused by clear errors."""

import datetime
import warnings
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sklime import Explanation, FunctionRegressor, LimeExplainer
from sklime.samplers import (
    CoalitionSampler,
    GaussianSampler,
    MarginalSampler,
    TrainingSampler,
)

SAMPLERS = [
    MarginalSampler(),
    MarginalSampler(n_bins=None),
    MarginalSampler(handle_unknown="ignore"),
    GaussianSampler(),
    TrainingSampler(),
    CoalitionSampler(),
]
CELLS = {
    "float": st.floats(),
    "tame": st.floats(-1e3, 1e3),
    "int": st.integers(-5, 5),
    "large": st.integers(-(2**63), 2**63 - 1),
    "bool": st.booleans(),
    "text": st.text(max_size=3),
    "level": st.sampled_from("ab"),
    "date": st.datetimes(datetime.datetime(1700, 1, 1), datetime.datetime(2200, 1, 1)),
    "day": st.dates(),
    "duration": st.timedeltas(datetime.timedelta(-9999), datetime.timedelta(9999)),
    "time": st.times(),
    "decimal": st.decimals(allow_nan=False, allow_infinity=False, places=2),
    "mixed": st.one_of(
        st.integers(-3, 3), st.text(max_size=2), st.none(), st.just(Decimal(1))
    ),
}
DTYPES = {
    "int": ["int8", "uint8", "Int64", "float32", "int64[pyarrow]", "category", "bool"],
    "level": ["category", "string", "string[pyarrow]"],
    "bool": ["boolean", "bool[pyarrow]"],
    "tame": ["float32", "Float64", "Sparse[float]"],
}
NAMES = st.one_of(st.text(max_size=4), st.integers(), st.just(("a", 1)), st.just("$array"))


@st.composite
def columns(draw, n):
    kind = draw(st.sampled_from(sorted(CELLS)))
    cells = CELLS[kind]
    if draw(st.booleans()):
        cells = st.one_of(cells, st.none())
    values = draw(st.lists(cells, min_size=n, max_size=n))
    return values, draw(st.sampled_from([None, *DTYPES.get(kind, [])]))


@st.composite
def frames(draw):
    n, d = draw(st.integers(0, 12)), draw(st.integers(0, 4))
    own = [draw(columns(n)) for _ in range(d)]
    names = draw(st.lists(NAMES, min_size=d, max_size=d))
    library = draw(st.sampled_from(["pandas", "polars", "arrow"]))
    if library != "pandas":
        try:
            X = pl.DataFrame([pl.Series(f"{k}", v) for k, (v, _) in enumerate(own)])
        except (
            TypeError,
            ValueError,
            ArithmeticError,
            RuntimeError,
            pl.exceptions.PolarsError,
        ):
            # RuntimeError: of decimals beyond polars' largest.
            X = pl.DataFrame({"x": [1.0] * n})
        return X if library == "polars" else X.to_arrow()
    X = pd.DataFrame(
        {j: pd.Series(values, dtype=object) for j, (values, _) in enumerate(own)}
    )
    for j, (_, dtype) in enumerate(own):
        try:
            X[j] = X[j].infer_objects() if dtype is None else X[j].astype(dtype)
        except (TypeError, ValueError, OverflowError, ArithmeticError):
            continue
    X.columns = pd.Index(names, dtype=object, tupleize_cols=False)
    return X


def model(table):
    """Answer with a number for any table: of how many cells, and of its missing ones."""
    if isinstance(table, pl.DataFrame):
        table = table.to_pandas()
    return table.isna().to_numpy(float).sum(axis=1) + 0.5


def explain_safely(X, sampler):
    """A frame is explained, its explanation written and read, or it is refused."""
    with warnings.catch_warnings():
        # What is doubtful about few rows.
        warnings.simplefilter("ignore")
        try:
            explainer = LimeExplainer(
                FunctionRegressor(model), sampler=sampler, n_samples=16, random_state=0
            ).fit(X)
            rows = X[:2]
            assert np.isfinite(explainer.transform(rows)).all()
            found = explainer.explain(rows)
            assert found.to_html()
            text = found.to_json()
        except (ValueError, TypeError) as error:
            assert str(error)
            return
        assert Explanation.from_json(text) == found


FULL = settings(
    max_examples=10_000 // len(SAMPLERS) + 1,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@settings(FULL, max_examples=40)
@given(frames(), st.sampled_from(SAMPLERS))
def test_some_frames_are_explained_or_refused(X, sampler):
    explain_safely(X, sampler)


@pytest.mark.slow
@pytest.mark.parametrize("sampler", SAMPLERS, ids=str)
def test_frames_are_explained_or_refused(sampler):
    @FULL
    @given(frames())
    def test(X):
        explain_safely(X, sampler)

    test()
