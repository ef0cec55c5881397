"""Lazy frames of polars and streams of Arrow; what is no lazy table."""

import subprocess
import sys
from itertools import pairwise

import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression

from sklime import FunctionRegressor, LimeExplainer, distributed
from sklime.distributed.lazy_tables import import_engine
from sklime.exceptions import UnknownValueWarning
from sklime.samplers import MarginalSampler
from tests.distributed.conftest import CUTS, FEATURES, KEYS, N, check_result, in_parts


def arrow(table):
    return pa.Table.from_pandas(table, preserve_index=False)


def batches_of(table):
    whole = arrow(table)
    slices = [whole.slice(a, b - a).to_batches() for a, b in pairwise(CUTS)]
    empty = pa.RecordBatch.from_pylist([], schema=whole.schema)
    return whole.schema, [own[0] if own else empty for own in slices]


@pytest.mark.parametrize("quality", [False, True])
@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
def test_lazy_frames_of_polars(table, explainer, engine, quality):
    own = {"keep": KEYS, "quality": quality}
    parts = [
        pl.from_pandas(part, schema_overrides={"colour": pl.Categorical})
        for part in in_parts(table)
    ]
    given = pl.concat(parts, rechunk=False).lazy()
    explained = distributed.transform(explainer, given, **own)
    assert isinstance(explained, pl.LazyFrame)
    result = explained.collect(engine=engine)
    assert result.schema == explained.collect_schema()
    check_result(result.to_pandas(), explainer, table, **own)


def test_files_of_polars(table, explainer, tmp_path):
    pl.from_pandas(table).write_parquet(tmp_path / "rows.parquet", row_group_size=7)
    explained = distributed.transform(
        explainer, pl.scan_parquet(tmp_path / "rows.parquet"), keep=KEYS
    )
    explained.sink_parquet(tmp_path / "explained.parquet")
    check_result(pd.read_parquet(tmp_path / "explained.parquet"), explainer, table)
    some = explained.filter(pl.col("id") % 2 == 0).select("id", "size").collect()
    assert some.shape == (N // 2, 2)
    nothing = explained.filter(pl.col("id") == 0).collect()
    assert nothing.shape == (0, len(KEYS) + len(FEATURES))


@pytest.mark.parametrize("quality", [False, True])
def test_readers_of_record_batches(table, explainer, quality):
    own = {"keep": KEYS, "quality": quality}
    schema, batches = batches_of(table)
    n_read = 0

    def read():
        nonlocal n_read
        for batch in batches:
            n_read += 1
            yield batch

    given = pa.RecordBatchReader.from_batches(schema, read())
    explained = distributed.transform(explainer, given, **own)
    assert isinstance(explained, pa.RecordBatchReader)
    assert n_read == 0
    found = list(explained)
    assert [batch.num_rows for batch in found] == np.diff(CUTS).tolist()
    assert all(batch.schema == explained.schema for batch in found)
    check_result(pa.Table.from_batches(found).to_pandas(), explainer, table, **own)


def test_datasets_of_arrow(table, explainer, tmp_path):
    ds.write_dataset(arrow(table), tmp_path / "rows", format="parquet")
    given = ds.dataset(tmp_path / "rows")
    explained = distributed.transform(explainer, given, keep=KEYS)
    ds.write_dataset(explained, tmp_path / "explained", format="parquet")
    result = ds.dataset(tmp_path / "explained").to_table().to_pandas()
    check_result(result, explainer, table)
    again = distributed.transform(explainer, given, keep=KEYS)
    check_result(again.to_table().to_pandas(), explainer, table)


def test_doubts_about_all_batches_are_told_at_the_end(table):
    sampler = MarginalSampler(handle_unknown="ignore")
    model = FunctionRegressor(lambda X: X["count"].to_numpy(dtype=float))
    explainer = LimeExplainer(model, sampler=sampler, random_state=0).fit(table[FEATURES])
    schema, batches = batches_of(table.assign(shape="odd"))
    given = pa.RecordBatchReader.from_batches(schema, batches)
    explained = distributed.transform(explainer, given, keep=KEYS)
    with pytest.warns(UnknownValueWarning, match=rf"\({N} rows\)") as told:
        explained.read_all()
    assert len(told) == 1


def test_doubts_about_partitions_are_told_once_for_each_process(table):
    sampler = MarginalSampler(handle_unknown="ignore")
    model = FunctionRegressor(lambda X: X["count"].to_numpy(dtype=float))
    explainer = LimeExplainer(model, sampler=sampler, random_state=0).fit(table[FEATURES])
    unseen = dd.from_pandas(table.assign(shape="odd"), npartitions=4)
    explained = distributed.transform(explainer, unseen, keep=KEYS)
    with pytest.warns(UnknownValueWarning) as told:
        explained.compute(scheduler="sync")
    assert len(told) == 1
    # In this process it has been told.
    explained.compute(scheduler="sync")
    quality = distributed.transform(explainer, unseen, keep=KEYS, quality=True)
    with pytest.warns(UnknownValueWarning):
        doubts = quality["doubts"].compute(scheduler="sync")
    assert doubts.tolist() == ["unanswered"] * N


def test_warnings_about_partitions_are_given_once_for_each_process():
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(N, 2)), columns=["a", "b"])
    model = FunctionRegressor(lambda X: X[:, 0])
    explainer = LimeExplainer(model, n_samples=1024, random_state=0).fit(X.to_numpy())
    explained = distributed.transform(explainer, dd.from_pandas(X, npartitions=4))
    with pytest.warns(UserWarning, match="X has feature names") as told:
        explained.compute(scheduler="sync")
    assert len(told) == 1


def test_errors_of_the_model_come_through(table):
    def fail(X):
        if (X["count"] == 99).any():
            raise ValueError("too many")
        return X["count"].to_numpy(dtype=float)

    sampler = MarginalSampler(categorical_features=["count"])
    explainer = LimeExplainer(FunctionRegressor(fail), sampler=sampler, random_state=0)
    explainer.fit(table[FEATURES])
    bad = table.assign(count=np.where(np.arange(N) == 33, 99, table["count"]))
    schema, batches = batches_of(bad)
    given = pa.RecordBatchReader.from_batches(schema, batches)
    with pytest.raises(ValueError, match="too many"):
        distributed.transform(explainer, given, keep=KEYS).read_all()
    lazy = distributed.transform(explainer, pl.from_pandas(bad).lazy(), keep=KEYS)
    with pytest.raises(Exception, match="too many"):
        lazy.collect()


LAZY = {
    "Dask DataFrame": lambda table: dd.from_pandas(table, npartitions=2),
    "Dask Array": lambda table: da.from_array(table.to_numpy(dtype=float)),
    "polars LazyFrame": lambda table: pl.from_pandas(table).lazy(),
    "Arrow Dataset": lambda table: ds.dataset(arrow(table)),
    "Arrow RecordBatchReader": lambda table: arrow(table).to_reader(),
}


@pytest.mark.parametrize("kind", LAZY)
def test_methods_name_what_explains_lazy_tables(kind):
    X = pd.DataFrame({"a": np.arange(9.0), "b": np.arange(9.0) % 2})
    explainer = LimeExplainer(LinearRegression().fit(X, X["a"]), random_state=0).fit(X)
    given, sampler = LAZY[kind](X), MarginalSampler()
    for call in (explainer.transform, explainer.explain, explainer.score, sampler.fit):
        with pytest.raises(TypeError, match=rf"X is a {kind}.*sklime\.distributed\.trans"):
            call(given)
    with pytest.raises(TypeError, match=rf"X is a {kind}.*give a table in memory"):
        LimeExplainer(LinearRegression().fit(X, X["a"])).fit(given)
    if not kind.startswith("Arrow"):
        with pytest.raises(TypeError, match=r"sklime\.distributed\.transform"):
            explainer.transform_blocks(given)


def test_what_is_no_lazy_table(table, explainer):
    with pytest.raises(TypeError, match=r"data is a DataFrame.*explainer\.transform\(X\)"):
        distributed.transform(explainer, table)
    with pytest.raises(TypeError, match="while a fitted LimeExplainer is needed"):
        distributed.transform("explainer", pl.from_pandas(table).lazy())
    unfitted = LimeExplainer(LinearRegression())
    with pytest.raises(NotFittedError):
        distributed.transform(unfitted, pl.from_pandas(table).lazy())
    lazy = pl.from_pandas(table).lazy()
    with pytest.raises(ValueError, match="names 'size', which is also a feature"):
        distributed.transform(explainer, lazy, keep=["size"])
    with pytest.raises(ValueError, match=r"columns|feature names|features"):
        distributed.transform(explainer, lazy.drop("size"), keep=KEYS)


def test_a_missing_engine_is_named():
    with pytest.raises(ImportError, match=r"no_such_engine is not .*sklime\[distributed\]"):
        import_engine("no_such_engine")


def test_no_engine_is_imported_before_its_use():
    program = (
        "import sys; from sklime import distributed; import sklime; "
        "sklime.distributed.transform; "
        "print([m for m in ('dask', 'ray', 'pyspark', 'polars', 'distributed') "
        "if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
