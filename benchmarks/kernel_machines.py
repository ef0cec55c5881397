"""Closed forms of kernel machines: time of a row."""

from time import process_time

import numpy as np
from sklearn.datasets import make_regression
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.svm import SVR

from benchmarks.report import Line, table
from sklime import LimeExplainer

LIMIT_US = 15.0
N_ROWS, ROUNDS = 10_000, 9


def measure():
    return [support_vectors(), gaussian_process()]


def support_vectors():
    X, y = made()
    model = SVR(epsilon=0.0).fit(X[:300], y[:300])
    return time_of_a_row(f"SVR of {len(model.support_vectors_)} vectors", model, X)


def gaussian_process():
    X, y = made()
    kernel = RBF(5.0) + WhiteKernel(0.1)
    model = GaussianProcessRegressor(kernel, optimizer=None, normalize_y=True)
    return time_of_a_row("Gaussian process of 400 rows", model.fit(X[:400], y[:400]), X)


def time_of_a_row(what, model, X):
    explainer = LimeExplainer(model, method="exact").fit(X[:2000])
    rows = np.resize(X, (N_ROWS, X.shape[1]))
    times = []
    for _ in range(ROUNDS):
        start = process_time()
        explainer.transform(rows)
        times.append(process_time() - start)
    own = np.median(times) / N_ROWS * 1e6
    return Line(
        f"exact, {what}, {X.shape[1]} columns, {N_ROWS:,} rows: processor time of a row",
        f"under {LIMIT_US:.0f} us",
        f"{own:.1f} us",
        own < LIMIT_US,
    )


def made():
    """2,400 rows of 30 columns, and a smooth response."""
    X, y = make_regression(2400, 30, n_informative=20, random_state=0)
    return X, y / y.std()


if __name__ == "__main__":
    print(table(measure()))
