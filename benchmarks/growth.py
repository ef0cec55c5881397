"""Growth: the exponents of time in rows, columns, draws, bins and outputs.

The slope of a straight line through the logarithms of sizes and of times. A transform of
the same rows is timed, `fit` apart; each time is the least of several, as noise only adds.
"""

import numpy as np
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression

from benchmarks.report import Line, table
from benchmarks.timing import seconds
from sklime import FunctionRegressor, LimeExplainer
from sklime.samplers import MarginalSampler

ROUNDS = 5
N_ROWS = 256
COLUMNS = (30, 100, 300, 1000)
N_DRAWS = (1024, 4096, 16384, 65536)


def measure():
    return [
        bounded("columns, 30 to 1,000, sampling", *columns(smooth, "sampling"), 1.2),
        bounded("columns, 30 to 1,000, exact, linear", *columns(linear, "exact"), 1.3),
        bounded("columns, 30 to 1,000, exact, forest", *columns(forest, "exact"), 1.3),
        per_row(),
        told("rows, 256 to 16,384, sampling", *rows()),
        told("draws, 1,024 to 65,536, sampling", *draws()),
        told("bins, 2 to 32, sampling", *bins()),
        told("outputs, 1 to 16, sampling", *outputs()),
        told("columns, 30 to 1,000, fit of sampling", *fits()),
    ]


def columns(make, method):
    times = []
    for d in COLUMNS:
        model, X = make(d)
        explainer = LimeExplainer(model, method=method, random_state=0).fit(X)
        times.append(least(lambda e=explainer, X=X: e.transform(X[:N_ROWS])))
    return COLUMNS, times


def fits():
    times = []
    for d in COLUMNS:
        model, X = smooth(d)
        explainer = LimeExplainer(model, method="sampling", random_state=0)
        times.append(least(lambda e=explainer, X=X: e.fit(X), 2))
    return COLUMNS, times


def rows():
    model, X = smooth(30)
    explainer = LimeExplainer(model, method="sampling", random_state=0).fit(X)
    sizes = (256, 1024, 4096, 16384)
    tables = [np.resize(X, (n, 30)) for n in sizes]
    return sizes, [least(lambda T=T: explainer.transform(T)) for T in tables]


def draws():
    model, X = smooth(30)
    times = []
    for n in N_DRAWS:
        explainer = LimeExplainer(model, method="sampling", n_samples=n, random_state=0)
        explainer.fit(X)
        times.append(least(lambda e=explainer: e.transform(X[:N_ROWS])))
    return N_DRAWS, times


def bins():
    model, X = smooth(30)
    sizes, times = (2, 4, 8, 16, 32), []
    for n_bins in sizes:
        sampler = MarginalSampler(n_bins=n_bins, handle_unknown="ignore")
        explainer = LimeExplainer(model, sampler=sampler, method="sampling", random_state=0)
        explainer.fit(X)
        times.append(least(lambda e=explainer: e.transform(X[:N_ROWS])))
    return sizes, times


def outputs():
    _, X = smooth(30)
    W = np.random.default_rng(0).normal(size=(30, 16))
    sizes, times = (1, 2, 4, 8, 16), []
    for k in sizes:
        model = FunctionRegressor(lambda X, W=W[:, :k]: np.tanh(X @ W))
        explainer = LimeExplainer(model, method="sampling", random_state=0)
        explainer.fit(X)
        times.append(least(lambda e=explainer: e.transform(X[:N_ROWS])))
    return sizes, times


def per_row():
    model, X = linear(1000)
    explainer = LimeExplainer(model, method="exact", random_state=0).fit(X)
    ms = 1e3 * least(lambda: explainer.transform(X[:N_ROWS])) / N_ROWS
    return Line(
        "exact at 1,000 columns, linear model: time of a row",
        "at most 2 ms",
        f"{ms:.2f} ms",
        ms <= 2.0,
    )


def smooth(d):
    """A function of all columns that is no sum over them, and a table."""
    rng = np.random.default_rng(0)
    X, w = rng.normal(size=(1000, d)), rng.normal(size=d) / np.sqrt(d)
    return FunctionRegressor(lambda X: np.tanh(X @ w)), X


def linear(d):
    X = np.random.default_rng(0).normal(size=(1000, d))
    return LinearRegression().fit(X, X[:, 0] + X[:, 1]), X


def forest(d):
    X = np.random.default_rng(0).normal(size=(1000, d))
    model = RandomForestRegressor(20, max_depth=6, max_features="sqrt", random_state=0)
    return model.fit(X, X[:, :10].sum(axis=1)), X


def least(job, rounds=ROUNDS):
    job()
    return min(seconds(job) for _ in range(rounds))


def exponent(sizes, times):
    return np.polyfit(np.log(sizes), np.log(times), 1)[0]


def bounded(what, sizes, times, limit):
    line = told(what, sizes, times)
    kept = exponent(sizes, times) <= limit
    return Line(line.what, f"at most {limit}", line.measured, kept)


def told(what, sizes, times):
    shown = ", ".join(f"{1e3 * time:.3g}" for time in times)
    return Line(
        f"exponent of time in {what}",
        "told",
        f"{exponent(sizes, times):.2f} ({shown} ms)",
        True,
    )


if __name__ == "__main__":
    print(table(measure()))
