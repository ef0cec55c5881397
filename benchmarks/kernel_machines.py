"""Closed forms of kernel machines: time of a row, and agreement with many draws."""

from time import process_time

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, make_regression
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, DotProduct, WhiteKernel
from sklearn.kernel_approximation import RBFSampler
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from sklearn.svm import SVC, SVR

from benchmarks.report import Line, table
from sklime import LimeExplainer

LIMIT_US = 15.0
N_ROWS, ROUNDS = 10_000, 9
N_DRAWS, N_RUNS, N_AGREEING = 2**17, 32, 100


def measure():
    return [support_vectors(), gaussian_process(), agreement()]


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


def agreement():
    within = [
        np.mean(
            np.abs(departure(make_pipeline(StandardScaler(), model).fit(X, y), X)) <= 3.0
        )
        for X, y, models in families()
        for model in models
    ]
    return Line(
        f"sums of products against {N_DRAWS:,} draws, {len(within)} models: coefficients "
        "within 3 standard errors",
        "99 %",
        f"{np.mean(within):.2%}, from {min(within):.1%} to {max(within):.1%}",
        np.mean(within) >= 0.99,
    )


def departure(model, X):
    """Departures of the mean of independent runs from the limit, in standard errors."""
    rows, setting = X[:N_AGREEING], {"response_method": method_of(model)}
    sampled = LimeExplainer(
        model, method="sampling", n_samples=N_DRAWS // N_RUNS, **setting
    )
    runs = [
        sampled.set_params(random_state=seed).fit(X).transform(rows)
        for seed in range(N_RUNS)
    ]
    errors = np.std(runs, axis=0, ddof=1) / np.sqrt(N_RUNS)
    exact = LimeExplainer(model, method="exact", **setting).fit(X).transform(rows)
    # Of what is next to nothing only rounding in single precision is left.
    return (np.mean(runs, axis=0) - exact) / (errors + 1e-7 * np.abs(exact).max())


def families():
    """Tables with the models that are fitted to each."""
    X, y = load_diabetes(return_X_y=True)
    yield (
        X,
        y / y.std(),
        [
            SVR(),
            SVR(kernel="poly", coef0=1.0),
            GaussianProcessRegressor(RBF(3.0) + DotProduct(), alpha=0.5, optimizer=None),
            make_pipeline(PolynomialFeatures(2), Ridge()),
            make_pipeline(RBFSampler(gamma=0.05, random_state=0), Ridge()),
            PoissonRegressor(),
        ],
    )
    X, y = load_breast_cancer(return_X_y=True)
    waves = RBFSampler(gamma=0.01, random_state=0)
    yield X, y, [SVC(), make_pipeline(waves, LogisticRegression())]


def method_of(model):
    """The method whose answers are sums of products."""
    return "decision_function" if hasattr(model, "decision_function") else "predict"


def made():
    """2,400 rows of 30 columns, and a smooth response."""
    X, y = make_regression(2400, 30, n_informative=20, random_state=0)
    return X, y / y.std()


if __name__ == "__main__":
    print(table(measure()))
