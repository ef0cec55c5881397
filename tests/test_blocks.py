"""Streams of blocks: every container and split, against `transform` of the whole table."""

import time
import warnings
from itertools import pairwise
from threading import Event

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sklime import FunctionRegressor, LimeExplainer
from sklime.exceptions import FailedRowsWarning, NeighbourhoodWarning, UnknownValueWarning
from sklime.kernels import ExponentialKernel
from sklime.samplers import MarginalSampler, SequenceSampler, SuperpixelSampler

N = 60
NAMES = ["a", "b", "c"]


def respond(X):
    """A model of numbers and a category, as frames of pandas or polars have them."""
    a, b, c = (np.asarray(X[name]) for name in NAMES)
    return a.astype(float) * (c == "x") + np.sin(b.astype(float))


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    columns = {
        "a": rng.normal(size=N),
        "b": rng.integers(0, 9, N),
        "c": rng.choice(["x", "y", "z"], N),
    }
    return pd.DataFrame(columns)


@pytest.fixture(scope="module")
def explainer(frame):
    model = FunctionRegressor(respond)
    return LimeExplainer(model, n_samples=512, random_state=0).fit(frame)


def keyed(frame):
    """The frame with keys in front, in the middle and with labels of rows."""
    frame = frame.copy()
    frame.insert(0, "id", [f"row {i}" for i in range(len(frame))])
    frame.insert(2, "day", pd.date_range("2026-01-01", periods=len(frame)))
    return frame.set_axis(np.arange(len(frame))[::-1], axis="index")


def arrow(frame):
    return pa.Table.from_pandas(frame, preserve_index=False)


CONTAINERS = {
    "pandas": lambda frame: frame,
    "polars": lambda frame: pl.from_pandas(frame),
    "table": arrow,
    "batch": lambda frame: pa.RecordBatch.from_pandas(frame, preserve_index=False),
}


def to_pandas(table):
    if isinstance(table, pa.RecordBatch):
        table = pa.Table.from_batches([table])
    return table if isinstance(table, pd.DataFrame) else table.to_pandas()


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("fitted_on", ["pandas", "polars"])
@pytest.mark.parametrize("keep", [(), ("id", "day"), ["day"]])
def test_blocks_of_frames(frame, container, fitted_on, keep):
    training = CONTAINERS[fitted_on](frame)
    model = FunctionRegressor(respond)
    explainer = LimeExplainer(model, n_samples=512, random_state=0).fit(training)
    whole = explainer.transform(training)
    given = keyed(frame)[[*keep, *NAMES]]
    cuts = [0, 0, 7, 8, 40, 40, N]
    blocks = [CONTAINERS[container](given.iloc[a:b]) for a, b in pairwise(cuts)]
    found = list(explainer.transform_blocks(iter(blocks), keep=keep))
    assert [type(own) for own in found] == [type(block) for block in blocks]
    assert [len(to_pandas(own)) for own in found] == [len(to_pandas(own)) for own in blocks]
    schema = explainer.output_schema(keep=keep)
    for own, block in zip(found, blocks, strict=True):
        assert list(to_pandas(own)) == list(schema)
        pd.testing.assert_frame_equal(
            to_pandas(own)[list(keep)], to_pandas(block)[list(keep)]
        )
    values = np.concatenate([to_pandas(own)[NAMES].to_numpy() for own in found])
    assert np.array_equal(values, whole)


def test_labels_of_pandas_rows_stay(frame, explainer):
    given = keyed(frame)
    [found] = explainer.transform_blocks([given], keep=["id", "day"])
    assert found.index.equals(given.index)


def test_an_arrow_dataset_gives_batches(frame, explainer, tmp_path):
    import pyarrow.parquet as pq

    pq.write_table(arrow(keyed(frame)), tmp_path / "rows.parquet", row_group_size=17)
    dataset = ds.dataset(tmp_path / "rows.parquet")
    whole = explainer.transform(frame)
    for blocks in (dataset, [dataset], dataset.scanner().to_reader()):
        found = list(explainer.transform_blocks(blocks, keep=["id", "day"]))
        assert all(isinstance(own, pa.RecordBatch) for own in found)
        table = pa.Table.from_batches(found).to_pandas()
        assert np.array_equal(table[NAMES].to_numpy(), whole)
        assert table["id"].tolist() == keyed(frame)["id"].tolist()


@pytest.mark.parametrize("fitted_on", ["pandas", "polars"])
@pytest.mark.parametrize("container", ["table", "batch"])
def test_methods_take_arrow_tables(frame, fitted_on, container):
    training = CONTAINERS[fitted_on](frame)
    model = FunctionRegressor(respond)
    explainer = LimeExplainer(model, n_samples=512, random_state=0).fit(training)
    given = CONTAINERS[container](frame)
    assert np.array_equal(explainer.transform(given), explainer.transform(training))
    explained = explainer.explain(training)
    assert np.array_equal(explainer.explain(given).values, explained.values)
    assert explainer.score(given) == explainer.score(training)


def test_blocks_of_arrays(frame):
    X = frame[["a", "b"]].to_numpy()
    model = FunctionRegressor(lambda X: X[:, 0] * X[:, 1])
    explainer = LimeExplainer(model, n_samples=512, random_state=0).fit(X)
    found = list(explainer.transform_blocks([X[:1], X[:0], X[1:]]))
    assert [own.shape for own in found] == [(1, 2), (0, 2), (N - 1, 2)]
    assert np.array_equal(np.concatenate(found), explainer.transform(X))
    # Arrow tables are arrays for a model that was fitted on one.
    [own] = explainer.transform_blocks([arrow(frame[["a", "b"]])])
    assert np.array_equal(own.to_pandas().to_numpy(), explainer.transform(X))


@pytest.mark.parametrize("container", [sparse.csr_matrix, sparse.csr_array])
def test_blocks_of_sparse_rows(container):
    dense = np.random.default_rng(0).poisson(0.5, (N, 5)).astype(float)
    X = container(dense)
    model = FunctionRegressor(lambda X: np.asarray(X.sum(axis=1)).ravel() ** 2)
    explainer = LimeExplainer(model, n_samples=512, random_state=0).fit(X)
    found = list(explainer.transform_blocks([X[:9], X[:0], X[9:]]))
    whole = explainer.transform(X)
    assert all(type(own) is type(whole) for own in found)
    assert [own.shape for own in found] == [(9, 5), (0, 5), (N - 9, 5)]
    assert np.array_equal(sparse.vstack(found).toarray(), whole.toarray())


def test_blocks_of_texts():
    texts = ["a good film", "a bad film", "good", "bad bad film"] * 4
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts, [1, 0] * 8)
    explainer = LimeExplainer(model, n_samples=256, random_state=0).fit(texts)
    found = list(explainer.transform_blocks([texts[:3], [], texts[3:]]))
    whole = explainer.transform(texts)
    assert [own.shape[0] for own in found] == [3, 0, 13]
    assert np.array_equal(sparse.vstack(found).toarray(), whole.toarray())


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_blocks_of_images_and_series(n_jobs):
    rng = np.random.default_rng(0)
    kinds = {
        SuperpixelSampler(hide=0): rng.random((6, 16, 16, 3)),
        SequenceSampler(): rng.random((6, 5, 2)),
    }
    for sampler, rows in kinds.items():
        model = FunctionRegressor(lambda X: np.array([np.sum(own) ** 2 for own in X]))
        own = {"sampler": sampler, "n_samples": 64, "random_state": 0}
        explainer = LimeExplainer(model, **own).fit(rows)
        blocks = [rows[:2], rows[:0], rows[2:]]
        found = list(explainer.transform_blocks(blocks, n_jobs=n_jobs))
        assert [len(own) for own in found] == [2, 0, 4]
        assert np.array_equal(np.concatenate(found), explainer.transform(rows))
        assert len(explainer.output_schema()) == found[0].shape[1]


@pytest.mark.parametrize("target", ["all", "predicted"])
def test_targets_of_several_outputs(frame, target):
    X = frame[["a", "b"]]
    model = LogisticRegression().fit(X, frame["c"])
    explainer = LimeExplainer(model, target=target, random_state=0).fit(X)
    found = pd.concat(explainer.transform_blocks([X[:5], X[5:]]))
    assert np.array_equal(found.to_numpy(), explainer.transform(X))
    assert list(found) == list(explainer.output_schema())
    assert list(found) == explainer.get_feature_names_out().tolist()


@settings(max_examples=25, deadline=None)
@given(
    cuts=st.lists(st.integers(0, N), max_size=8),
    n_jobs=st.sampled_from([None, 1, 2, 3]),
    width=st.sampled_from([None, "local", 0.3]),
)
def test_any_split_gives_equal_bits(frame, cuts, n_jobs, width):
    unseen = frame.assign(c=np.where(np.arange(N) % 7 == 0, "new", frame["c"]))
    model, kernel = FunctionRegressor(respond), ExponentialKernel(width)
    own = {"n_samples": 128, "random_state": 0}
    explainer = LimeExplainer(model, kernel=kernel, **own).fit(frame)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NeighbourhoodWarning)
        whole = explainer.transform(unseen)
        at = [0, *sorted(cuts), N]
        blocks = (unseen[a:b] for a, b in pairwise(at))
        found = list(explainer.transform_blocks(blocks, n_jobs=n_jobs))
    assert len(found) == len(at) - 1
    assert np.array_equal(pd.concat(found).to_numpy(), whole)


@pytest.mark.parametrize("method", ["sampling", "exact"])
@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_jobs_give_equal_bits(frame, method, backend):
    X = pd.concat([frame[["a", "b"]]] * 20)
    model = LogisticRegression().fit(frame[["a", "b"]], frame["c"] == "x")
    own = {"method": method, "n_samples": 256, "random_state": 0}
    if method == "exact":
        own["response_method"] = "decision_function"
    explainer = LimeExplainer(model, **own).fit(frame[["a", "b"]])
    whole = explainer.transform(X)
    with joblib.parallel_config(backend=backend):
        assert np.array_equal(explainer.set_params(n_jobs=2).transform(X), whole)
        found = explainer.transform_blocks([X[:400], X[:0], X[400:]], n_jobs=2)
        assert np.array_equal(pd.concat(found).to_numpy(), whole)


def test_blocks_are_read_as_they_are_needed(frame, explainer):
    n_read = 0

    def read():
        nonlocal n_read
        for _ in range(100):
            n_read += 1
            yield frame[:3]

    stream = explainer.transform_blocks(read())
    assert n_read == 0
    next(stream)
    assert n_read == 1
    stream.close()
    n_read = 0
    stream = explainer.transform_blocks(read(), n_jobs=2)
    next(stream)
    # Four pieces for each job.
    assert n_read <= 8
    stream.close()


def test_blocks_are_read_while_jobs_are_at_work():
    read_on = Event()

    def respond(texts):
        time.sleep(0.03)
        if any("patience" in own for own in texts):
            assert read_on.wait(60)
        return [len(own) for own in texts]

    def read():
        for i in range(12):
            # The first eight may be read before anything is explained.
            if i == 8:
                read_on.set()
            yield ["patience"] if i == 7 else ["a text"]

    model = FunctionRegressor(respond)
    explainer = LimeExplainer(model, n_samples=16, random_state=0).fit(["a text", "two"])
    found = list(explainer.transform_blocks(read(), n_jobs=2))
    assert [own.shape[0] for own in found] == [1] * 12


def test_keys_that_are_none(frame, explainer):
    for keep, error, message in (
        (["a"], ValueError, "names 'a', which is also a feature"),
        (["id", "id"], ValueError, "more than once"),
        ([3], TypeError, "must be a list of names"),
        (7, TypeError, "must be a list of names"),
    ):
        with pytest.raises(error, match=message):
            explainer.transform_blocks([frame], keep=keep)
        with pytest.raises(error, match=message):
            explainer.output_schema(keep=keep)
    stream = explainer.transform_blocks([frame.assign(id=0), frame], keep=["id"])
    next(stream)
    with pytest.raises(ValueError, match="names 'id', which is no column") as caught:
        next(stream)
    assert f"block 1 of the stream, which starts at row {N}" in caught.value.__notes__[-1]
    assert list(explainer.output_schema("id")) == ["id", *NAMES]


def test_a_key_column_of_an_array(frame):
    X = frame[["a", "b"]].to_numpy()
    explainer = LimeExplainer(FunctionRegressor(lambda X: X[:, 0]), random_state=0).fit(X)
    with pytest.raises(ValueError, match="columns have no names"):
        next(explainer.transform_blocks([X], keep=["id"]))


def test_what_is_no_stream(frame, explainer):
    for blocks, message in (
        (frame, "blocks is a DataFrame, while blocks of rows are needed"),
        (frame.to_numpy(), "blocks is a ndarray"),
        ("rows.parquet", "blocks is a str"),
        (3, "gives no blocks of rows"),
    ):
        with pytest.raises(TypeError, match=message):
            explainer.transform_blocks(blocks)
    with pytest.raises(ValueError, match='must be "raise" or "null"'):
        explainer.transform_blocks([frame], on_error="skip")
    for n_jobs in (0, "all", 1.5):
        with pytest.raises(ValueError, match=f"n_jobs={n_jobs!r} must be a number of jobs"):
            explainer.transform_blocks([frame], n_jobs=n_jobs)
        with pytest.raises(ValueError, match=f"n_jobs={n_jobs!r} must be a number of jobs"):
            LimeExplainer(FunctionRegressor(respond), n_jobs=n_jobs).fit(frame)
    with pytest.raises(NotFittedError):
        LimeExplainer(FunctionRegressor(respond)).transform_blocks([frame])
    assert list(explainer.transform_blocks([])) == []


@pytest.mark.parametrize("on_error", ["raise", "null"])
@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("empty", [True, False])
def test_other_columns_are_an_error(frame, explainer, on_error, n_jobs, empty):
    other = frame.rename(columns={"b": "B"})
    blocks = [frame, other[:0] if empty else other]
    own = {"n_jobs": n_jobs, "on_error": on_error}
    stream = explainer.transform_blocks(blocks, **own)
    assert np.array_equal(next(stream).to_numpy(), explainer.transform(frame))
    with pytest.raises(
        ValueError, match=r"feature names|are not those of the fit"
    ) as caught:
        next(stream)
    assert f"starts at row {N}" in caught.value.__notes__[-1]


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_matrix])
def test_blocks_without_rows_have_the_columns_too(frame, container):
    X = frame[["a", "b"]].to_numpy(dtype=float)
    model = FunctionRegressor(lambda X: np.asarray(X.sum(axis=1)).ravel())
    explainer = LimeExplainer(model, n_samples=64, random_state=0).fit(container(X))
    [empty] = explainer.transform_blocks([container(X)[:0]])
    assert empty.shape == (0, 2)
    wrong = container(X[:, [0, 1, 1]])[:0]
    with pytest.raises(ValueError, match=r"X has 3 features, but .* is expecting 2"):
        list(explainer.transform_blocks([wrong]))


def test_a_warning_about_every_block_is_told_once(frame, explainer):
    numbers = frame.assign(c=0.0)
    model = FunctionRegressor(lambda X: np.asarray(X)[:, 0])
    explainer = LimeExplainer(model, n_samples=1024, random_state=0).fit(numbers)
    blocks = [numbers.to_numpy()[i : i + 10] for i in range(0, N, 10)]
    with pytest.warns(UserWarning, match="does not have valid feature names") as caught:
        list(explainer.transform_blocks(blocks))
    assert len(caught) == 1
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="does not have valid feature names"):
            list(explainer.transform_blocks(blocks))


class Brittle(FunctionRegressor):
    """Refuses rows whose column "b" is 99, with an error of its own."""

    def __init__(self, error):
        self.error = error

    def predict(self, X):
        if (np.asarray(X["b"]) == 99).any():
            raise self.error()
        return respond(X)


class Own(Exception):
    """An error that cannot be read from a pickle."""

    def __init__(self, one, two):
        super().__init__(f"{one} {two}")


@pytest.mark.parametrize("backend", ["threading", "loky"])
@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize(
    "error", [lambda: ValueError("too old"), lambda: Own("too", "old")]
)
def test_faults_of_single_rows(frame, backend, n_jobs, error):
    # A category that training never had is asked about.
    sampler = MarginalSampler(categorical_features=["b"])
    model = Brittle(error)
    explainer = LimeExplainer(model, sampler=sampler, random_state=0).fit(frame)
    bad = frame.copy()
    bad.loc[[33, 47], "b"] = 99
    good = explainer.transform(frame)
    with joblib.parallel_config(backend=backend):
        blocks = [bad[:20], bad[20:20], bad[20:40], bad[40:]]
        stream = explainer.transform_blocks(blocks, n_jobs=n_jobs)
        assert np.array_equal(next(stream).to_numpy(), good[:20])
        assert len(next(stream)) == 0
        with pytest.raises(type(error()), match="too old") as caught:
            next(stream)
        assert "about row 33 of the stream, in block 2" in caught.value.__notes__[-1]
        with pytest.warns(FailedRowsWarning, match="2 row.s.*rows 33, 47") as told:
            own = {"n_jobs": n_jobs, "on_error": "null"}
            found = list(explainer.transform_blocks(blocks, **own))
    assert len(told) == 1
    values = pd.concat(found).to_numpy()
    failed = np.isin(np.arange(N), [33, 47])
    assert np.isnan(values[failed]).all()
    assert np.array_equal(values[~failed], good[~failed])


def test_a_server_that_is_down_is_not_asked_again(frame):
    calls = 0

    class Down(Brittle):
        def predict(self, X):
            nonlocal calls
            calls += (np.asarray(X["b"]) == 99).any()
            return super().predict(X)

    sampler = MarginalSampler(categorical_features=["b"])
    model = Down(lambda: ConnectionError("down"))
    explainer = LimeExplainer(model, sampler=sampler, random_state=0)
    explainer.fit(frame)
    bad = frame.assign(b=np.where(np.arange(N) == 5, 99, frame["b"]))
    with pytest.raises(ConnectionError) as caught:
        list(explainer.transform_blocks([bad]))
    assert f"rows 0..{N - 1} of the stream" in caught.value.__notes__[-1]
    assert calls <= 2


def test_faults_of_the_source_come_in_order(frame, explainer):
    def read():
        yield frame[:4]
        yield frame[4:9]
        raise OSError("disk")

    for n_jobs in (1, 2):
        stream = explainer.transform_blocks(read(), n_jobs=n_jobs)
        assert [len(next(stream)), len(next(stream))] == [4, 5]
        with pytest.raises(OSError, match="disk"):
            next(stream)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_doubts_are_told_once(frame, n_jobs):
    sampler = MarginalSampler(handle_unknown="ignore")
    model = FunctionRegressor(respond)
    explainer = LimeExplainer(model, sampler=sampler, random_state=0).fit(frame)
    unseen = frame.assign(c="new")
    with pytest.warns(UnknownValueWarning) as whole:
        explainer.transform(unseen)
    blocks = [unseen[i : i + 7] for i in range(0, N, 7)]
    with pytest.warns(UnknownValueWarning) as told:
        list(explainer.transform_blocks(blocks, n_jobs=n_jobs))
    assert [str(own.message) for own in told] == [str(own.message) for own in whole]
    assert told[0].filename == __file__


def test_positions_in_doubts_are_those_of_the_stream(frame):
    model = FunctionRegressor(lambda X: np.random.default_rng(0).normal(size=len(X)))
    own = {"weighting": "tilted", "n_samples": 64, "tol": 0.01, "max_samples": 64}
    explainer = LimeExplainer(model, random_state=0, **own).fit(frame[["a", "b"]])
    X = frame[["a", "b"]][:9]
    with pytest.warns(UserWarning) as whole:
        explainer.transform(X)
    with pytest.warns(UserWarning) as told:
        list(explainer.transform_blocks([X[:2], X[2:]]))
    assert [str(own.message) for own in told] == [str(own.message) for own in whole]


def test_values_that_may_be_asked_about_are_counted_over_the_stream(frame):
    model = FunctionRegressor(respond)
    # The pool's own 512 draws, and those of one more value.
    own = {"n_samples": 128, "max_samples": 1024, "random_state": 0}
    explainer = LimeExplainer(model, **own).fit(frame)
    unseen = frame[:8].assign(c=list("pqrspqrs"))
    with pytest.warns(UnknownValueWarning) as whole:
        expected = explainer.transform(unseen)
    with pytest.warns(UnknownValueWarning) as told:
        found = list(explainer.transform_blocks([unseen[:3], unseen[3:]]))
    assert np.array_equal(pd.concat(found).to_numpy(), expected)
    assert [str(own.message) for own in told] == [str(own.message) for own in whole]


def test_the_schema_before_any_row(explainer):
    schema = explainer.output_schema(keep=["id"])
    assert schema == {"id": None} | dict.fromkeys(NAMES, np.dtype(np.float64))
