import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics import r2_score

from sklime.moments.draws import Draws, scale_answers
from sklime.moments.products import effective_size, weighted_products
from sklime.moments.sampled import SampledMoments

# Single-precision sums of up to 8,192 products of order 1, in double from there on.
SINGLE = 2e-6


def zero_or_one(rng, d, n):
    return rng.random((d, n)) < rng.uniform(0.2, 0.8, size=(d, 1))


def standardised(rng, d, n):
    return rng.normal(size=(d, d)) @ rng.normal(size=(d, n)) + 3.0


DESIGNS = [zero_or_one, standardised]


def weights_of(rng, n):
    """Of any size, and some of them 0."""
    return rng.exponential(size=n) * (rng.random(n) < 0.8) * 10.0 ** rng.integers(-5, 5)


def draws_around(rng, design, d=5, n=300, outputs=2):
    Z = design(rng, d, n)
    answers = rng.normal(size=(outputs, d)) @ Z + np.square(rng.normal(size=(outputs, n)))
    answers = answers * [[1.0], [1e4]][:outputs] + 50.0
    position = np.ones(d) if Z.dtype == bool else rng.normal(size=d)
    return Draws(Z, position, weights_of(rng, n), *scale_answers(answers)), answers


def neighbourhoods(design, n_rows=3, **shape):
    rng = np.random.default_rng(0)
    pairs = [draws_around(rng, design, **shape) for _ in range(n_rows)]
    return [draws for draws, _ in pairs], [answers for _, answers in pairs]


def precision(design):
    return SINGLE if design is zero_or_one else 1e-11


# ---- products


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("n", [1, 100, 8192, 8193, 20_000])
def test_products_are_those_of_plain_double_precision(design, n):
    rng = np.random.default_rng(1)
    Z, Y, w = design(rng, 4, n), rng.uniform(-1, 1, size=(3, n)), 0.1 + weights_of(rng, n)
    products = weighted_products(Z, w, Y)
    relative = w / w.max()
    A = np.vstack([np.ones(n), Z, Y])
    expected = (A * relative) @ A.T
    np.testing.assert_allclose(products, expected, atol=precision(design) * expected.max())
    size = relative.sum() ** 2 / (relative**2).sum()
    assert effective_size(w) == pytest.approx(size, rel=1e-12)


@pytest.mark.parametrize("design", DESIGNS)
def test_products_do_not_depend_on_the_unit_of_the_weights(design):
    rng = np.random.default_rng(2)
    Z, Y, w = design(rng, 4, 500), rng.uniform(-1, 1, size=(1, 500)), weights_of(rng, 500)
    # Powers of two, so that the scaled weights are exact.
    for unit in (2.0**-900, 2.0**900):
        scaled = weighted_products(Z, unit * w, Y)
        np.testing.assert_array_equal(scaled, weighted_products(Z, w, Y))
        assert effective_size(unit * w) == effective_size(w)


@pytest.mark.parametrize("design", DESIGNS)
def test_products_without_weight_are_zero(design):
    Z = design(np.random.default_rng(3), 2, 10)
    products = weighted_products(Z, np.zeros(10), np.ones((1, 10)))
    assert products.shape == (4, 4) and not products.any()
    assert effective_size(np.zeros(10)) == 0.0


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([1e-290, 1e-3, 1.0, 1e6, 1e290]),
    st.sampled_from([0.0, -1e3, 1e9]),
)
def test_scaled_answers_lie_between_minus_one_and_one(seed, unit, offset):
    Y = unit * (np.random.default_rng(seed).normal(size=(3, 20)) + offset)
    scaled, origin, scale = scale_answers(Y)
    # A few roundings of numbers of the size of the answers.
    rounding = 1e-15 * np.abs(Y).max()
    np.testing.assert_allclose(scaled.min(axis=1), -1.0, atol=rounding / scale.min())
    np.testing.assert_allclose(scaled.max(axis=1), 1.0, atol=rounding / scale.min())
    again = origin[:, np.newaxis] + scale[:, np.newaxis] * scaled
    np.testing.assert_allclose(again, Y, rtol=0, atol=rounding)


def test_constant_answers_are_scaled_to_exactly_zero():
    scaled, origin, scale = scale_answers(np.full((1, 7), 0.1))
    assert not scaled.any() and origin == 0.1 and scale == 1.0


def test_the_widest_finite_answers_have_a_finite_scale():
    scaled, _, scale = scale_answers(np.array([[1e308, -1e308, 0.0]]))
    assert scaled.tolist() == [[1.0, -1.0, 0.0]] and scale == 1e308


# ---- central moments


@pytest.mark.parametrize("design", DESIGNS)
def test_central_moments_are_weighted_covariances(design):
    around, all_answers = neighbourhoods(design)
    moments = SampledMoments.of(around)
    central = moments.normalised()
    assert len(moments) == 3 and moments.n_features == 5 and central.n_samples == 300
    for i, (draws, answers) in enumerate(zip(around, all_answers, strict=True)):
        w, unit = draws.weights, moments.y_scale[i]
        Z, Y = draws.Z.astype(float), answers / unit[:, np.newaxis]
        expected = np.cov(np.vstack([Z, Y]), aweights=w, ddof=0)
        close = {"rtol": 0, "atol": 10 * precision(design) * np.abs(expected).max()}
        np.testing.assert_allclose(central.gram[i], expected[:5, :5], **close)
        np.testing.assert_allclose(central.cross[i], expected[:5, 5:], **close)
        np.testing.assert_allclose(central.spread[i], np.diagonal(expected)[5:], **close)
        mean_z = central.mean_z[i] + moments.z_origin[i]
        np.testing.assert_allclose(mean_z, np.average(Z, axis=1, weights=w), **close)
        mean_y = central.mean_y[i] + moments.y_origin[i] / unit
        np.testing.assert_allclose(mean_y, np.average(Y, axis=1, weights=w), **close)
        size = w.sum() ** 2 / (w @ w)
        assert moments.effective_sample_sizes[i] == pytest.approx(size, rel=SINGLE)
    np.testing.assert_array_equal(moments.positions, [own.position for own in around])


@pytest.mark.parametrize("design", DESIGNS)
def test_what_does_not_vary_has_no_covariance_at_all(design):
    rng = np.random.default_rng(4)
    draws, _ = draws_around(rng, design)
    Z, Y = draws.Z.copy(), draws.Y.copy()
    Z[1], Z[3, :] = Z[1, 0], True
    Y[0] = 0.3
    flat = Draws(Z, draws.position, draws.weights, Y, draws.y_origin, draws.y_scale)
    central = SampledMoments.of([flat]).normalised()
    for j in (1, 3):
        assert not central.gram[0, j].any() and not central.gram[0, :, j].any()
        assert not central.cross[0, j].any()
    assert not central.cross[0, :, 0].any() and central.spread[0, 0] == 0.0
    assert (np.diagonal(central.gram[0])[[0, 2, 4]] > 0).all() and central.spread[0, 1] > 0


def test_variation_among_weightless_draws_does_not_count():
    draws, _ = draws_around(np.random.default_rng(5), zero_or_one)
    w = draws.weights * draws.Z[2]
    within = Draws(draws.Z, draws.position, w, draws.Y, draws.y_origin, draws.y_scale)
    assert SampledMoments.of([within]).normalised().gram[0, 2, 2] == 0.0


@pytest.mark.parametrize("design", DESIGNS)
def test_rows_without_weight_have_zero_moments(design):
    one, _ = draws_around(np.random.default_rng(6), design)
    none = Draws(one.Z, one.position, 0 * one.weights, one.Y, one.y_origin, one.y_scale)
    moments = SampledMoments.of([one, none])
    central = moments.normalised()
    assert moments.effective_sample_sizes[1] == 0.0 < moments.effective_sample_sizes[0]
    for name in ("gram", "cross", "spread", "mean_z", "mean_y"):
        part = getattr(central, name)
        assert not part[1].any() and part[0].any()


def test_designs_far_from_zero_lose_no_digits():
    rng = np.random.default_rng(7)
    Z = rng.normal(size=(3, 400))
    Y, *units = scale_answers(np.array([[2.0, -1.0, 0.5]]) @ Z)
    slopes = []
    for offset in (0.0, 1e6):
        draws = Draws(Z + offset, np.full(3, offset), np.ones(400), Y, *units)
        moments = SampledMoments.of([draws])
        slopes.append(moments.normalised().ridge(0.0)[0, 0] * moments.y_scale[0])
    # The moved design itself is rounded to 1e-10.
    np.testing.assert_allclose(slopes, [[2.0, -1.0, 0.5]] * 2, rtol=1e-8)


# ---- surrogates from moments


def random_support(rng, n_rows, outputs, d):
    support = rng.random((n_rows, outputs, d)) < 0.5
    support[0, 0] = False
    return support


@pytest.mark.parametrize("penalty", [0.0, 1.0, 100.0])
@pytest.mark.parametrize("design", DESIGNS)
def test_ridge_is_that_of_scikit_learn_at_a_penalty_scaled_by_the_mean_weight(
    design, penalty
):
    around, all_answers = neighbourhoods(design)
    moments = SampledMoments.of(around)
    coef = moments.normalised().ridge(penalty) * moments.y_scale[..., np.newaxis]
    assert coef.shape == (3, 2, 5)
    for i, (draws, answers) in enumerate(zip(around, all_answers, strict=True)):
        w = draws.weights
        for c, y in enumerate(answers):
            alpha = penalty * w.mean()
            expected = (
                Ridge(alpha=alpha, solver="cholesky")
                .fit(draws.Z.T.astype(float), y, sample_weight=w)
                .coef_
            )
            # Condition numbers of these designs are below 100.
            tolerance = 100 * precision(design) * np.ptp(y)
            np.testing.assert_allclose(coef[i, c], expected, atol=tolerance)


@pytest.mark.parametrize("penalty", [0.0, 30.0])
@pytest.mark.parametrize("design", DESIGNS)
def test_ridge_on_a_support_is_the_ridge_on_these_columns(design, penalty):
    around, all_answers = neighbourhoods(design)
    support = random_support(np.random.default_rng(8), 3, 2, 5)
    moments = SampledMoments.of(around)
    coef = moments.normalised().ridge(penalty, support) * moments.y_scale[..., np.newaxis]
    assert (coef[~support] == 0.0).all() and (coef[support] != 0.0).all()
    for i, c in zip(*support.any(axis=2).nonzero(), strict=True):
        draws, y, kept = around[i], all_answers[i][c], support[i, c]
        alpha = penalty * draws.weights.mean()
        fitted = Ridge(alpha=alpha, solver="cholesky").fit(
            draws.Z[kept].T.astype(float), y, sample_weight=draws.weights
        )
        tolerance = 100 * precision(design) * np.ptp(y)
        np.testing.assert_allclose(coef[i, c, kept], fitted.coef_, atol=tolerance)


def test_full_support_is_no_support():
    around, _ = neighbourhoods(standardised)
    central = SampledMoments.of(around).normalised()
    everything = np.ones((3, 2, 5), dtype=bool)
    # Another order of the same sums.
    np.testing.assert_allclose(
        central.ridge(1.0, everything), central.ridge(1.0), rtol=1e-10
    )


@pytest.mark.parametrize("penalty", [0.0, 1.0])
def test_features_that_do_not_vary_get_exactly_nothing_and_disturb_nobody(penalty):
    draws, _ = draws_around(np.random.default_rng(9), zero_or_one)
    Z = draws.Z.copy()
    Z[2] = True
    flat = Draws(Z, draws.position, draws.weights, draws.Y, draws.y_origin, draws.y_scale)
    others = np.arange(5) != 2
    without = Draws(
        Z[others], np.ones(4), draws.weights, draws.Y, draws.y_origin, draws.y_scale
    )
    support = np.ones((1, 2, 5), dtype=bool)
    expected = SampledMoments.of([without]).normalised().ridge(penalty)[0]
    for kept in (None, support):
        coef = SampledMoments.of([flat]).normalised().ridge(penalty, kept)[0]
        assert (coef[:, 2] == 0.0).all()
        np.testing.assert_allclose(coef[:, others], expected, atol=10 * SINGLE)


@pytest.mark.parametrize("design", DESIGNS)
def test_explained_share_is_the_weighted_r2(design):
    around, all_answers = neighbourhoods(design)
    moments = SampledMoments.of(around)
    central = moments.normalised()
    rng = np.random.default_rng(10)
    for coef in (central.ridge(0.0), central.ridge(50.0), rng.normal(size=(3, 2, 5))):
        found = central.explained(coef)
        shifted = central.explained(coef, offset=np.full((3, 2), 0.25))
        for i, (draws, answers) in enumerate(zip(around, all_answers, strict=True)):
            w, Z = draws.weights, draws.Z.astype(float)
            for c, y in enumerate(answers):
                unit = moments.y_scale[i, c]
                linear = unit * coef[i, c] @ Z
                best = linear + np.average(y - linear, weights=w)
                expected = r2_score(y, best, sample_weight=w)
                tolerance = 100 * precision(design) * max(1.0, abs(expected))
                assert found[i, c] == pytest.approx(expected, abs=tolerance)
                expected = r2_score(y, best + 0.25 * unit, sample_weight=w)
                tolerance = 100 * precision(design) * max(1.0, abs(expected))
                assert shifted[i, c] == pytest.approx(expected, abs=tolerance)


def test_answers_that_do_not_vary_are_explained_wholly():
    draws, _ = draws_around(np.random.default_rng(11), zero_or_one, outputs=1)
    Y, *units = scale_answers(np.full((1, 300), 7.0))
    around = Draws(draws.Z, draws.position, draws.weights, Y, *units)
    central = SampledMoments.of([around]).normalised()
    coef = central.ridge(1.0)
    assert not coef.any() and central.explained(coef) == 1.0


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(8, 60))
def test_linear_answers_are_recovered_and_explained_wholly(seed, d, n):
    rng = np.random.default_rng(seed)
    # Independent normal columns, more draws than features: condition numbers stay small.
    Z, slopes = rng.normal(size=(d, n)), rng.normal(size=d)
    w = rng.uniform(0.5, 2.0, size=n)
    Y, origin, scale = scale_answers((slopes @ Z)[np.newaxis])
    moments = SampledMoments.of([Draws(Z, np.zeros(d), w, Y, origin, scale)])
    central = moments.normalised()
    coef = central.ridge(0.0)
    found = coef[0, 0] * moments.y_scale[0]
    fitted = LinearRegression().fit(Z.T, slopes @ Z, sample_weight=w)
    size = np.abs(slopes).max()
    np.testing.assert_allclose(found, slopes, atol=1e-7 * size)
    np.testing.assert_allclose(found, fitted.coef_, atol=1e-7 * size)
    assert central.explained(coef)[0, 0] == pytest.approx(1.0, abs=1e-7)
