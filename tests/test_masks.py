"""Masks against enumeration, binomial laws and the closed forms of the literature."""

from itertools import product
from math import comb, prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from sklime.kernels import CovarianceKernel, ExponentialKernel, UniformKernel
from sklime.laws.masks import ExchangeableLaw, weights_by_count

LAWS = {
    "text": ExchangeableLaw.uniform_deletions,
    "image": ExchangeableLaw.bernoulli,
    "tilted": lambda d: ExchangeableLaw.uniform_deletions(d).tilt(ExponentialKernel()),
}
COSINE = ExponentialKernel(metric="cosine", width=0.25)


def all_masks(d):
    return np.array(list(product([False, True], repeat=d)))


def probabilities(law, Z):
    """Of each mask, straight from the definition of an exchangeable law."""
    d = Z.shape[1]
    return np.array([law.masses[k] / comb(d, int(k)) for k in Z.sum(axis=1)])


def slopes(Z, weights, y):
    A = np.column_stack([np.ones(len(Z)), Z])
    root = np.sqrt(weights)[:, np.newaxis]
    return np.linalg.lstsq(A * root, y * root[:, 0], rcond=None)[0][1:]


def rough(Z, seed=0):
    """A function of masks with interactions of all orders, and no symmetry."""
    rng = np.random.default_rng(seed)
    hidden = np.tanh(Z @ rng.normal(size=(Z.shape[1], 8)) + rng.normal(size=8))
    return hidden @ rng.normal(size=8)


@settings(deadline=None, max_examples=60)
@given(
    kind=st.sampled_from(sorted(LAWS)),
    d=st.integers(0, 40),
    n=st.integers(1, 300),
    seed=st.integers(0, 10**6),
)
def test_masks_are_distinct_as_many_as_asked_for_and_sum_to_one(kind, d, n, seed):
    law = LAWS[kind](d)
    masks = law.draw(n, seed)
    assert masks.design.shape == (len(masks), d)
    assert len({row.tobytes() for row in masks.design}) == len(masks)
    there_are = sum(comb(d, k) for k in range(d + 1) if law.masses[k] > 0)
    assert len(masks) == min(n, there_are)
    assert masks.exhaustive == (there_are <= n)
    assert masks.masses.min() > 0
    assert masks.masses.sum() == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize("kind", LAWS)
@pytest.mark.parametrize("d", [1, 2, 3, 6, 7])
def test_few_units_are_enumerated_with_their_probabilities(kind, d):
    law = LAWS[kind](d)
    masks = law.draw(2**d, seed=1)
    Z = all_masks(d)
    expected = {z.tobytes(): p for z, p in zip(Z, probabilities(law, Z), strict=True) if p}
    found = {z.tobytes(): p for z, p in zip(masks.design, masks.masses, strict=True)}
    assert masks.exhaustive
    assert masks.groups is None
    assert found == pytest.approx(expected, rel=1e-12)


def test_laws_of_text_and_image_are_those_of_lime():
    np.testing.assert_allclose(
        ExchangeableLaw.uniform_deletions(4).masses, [0.25, 0.25, 0.25, 0.25, 0]
    )
    np.testing.assert_allclose(
        ExchangeableLaw.bernoulli(4).masses, np.array([1, 4, 6, 4, 1]) / 16
    )


def test_a_lone_unit_is_kept_or_deleted():
    np.testing.assert_allclose(ExchangeableLaw.uniform_deletions(1).masses, [0.5, 0.5])


def test_a_row_without_units_has_one_mask():
    for law in LAWS.values():
        masks = law(0).draw(10)
        assert masks.design.shape == (1, 0)
        assert masks.masses == [1]


def psi(t):
    return np.exp(-((1 - np.sqrt(1 - t)) ** 2) / (2 * 0.25**2))


def text_moment(d, p):
    """Mardaoui and Garreau (2021), proposition 2: E[pi z_1 ... z_p] under lime's law."""
    total = 0.0
    for s in range(1, d + 1):
        total += prod((d - s - k) / (d - k) for k in range(p)) * psi(s / d)
    return total / d


def image_moment(d, p):
    """Garreau and Mardaoui (2021): the same for superpixels."""
    return sum(comb(d - p, s) * psi(s / d) for s in range(d - p + 1)) / 2**d


@pytest.mark.parametrize("kind, moment", [("text", text_moment), ("image", image_moment)])
@pytest.mark.parametrize("p", [0, 1, 2, 3])
def test_enumerated_masks_have_the_moments_of_the_literature(kind, moment, p):
    d = 9
    masks = LAWS[kind](d).draw(2**d)
    weights = masks.masses * COSINE(masks.design, np.ones(d))
    found = weights[masks.design[:, :p].all(axis=1)].sum()
    assert found == pytest.approx(moment(d, p), rel=1e-10)


@pytest.mark.parametrize("width", [0.4, 1.0, 3.0])
def test_bernoulli_masks_tilted_by_a_euclidean_kernel_are_bernoulli(width):
    # exp(-(d - k) / (2 width**2)) is a product over units.
    kept = 1 / (1 + np.exp(-0.5 / width**2))
    tilted = ExchangeableLaw.bernoulli(30).tilt(ExponentialKernel(width, "euclidean"))
    np.testing.assert_allclose(
        tilted.masses, binom.pmf(np.arange(31), 30, kept), rtol=1e-9, atol=1e-300
    )


def test_weights_by_count_are_those_of_the_kernel():
    # Wide enough that the kernel is asked in blocks.
    found = weights_by_count(COSINE, 2500)
    kept = np.array([0, 1, 1200, 2499, 2500])
    np.testing.assert_allclose(found[kept], psi(1 - kept / 2500), rtol=1e-9)


def test_tilted_draws_need_no_weights():
    d, Z = 10, all_masks(10)
    law, y = LAWS["text"](d), rough(Z)
    weighted = slopes(Z, probabilities(law, Z) * COSINE(Z, np.ones(d)), y)
    masks = law.tilt(COSINE).draw(2**d)
    np.testing.assert_allclose(
        slopes(masks.design, masks.masses, rough(masks.design)), weighted, rtol=1e-8
    )


@pytest.mark.parametrize("kind", LAWS)
def test_masks_drawn_together_are_complements(kind):
    masks = LAWS[kind](21).draw(400, seed=3)
    together = [np.flatnonzero(masks.groups == g) for g in np.unique(masks.groups)]
    assert {len(pair) for pair in together} == {1, 2}
    for pair in together:
        if len(pair) == 2:
            np.testing.assert_array_equal(masks.design[pair[0]], ~masks.design[pair[1]])


@pytest.mark.parametrize("d", [20, 21])
def test_nearly_all_masks_are_paired_where_complements_are_as_likely(d):
    for kind in ("text", "image"):
        groups = LAWS[kind](d).draw(1000).groups
        # Counts of two strata may differ by one, and the all-deleted text has no partner.
        assert (np.bincount(groups) == 2).sum() >= 500 - d


def test_the_all_deleted_text_is_one_mask_of_its_own_mass():
    masks = LAWS["text"](50).draw(1000, seed=0)
    [at] = np.flatnonzero(~masks.design.any(axis=1))
    assert masks.masses[at] == pytest.approx(1 / 50, rel=1e-12)
    assert (masks.groups == masks.groups[at]).sum() == 1


@pytest.mark.parametrize("kind", LAWS)
@pytest.mark.parametrize("d, n", [(6, 20), (7, 25), (12, 64), (9, 300)])
def test_weighted_sums_are_right_on_average(kind, d, n):
    law, Z, repeats = LAWS[kind](d), all_masks(d), 300
    exact = probabilities(law, Z) @ np.column_stack([rough(Z), Z, Z[:, :1] & Z[:, 1:]])
    found = []
    for seed in range(repeats):
        masks = law.draw(n, seed)
        z = masks.design
        found.append(masks.masses @ np.column_stack([rough(z), z, z[:, :1] & z[:, 1:]]))
    error = np.std(found, axis=0) / np.sqrt(repeats)
    # Five standard errors of the mean; the sum of the masses of thin strata varies, which
    # as a ratio biases by less than 1 / n of the spread of the function.
    assert (np.abs(np.mean(found, axis=0) - exact) < 5 * error + 0.1 / n).all()


@pytest.mark.parametrize("kind", ["text", "image"])
def test_surrogates_are_those_of_all_masks_on_average(kind):
    d, n, repeats = 12, 1024, 100
    law, Z = LAWS[kind](d), all_masks(12)
    exact = slopes(Z, probabilities(law, Z) * COSINE(Z, np.ones(d)), rough(Z))
    found = []
    for seed in range(repeats):
        masks = law.draw(n, seed)
        weights = masks.masses * COSINE(masks.design, np.ones(d))
        found.append(slopes(masks.design, weights, rough(masks.design)))
    error = np.std(found, axis=0) / np.sqrt(repeats)
    # Five standard errors; the bias of a ratio is of second order, 1 / n.
    assert (np.abs(np.mean(found, axis=0) - exact) < 5 * error + 1 / n).all()


@pytest.mark.parametrize("kind", ["text", "image"])
def test_variance_is_less_than_half_that_of_independent_draws(kind):
    # A logistic regression of what is left, relative to its length as TF-IDF has it.
    d, n, repeats = 40, 500, 40
    effects = np.random.default_rng(0).exponential(size=d)

    def model(Z):
        score = Z @ effects / np.sqrt(np.maximum(Z.sum(axis=1), 1))
        return 1 / (1 + np.exp(2 - score))

    def variance(draw):
        found = []
        for seed in range(repeats):
            masks = draw(n, seed)
            weights = masks.masses * COSINE(masks.design, np.ones(d))
            found.append(slopes(masks.design, weights, model(masks.design)))
        return np.var(found, axis=0).mean()

    law = LAWS[kind](d)
    assert variance(law.draw) < 0.5 * variance(law.draw_independently)


@pytest.mark.parametrize("kind", LAWS)
def test_independent_draws_follow_the_law(kind):
    d, n = 5, 20_000
    law, Z = LAWS[kind](d), all_masks(d)
    masks = law.draw_independently(n, seed=0)
    share = {z.tobytes(): p for z, p in zip(masks.design, masks.masses, strict=True)}
    for z, p in zip(Z, probabilities(law, Z), strict=True):
        # Five standard errors of a share, and one draw for the shares near 0.
        bound = 5 * np.sqrt(p * (1 - p) / n) + 1 / n
        assert share.get(z.tobytes(), 0) == pytest.approx(p, abs=bound)


def test_equal_seeds_give_equal_masks():
    law = ExchangeableLaw.bernoulli(30)
    one, same, other = law.draw(100, 1), law.draw(100, 1), law.draw(100, 2)
    np.testing.assert_array_equal(one.design, same.design)
    assert (one.design != other.design).any()


@pytest.mark.parametrize("n_samples", [0, -3, 2.5, "all"])
def test_a_number_of_masks_that_is_none_is_refused(n_samples):
    law = ExchangeableLaw.bernoulli(3)
    for draw in (law.draw, law.draw_independently):
        with pytest.raises(ValueError, match="n_samples="):
            draw(n_samples)


def test_kernels_that_cannot_weigh_the_law_are_refused():
    from sklearn.gaussian_process.kernels import RBF

    law = ExchangeableLaw.uniform_deletions(30)
    with pytest.raises(ValueError, match="more than the number of kept units"):
        law.tilt(CovarianceKernel(RBF()))
    with pytest.raises(ValueError, match="widen it"):
        law.tilt(ExponentialKernel(width=1e-5))
    np.testing.assert_allclose(law.tilt(UniformKernel()).masses, law.masses)
