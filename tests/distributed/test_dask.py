"""Dask frames and arrays, on a cluster of processes and in this one."""

import warnings

import dask
import dask.array as da
import dask.dataframe as dd
import joblib
import numpy as np
import pandas as pd
import pytest
from dask.dataframe.utils import assert_eq

from sklime import FunctionRegressor, LimeExplainer, distributed
from sklime.samplers import MarginalSampler
from tests.distributed.conftest import CUTS, FEATURES, KEYS, N, check_result, in_parts


@pytest.fixture(scope="module")
def client():
    with warnings.catch_warnings():
        # Of sockets and event loops of its own.
        warnings.simplefilter("ignore")
        from distributed import Client, LocalCluster

        own = {"n_workers": 2, "threads_per_worker": 2, "processes": True}
        with LocalCluster(dashboard_address=None, **own) as cluster:
            with Client(cluster) as client:
                yield client


def frame_of(table):
    """Partitions of unknown divisions, some of which are empty."""
    parts = in_parts(table)
    return dd.from_map(lambda i: parts[i], range(len(parts)), meta=table.iloc[:0])


@pytest.mark.parametrize("quality", [False, True])
def test_frames_on_a_cluster(client, table, explainer, quality):
    own = {"keep": KEYS, "quality": quality}
    explained = distributed.transform(explainer, frame_of(table), **own)
    assert isinstance(explained, dd.DataFrame)
    assert explained.npartitions == len(CUTS) - 1
    check_result(explained.compute(scheduler=client), explainer, table, **own)


@pytest.mark.parametrize("quality", [False, True])
def test_meta_is_that_of_the_result(table, explainer, quality):
    own = {"keep": KEYS, "quality": quality}
    with dask.config.set(scheduler="sync"):
        explained = distributed.transform(explainer, frame_of(table), **own)
        # It compares names and types of columns and of the index, too.
        assert_eq(explained, explained.compute(), check_divisions=False)
        check_result(explained.compute(), explainer, table, **own)


def test_labels_and_divisions_stay(table, explainer):
    labelled = table.set_axis(10 * np.arange(N), axis="index")
    given = dd.from_pandas(labelled, npartitions=4)
    explained = distributed.transform(explainer, given, keep=KEYS)
    assert explained.divisions == given.divisions
    some = explained.loc[200:300].compute(scheduler="threads")
    assert some["id"].tolist() == labelled.loc[200:300, "id"].tolist()
    with dask.config.set(scheduler="threads"):
        check_result(explained.compute(), explainer, table)


def test_filtered_to_nothing(table, explainer):
    given = frame_of(table)
    explained = distributed.transform(explainer, given[given["count"] > 99], keep=KEYS)
    result = explained.compute(scheduler="sync")
    assert result.shape == (0, len(KEYS) + len(FEATURES))


@pytest.mark.parametrize("unknown", [False, True])
@pytest.mark.parametrize("quality", [False, True])
def test_arrays(client, unknown, quality):
    X = np.random.default_rng(0).normal(size=(N, 3))
    X[:, 2] = np.round(X[:, 2])

    def model(X):
        return X[:, 0] * X[:, 1] + X[:, 2]

    explainer = LimeExplainer(FunctionRegressor(model), n_samples=256, random_state=0)
    explainer.fit(X)
    heights = tuple(np.diff(CUTS).tolist())
    given = da.from_array(X, chunks=(heights, (2, 1)))
    if unknown:
        given = given[given[:, 0] > -9.0]
    explained = distributed.transform(explainer, given, quality=quality)
    assert isinstance(explained, da.Array)
    assert explained.shape[1] == 3 + 4 * quality
    result = explained.compute(scheduler=client)
    assert np.array_equal(result[:, :3], explainer.transform(X))
    if quality:
        own = explainer.explain(X)
        sizes = own.effective_sample_sizes
        expected = np.column_stack([own.predictions, own.scores, sizes, np.zeros(N)])
        np.testing.assert_allclose(result[:, 3:], expected, rtol=1e-12, atol=1e-12)


def test_an_array_of_other_dimensions(explainer):
    with pytest.raises(ValueError, match="Dask Array with dim 3"):
        distributed.transform(explainer, da.zeros((2, 2, 2)))


def test_an_array_of_other_columns_is_told_at_once():
    X = np.random.default_rng(0).normal(size=(N, 3))
    model = FunctionRegressor(lambda X: X[:, 0])
    explainer = LimeExplainer(model, n_samples=64, random_state=0).fit(X)
    with pytest.raises(ValueError, match=r"X has 2 features, but .* is expecting 3"):
        distributed.transform(explainer, da.from_array(X[:, :2], chunks=(7, 1)))


def test_nothing_is_computed_before(table, explainer):
    def fail(i):
        raise OSError("disk")

    given = dd.from_map(fail, range(3), meta=table.iloc[:0])
    explained = distributed.transform(explainer, given, keep=KEYS)
    with pytest.raises(OSError, match="disk"):
        explained.compute(scheduler="sync")


@pytest.mark.parametrize("give", ["renamed", "fewer", "more", "turned"])
def test_other_columns_are_told_at_once(table, explainer, give):
    given = {
        "renamed": table.rename(columns={"size": "length"}),
        "fewer": table.drop(columns="size"),
        "more": table.assign(size_2=0.0),
        "turned": table[table.columns[::-1]],
    }
    frame = dd.from_pandas(given[give], npartitions=2)
    with pytest.raises(ValueError, match=r"columns|feature names|features"):
        distributed.transform(explainer, frame, keep=KEYS)
    with pytest.raises(ValueError, match="names 'nobody', which is no column"):
        distributed.transform(explainer, frame, keep=["nobody"])


@pytest.mark.filterwarnings("ignore")
def test_doubts_are_told_once_for_each_worker(client, table):
    sampler = MarginalSampler(handle_unknown="ignore")
    model = FunctionRegressor(lambda X: X["count"].to_numpy(dtype=float))
    explainer = LimeExplainer(model, sampler=sampler, random_state=0).fit(table[FEATURES])
    unseen = frame_of(table.assign(shape="odd"))
    explained = distributed.transform(explainer, unseen, keep=KEYS)
    client.get_events("warn")
    explained.compute(scheduler=client)
    events = [event for _, event in client.get_events("warn")]
    assert 1 <= len(events) <= 2
    assert all("never seen in training" in str(event["message"]) for event in events)


def test_jobs_of_joblib_on_a_cluster(client, table, explainer):
    many = pd.concat([table[FEATURES]] * 2)
    whole = explainer.transform(many)
    with joblib.parallel_config(backend="dask", client=client):
        explainer.set_params(n_jobs=2)
        try:
            assert np.array_equal(explainer.transform(many), whole)
            found = list(explainer.transform_blocks([many[:7], many[:0], many[7:]]))
        finally:
            explainer.set_params(n_jobs=None)
    assert np.array_equal(pd.concat(found).to_numpy(), whole)
