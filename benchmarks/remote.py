"""A remote model of 50 ms a call: what runs with a cache of answers ask again."""

import multiprocessing
import os
import signal
import tempfile
import time
from pathlib import Path

import numpy as np
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV

from benchmarks.report import Line, table
from benchmarks.timing import seconds
from sklime import Calls, FunctionClassifier, FunctionRegressor, LimeExplainer
from tests.model_server import ModelServer, client

DELAY, BATCH, N_DRAWS = 0.05, 64, 4096
WIDTHS = [1.5, 2.0, 2.5, 3.0, 4.0, 5.0]


def measure():
    return [*runs(), at_once(), grid()]


def explain(predict, path, n_samples=N_DRAWS):
    calls = Calls(batch_size=BATCH, cache=path, cache_key="model 1")
    model = FunctionRegressor(predict, calls=calls)
    X = np.random.default_rng(0).normal(size=(200, 10))
    return LimeExplainer(model, n_samples=n_samples, random_state=0).fit(X).transform(X)


def explain_until(last_call, port, path):
    """Explain, and be killed in the midst of a call."""
    ask, n_calls = client(port), 0

    def predict(X):
        nonlocal n_calls
        n_calls += 1
        answer = ask(X)
        if n_calls == last_call:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    explain(predict, path)


def runs():
    server = ModelServer(DELAY)
    asked = client(server.port)

    def rows_of(run):
        before = server.n_rows
        run()
        return server.n_rows - before

    with tempfile.TemporaryDirectory() as folder:
        path, other = str(Path(folder, "answers.db")), str(Path(folder, "crashed.db"))
        first = rows_of(lambda: explain(asked, path))
        again = rows_of(lambda: explain(asked, path))
        doubled = rows_of(lambda: explain(asked, path, 2 * N_DRAWS))
        last_call = round(0.9 * first / BATCH)
        context = multiprocessing.get_context("spawn")
        own = last_call, server.port, other
        crashing = context.Process(target=explain_until, args=own)

        def crash():
            crashing.start()
            crashing.join()

        answered = rows_of(crash)
        rest = rows_of(lambda: explain(asked, other))
    server.stop()
    missing = first - answered
    what = f"remote model, {DELAY * 1000:.0f} ms a call, batches of {BATCH}, cache"
    return [
        Line(
            f"{what}: identical run again, model rows",
            "0",
            f"{again} (the first: {first:,})",
            again == 0,
        ),
        Line(
            "the same, killed at 90 % and started again: model rows",
            "at most one batch more than is missing",
            f"{rest:,}, where {missing:,} are missing",
            rest <= missing + BATCH,
        ),
        Line(
            "the same with twice the draws: model rows",
            f"the new half, {N_DRAWS:,}",
            f"{doubled:,}",
            doubled <= N_DRAWS,
        ),
    ]


def at_once():
    server = ModelServer(DELAY)
    X = np.random.default_rng(0).normal(size=(2048, 10))

    def took(concurrency):
        calls = Calls(batch_size=BATCH, concurrency=concurrency)
        model = FunctionRegressor(client(server.port), calls=calls)
        return seconds(lambda: model.predict(X))

    one, many = took(1), took(16)
    server.stop()
    return Line(
        "the same without a cache, 2,048 rows: 16 calls at once over one by one",
        "at least 4 times",
        f"{one / many:.1f} times: {many:.2f} over {one:.2f} s",
        one >= 4 * many,
    )


def grid():
    X, y = load_wine(return_X_y=True)
    forest = RandomForestClassifier(20, random_state=0).fit(X, y)

    def search(path):
        n_rows = 0

        def predict_proba(X):
            nonlocal n_rows
            n_rows += len(X)
            return forest.predict_proba(X)

        calls = None if path is None else Calls(cache=path, cache_key="forest 1")
        model = FunctionClassifier(predict_proba, calls=calls)
        explainer = LimeExplainer(model, random_state=0)
        start = time.perf_counter()
        GridSearchCV(explainer, {"kernel__width": WIDTHS}, cv=3).fit(X)
        return n_rows, time.perf_counter() - start

    with tempfile.TemporaryDirectory() as folder:
        plain, plain_seconds = search(None)
        cached, cached_seconds = search(Path(folder, "answers.db"))
    per_row = (cached_seconds - plain_seconds) / plain
    return Line(
        "grid of 6 widths x 3 folds, wine, a cache: model rows",
        "at most 120,000",
        f"{cached:,}, without it {plain:,}; looking up costs {per_row * 1e6:.0f} us a row",
        cached <= 120_000,
    )


if __name__ == "__main__":
    print(table(measure()))
