import itertools
import pickle

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.base import clone
from sklearn.gaussian_process.kernels import (
    RBF,
    ConstantKernel,
    DotProduct,
    Matern,
    RationalQuadratic,
    WhiteKernel,
)
from sklearn.linear_model import LinearRegression
from sklearn.metrics import pairwise_distances

from sklime import FunctionRegressor, LimeExplainer
from sklime.kernels import ExponentialKernel, UniformKernel, as_kernel
from sklime.samplers import GaussianSampler, MarginalSampler

RNG = np.random.default_rng(0)
Z, POINT = RNG.normal(size=(50, 4)), RNG.normal(size=4)
TABLE = RNG.normal(size=(100, 4))
METRICS = [
    "braycurtis",
    "canberra",
    "chebyshev",
    "cityblock",
    "cosine",
    "euclidean",
    "hamming",
    "l1",
    "l2",
    "manhattan",
    "minkowski",
    "sqeuclidean",
]


def model(X):
    return np.sin(2.0 * X[:, 0]) * X[:, 1] + X[:, 2]


def explain(kernel, sampler=None):
    explainer = LimeExplainer(
        FunctionRegressor(model),
        kernel=kernel,
        sampler=sampler,
        n_samples=256,
        random_state=0,
    )
    return explainer.fit(TABLE).explain(TABLE[:4])


@pytest.mark.parametrize("metric", ["euclidean", "cityblock", "chebyshev", "cosine"])
@pytest.mark.parametrize("width", [0.3, 2.0])
def test_exponential_kernel_is_exp_of_half_the_squared_distance_in_widths(metric, width):
    distances = cdist(Z, POINT[np.newaxis], metric=metric)[:, 0]
    expected = np.exp(-(distances**2) / (2.0 * width**2))
    weights = ExponentialKernel(width=width, metric=metric)(Z, POINT)
    np.testing.assert_allclose(weights, expected, rtol=1e-12)


@pytest.mark.parametrize("metric", ["x", 3, "mahalanobis", "precomputed"])
def test_metrics_that_compare_no_rows_are_refused_before_any_draw(metric):
    X = np.eye(3)
    model = LinearRegression().fit(X, X[:, 0])
    explainer = LimeExplainer(model, kernel=ExponentialKernel(metric=metric))
    with pytest.raises(ValueError, match=f"metric={metric!r} of ExponentialKernel"):
        explainer.fit(X)


def test_exponential_kernel_takes_a_metric_function():
    def farthest(one, other):
        return np.abs(one - other).max()

    weights = ExponentialKernel(width=1.0, metric=farthest)(Z, POINT)
    expected = ExponentialKernel(width=1.0, metric="chebyshev")(Z, POINT)
    np.testing.assert_allclose(weights, expected, rtol=1e-12)


def test_defaults_are_euclidean_and_three_quarters_of_the_root_of_the_features():
    expected = np.exp(-np.square(Z - POINT).sum(axis=1) / (2.0 * 0.75**2 * 4))
    np.testing.assert_allclose(ExponentialKernel()(Z, POINT), expected, rtol=1e-12)


def test_weights_are_one_at_the_point_itself_and_lists_will_do():
    assert ExponentialKernel(width=0.1)([[1.0, 2.0]], [1.0, 2.0]) == [1.0]
    assert UniformKernel()([[1.0], [9.0]], [0.0]).tolist() == [1.0, 1.0]


@pytest.mark.parametrize("kernel", [ExponentialKernel(width=0.7), UniformKernel()])
def test_column_factors_multiply_up_to_the_weights(kernel):
    product = kernel.column_factor(Z - POINT).prod(axis=1)
    np.testing.assert_allclose(product, kernel(Z, POINT), rtol=1e-12)
    gaussian = np.exp(-0.5 * kernel.precision * np.square(Z[:, 0]))
    np.testing.assert_allclose(kernel.column_factor(Z[:, 0]), gaussian, rtol=1e-12)


@pytest.mark.parametrize("metric", [m for m in METRICS if m not in ("euclidean", "l2")])
def test_kernels_of_other_distances_are_no_products_over_columns(metric):
    kernel = ExponentialKernel(width=1.0, metric=metric)
    assert kernel.column_factor is None and kernel.precision is None


@pytest.mark.parametrize("metric", METRICS)
def test_kernels_that_promise_to_depend_on_matches_alone_do(metric):
    kernel = ExponentialKernel(width=0.8, metric=metric)
    assert kernel.exchangeable
    for d in range(1, 7):
        corners = np.array(list(itertools.product([0.0, 1.0], repeat=d)))
        distances = pairwise_distances(corners, np.ones((1, d)), metric=metric)[:, 0]
        by_count = kernel(np.tri(d + 1, d, -1), np.ones(d))
        expected = np.exp(-(distances**2) / (2.0 * 0.8**2))
        # Sums over columns in another order.
        np.testing.assert_allclose(
            by_count[corners.sum(axis=1).astype(int)], expected, rtol=1e-12
        )


# Those that Gaussian draws around a row can share between rows.
STATIONARY = [m for m in METRICS if ExponentialKernel(width=1.0, metric=m).stationary]


@pytest.mark.parametrize("metric", STATIONARY)
def test_kernels_that_promise_to_depend_on_the_difference_alone_do(metric):
    kernel = ExponentialKernel(width=0.8, metric=metric)
    # Rounding of the moved coordinates, a few times 1e-16, times distances up to 10.
    moved = kernel(Z + 3.0, POINT + 3.0)
    np.testing.assert_allclose(moved, kernel(Z, POINT), rtol=1e-12)


def test_only_distances_of_differences_promise_to_be_so():
    assert set(METRICS) - set(STATIONARY) == {"braycurtis", "canberra", "cosine", "hamming"}


@pytest.mark.parametrize("metric", METRICS)
def test_explanations_under_any_metric_use_its_distances(metric):
    explainer = LimeExplainer(
        FunctionRegressor(model),
        kernel=ExponentialKernel(width=0.8, metric=metric),
        n_samples=256,
        random_state=0,
    ).fit(TABLE)
    explanation = explainer.explain(TABLE[:4])
    around = explainer.sampler_.sample(
        TABLE[:4], explainer.n_samples_, random_state=explanation.meta["seed"]
    )
    for own, size in zip(around, explanation.effective_sample_sizes, strict=True):
        distances = pairwise_distances(
            own.design.astype(float), own.position[np.newaxis], metric=metric
        )
        w = np.exp(-(distances**2) / (2.0 * 0.8**2))
        # Products of 0/1 designs are summed in single precision.
        assert size == pytest.approx(w.sum() ** 2 / (w**2).sum(), rel=5e-6)


@pytest.mark.parametrize("width", [0, -1.0, np.nan, "wide", [1.0]])
def test_width_that_is_no_positive_number_is_refused(width):
    with pytest.raises(ValueError, match=r"width=.* of ExponentialKernel"):
        ExponentialKernel(width=width)(Z, POINT)
    with pytest.raises(ValueError, match=r"width=.* of ExponentialKernel"):
        explain(ExponentialKernel(width=width))


def test_resolve_fills_only_what_was_left_open():
    left_open = ExponentialKernel().resolve(metric="cosine", width=0.25)
    assert left_open == ExponentialKernel(width=0.25, metric="cosine")
    own = ExponentialKernel(width=3.0, metric="l1").resolve(metric="cosine", width=0.25)
    assert own == ExponentialKernel(width=3.0, metric="l1")
    assert UniformKernel().resolve(metric="cosine", width=0.25) == UniformKernel()


def test_kernels_are_equal_by_value_and_survive_clone_and_pickle():
    kernel = ExponentialKernel(width=2.0, metric="l1")
    assert clone(kernel) == kernel == pickle.loads(pickle.dumps(kernel))
    assert kernel != ExponentialKernel(width=2.0) and kernel != UniformKernel()
    assert len({kernel, clone(kernel)}) == 1


def test_as_kernel_copies_kernels_and_gives_the_default_for_none():
    kernel = ExponentialKernel(width=2.0)
    copied = as_kernel(kernel)
    assert copied == kernel and copied is not kernel
    assert as_kernel(None) == ExponentialKernel()


@pytest.mark.parametrize(
    "covariance",
    [
        RBF(0.7),
        RBF([0.5, 1.0, 2.0, 4.0]),
        Matern(nu=1.5),
        ConstantKernel(3.0) * RationalQuadratic(),
        RBF() + WhiteKernel(),
        DotProduct(),
    ],
)
def test_gaussian_process_kernels_weigh_by_covariance_with_the_row(covariance):
    kernel = as_kernel(covariance)
    expected = [covariance(each[np.newaxis], POINT[np.newaxis])[0, 0] for each in Z]
    # The covariance of each pair on its own.
    np.testing.assert_allclose(kernel(Z, POINT), expected, rtol=1e-9)
    assert kernel.stationary == covariance.is_stationary()
    isotropic = type(covariance) is RBF and not covariance.anisotropic
    assert (kernel.column_factor is not None) == isotropic and not kernel.exchangeable


@pytest.mark.parametrize(
    "sampler",
    [
        MarginalSampler(sequence="random"),
        GaussianSampler(),
        GaussianSampler(center="instance"),
    ],
)
@pytest.mark.parametrize(
    "kernel",
    [RBF(1.2), lambda Z, z: np.exp(-np.square(Z - z).sum(axis=1) / (2.0 * 1.2**2))],
)
def test_other_ways_to_write_the_exponential_kernel_explain_alike(kernel, sampler):
    same, ours = explain(kernel, sampler), explain(ExponentialKernel(width=1.2), sampler)
    # 0/1 designs are multiplied in single precision, where weights round differently.
    np.testing.assert_allclose(same.values, ours.values, atol=2e-6)
    np.testing.assert_allclose(same.scores, ours.scores, atol=2e-6)


def test_the_scale_of_a_kernel_does_not_matter():
    once, thousandfold = explain(RBF(1.2)), explain(ConstantKernel(1e3) * RBF(1.2))
    np.testing.assert_allclose(thousandfold.values, once.values, atol=2e-6)
    np.testing.assert_allclose(
        thousandfold.effective_sample_sizes, once.effective_sample_sizes, rtol=1e-6
    )


@pytest.mark.parametrize("kernel", ["rbf", 1.0, ExponentialKernel, RBF, {}])
def test_what_is_no_kernel_is_refused(kernel):
    with pytest.raises(TypeError, match="instance"):
        as_kernel(kernel)


@pytest.mark.parametrize(
    ("kernel", "told"),
    [
        (lambda Z, z: np.ones(3), r"shape \(3,\) for \d+ draws"),
        (lambda Z, z: np.ones((len(Z), 1)), "one weight per row"),
        (lambda Z, z: -np.ones(len(Z)), "negative or not finite, for example -1"),
        (lambda Z, z: np.full(len(Z), np.nan), "not finite, for example nan"),
        (lambda Z, z: np.full(len(Z), np.inf), "not finite, for example inf"),
    ],
)
@pytest.mark.parametrize("sampler", [MarginalSampler(), GaussianSampler(center="instance")])
def test_weights_that_make_no_sense_are_refused(kernel, told, sampler):
    with pytest.raises(ValueError, match=told):
        explain(kernel, sampler)


def test_users_kernel_sees_the_design_and_the_row():
    seen = []

    def kernel(Z, z):
        seen.append((Z.shape, z.copy()))
        return np.ones(len(Z))

    explanation = explain(kernel, GaussianSampler())
    standardised = (TABLE[:4] - TABLE.mean(axis=0)) / TABLE.std(axis=0)
    assert {shape for shape, _ in seen} == {(256, 4)}
    np.testing.assert_allclose([z for _, z in seen], standardised, rtol=1e-9)
    assert (explanation.effective_sample_sizes == 256).all()
