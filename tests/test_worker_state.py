"""What workers get of a fitted explainer: small, without training values, equal answers."""

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures.process import BrokenProcessPool

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import (
    HistGradientBoostingRegressor,
    RandomForestRegressor,
)
from sklearn.linear_model import LinearRegression, LogisticRegression
from threadpoolctl import threadpool_info, threadpool_limits

from sklime import FunctionClassifier, FunctionRegressor, LimeExplainer
from sklime.distributed.work import Work
from sklime.exceptions import ClosedFormWarning, FailedRowsWarning
from sklime.explainer import shipping
from sklime.explainer.shipping import NotAtHand, SentObject, this_worker
from sklime.explainer.threads import own_share
from sklime.kernels import ExponentialKernel
from sklime.moments.threads import one_thread
from sklime.samplers import (
    CoalitionSampler,
    GaussianSampler,
    MarginalSampler,
    TokenSampler,
)

N = 3000


def answer(X):
    """A smooth function of five columns, some of which may be missing."""
    X = np.nan_to_num(np.asarray(X, dtype=float))
    return X[:, 0] * X[:, 1] + np.sin(X[:, 2]) + (X[:, 3] == 2)


@pytest.fixture(scope="module")
def tables():
    """Training rows, and rows with rare, missing and unknown values."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, 5))
    X[:, 3] = rng.integers(0, 3, N)
    # Bins of few rows, on either side of what is missing and of a count.
    X[:, 2] = np.where(rng.random(N) < 0.002, np.nan, X[:, 2])
    X[:, 1] = np.where(rng.random(N) < 0.996, np.nan, X[:, 1])
    X[:, 4] = rng.poisson(0.01, N)
    new = rng.normal(size=(40, 5))
    new[:, 3], new[:, 4] = rng.integers(0, 4, 40), rng.poisson(1.0, 40)
    new[::3, 1] = new[::5, 2] = new[::7, 0] = np.nan
    return X, new


SETTINGS = {
    "sampling": {"method": "sampling"},
    "auto": {},
    "exact": {"method": "exact"},
    "kernel": {"method": "sampling", "weighting": "kernel"},
    "tilted": {"method": "sampling", "weighting": "tilted", "n_samples": 256},
    "narrow": {"method": "sampling", "kernel": ExponentialKernel(0.4), "n_samples": 256},
    "narrow exact": {"kernel": ExponentialKernel(0.4)},
    "local": {"kernel": ExponentialKernel("local")},
    "manhattan": {"kernel": ExponentialKernel(metric="manhattan"), "n_samples": 256},
    "surrogate": {"surrogate": LinearRegression(), "n_samples": 256},
    "standardised": {"sampler": MarginalSampler(n_bins=None), "n_samples": 256},
    "lime's bins": {"sampler": MarginalSampler(within="truncnorm"), "n_samples": 256},
    "normal": {"sampler": GaussianSampler(), "n_samples": 256},
    "coalitions": {"sampler": CoalitionSampler(), "n_samples": 256},
}


def restored(explainer, own_values=True):
    """What a worker has: the state after a pickle."""
    return pickle.loads(pickle.dumps(explainer._fitted.for_rows(own_values)))


def explained(explainer, state, X):
    asked = state.ask(X, X, explainer.target)
    values, _ = state.attributions(asked, False, state.own_answers(X))
    return values


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("setting", SETTINGS)
def test_workers_answer_alike(tables, setting):
    X, new = tables
    model = HistGradientBoostingRegressor(max_iter=20, random_state=0).fit(X, answer(X))
    if setting in ("normal", "coalitions"):
        # Gaps have no normal law.
        X, new = np.nan_to_num(X), np.nan_to_num(new)
    explainer = LimeExplainer(model, random_state=0, **SETTINGS[setting]).fit(X)
    state = restored(explainer)
    assert np.array_equal(explained(explainer, state, new), explainer.transform(new))


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_workers_ask_about_own_values_alike(tables):
    frame, rows = (pd.DataFrame(own, columns=list("abcde")) for own in tables)
    frame["d"] = frame["d"].map({0: "x", 1: "y", 2: "z"})
    rows["d"] = rows["d"].map({0: "x", 1: "y", 2: "z", 3: "never seen"})
    # A rare category and one that nearly all rows have.
    frame["f"] = np.where(np.arange(N) == 7, "rare", "common")
    rows["f"] = np.where(np.arange(40) % 2, "rare", "common")

    def respond(X):
        own = answer(X[["a", "b", "c", "a", "e"]])
        return own + (X["d"] == "never seen") - 2.0 * (X["f"] == "rare").to_numpy()

    explainer = LimeExplainer(FunctionRegressor(respond), random_state=0).fit(frame)
    state = explainer._fitted.for_rows()
    assert np.array_equal(explained(explainer, state, rows), explainer.transform(rows))


def test_a_failing_closed_form_gives_way_in_workers(tables):
    X, new = tables
    X, new = X[:, [0, 3]], np.array([[0.1, 2.0], [1.0, 0.0], [-1.0, 1.0]])
    model = RandomForestRegressor(5, max_depth=3, random_state=0).fit(X, X.prod(axis=1))
    explainer = LimeExplainer(model, random_state=0, n_samples=512).fit(X)
    drawn = LimeExplainer(model, random_state=0, n_samples=512, method="sampling").fit(X)

    def fails(laws, outputs):
        raise RuntimeError("a fault")

    state = restored(explainer)
    state.routes.source.model = fails
    asked = state.ask(new, new, "auto")
    values, found = state.attributions(asked, False, None)
    with pytest.warns(ClosedFormWarning, match="a fault"):
        state.warn(found)
    assert np.array_equal(values, drawn._fitted.attributions(asked, False, None)[0])


@pytest.mark.parametrize("method", ["sampling", "exact", "auto"])
@pytest.mark.parametrize("family", ["forest", "boosting", "linear", "logistic"])
def test_the_state_does_not_grow_with_the_training_table(method, family):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60_000, 30))
    y = X[:, 0] + X[:, 1]
    model = {
        "forest": RandomForestRegressor(10, max_leaf_nodes=20, random_state=0),
        "boosting": HistGradientBoostingRegressor(max_iter=20, random_state=0),
        "linear": LinearRegression(),
        "logistic": LogisticRegression(),
    }[family]
    model.fit(X[:500], y[:500] > 0 if family == "logistic" else y[:500])
    sizes = []
    for n in (2_000, 60_000):
        explainer = LimeExplainer(model, method=method, random_state=0).fit(X[:n])
        sizes.append(len(pickle.dumps(explainer._fitted.for_rows())))
    few, many = sizes
    # Positions in sorted values take more digits where there are more of them.
    assert many < 1.2 * few + 200_000
    assert many < 2_000_000


@pytest.mark.parametrize("quality", [False, True])
@pytest.mark.parametrize("method", ["sampling", "exact"])
def test_engines_get_no_training_values(method, quality):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60_000, 30))
    model = LinearRegression().fit(X[:500], X[:500, 0])
    explainer = LimeExplainer(model, method=method, random_state=0).fit(X)
    shipped = pickle.loads(pickle.dumps(Work(explainer, (), quality).to_workers()))
    assert len(pickle.dumps(shipped)) < 2_000_000
    [values] = shipped.stream([X[:20]])
    np.testing.assert_array_equal(values[:, :30], explainer.transform(X[:20]))


def test_threads_of_models_do_not_multiply():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 3))
    seen = []

    def probabilities(X):
        own = {"model's jobs": joblib.effective_n_jobs(-1)}
        for library in threadpool_info():
            own[library["internal_api"]] = library["num_threads"]
        # Rows that take no time are explained where they are asked for.
        if threading.current_thread() is not threading.main_thread():
            seen.append(own)
        time.sleep(0.001 * len(X))
        return np.eye(3)[(np.asarray(X) > 0).sum(axis=1) % 3]

    n_jobs = joblib.cpu_count()
    model = FunctionClassifier(probabilities, classes=["a", "b", "c"])
    explainer = LimeExplainer(model, n_samples=256, n_jobs=n_jobs, random_state=0).fit(X)
    before = threadpool_info()
    for explain in (explainer.transform, lambda X: list(explainer.transform_blocks([X]))):
        seen.clear()
        explain(X)
        assert seen
        assert all(set(own.values()) == {1} for own in seen)
        assert threadpool_info() == before


def test_threads_of_models_do_not_multiply_where_products_have_several():
    # The tests run with one thread of BLAS, as many users do not.
    own = {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2", "MKL_NUM_THREADS": "2"}
    test = f"{__file__}::{test_threads_of_models_do_not_multiply.__name__}"
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, test], env=os.environ | own, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_shares_of_jobs_lift_no_limit_of_users():
    # Two cores for each job, as with two jobs on four cores.
    with threadpool_limits(1):
        before = threadpool_info()
        with own_share(2):
            assert threadpool_info() == before
        assert threadpool_info() == before


def test_limits_of_users_that_end_before_ours_are_not_restored():
    # As where a block of a stream is taken within a limit, and jobs go on after it.
    with threadpool_limits(3, "blas"):
        before = threadpool_info()
        user, own = threadpool_limits(2, "blas"), one_thread()
        with user:
            own.__enter__()
        own.__exit__(None, None, None)
        assert threadpool_info() == before


def test_a_model_that_no_other_process_can_get_is_told():
    X, lock = np.random.default_rng(0).normal(size=(4000, 3)), threading.Lock()

    def first(X):
        with lock:
            return X[:, 0]

    own = {"n_samples": 64, "weighting": "tilted", "n_jobs": 2, "random_state": 0}
    explainer = LimeExplainer(FunctionRegressor(first), **own).fit(X)
    with joblib.parallel_config(backend="loky"), pytest.raises(TypeError) as raised:
        explainer.transform(X)
    assert "or let jobs be threads" in raised.value.__notes__[0]
    assert explainer.transform(X[:10]).shape == (10, 3)


class Deadly:
    """A model of texts that kills any process but this one, as a lack of memory does."""

    def __init__(self):
        self.pid = os.getpid()

    def predict(self, texts):
        if os.getpid() != self.pid and any("151" in text for text in texts):
            os.kill(os.getpid(), signal.SIGKILL)
        # What is quick is explained without workers.
        time.sleep(1e-4 * len(texts))
        return np.array([len(text) for text in texts], dtype=float)


@pytest.mark.parametrize("method", ["transform", "explain", "transform_blocks"])
def test_an_explainer_outlives_a_killed_worker(method):
    texts = [f"a good film {i}" for i in range(200)]
    own = {"sampler": TokenSampler(), "n_samples": 64, "random_state": 0, "n_jobs": 2}
    explainer = LimeExplainer(Deadly(), **own).fit(texts)
    blocks = [texts[i : i + 20] for i in range(0, len(texts), 20)]
    with (
        joblib.parallel_config("loky", n_jobs=2),
        pytest.raises(BrokenProcessPool, match="terminated"),
    ):
        if method == "transform_blocks":
            list(explainer.transform_blocks(blocks, n_jobs=2))
        else:
            getattr(explainer, method)(texts)
    alone = LimeExplainer(Deadly(), **own | {"n_jobs": None}).fit(texts).transform(texts)
    assert (explainer.set_params(n_jobs=None).transform(texts) != alone).nnz == 0
    with joblib.parallel_config("loky", n_jobs=2):
        again = explainer.set_params(n_jobs=2).transform(texts[:100])
    assert (again != alone[:100]).nnz == 0


def test_an_explainer_is_sent_until_workers_have_it(tables):
    X, _ = tables
    model = RandomForestRegressor(20, random_state=0).fit(X[:, :1], answer(X))
    explainer = LimeExplainer(model, random_state=0).fit(X[:, :1])
    own = SentObject(explainer._fitted.for_rows(), n_workers=2)
    whole, here = own.sent(), this_worker()
    assert len(pickle.dumps(whole)) > 100_000
    own.note(here, at_hand=True)
    own.note(here, at_hand=True)
    assert own.sent() is whole
    own.note(("another machine", here[1]), at_hand=True)
    sent = pickle.loads(pickle.dumps(own.sent()))
    assert len(pickle.dumps(own.sent())) < 1000
    with pytest.raises(NotAtHand):
        sent.value  # noqa: B018
    assert pickle.loads(pickle.dumps(whole)).value is sent.value
    # A worker that is new gets it, and so may others.
    own.note(("a third machine", 1), at_hand=False)
    assert own.sent() is whole


def test_workers_that_lost_the_explainer(tables):
    X, new = tables

    def respond(rows):
        # As others do that explain much else in this process meanwhile.
        shipping._known.clear()
        return answer(rows)

    rows = np.repeat(new, 10, axis=0)
    own = {"weighting": "tilted", "n_samples": 64, "random_state": 0}
    explainer = LimeExplainer(FunctionRegressor(respond), **own).fit(X)
    expected = explainer.transform(rows)
    with joblib.parallel_config("loky", n_jobs=2):
        found = explainer.set_params(n_jobs=2).transform(rows)
    np.testing.assert_array_equal(found, expected)


def test_after_an_error_no_more_rows_are_begun():
    texts, asked = [f"a good film {i}" for i in range(400)], []

    def respond(copies):
        if len(copies) > 1:
            asked.append(copies)
            time.sleep(0.03)
        if any("5" in text.split() for text in copies):
            raise ValueError("no fives")
        return np.array([len(text) for text in copies], dtype=float)

    own = {"sampler": TokenSampler(), "n_samples": 64, "random_state": 0, "n_jobs": 2}
    explainer = LimeExplainer(FunctionRegressor(respond), **own).fit(texts)
    asked.clear()
    with pytest.raises(ValueError, match="no fives"):
        explainer.transform(texts)
    assert len(asked) < 200


def test_jobs_go_on_after_rows_that_fail():
    texts = [f"a good film {i}" if i % 25 else "no film" for i in range(300)]
    threads = []

    def respond(copies):
        threads.append(threading.current_thread())
        if any("no" in text.split() for text in copies):
            raise ValueError("no")
        time.sleep(0.01)
        return np.array([len(text) for text in copies], dtype=float)

    own = {"sampler": TokenSampler(), "n_samples": 64, "random_state": 0}
    explainer = LimeExplainer(FunctionRegressor(respond), **own).fit(texts[1:9])
    blocks = [texts[i : i + 50] for i in range(0, 300, 50)]
    threads.clear()
    with pytest.warns(FailedRowsWarning, match="12 row"):
        found = list(explainer.transform_blocks(blocks, n_jobs=2, on_error="null"))
    assert len(found) == 6
    # The failing rows and those before them are explained here, in halves.
    assert threads.count(threading.main_thread()) < 0.6 * len(threads)


def test_a_quick_first_row_does_not_keep_a_table_from_jobs():
    texts, threads = ["a", *(f"a good film of {i} hours" for i in range(100))], []

    def respond(copies):
        threads.append(threading.current_thread())
        if any("film" in text for text in copies):
            time.sleep(0.02)
        return np.array([len(text) for text in copies], dtype=float)

    own = {"sampler": TokenSampler(), "n_samples": 64, "random_state": 0, "n_jobs": 2}
    explainer = LimeExplainer(FunctionRegressor(respond), **own).fit(texts[1:9])
    explainer.transform(texts[:2])
    threads.clear()
    found = explainer.transform(texts)
    assert found.shape[0] == 101
    # Had the first row told how long all take, none would have gone to jobs.
    assert threads.count(threading.main_thread()) < 0.8 * len(threads)
