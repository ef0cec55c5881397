"""Slow and remote models: `Calls` against a real server that is slow, fails and hangs."""

import asyncio
import copy
import gc
import multiprocessing
import os
import pickle
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import sparse
from sklearn.base import clone, is_classifier
from sklearn.datasets import load_iris, load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.svm import SVC

from sklime import (
    Calls,
    Explanation,
    FunctionClassifier,
    FunctionRegressor,
    LimeExplainer,
    persistence,
)
from sklime.exceptions import RowLimitReached, RowLimitWarning, UntrustedTypesError
from sklime.kernels import ExponentialKernel
from sklime.model.calls.row_keys import row_keys
from sklime.samplers import GaussianSampler, TrainingSampler
from tests.model_server import ModelServer, answers, async_client, client

ROOT = Path(__file__).parent.parent
X = np.random.default_rng(0).normal(size=(120, 4))


@pytest.fixture
def server():
    server = ModelServer()
    yield server
    server.stop()


def local(X):
    return np.array(answers(X))


def explained(model, n_samples=512, rows=6, **parameters):
    explainer = LimeExplainer(model, n_samples=n_samples, random_state=0, **parameters)
    return explainer.fit(X).transform(X[:rows])


class Counting:
    """A local function that counts the rows it is asked about, and the calls."""

    def __init__(self, function=local):
        self.function, self.n_rows, self.n_calls = function, 0, 0
        self.heights = []

    def __call__(self, X):
        self.n_calls += 1
        self.n_rows += len(X)
        self.heights.append(len(X))
        return self.function(X)


# The value object


def test_calls_are_a_value():
    calls = Calls(batch_size=64, retries=3)
    assert repr(calls) == "Calls(batch_size=64, retries=3)"
    assert calls == Calls(64, retries=3) != Calls(65, retries=3)
    assert pickle.loads(pickle.dumps(calls)) == clone(calls) == calls
    model = FunctionRegressor(local, calls=calls)
    assert model.get_params()["calls__batch_size"] == 64
    assert clone(model).calls == calls
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(X), local(X))
    assert model.predict is model.predict


@pytest.mark.parametrize(
    "parameters, error, message",
    [
        ({"batch_size": 0}, ValueError, "batch_size=0 must be an integer of at least 1"),
        ({"batch_size": 2.5}, ValueError, "batch_size=2.5"),
        ({"concurrency": 0}, ValueError, "concurrency=0"),
        ({"concurrency": None}, ValueError, "concurrency=None"),
        ({"concurrency": True}, ValueError, "concurrency=True"),
        ({"timeout": 0}, ValueError, "timeout=0 must be a number above 0"),
        ({"timeout": "5"}, ValueError, "timeout='5'"),
        ({"timeout": float("nan")}, ValueError, "timeout=nan"),
        ({"retries": -1}, ValueError, "retries=-1"),
        ({"retry_on": "ConnectionError"}, TypeError, "retry_on='ConnectionError'"),
        ({"retry_on": (OSError, 3)}, TypeError, "retry_on="),
        ({"max_rows": 0}, ValueError, "max_rows=0"),
        ({"cache": "answers.db"}, ValueError, "cache='answers.db' needs cache_key"),
        ({"cache": 3, "cache_key": "1"}, TypeError, "cache=3 must be the path"),
        ({"cache_key": "1"}, ValueError, "cache_key='1' needs cache"),
        ({"cache": "a", "cache_key": [1]}, TypeError, "cache_key=\\[1\\]"),
    ],
)
def test_wrong_parameters_are_named(parameters, error, message):
    with pytest.raises(error, match=message):
        Calls(**parameters)
    calls = Calls().set_params(**parameters)
    with pytest.raises(error, match=message):
        FunctionRegressor(local, calls=calls).predict(X)


@pytest.mark.parametrize("calls", [{"retries": 2}, 3, Calls])
def test_what_is_no_calls_is_named(calls):
    with pytest.raises(TypeError, match=r"calls=.* of FunctionRegressor must be Calls\("):
        FunctionRegressor(local, calls=calls).predict(X)


# The same answers, whatever the calls

WAYS = {
    "batches": Calls(batch_size=100),
    "single rows": Calls(batch_size=1),
    "at once": Calls(batch_size=37, concurrency=4),
    "equal parts": Calls(concurrency=3),
    "in time": Calls(timeout=30),
    "limited": Calls(batch_size=50, max_rows=10_000),
}


@pytest.mark.parametrize("way", WAYS)
def test_attributions_are_those_of_the_plain_function(way):
    rows = 2 if way == "single rows" else 6
    expected = explained(FunctionRegressor(local), 64, rows)
    found = explained(FunctionRegressor(local, calls=WAYS[way]), 64, rows)
    np.testing.assert_array_equal(found, expected)


def test_a_wrapped_model_is_the_model_as_a_black_box():
    iris, y = load_iris(return_X_y=True, as_frame=True)
    names = np.array(["setosa", "versicolor", "virginica"])
    forest = RandomForestClassifier(5, random_state=0).fit(iris, names[y])
    wrapped = Calls(batch_size=1000, concurrency=2).wrap(forest)
    assert is_classifier(wrapped)
    assert wrapped.classes_.tolist() == names.tolist()
    np.testing.assert_array_equal(wrapped.predict(iris), forest.predict(iris))
    np.testing.assert_array_equal(wrapped.predict_proba(iris), forest.predict_proba(iris))
    assert not hasattr(wrapped, "decision_function")
    assert not hasattr(wrapped, "fit")
    assert clone(wrapped).estimator is forest
    parameters = {"target": "virginica", "n_samples": 512, "random_state": 0}
    own = LimeExplainer(wrapped, **parameters).fit(iris)
    assert own.method_ == "sampling"
    plain = LimeExplainer(forest, method="sampling", **parameters).fit(iris)
    np.testing.assert_allclose(own.transform(iris), plain.transform(iris), atol=1e-12)
    again = pickle.loads(pickle.dumps(own))
    np.testing.assert_array_equal(again.transform(iris), own.transform(iris))


def test_wrapped_models_are_written_and_read_after_they_were_asked(tmp_path):
    wrapped = Calls(batch_size=50).wrap(LogisticRegression().fit(X, X[:, 0] > 0))
    explainer = LimeExplainer(wrapped, n_samples=128, random_state=0).fit(X)
    expected = explainer.transform(X[:5])
    persistence.dump(explainer, tmp_path / "explainer.skops")
    with pytest.raises(UntrustedTypesError) as refused:
        persistence.load(tmp_path / "explainer.skops")
    types = refused.value.types
    again = persistence.load(tmp_path / "explainer.skops", trusted=types)
    np.testing.assert_array_equal(again.transform(X[:5]), expected)
    for copied in (pickle.loads(pickle.dumps(wrapped)), copy.deepcopy(wrapped)):
        np.testing.assert_array_equal(copied.predict(X), wrapped.predict(X))


def test_wrapped_models_hide_no_way_past_the_calls():
    iris, y = load_iris(return_X_y=True)
    search = GridSearchCV(LogisticRegression(max_iter=500), {"C": [1.0]}).fit(iris, y)
    wrapped = Calls().wrap(search)
    assert not hasattr(wrapped, "best_estimator_")
    assert wrapped.best_params_ == {"C": 1.0}
    pairs = Calls().wrap(SVC(decision_function_shape="ovo").fit(iris, y))
    with pytest.raises(ValueError, match="one-vs-one"):
        LimeExplainer(pairs).fit(iris)


@pytest.mark.parametrize("calls", [Calls(50), Calls(50, 2), Calls(max_rows=5)])
def test_no_rows_are_what_the_model_says_to_them(calls):
    model = FunctionRegressor(lambda X: np.zeros(len(X)), calls=calls)
    assert model.predict(X[:0]).shape == (0,)


def test_only_fitted_models_are_wrapped():
    with pytest.raises(TypeError, match="fit this LinearRegression first"):
        Calls().wrap(LinearRegression())
    with pytest.raises(TypeError, match=r"FunctionRegressor\(function, calls=...\)"):
        Calls().wrap(local)


def test_batches_are_no_larger_than_wanted_and_cover_each_row_once():
    asked = Counting()
    found = FunctionRegressor(asked, calls=Calls(batch_size=50)).predict(X)
    np.testing.assert_array_equal(found, local(X))
    assert asked.heights == [50, 50, 20]


@pytest.mark.parametrize("shape", [(3,), (2, 3)])
def test_answers_of_several_outputs_keep_their_shape(shape, tmp_path):
    def function(X):
        return np.arange(len(X) * np.prod(shape)).reshape(len(X), *shape) + X[:, :1].sum()

    def steady(X):
        return np.stack([np.full(shape, row[0]) for row in X])

    expected = steady(X)
    for calls in (Calls(7), Calls(7, cache=tmp_path / "a", cache_key=1), Calls(1)):
        for _ in range(2):
            found = FunctionRegressor(steady, calls=calls).predict(X)
            np.testing.assert_array_equal(found, expected)
    assert FunctionRegressor(function, calls=Calls(7)).predict(X).shape == (120, *shape)


def test_labels_of_several_outputs_come_back_as_a_list(tmp_path):
    Y = (X[:, :2] > 0).astype(int)
    forest = RandomForestClassifier(3, random_state=0).fit(X, Y)
    calls = Calls(50, cache=tmp_path / "a", cache_key=1)
    for _ in range(2):
        found = calls.wrap(forest).predict_proba(X)
        assert len(found) == 2
        np.testing.assert_array_equal(found, forest.predict_proba(X))


# A server that is slow, fails, hangs and restarts


def test_calls_at_once_take_a_share_of_the_time(server):
    server.delay = 0.05
    one, ten = Calls(batch_size=4), Calls(batch_size=4, concurrency=10)
    seconds = {}
    for name, model in {
        "one": FunctionRegressor(client(server.port), calls=one),
        "threads": FunctionRegressor(client(server.port), calls=ten),
        "async": FunctionRegressor(async_client(server.port), calls=ten),
    }.items():
        start = time.perf_counter()
        np.testing.assert_array_equal(model.predict(X), local(X))
        seconds[name] = time.perf_counter() - start
    assert seconds["one"] > 30 * 0.05
    assert server.most_at_once in range(5, 11)
    assert max(seconds["threads"], seconds["async"]) < 0.6 * seconds["one"]


def test_no_more_tasks_are_begun_than_there_are_batches():
    begun = []

    async def counting(X):
        # Those that had nothing to do have ended by now: the loop counts what it made.
        begun.append(asyncio.current_task().get_name())
        return local(X)

    calls = Calls(batch_size=40, concurrency=10**4)
    for _ in range(2):
        model = FunctionRegressor(counting, calls=calls)
        np.testing.assert_array_equal(model.predict(X), local(X))
    numbers = [int(name.removeprefix("Task-")) for name in begun]
    assert len(numbers) == 6
    assert max(numbers) - min(numbers) < 1000


@pytest.mark.parametrize("of", [client, async_client])
@pytest.mark.parametrize("concurrency", [1, 4])
def test_failures_at_random_are_tried_again(server, of, concurrency):
    expected = explained(FunctionRegressor(local))
    server.failing_share = 0.3
    calls = Calls(batch_size=64, concurrency=concurrency, retries=8)
    found = explained(FunctionRegressor(of(server.port), calls=calls))
    np.testing.assert_array_equal(found, expected)
    assert server.n_calls > server.n_rows // 64


def test_what_fails_for_good_names_the_rows_the_attempts_and_the_cure(server):
    model = FunctionRegressor(client(server.port), calls=Calls(50, retries=1))
    explainer = LimeExplainer(model, n_samples=128, random_state=0)
    explainer.fit(X)
    server.failing_share = 1.0
    with pytest.raises(ConnectionError, match="the server said 503") as failed:
        explainer.fit(X)
    notes = "\n".join(failed.value.__notes__)
    assert "rows 0..1 of 2, 2 times" in notes
    assert "raise retries= of Calls" in notes
    assert "FunctionRegressor.predict was asked about probe rows 0..1" in notes
    server.failing_share = 0.0

    def fails_late(X):
        if (X[:, 0] == late).any():
            raise ConnectionError("the line is dead")
        return local(X)

    late = X[97, 0]
    with pytest.raises(ConnectionError, match=r"rows 90\.\.99 of 120"):
        FunctionRegressor(fails_late, calls=Calls(10)).predict(X)
    explainer = LimeExplainer(
        FunctionRegressor(fails_late, calls=Calls(10)), n_samples=128, random_state=0
    ).fit(X[:90])
    with pytest.raises(ConnectionError, match=r"asked about rows 90\.\.99$"):
        explainer.explain(X)


def test_other_errors_are_not_tried_again():
    def wrong(X):
        raise KeyError("no such column")

    asked = Counting(wrong)
    with pytest.raises(KeyError, match="no such column") as failed:
        FunctionRegressor(asked, calls=Calls(retries=5)).predict(X)
    assert asked.n_calls == 1
    assert "6 times" not in "\n".join(failed.value.__notes__)
    calls = Calls(retries=1, retry_on=LookupError)
    with pytest.raises(KeyError):
        FunctionRegressor(asked, calls=calls).predict(X)
    assert asked.n_calls == 3


@pytest.mark.parametrize("of", [client, async_client])
def test_a_server_that_hangs_is_an_error_in_time(server, of):
    server.hangs = True
    model = FunctionRegressor(of(server.port), calls=Calls(40, timeout=0.3))
    start = time.perf_counter()
    with pytest.raises(TimeoutError, match=r"no answer within timeout=0.3") as failed:
        model.predict(X)
    assert time.perf_counter() - start < 5
    assert "rows 0..39 of 120" in failed.value.__notes__[0]


def test_a_server_that_hangs_for_a_while_is_asked_again(server):
    server.hangs = True
    calls = Calls(60, timeout=0.5, retries=5)
    waking = threading.Timer(0.7, lambda: setattr(server, "hangs", False))
    waking.start()
    found = FunctionRegressor(client(server.port), calls=calls).predict(X)
    waking.join()
    np.testing.assert_array_equal(found, local(X))


def test_a_server_may_be_restarted(server):
    calls = Calls(20, retries=7)

    def restart():
        server.stop()
        time.sleep(0.3)
        server.start()

    restarting = threading.Thread(target=restart)
    asked = client(server.port)

    def predict(X):
        if not restarting.ident and server.n_calls == 3:
            restarting.start()
            time.sleep(0.1)
        return asked(X)

    found = FunctionRegressor(predict, calls=calls).predict(X)
    restarting.join()
    np.testing.assert_array_equal(found, local(X))


# Asynchronous functions


def test_asynchronous_functions_need_no_calls():
    async def probabilities(X):
        await asyncio.sleep(0)
        return 1 / (1 + np.exp(-X[:, 0]))

    classifier = FunctionClassifier(probabilities, classes=["dry", "wet"])
    assert (
        classifier.predict(X[:20]).tolist()
        == np.where(X[:20, 0] > 0, "wet", "dry").tolist()
    )

    class Client:
        async def __call__(self, X):
            return local(X)

        async def ask(self, X):
            return local(X)

    expected = explained(FunctionRegressor(local))
    for function in (Client(), Client().ask):
        np.testing.assert_array_equal(explained(FunctionRegressor(function)), expected)

    def hidden(X):
        return Client().ask(X)

    np.testing.assert_array_equal(
        explained(FunctionRegressor(hidden, calls=Calls(batch_size=100))), expected
    )
    with pytest.raises(ValueError, match=r"to be awaited.*or calls=Calls\(\)"):
        explained(FunctionRegressor(hidden))


def test_asynchronous_functions_work_where_a_loop_is_running(server):
    async def notebook():
        model = FunctionRegressor(async_client(server.port), calls=Calls(50, 3))
        return explained(model)

    np.testing.assert_array_equal(
        asyncio.run(notebook()), explained(FunctionRegressor(local))
    )


async def _never(X):
    await asyncio.sleep(60)


async def _stubborn(X):
    for _ in range(100):
        try:
            await asyncio.sleep(0.05)
        except asyncio.CancelledError:
            pass


async def _blocking(X):
    time.sleep(2)


@pytest.mark.parametrize("function", [_never, _stubborn, _blocking])
def test_an_asynchronous_function_that_never_returns_is_an_error(function):
    model = FunctionRegressor(function, calls=Calls(timeout=0.2, concurrency=2))
    start = time.perf_counter()
    with pytest.raises(TimeoutError, match=r"timeout=0\.2"):
        LimeExplainer(model).fit(X)
    assert time.perf_counter() - start < 5
    # Others go on.
    np.testing.assert_array_equal(
        explained(FunctionRegressor(_local_async, calls=Calls(100, 2, timeout=20))),
        explained(FunctionRegressor(local)),
    )


async def _local_async(X):
    await asyncio.sleep(0)
    return local(X)


def test_an_asynchronous_model_does_not_wait_for_itself():
    inner = FunctionRegressor(_local_async)

    async def outer(X):
        return inner.predict(X)

    with pytest.raises(RuntimeError, match="must not call one with calls= itself"):
        FunctionRegressor(outer).predict(X)


@pytest.mark.parametrize("function", [_never, _stubborn])
def test_what_is_left_alone_is_not_complained_about(function, caplog):
    async def fails_or_hangs(X):
        if X[0, 0] == first:
            raise ConnectionError("gone")
        await function(X)

    first = X[0, 0]
    model = FunctionRegressor(fails_or_hangs, calls=Calls(30, 4, timeout=0.2))
    with pytest.raises(ConnectionError, match="gone"):
        model.predict(X)
    time.sleep(0.5)
    gc.collect()
    assert not caplog.records


def test_a_program_ends_though_a_thread_hangs(tmp_path):
    program = """
        import threading, numpy as np
        from sklime import Calls, FunctionRegressor
        hangs = lambda X: threading.Event().wait()
        model = FunctionRegressor(hangs, calls=Calls(timeout=0.2))
        try:
            model.predict(np.zeros((3, 2)))
        except TimeoutError as error:
            print(error.__notes__[0])
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    done = subprocess.run(command, cwd=ROOT, timeout=60, capture_output=True, text=True)
    assert "rows 0..2 of 3" in done.stdout
    assert done.returncode == 0


# The cache


def cached(path, function, key="1", **parameters):
    calls = Calls(batch_size=64, cache=path, cache_key=key, **parameters)
    return FunctionRegressor(function, calls=calls)


def test_an_identical_run_asks_nothing(server, tmp_path):
    expected = explained(FunctionRegressor(local))
    for n in range(2):
        before = server.n_rows
        model = cached(tmp_path / "answers.db", client(server.port), concurrency=1 + n)
        np.testing.assert_array_equal(explained(model), expected)
        assert (server.n_rows > before) == (n == 0)
    assert os.listdir(tmp_path) == ["answers.db"]
    # Another version of the model gets none of them.
    before = server.n_rows
    explained(cached(tmp_path / "answers.db", client(server.port), key="2"))
    assert server.n_rows == 2 * before


def test_twice_the_draws_ask_about_the_new_half(tmp_path):
    asked = Counting()
    model = cached(tmp_path / "answers.db", asked)
    explained(model, 1024)
    once = asked.n_rows
    explained(model, 2048)
    assert asked.n_rows - once <= 1024
    np.testing.assert_array_equal(
        explained(model, 2048), explained(FunctionRegressor(local), 2048)
    )


def test_equal_rows_are_asked_about_once(tmp_path):
    asked = Counting()
    table = np.repeat(X[:5], 40, axis=0)
    found = cached(tmp_path / "answers.db", asked).predict(table)
    np.testing.assert_array_equal(found, local(table))
    assert asked.n_rows == 5


CRASHING = """
    import os, signal, sys
    import numpy as np
    from sklime import Calls, FunctionRegressor, LimeExplainer
    from tests.model_server import client
    port, path, last = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    ask, n = client(port), 0
    def predict(X):
        global n
        n += 1
        if n > last:
            os.kill(os.getpid(), signal.SIGKILL)
        return ask(X)
    calls = Calls(50, cache=path, cache_key=1)
    X = np.random.default_rng(0).normal(size=(120, 4))
    model = FunctionRegressor(predict, calls=calls)
    LimeExplainer(model, n_samples=1000, random_state=0).fit(X)
"""


@pytest.mark.parametrize("last", [1, 10, 19])
def test_after_a_crash_at_most_one_batch_is_asked_again(server, tmp_path, last):
    path = tmp_path / "answers.db"
    arguments = [str(server.port), str(path), str(last), "1"]
    command = [sys.executable, "-c", textwrap.dedent(CRASHING), *arguments]
    crashed = subprocess.run(command, cwd=ROOT, timeout=120)
    assert crashed.returncode == -signal.SIGKILL
    asked = Counting(client(server.port))
    calls = Calls(50, cache=path, cache_key=1)
    whole = Counting()
    found, expected = (
        LimeExplainer(model, n_samples=1000, random_state=0).fit(X).transform(X[:5])
        for model in (FunctionRegressor(asked, calls=calls), FunctionRegressor(whole))
    )
    np.testing.assert_array_equal(found, expected)
    # What the crashed run was answered, but for the batch that was on its way.
    assert asked.n_rows <= whole.n_rows - 50 * (last - 1) - 2 + 50


def test_a_run_goes_on_where_it_failed(tmp_path):
    expected = Counting()
    whole = explained(FunctionRegressor(expected), 1024)
    n_calls = 0

    def fails_at_90_percent(X):
        nonlocal n_calls
        n_calls += 1
        if n_calls == 15:
            raise ConnectionError("gone")
        return local(X)

    first = Counting(fails_at_90_percent)
    with pytest.raises(ConnectionError):
        explained(cached(tmp_path / "answers.db", first), 1024)
    answered = first.n_rows - first.heights[-1]
    again = Counting()
    found = explained(cached(tmp_path / "answers.db", again), 1024)
    np.testing.assert_array_equal(found, whole)
    assert again.n_rows <= expected.n_rows - answered


def test_what_was_on_the_way_when_another_call_failed_is_kept(tmp_path):
    slow = threading.Event()

    def predict(X):
        if (X[:, 0] == X_first).any():
            slow.wait(0.3)
            return local(X)
        raise ConnectionError("gone")

    X_first = X[0, 0]
    with pytest.raises(ConnectionError):
        cached(tmp_path / "a", predict, concurrency=2).predict(X)
    asked = Counting()
    cached(tmp_path / "a", asked).predict(X)
    assert asked.n_rows == len(X) - 64


def _share(path, seed, results):
    table = np.random.default_rng(seed).permutation(X)
    asked = Counting()
    for _ in range(3):
        found = FunctionRegressor(
            asked, calls=Calls(3, 2, cache=path, cache_key=1)
        ).predict(table)
    results.put((asked.n_rows, bool((found == local(table)).all())))


def test_processes_share_a_cache(tmp_path):
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    own = [
        context.Process(target=_share, args=(str(tmp_path / "a"), seed, results))
        for seed in range(2)
    ]
    for process in own:
        process.start()
    told = [results.get(timeout=120) for _ in own]
    for process in own:
        process.join()
    results.close()
    assert all(right for _, right in told)
    assert all(n <= len(X) for n, _ in told)
    asked = Counting()
    FunctionRegressor(asked, calls=Calls(cache=tmp_path / "a", cache_key=1)).predict(X)
    assert asked.n_rows == 0


def test_damaged_answers_are_asked_again(tmp_path):
    path = tmp_path / "answers.db"
    cached(path, local).predict(X)
    database = sqlite3.connect(path)
    wrong = np.full(1, 1e6).tobytes()
    with database:
        database.execute(
            "UPDATE answers SET numbers = ? WHERE key IN (SELECT key FROM answers LIMIT 7)",
            [wrong],
        )
    database.close()
    asked = Counting()
    np.testing.assert_array_equal(cached(path, asked).predict(X), local(X))
    assert asked.n_rows == 7
    assert cached(path, asked).predict(X) is not None
    assert asked.n_rows == 7


def test_files_that_are_no_cache_are_refused(tmp_path):
    path = tmp_path / "answers.db"
    path.write_bytes(b"something else" * 1000)
    with pytest.raises(ValueError, match=r"no readable SQLite file .*: delete it"):
        cached(path, local).predict(X)
    assert path.read_bytes() == b"something else" * 1000
    path.unlink()
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE people (name TEXT)")
    other.commit()
    other.close()
    with pytest.raises(ValueError, match="SQLite file of another kind"):
        cached(path, local).predict(X)
    with pytest.raises(OSError, match="must be a file in a folder that exists"):
        cached(tmp_path / "none" / "a", local).predict(X)
    with pytest.raises(OSError, match="cannot be used"):
        cached(tmp_path, local).predict(X)


def test_a_file_that_was_cut_short_is_not_trusted(tmp_path):
    path = tmp_path / "answers.db"
    cached(path, local).predict(np.random.default_rng(0).normal(size=(3000, 4)))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match="delete it, or give another path"):
        cached(path, local).predict(np.random.default_rng(0).normal(size=(3000, 4)))


def test_what_is_not_finite_or_no_number_is_not_kept(tmp_path):
    def sometimes(X):
        return np.where(X[:, 0] > 1, np.nan, X[:, 0])

    path = tmp_path / "a"
    with pytest.raises(ValueError, match=r"pool draw \d+, .*not finite"):
        LimeExplainer(cached(path, sometimes), n_samples=64).fit(X[:50])
    asked = Counting(lambda X: X[:, 0])
    cached(tmp_path / "b", sometimes).predict(X)
    cached(tmp_path / "b", asked).predict(X)
    assert asked.n_rows == (X[:, 0] > 1).sum()
    model = LogisticRegression().fit(X, np.where(X[:, 0] > 0, "yes", "no"))
    with pytest.raises(ValueError, match=r"<U3 values, not numbers.*ask for predict_proba"):
        Calls(cache=path, cache_key=1).wrap(model).predict(X)


def test_another_shape_under_the_same_key_is_an_error(tmp_path):
    cached(tmp_path / "a", local).predict(X[:5])
    with pytest.raises(ValueError, match="give Calls another cache_key"):
        cached(tmp_path / "a", lambda X: X[:, :2]).predict(X)


def test_a_grid_search_asks_about_each_row_once(tmp_path):
    wine, y = load_wine(return_X_y=True)
    forest = RandomForestClassifier(5, random_state=0).fit(wine, y)
    asked = Counting(forest.predict_proba)
    calls = Calls(cache=tmp_path / "answers.db", cache_key="forest 1")
    model = FunctionClassifier(asked, calls=calls)
    widths = {"kernel__width": [1.5, 2.0, 2.5, 3.0, 4.0, 5.0]}
    GridSearchCV(LimeExplainer(model, random_state=0), widths, cv=3).fit(wine)
    assert asked.n_rows <= 120_000


# Keys of rows


def frames():
    own = pd.DataFrame(
        {
            "size": [1.0, np.nan, 2.5],
            "town": ["Paris", None, "Lyon"],
            "when": pd.to_datetime(
                ["2020-01-01", None, "2021-05-05 01:02:03.123456"], format="ISO8601"
            ),
            "kind": pd.Categorical(["u", "v", "u"]),
            "new": [True, False, True],
            "takes": pd.to_timedelta([1, 2, None], unit="s"),
            "rooms": [3, 2**60, -1],
        }
    )
    times = own["when"].astype(object).where(own["when"].notna(), None)
    with_polars = pl.DataFrame(
        {
            "size": [1.0, None, 2.5],
            "town": ["Paris", None, "Lyon"],
            "when": pl.Series(list(times)).cast(pl.Datetime("us")),
            "kind": pl.Series(["u", "v", "u"]).cast(pl.Categorical),
            "new": [True, False, True],
            "takes": pl.Series([1_000_000, 2_000_000, None]).cast(pl.Duration("us")),
            "rooms": [3, 2**60, -1],
        }
    )
    return {
        "pandas": own,
        "objects": own.astype({"town": object, "new": object, "rooms": object}).where(
            own["town"].notna() | True
        ),
        "nullable": own.convert_dtypes(),
        "arrow-backed": own.convert_dtypes(dtype_backend="pyarrow"),
        "no categories": own.astype({"kind": str}),
        "other categories": own.assign(
            kind=own["kind"].cat.add_categories("w").cat.reorder_categories(["w", "v", "u"])
        ),
        "polars": with_polars,
        "arrow": pa.Table.from_pandas(own),
    }


def test_equal_rows_have_equal_keys_in_all_frames():
    keys = {name: row_keys(frame) for name, frame in frames().items()}
    assert len(set(keys["pandas"])) == 3
    for name, own in keys.items():
        if name != "objects":
            assert own == keys["pandas"], name
    # Python objects may tell None from NaN, which models of objects may do, too.
    assert keys["objects"][0] == keys["pandas"][0]
    assert keys["objects"][2] == keys["pandas"][2]


def test_keys_do_not_depend_on_the_other_rows():
    for frame in frames().values():
        rows = [frame[i : i + 1] for i in range(3)]
        assert [row_keys(row)[0] for row in rows] == row_keys(frame)
    big = np.array([[1, 2**62], [3, 4]])
    assert row_keys(big)[1:] == row_keys(big[1:]) == row_keys(big[1:].astype(float))


@pytest.mark.parametrize(
    "make",
    [
        lambda A: A.tolist(),
        np.asfortranarray,
        lambda A: A.astype(np.float32),
        lambda A: A.astype(np.int64),
        lambda A: A.astype(np.int8),
        lambda A: A.astype(object),
        lambda A: A[::-1][::-1],
        pd.DataFrame,
    ],
)
def test_equal_numbers_have_equal_keys_in_all_arrays(make):
    A = np.arange(12.0).reshape(4, 3)
    own = row_keys(make(A))
    assert len(set(own)) == 4
    if isinstance(make(A), list):
        assert own == row_keys([np.array(row) for row in A.tolist()]) or len(own) == 4
    else:
        assert own == row_keys(A)


def test_different_rows_have_different_keys():
    rows = [
        [0.0], [-0.0], [1], ["1"], ["1.0"], [b"1"], [None], [np.nan], [2**60], [2**60 + 1],
        [np.datetime64("2020-01-01")], [np.timedelta64(5, "s")], ["nan"], [""],
        [1j], [(1, 2)], [[1, 2, 3]], [(12,)], [np.array([[1.0, 2.0]])], [{"a": 1}],
        [np.nextafter(1.0, 2.0)], [pd.Interval(0, 1)], [pd.Period("2020-01")],
    ]  # fmt: skip
    keys = [row_keys(own)[0] for own in rows]
    assert len(set(keys)) == len(keys)
    one, two = (pd.DataFrame({name: [1.0], "b": [2.0]}) for name in "ac")
    assert row_keys(one) != row_keys(two)
    assert row_keys(one) != row_keys(one[["b", "a"]])
    images = np.zeros((1, 2, 6)), np.zeros((1, 3, 4)), np.zeros((1, 12))
    assert len({row_keys(own)[0] for own in images}) == 3
    pixels = np.random.default_rng(0).integers(256, size=(2, 400, 300, 3))
    assert row_keys(pixels.astype(np.uint8)) == row_keys(pixels.astype(float))
    changed = pixels.copy()
    changed[1, -1, -1, -1] += 1
    assert [a == b for a, b in zip(row_keys(pixels), row_keys(changed), strict=True)] == [
        True,
        False,
    ]
    with pytest.raises(TypeError, match="of type object, by which it cannot be known"):
        row_keys([object()])


def test_sparse_rows_have_keys_by_their_entries():
    A = np.array([[0.0, 1.0, 0.0], [2.0, 0.0, 3.0], [0.0, 0.0, 0.0]])
    csr = sparse.csr_array(A)
    stored = sparse.csr_array(
        (np.array([0.0, 1.0, 3.0, 2.0]), np.array([0, 1, 2, 0]), np.array([0, 2, 4, 4])),
        shape=(3, 3),
    )
    for other in (sparse.csc_array(A), sparse.coo_matrix(A), stored):
        assert row_keys(other) == row_keys(csr)
    assert len(set(row_keys(csr))) == 3


# The limit of rows


def limited(max_rows, function=local, **parameters):
    calls = Calls(batch_size=100, max_rows=max_rows, **parameters)
    return FunctionRegressor(function, calls=calls)


def test_a_limit_is_never_exceeded_and_what_was_answered_is_kept():
    asked = Counting()
    model = limited(70, asked)
    with pytest.raises(RowLimitReached, match=r"max_rows=70 .* 50 of 120 rows") as reached:
        model.predict(X)
    assert asked.n_rows == model.predict.n_answered == 70
    assert reached.value.answered.tolist() == [True] * 70 + [False] * 50
    np.testing.assert_array_equal(model.predict(X[:70]), local(X[:70]))
    assert asked.n_rows == 70
    again = pickle.loads(pickle.dumps(reached.value))
    assert str(again) == str(reached.value)


@pytest.mark.parametrize("n_scrambles", [2, 5, 7])
def test_in_fit_the_pool_keeps_whole_scrambles(n_scrambles):
    asked = Counting()
    explainer = LimeExplainer(
        limited(128 * n_scrambles + 60, asked), n_samples=1024, random_state=0
    )
    with pytest.warns(RowLimitWarning, match=rf"keeps {128 * n_scrambles} of 1024 draws"):
        explainer.fit(X)
    assert asked.n_rows == 128 * n_scrambles + 60
    assert explainer.n_samples_ == 128 * n_scrambles
    found = explainer.transform(X)
    assert np.isfinite(found).all()
    with pytest.warns(RowLimitWarning, match=r"predictions of row\(s\) .* are NaN"):
        own = explainer.explain(X, uncertainty=True)
    assert own.meta["degrees_of_freedom"] == n_scrambles - 1
    # Standard errors tell how far these are from the whole pool's limit.
    exact = LimeExplainer(FunctionRegressor(local), n_samples=2**15, random_state=1)
    limit = exact.fit(X).transform(X)
    # Of Student's distribution with few degrees of freedom, half lie within 1.
    z = (own.values - limit) / own.standard_errors
    assert np.median(np.abs(z)) < 1.3


def test_before_two_scrambles_a_fit_fails():
    explainer = LimeExplainer(limited(250), n_samples=1024, random_state=0)
    with pytest.raises(RowLimitReached, match="max_rows=250") as failed:
        explainer.fit(X)
    assert "needs 256 at least" in failed.value.__notes__[-1]
    assert not hasattr(explainer, "sampler_")


def test_a_growing_pool_stays_as_it_is():
    explainer = LimeExplainer(
        limited(3000), n_samples=512, tol=0.001, max_samples=2**16, random_state=0
    )
    with (
        pytest.warns(RowLimitWarning, match="does not grow until tol is met"),
        pytest.warns(ConvergenceWarning),
    ):
        explainer.fit(X)
    assert explainer.n_samples_ < 3000
    assert np.isfinite(explainer.transform(X)).all()


@pytest.mark.parametrize(
    "parameters",
    [
        {"sampler": GaussianSampler(center="instance")},
        {"kernel": ExponentialKernel(0.3)},
        {"weighting": "tilted"},
        {"sampler": TrainingSampler(), "kernel": ExponentialKernel(0.3)},
    ],
)
@pytest.mark.filterwarnings("ignore::sklime.exceptions.NeighbourhoodWarning")
def test_in_transform_rows_that_are_done_are_returned(parameters):
    whole = explained(FunctionRegressor(local), rows=30, **parameters)
    model = limited(512 * 12)
    explainer = LimeExplainer(model, n_samples=512, random_state=0, **parameters).fit(X)
    if isinstance(parameters.get("sampler"), TrainingSampler):
        np.testing.assert_array_equal(explainer.transform(X[:30]), whole)
        return
    with pytest.warns(RowLimitWarning) as warned:
        found = explainer.transform(X[:30])
    [warning] = [own for own in warned if own.category is RowLimitWarning]
    missing = np.isnan(found).all(axis=1)
    assert 5 < missing.sum() < 25
    assert str(warning.message).startswith(f"{missing.sum()} row(s), ")
    np.testing.assert_array_equal(np.isnan(found).any(axis=1), missing)
    np.testing.assert_allclose(found[~missing], whole[~missing], rtol=0, atol=1e-12)
    assert model.predict.n_answered == 512 * 12
    with pytest.raises(RowLimitReached, match="raise max_rows"):
        explainer.score(X)


def test_texts_and_targets_of_rows_have_limits_too():
    texts = [f"a good film with {i} stars and a {i % 7} plot" for i in range(30)]

    def lengths(texts):
        return np.array([len(set(text)) / 20 for text in texts])

    parameters = {"n_samples": 128, "random_state": 0}
    whole = LimeExplainer(FunctionRegressor(lengths), **parameters).fit(texts)
    whole = whole.transform(texts)
    model = FunctionRegressor(lengths, calls=Calls(max_rows=1500))
    explainer = LimeExplainer(model, **parameters).fit(texts)
    with pytest.warns(RowLimitWarning):
        found = explainer.transform(texts)
    assert (found.indptr == whole.indptr).all()
    missing = np.isnan(found.toarray()).any(axis=1)
    assert 0 < missing.sum() < 30
    np.testing.assert_array_equal(found.toarray()[~missing], whole.toarray()[~missing])

    def three(X):
        weights = np.exp(X[:, :3])
        return weights / weights.sum(axis=1, keepdims=True)

    model = FunctionClassifier(three, calls=Calls(max_rows=512 + 2 + 10))
    explainer = LimeExplainer(model, n_samples=512, random_state=0).fit(X)
    with pytest.warns(RowLimitWarning, match=r"^8 row\(s\), 12, 13, 14"):
        found = explainer.transform(X[:20])
    plain = LimeExplainer(FunctionClassifier(three), n_samples=512, random_state=0)
    np.testing.assert_array_equal(found[:12], plain.fit(X).transform(X[:12]))


@pytest.mark.parametrize("target", ["all", "b"])
def test_rows_without_a_prediction_have_pages_and_documents(target):
    def three(X):
        weights = np.exp(X[:, :3])
        return weights / weights.sum(axis=1, keepdims=True)

    model = FunctionClassifier(three, classes=["a", "b", "c"], calls=Calls(max_rows=520))
    explainer = LimeExplainer(model, n_samples=512, target=target, random_state=0).fit(X)
    with pytest.warns(RowLimitWarning, match="predictions of row"):
        explanation = explainer.explain(X[:20] + 9.5)
    missing = np.isnan(explanation.predictions).reshape(20, -1).any(axis=1)
    assert 0 < missing.sum() < 20
    assert "no answer" in explanation.to_html()
    again = Explanation.from_json(explanation.to_json())
    np.testing.assert_array_equal(again.predictions, explanation.predictions)


def test_what_a_cache_knows_does_not_count(tmp_path):
    cache = {"cache": tmp_path / "a", "cache_key": 1}
    with pytest.raises(RowLimitReached):
        limited(50, **cache).predict(X)
    model = limited(50, **cache)
    with pytest.raises(RowLimitReached, match="20 of 120 rows"):
        model.predict(X)
    model = limited(50, **cache)
    np.testing.assert_array_equal(model.predict(X), local(X))
    assert model.predict.n_answered == 20


# Faults of the model: every call fails once


class Failing:
    """A function whose k-th call goes wrong."""

    def __init__(self, fault):
        self.fault, self.left = fault, np.inf

    def __call__(self, X):
        self.left -= 1
        return self.fault(X) if self.left == 0 else local(X)


def _raises(X):
    raise ConnectionError("gone")


FAULTS = {
    "raises": (_raises, ConnectionError, "gone"),
    "NaN": (lambda X: np.full(len(X), np.nan), ValueError, "not finite"),
    "infinite": (lambda X: np.full(len(X), np.inf), ValueError, "not finite"),
    "one too few": (lambda X: local(X)[:-1], ValueError, "gave an array of shape"),
    "one too many": (lambda X: np.zeros(len(X) + 1), ValueError, "gave an array of shape"),
    "nothing": (lambda X: None, ValueError, "None"),
    "texts": (lambda X: np.array(["a"] * len(X)), ValueError, "values, not numbers"),
    "hangs": (lambda X: time.sleep(1.5), TimeoutError, "timeout=1.0"),
}
SETTINGS = {
    "pool": {},
    "tilted": {"kernel": ExponentialKernel(0.4)},
    "own draws": {"sampler": GaussianSampler(center="instance")},
    "growing": {"tol": 0.3, "max_samples": 512},
}
METHODS = {
    "transform": lambda e: e.transform(X[:4]),
    "explain": lambda e: e.explain(X[:4], uncertainty=True).values,
    "score": lambda e: e.score(X[:4]),
}


def asked_by(model, do):
    before = model.n_calls
    do()
    return model.n_calls - before


@pytest.mark.filterwarnings("ignore::sklime.exceptions.NeighbourhoodWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    "setting, fault",
    [("pool", fault) for fault in FAULTS]
    + [(setting, "raises") for setting in SETTINGS if setting != "pool"]
    + [("own draws", "NaN"), ("own draws", "one too few")],
)
def test_a_fault_at_any_call_leaves_an_explainer_as_before_or_unfitted(setting, fault):
    function, error, message = FAULTS[fault]
    failing = Failing(function)
    counted = Counting(failing)
    calls = Calls(timeout=1.0) if fault == "hangs" else None
    model = FunctionRegressor(counted, calls=calls)
    own = {"n_samples": 64, "random_state": 0, **SETTINGS[setting]}
    explainer = LimeExplainer(model, **own)
    n_calls = asked_by(counted, lambda: explainer.fit(X))
    expected = {name: ask(explainer) for name, ask in METHODS.items()}
    for k in range(1, n_calls + 1):
        failing.left = k
        with pytest.raises(error, match=message):
            explainer.fit(X)
        with pytest.raises(Exception, match=f"last fit failed with {error.__name__}"):
            explainer.transform(X[:1])
        assert not [name for name in vars(explainer) if name.endswith("_")]
    failing.left = np.inf
    explainer.fit(X)
    for ask in METHODS.values():
        for k in range(1, asked_by(counted, lambda ask=ask: ask(explainer)) + 1):
            failing.left = k
            with pytest.raises(error, match=message):
                ask(explainer)
            failing.left = np.inf
            for name, again in METHODS.items():
                np.testing.assert_array_equal(again(explainer), expected[name])


def test_a_missing_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "tenacity", None)
    assert FunctionRegressor(local, calls=Calls(50)).predict(X).shape == (120,)
    with pytest.raises(ImportError, match=r"retries=2.* needs tenacity.*\[calls\]"):
        FunctionRegressor(local, calls=Calls(retries=2)).predict(X)


def test_calls_leave_random_states_and_settings_alone():
    import random

    from sklearn import config_context, get_config

    seen = []

    def predict(X):
        seen.append(get_config()["working_memory"])
        return local(X)

    failing = Failing(_raises)
    state = random.getstate()
    failing.left = 1
    FunctionRegressor(failing, calls=Calls(50, retries=1)).predict(X)
    with config_context(working_memory=77):
        FunctionRegressor(predict, calls=Calls(50, 2)).predict(X)
    assert set(seen) == {77}
    assert random.getstate() == state
