"""Sums of products over columns: kernel machines, expansions of columns and log links."""

import pickle
from itertools import product

import numpy as np
import pandas as pd
import pytest
from sklearn import linear_model as lm
from sklearn import svm
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.datasets import load_diabetes
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_selection import VarianceThreshold
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.gaussian_process import GaussianProcessRegressor as GaussianProcess
from sklearn.gaussian_process.kernels import (
    RBF,
    ConstantKernel,
    DotProduct,
    ExpSineSquared,
    GenericKernelMixin,
    Kernel,
    Matern,
    RationalQuadratic,
    StationaryKernelMixin,
    WhiteKernel,
)
from sklearn.impute import SimpleImputer
from sklearn.kernel_approximation import Nystroem, PolynomialCountSketch, RBFSampler
from sklearn.kernel_ridge import KernelRidge
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
)

from sklime import LimeExplainer
from sklime.kernels import ExponentialKernel
from sklime.samplers import GaussianSampler, MarginalSampler
from tests.exact.test_enumeration import (
    BINARY,
    FRAME,
    MISSING,
    SIGNAL,
    THREE,
    X,
    check,
    check_fitted,
)

TWO = np.column_stack([SIGNAL, X[:, 1] - SIGNAL**2])
POSITIVE = SIGNAL - SIGNAL.min() + 1.0


def process(kernel, **params):
    return GaussianProcess(kernel, optimizer=None, alpha=0.1, **params)


def name(case):
    return type(case).__name__ if hasattr(case, "fit") else ""


@pytest.mark.parametrize(
    "model",
    [
        svm.SVR(),
        svm.SVR(gamma=0.05, C=10.0),
        svm.SVR(kernel="poly", coef0=1.0),
        svm.SVR(kernel="poly", degree=2),
        svm.SVR(kernel="poly", degree=6, gamma=0.05, coef0=1.0),
        svm.NuSVR(C=10.0),
        svm.OneClassSVM(gamma=0.2),
        KernelRidge(),
        KernelRidge(kernel="rbf", alpha=0.1),
        KernelRidge(kernel="laplacian", gamma=0.3, alpha=0.1),
        KernelRidge(kernel="poly", alpha=0.1),
        KernelRidge(kernel="polynomial", degree=1, coef0=0.0, alpha=0.1),
    ],
    ids=repr,
)
@pytest.mark.parametrize("width", [0.4, 2.0])
def test_kernel_machines(model, width):
    method = "decision_function" if isinstance(model, svm.OneClassSVM) else "auto"
    check(model, X, SIGNAL, method, width=width)


@pytest.mark.parametrize(
    "model",
    [
        KernelRidge(kernel="rbf"),
        KernelRidge(),
        MultiOutputRegressor(svm.SVR()),
        MultiOutputRegressor(svm.NuSVR(kernel="poly", degree=2)),
        MultiOutputRegressor(KernelRidge(kernel="laplacian")),
        process(ConstantKernel(2.0) * RBF(2.0), normalize_y=True),
        process(RBF(2.0) + DotProduct(0.5), normalize_y=True),
    ],
    ids=repr,
)
def test_several_outputs(model):
    check(model, X, TWO)


@pytest.mark.parametrize(
    ("model", "y"),
    [
        (svm.SVC(), BINARY),
        (svm.NuSVC(gamma=0.3), BINARY),
        (svm.SVC(kernel="poly", coef0=0.5), BINARY),
        (OneVsRestClassifier(svm.SVC()), THREE),
        (OneVsRestClassifier(svm.SVC()), BINARY),
        (OneVsRestClassifier(svm.NuSVC(nu=0.2, kernel="poly", degree=2)), THREE),
        (OneVsRestClassifier(svm.SVC(kernel="linear")), THREE),
        (OneVsRestClassifier(svm.SVC(kernel="linear")), BINARY),
        (make_pipeline(StandardScaler(), svm.SVC()), np.where(BINARY, "yes", "no")),
    ],
    ids=name,
)
def test_margins_of_kernel_machines(model, y):
    check(model, X, y, "decision_function")


@pytest.mark.parametrize(
    "kernel",
    [
        None,
        RBF(1.5),
        ConstantKernel(2.0) * RBF([1.0, 2.0, 0.5, 1.0, 3.0]) + WhiteKernel(0.1),
        RBF(0.3) + RBF(3.0) + ConstantKernel(0.5),
        RBF(2.0) * (ConstantKernel(1.0) + RBF(1.0) + WhiteKernel()),
        DotProduct(0.5),
        DotProduct(0.5) ** 3,
        RBF(2.0) + DotProduct(2.0) + WhiteKernel(0.5),
        RBF(2.0) * DotProduct(0.5),
        RBF(2.0) * DotProduct(0.5) ** 2,
        RBF(2.0) * DotProduct(0.5) * DotProduct(1.5),
        DotProduct(0.5) * DotProduct(1.5),
        DotProduct(0.5) * DotProduct(0.5),
        RBF(2.0) ** 0.5,
        (RBF(2.0) + DotProduct(0.5)) ** 2,
        Matern(2.0, nu=np.inf),
    ],
    ids=repr,
)
@pytest.mark.parametrize("normalize_y", [False, True])
def test_gaussian_processes(kernel, normalize_y):
    check(process(kernel, normalize_y=normalize_y), X, SIGNAL)


@pytest.mark.parametrize(
    "model",
    [
        make_pipeline(Nystroem(n_components=20, random_state=0), lm.Ridge()),
        make_pipeline(
            Nystroem(kernel="laplacian", gamma=0.2, n_components=20, random_state=0),
            MaxAbsScaler(),
            lm.Ridge(),
        ),
        make_pipeline(
            StandardScaler(),
            Nystroem(kernel="poly", degree=2, coef0=1.0, n_components=9, random_state=0),
            lm.LinearRegression(),
        ),
        make_pipeline(
            StandardScaler(), RBFSampler(n_components=30, random_state=0), lm.Ridge()
        ),
        make_pipeline(
            RBFSampler(gamma="scale", random_state=0), PCA(5), svm.LinearSVR(tol=1e-3)
        ),
        make_pipeline(PolynomialFeatures(3), lm.Ridge()),
        make_pipeline(PolynomialFeatures((2, 3), interaction_only=True), lm.Ridge()),
        make_pipeline(
            MinMaxScaler(),
            PolynomialFeatures(2, include_bias=False),
            RobustScaler(with_scaling=False),
            MinMaxScaler(),
            VarianceThreshold(),
            "passthrough",
            RobustScaler(),
            lm.LassoCV(),
        ),
        make_pipeline(StandardScaler(), PCA(2, whiten=True), lm.LinearRegression()),
        make_pipeline(StandardScaler(), TruncatedSVD(2), StandardScaler(), lm.Ridge()),
    ],
    ids=lambda model: "-".join(type(step).__name__ for _, step in model.steps),
)
def test_steps_that_mix_columns_before_linear_models(model):
    check(model, X, SIGNAL)


@pytest.mark.parametrize("y", [BINARY, THREE], ids=["two", "three"])
@pytest.mark.parametrize(
    "step",
    [
        PolynomialFeatures(2),
        Nystroem(n_components=15, random_state=0),
        RBFSampler(n_components=15, random_state=0),
        PCA(3),
    ],
    ids=name,
)
def test_steps_that_mix_columns_before_linear_classifiers(step, y):
    model = make_pipeline(StandardScaler(), step, lm.LogisticRegression(max_iter=1000))
    check(model, X, y, "decision_function")


@pytest.mark.parametrize(
    "model",
    [
        lm.PoissonRegressor(),
        lm.GammaRegressor(),
        lm.TweedieRegressor(power=1.5),
        lm.TweedieRegressor(power=0, link="log"),
        make_pipeline(StandardScaler(), lm.PoissonRegressor(alpha=0.01)),
        TransformedTargetRegressor(lm.Ridge(), func=np.log, inverse_func=np.exp),
        TransformedTargetRegressor(
            make_pipeline(StandardScaler(), lm.Ridge()), func=np.log, inverse_func=np.exp
        ),
        TransformedTargetRegressor(
            make_pipeline("passthrough", MinMaxScaler(), lm.Ridge()),
            func=np.log1p,
            inverse_func=np.expm1,
        ),
        TransformedTargetRegressor(
            svm.SVR(kernel="linear"), func=np.log2, inverse_func=np.exp2
        ),
        make_pipeline(
            StandardScaler(),
            TransformedTargetRegressor(lm.Lasso(0.01), func=np.log, inverse_func=np.exp),
        ),
        make_pipeline(StandardScaler(), PCA(3), lm.PoissonRegressor()),
        TransformedTargetRegressor(
            make_pipeline(PCA(3), MinMaxScaler(), lm.Ridge()),
            func=np.log,
            inverse_func=np.exp,
        ),
    ],
    ids=repr,
)
@pytest.mark.parametrize("width", [0.4, 2.0])
def test_log_links(model, width):
    check(model, X, POSITIVE, width=width)


def test_log_links_of_several_outputs():
    model = TransformedTargetRegressor(lm.Ridge(), func=np.log1p, inverse_func=np.expm1)
    check(model, X, np.column_stack([POSITIVE, POSITIVE**2]))


@pytest.mark.parametrize(
    "transformer",
    [
        None,
        StandardScaler(),
        StandardScaler(with_std=False),
        MinMaxScaler((-1, 3)),
        RobustScaler(),
        MaxAbsScaler(),
    ],
    ids=repr,
)
@pytest.mark.parametrize(
    "model",
    [
        lm.Ridge(),
        make_pipeline(StandardScaler(), svm.SVR()),
        make_pipeline(StandardScaler(), PolynomialFeatures(2), lm.Ridge()),
        make_pipeline(PCA(3), lm.Lasso(0.01)),
        make_pipeline(PCA(5), StandardScaler(), KernelRidge()),
    ],
    ids=name,
)
def test_scaled_targets(model, transformer):
    check(TransformedTargetRegressor(model, transformer=transformer), X, SIGNAL)


@pytest.mark.parametrize(
    "model", [lm.Ridge(), process(RBF(2.0)), KernelRidge(kernel="rbf")]
)
def test_scaled_targets_of_several_outputs(model):
    check(TransformedTargetRegressor(model, transformer=MinMaxScaler()), X, TWO)


def encoded(last):
    words = make_column_transformer(
        (OneHotEncoder(), ["colour"]),
        (OrdinalEncoder(), ["size"]),
        (SimpleImputer(add_indicator=True), ["age"]),
        remainder="passthrough",
    )
    return make_pipeline(words, StandardScaler(), last)


@pytest.mark.parametrize(
    "model",
    [
        svm.SVR(),
        KernelRidge(kernel="poly", alpha=0.1),
        process(RBF(3.0) + RBF(2.0) * DotProduct(1.0)),
        make_pipeline(PolynomialFeatures(2), lm.Ridge()),
    ],
    ids=name,
)
def test_columns_of_words_and_gaps(model):
    table = FRAME
    check(encoded(model), table, np.nan_to_num(FRAME["age"]) * FRAME["count"] / 10)


def test_gaps_filled_in_front_of_a_kernel_machine():
    check(make_pipeline(SimpleImputer(), svm.SVR()), MISSING, SIGNAL)


@pytest.mark.parametrize("kernel", ["linear", "rbf", "poly"])
def test_machines_without_support_vectors(kernel):
    everything_fits = svm.SVR(kernel=kernel, epsilon=1000.0).fit(X, SIGNAL)
    assert not len(everything_fits.support_)
    own = LimeExplainer(everything_fits, method="exact", random_state=0).fit(X)
    assert not own.transform(X[:2]).any()
    one_of_two = MultiOutputRegressor(svm.SVR(kernel=kernel))
    check(one_of_two, X, np.column_stack([SIGNAL, np.zeros(len(X))]))


def test_columns_of_many_bins():
    table = X.copy()
    table[:, 0] = np.arange(len(X)) % 24
    table = table[:, [0, 1, 4]]
    for model in (svm.SVR(), process(RBF(3.0) + RBF(9.0) * DotProduct(1.0))):
        model.fit(table, SIGNAL)
        check_fitted(model, table, n_bins=20)
        check_fitted(model, table, categorical_features=[0, 1])


@pytest.mark.parametrize("columns", [[0], [0, 1], [1]])
def test_values_beside_many_bins_that_training_never_had(columns):
    rng = np.random.default_rng(0)
    table = rng.integers(0, [24, 3], (300, 2))[:, columns] * 1.0
    y = table.sum(axis=1)
    model = svm.SVR(gamma=0.1).fit(table, y)
    sampler = MarginalSampler(categorical_features=range(len(columns)))
    explainer = LimeExplainer(model, sampler=sampler, method="exact", random_state=0)
    rows = np.full((1, len(columns)), 30.0)
    found = explainer.fit(table).transform(rows)
    frame = pd.DataFrame(table).set_axis([f"x{j}" for j in range(len(columns))], axis=1)
    row = pd.DataFrame(rows, columns=frame.columns)
    bare = svm.SVR(gamma=0.1).fit(frame, y)
    right = right_contrasts(bare, frame, row, explainer.kernel_.width)
    np.testing.assert_allclose(found[0], right, atol=0.02 * np.ptp(y))


def test_many_columns_of_high_powers():
    rng = np.random.default_rng(0)
    table = rng.integers(0, 2, (200, 8)) * rng.normal(size=8)
    y = table.sum(axis=1) ** 3
    # More monomials of 8 columns than points of circles.
    check(KernelRidge(kernel="poly", degree=9, coef0=1.0, gamma=0.2), table, y)
    check(process(DotProduct(0.5) ** 5 + RBF(2.0) * DotProduct(1.0) ** 4), table, y)


@pytest.mark.parametrize("gamma", [1e-6, 1e6])
@pytest.mark.parametrize("kernel", ["rbf", "laplacian"])
def test_factors_that_underflow_or_hardly_differ(kernel, gamma):
    check(KernelRidge(kernel=kernel, gamma=gamma), X, SIGNAL)


def tilted(explainer, row):
    """All combinations of values as inputs, units and probabilities near a row."""
    sampler, width = explainer.sampler_, explainer.kernel_.width
    columns = sampler.columns_
    at = np.array(list(product(*(range(len(column.values)) for column in columns))))
    E = np.column_stack(
        [column.values[own] for column, own in zip(columns, at.T, strict=True)]
    )
    inputs = sampler.format_.decode(E)
    Z = sampler.interpret(inputs, row).astype(float)
    masses = [column.masses[own] for column, own in zip(columns, at.T, strict=True)]
    logs = np.log(masses).sum(axis=0) + (Z.sum(axis=1) - Z.shape[1]) / (2 * width**2)
    return inputs, Z, logs


def contrast(f, Z, logs, own):
    """Mean response where some units match or not, and the others are as they are."""
    there = np.all([Z[:, j] == z for j, z in own.items()], axis=0)
    weight = np.exp(logs[there] - logs[there].max())
    return weight @ f[there] / weight.sum()


@pytest.mark.parametrize("width", [0.03, 0.1, 0.3])
@pytest.mark.parametrize(
    "model",
    [svm.SVR(gamma=1e6), svm.SVR(), lm.PoissonRegressor(), process(RBF() * DotProduct())],
    ids=repr,
)
def test_narrow_kernels(model, width):
    model = clone(model).fit(X, POSITIVE)
    kernel, sampler = ExponentialKernel(width=width), MarginalSampler(n_bins=3)
    explainer = LimeExplainer(model, kernel=kernel, sampler=sampler, method="exact").fit(X)
    for i in (0, 7, 31):
        inputs, Z, logs = tilted(explainer, X[i : i + 1])
        f = model.predict(inputs)
        expected = np.zeros(5)
        for j in (0, 1, 2, 4):
            expected[j] = contrast(f, Z, logs, {j: 1}) - contrast(f, Z, logs, {j: 0})
        found = explainer.transform(X[i : i + 1])[0]
        np.testing.assert_allclose(found, expected, atol=1e-10 * np.ptp(f))


@pytest.mark.parametrize(
    "model",
    [
        svm.SVR(),
        make_pipeline(PolynomialFeatures(3), lm.Ridge()),
        process(RBF() + RBF() * DotProduct()),
        make_pipeline(RBFSampler(random_state=0), lm.Ridge()),
        TransformedTargetRegressor(lm.Ridge(), func=np.log, inverse_func=np.exp),
    ],
    ids=repr,
)
@pytest.mark.parametrize("nominal", [[], [0, 1]])
def test_second_contrasts_of_pairs(model, nominal):
    model = clone(model).fit(X, POSITIVE)
    sampler = MarginalSampler(n_bins=3, categorical_features=nominal)
    explainer = LimeExplainer(
        model, kernel=ExponentialKernel(width=1.0), sampler=sampler, method="exact"
    ).fit(X)
    source = explainer._routes.source
    rows = X[[0, 7, 31]]
    laws = source._laws(source.evaluate(rows))
    pairs = np.array([[0, 1], [2, 0], [4, 2], [3, 1], [1, 4]])
    found = source.model.pairs(laws, np.array([0]), pairs)[:3, 0]
    for row, own in zip(rows, found, strict=True):
        inputs, Z, logs = tilted(explainer, row[np.newaxis])
        f = model.predict(inputs)
        for (j, k), pair in zip(pairs, own, strict=True):
            signs = {(1, 1): 1.0, (1, 0): -1.0, (0, 1): -1.0, (0, 0): 1.0}
            expected = sum(
                sign * contrast(f, Z, logs, {j: a, k: b})
                for (a, b), sign in signs.items()
                if 3 not in (j, k)
            )
            assert pair == pytest.approx(expected, abs=1e-10 * np.ptp(f))


def test_exponentials_whose_factors_overflow_though_their_product_does_not():
    rng = np.random.default_rng(0)
    table = rng.integers(0, 3, (100, 3)) * 1.0 + [1000.0, -1000.0, 0.0]
    model = lm.PoissonRegressor().fit(table - [1000.0, -1000.0, 0.0], table[:, 2] + 1)
    model.coef_ = np.array([1.5, 1.25, 0.1])
    model.intercept_ = -250.0
    check_fitted(model, table)


DIABETES, PROGRESSION = load_diabetes(return_X_y=True)
SCALED = PROGRESSION / PROGRESSION.std()
SMOOTH = {
    "SVR": make_pipeline(StandardScaler(), svm.SVR()),
    "polynomial SVR": make_pipeline(StandardScaler(), svm.SVR(kernel="poly", coef0=1.0)),
    "Gaussian process": make_pipeline(
        StandardScaler(), process(RBF(3.0) + DotProduct(), normalize_y=True)
    ),
    "Fourier features": make_pipeline(
        StandardScaler(), RBFSampler(gamma=0.05, random_state=0), lm.Ridge()
    ),
    "polynomials": make_pipeline(StandardScaler(), PolynomialFeatures(2), lm.Ridge()),
    "Poisson": make_pipeline(StandardScaler(), lm.PoissonRegressor()),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_draws_agree_within_their_errors(name):
    model = SMOOTH[name].fit(DIABETES, SCALED)
    rows = DIABETES[::30]
    exact = LimeExplainer(model, random_state=0).fit(DIABETES)
    assert exact.method_ == "exact"
    drawn = LimeExplainer(model, method="sampling", n_samples=2**15, random_state=0)
    drawn = drawn.fit(DIABETES).explain(rows, uncertainty=True)
    off = np.abs(exact.transform(rows) - drawn.values)
    errors = drawn.standard_errors + 1e-4 * np.abs(drawn.values).max()
    assert np.mean(off <= 3.0 * errors) > 0.95
    assert (off <= 8.0 * errors).all()


@pytest.mark.parametrize("name", SMOOTH)
def test_batch_order_seed_and_threads_change_no_bit(name):
    model = SMOOTH[name].fit(DIABETES, SCALED)
    explainer = LimeExplainer(model, method="exact", random_state=0).fit(DIABETES)
    found = explainer.transform(DIABETES)
    np.testing.assert_array_equal(explainer.transform(DIABETES[::-1])[::-1], found)
    for n in (1, 7, 65):
        np.testing.assert_array_equal(explainer.transform(DIABETES[:n]), found[:n])
    alone = [explainer.transform(row[np.newaxis])[0] for row in DIABETES[200:205]]
    np.testing.assert_array_equal(alone, found[200:205])
    other = LimeExplainer(model, method="exact", random_state=1, n_jobs=2).fit(DIABETES)
    np.testing.assert_array_equal(other.transform(DIABETES), found)
    again = pickle.loads(pickle.dumps(explainer))
    np.testing.assert_array_equal(again.transform(DIABETES), found)


def test_transform_does_not_ask_the_model():
    model = svm.SVR().fit(DIABETES, SCALED)
    explainer = LimeExplainer(model, method="exact").fit(DIABETES)
    model.predict = None
    assert np.isfinite(explainer.transform(DIABETES[:5])).all()


def right_contrasts(model, table, row, width):
    """Contrasts of a row by listing all rows put together from those of a frame."""
    names = list(table.columns)
    found = []
    values = {name: table[name].unique() for name in names}
    masses = {name: table[name].value_counts(normalize=True) for name in names}
    for own in names:
        others = [name for name in names if name != own]
        combined = pd.DataFrame(list(product(*(values[o] for o in others))), columns=others)
        weight = np.ones(len(combined))
        for o in others:
            unlike = (combined[o] != row[o].iloc[0]).to_numpy(dtype=float)
            weight *= combined[o].map(masses[o]) * np.exp(-unlike / (2 * width**2))

        def mean(value, own=own, combined=combined, weight=weight):
            asked = combined.assign(**{own: value})[names]
            return weight @ model.predict(asked) / weight.sum()

        rest = masses[own].drop(row[own].iloc[0], errors="ignore")
        outside = sum(mass * mean(value) for value, mass in rest.items()) / rest.sum()
        found.append(mean(row[own].iloc[0]) - outside)
    return np.array(found)


@pytest.mark.parametrize(
    "last",
    [
        svm.SVR(C=10.0),
        process(RBF(2.0) * DotProduct(1.0)),
        make_pipeline(PolynomialFeatures(2), lm.Ridge()),
        lm.PoissonRegressor(alpha=1e-3),
    ],
    ids=name,
)
def test_values_that_training_never_had(last):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "shop": rng.choice(["A", "B", "C"], 300),
            "day": rng.choice(["mo", "tu", "we"], 300),
            "size": rng.integers(0, 3, 300).astype(str),
        }
    )
    y = 1.0 + (table["shop"] == "C") * (table["size"] == "2") + (table["day"] == "mo")
    model = make_pipeline(OneHotEncoder(handle_unknown="ignore"), densify(), last)
    model.fit(table, y)
    rows = pd.DataFrame(
        {"shop": ["D", "A", "C"], "day": ["mo", "su", "tu"], "size": ["2", "2", "2"]}
    )
    explainer = LimeExplainer(model, method="exact", random_state=0).fit(table)
    found = explainer.explain(rows, uncertainty=True)
    width = explainer.kernel_.width
    expected = [right_contrasts(model, table, rows[i : i + 1], width) for i in range(3)]
    seen = np.array([[False, True, True], [True, False, True], [True, True, True]])
    np.testing.assert_allclose(found.values[seen], np.array(expected)[seen], atol=1e-10)
    off = np.abs(found.values - expected)[~seen]
    assert (off <= 4.0 * found.standard_errors[~seen] + 1e-9).all()
    assert (off < 0.05).all()
    np.testing.assert_array_equal(found.standard_errors[seen], 0.0)


def densify():
    return FunctionTransformer(lambda table: table.toarray(), accept_sparse=True)


class Words(GenericKernelMixin, StationaryKernelMixin, Kernel):
    """A kernel of texts: 1 where they are equal."""

    def __init__(self):
        pass

    def __call__(self, X, Y=None, eval_gradient=False):
        Y = X if Y is None else Y
        return np.equal.outer(first(X), first(Y)).astype(float)

    def diag(self, X):
        return np.ones(len(X))

    def __repr__(self):
        return "Words()"


def first(X):
    return np.reshape(X, (len(X), -1))[:, 0]


def callable_kernel(A, B):
    return rbf_kernel(A, B)


class Tripled(svm.SVR):
    def predict(self, X):
        return 3.0 * super().predict(X) ** 2


@pytest.mark.parametrize(
    ("model", "y", "params", "reason"),
    [
        (svm.SVR(kernel="sigmoid"), SIGNAL, {}, "kernel 'sigmoid'"),
        (svm.SVR(kernel=callable_kernel), SIGNAL, {}, "kernel <function callable_kernel"),
        (svm.SVC(kernel=callable_kernel), BINARY, {}, "kernel <function callable_kernel"),
        (KernelRidge(kernel="cosine"), SIGNAL, {}, "kernel 'cosine'"),
        (KernelRidge(kernel="poly", degree=2.5), X[:, 1], {}, "degree 2.5"),
        (process(RationalQuadratic()), SIGNAL, {}, "kernel RationalQuadratic"),
        (
            process(RBF() + ExpSineSquared()).set_params(alpha=1e3),
            SIGNAL,
            {},
            "kernel ExpSineSquared",
        ),
        (process(Matern(nu=1.5) ** 2), SIGNAL, {}, "kernel Matern"),
        (process(Words()), SIGNAL, {}, r"kernel Words\(\)"),
        (process(ConstantKernel() * WhiteKernel()), SIGNAL, {}, "does not depend on"),
        (svm.SVC(), THREE, {}, "counts votes of pairs of classes"),
        (GaussianProcessClassifier(), BINARY, {}, "GaussianProcessClassifier"),
        (svm.SVC(), BINARY, {"response_method": "predict"}, '"decision_function"'),
        (svm.OneClassSVM(), SIGNAL, {"response_method": "predict"}, "margins are"),
        (Tripled(), SIGNAL, {}, "Tripled"),
        (
            make_pipeline(Nystroem(kernel="cosine", n_components=9), lm.Ridge()),
            SIGNAL,
            {},
            "kernel 'cosine'",
        ),
        (
            make_pipeline(PolynomialCountSketch(random_state=0), lm.Ridge()),
            SIGNAL,
            {},
            "mixes columns",
        ),
        (make_pipeline(PCA(), svm.SVR()), SIGNAL, {}, "mixes columns"),
        (make_pipeline(PolynomialFeatures(), svm.SVR()), SIGNAL, {}, "mixes columns"),
        (
            make_pipeline(
                PolynomialFeatures(), lm.PoissonRegressor(max_iter=10_000, alpha=10.0)
            ),
            POSITIVE,
            {},
            "mixes columns",
        ),
        (
            TransformedTargetRegressor(svm.SVR(), func=np.log, inverse_func=np.exp),
            POSITIVE,
            {},
            "SVR of a logarithm is not linear",
        ),
        (
            TransformedTargetRegressor(lm.Ridge(), func=np.sqrt, inverse_func=np.square),
            POSITIVE,
            {},
            "into a target by a curve",
        ),
        (svm.SVR(), SIGNAL, {"sampler": GaussianSampler()}, "drawn from a normal law"),
    ],
    ids=name,
)
def test_what_is_no_sum_of_products_says_why_and_is_sampled(model, y, params, reason):
    model = clone(model).fit(X, y)
    with pytest.raises(ValueError, match=f'method="exact".*{reason}'):
        LimeExplainer(model, method="exact", **params).fit(X)
    fitted = LimeExplainer(model, n_samples=64, random_state=0, **params).fit(X)
    assert fitted.method_ == "sampling"


def test_a_kernel_of_texts_is_sampled():
    words = np.array([["a", "b", "c"][i % 3] for i in range(60)], dtype=object)
    process = GaussianProcess(Words(), optimizer=None, alpha=0.1)
    model = make_pipeline(FunctionTransformer(np.ravel), process)
    model.fit(words[:, np.newaxis], (words == "a") * 1.0)
    table = words[:, np.newaxis]
    with pytest.raises(ValueError, match=r"kernel Words\(\)"):
        LimeExplainer(model, method="exact").fit(table)
    explainer = LimeExplainer(model, random_state=0).fit(table)
    assert explainer.method_ == "sampling"
    assert explainer.transform(table[:1])[0, 0] > 0.5
