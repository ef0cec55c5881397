"""Confidence bounds against scipy's root finder and binomial distribution."""

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import beta, binom, binomtest, entropy, ttest_1samp

from sklime.anchors.bounds import (
    bernoulli_bounds,
    jeffreys_interval,
    kl_bernoulli,
    mean_interval,
    normal_bounds,
    proportion_interval,
)


def divergence(p, q):
    return entropy([p, 1.0 - p], [q, 1.0 - q])


def test_divergences_are_those_of_scipy():
    p, q = np.meshgrid([0.0, 0.1, 0.5, 0.97, 1.0], [0.01, 0.3, 0.97])
    own = [divergence(*pair) for pair in zip(p.ravel(), q.ravel(), strict=True)]
    assert kl_bernoulli(p, q).ravel() == pytest.approx(own, abs=1e-14)


@pytest.mark.parametrize("n", [1, 50, 10_000])
@pytest.mark.parametrize("level", [0.1, 3.0, 12.0])
def test_bounds_are_roots_of_the_divergence(n, level):
    means = np.array([0.0, 0.2, 0.5, 0.95, 1.0])
    lower, upper = bernoulli_bounds(means, n, level)
    for mean, low, high in zip(means, lower, upper, strict=True):

        def excess(q, mean=mean):
            return n * divergence(mean, q) - level

        expected = brentq(excess, 1e-300, mean, xtol=1e-14) if mean > 0.0 else 0.0
        assert low == pytest.approx(expected, abs=1e-9)
        end = 1.0 - 1e-16
        # Some bounds are nearer to 1 than floats can tell.
        inside = mean < 1.0 and excess(end) > 0.0
        expected = brentq(excess, mean, end, xtol=1e-14) if inside else 1.0
        assert high == pytest.approx(expected, abs=1e-9)


def test_nothing_is_known_without_draws():
    lower, upper = bernoulli_bounds(np.array([0.5]), np.array([0]), 1.0)
    assert (lower, upper) == (0.0, 1.0)
    lower, upper = normal_bounds(np.array([0.5]), np.array([0.0]), np.array([1]), 1.0)
    assert (lower, upper) == (-np.inf, np.inf)
    assert proportion_interval(0, 0, 0.05) == (0.0, 1.0)


@pytest.mark.parametrize("successes", [0, 1, 47, 100])
def test_intervals_of_shares_are_exact(successes):
    own = binomtest(successes, 100).proportion_ci(0.9, method="exact")
    assert proportion_interval(successes, 100, 0.1) == pytest.approx(tuple(own))


@pytest.mark.parametrize("successes", [0, 1, 47, 99, 100])
def test_intervals_for_reports_are_jeffreys(successes):
    own = beta(successes + 0.5, 100.5 - successes).ppf([0.05, 0.95])
    if successes == 0:
        own[0] = 0.0
    if successes == 100:
        own[1] = 1.0
    assert jeffreys_interval(successes, 100, 0.1) == pytest.approx(tuple(own))


def test_intervals_for_reports_are_right_as_often_as_they_say():
    n, k = 400, np.arange(401)
    ends = np.array([jeffreys_interval(own, n, 0.05) for own in k])
    covered = []
    for p in np.linspace(0.9, 0.999, 100):
        inside = (ends[:, 0] <= p) & (p <= ends[:, 1])
        covered.append(binom(n, p).pmf(k)[inside].sum())
    assert 0.94 <= np.mean(covered) <= 0.96


def test_intervals_of_means_are_students():
    x = np.random.default_rng(0).normal(3.0, 2.0, 12)
    own = ttest_1samp(x, 0.0).confidence_interval(0.9)
    assert mean_interval(x.mean(), x.var(ddof=1), 12, 0.1) == pytest.approx(tuple(own))
