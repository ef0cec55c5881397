"""Confidence bounds of means: by Kullback-Leibler divergence, and for single intervals."""

import numpy as np
from scipy.special import betaincinv, stdtrit, xlogy

# Halvings of an interval of length 1, after which floats hardly differ.
_N_HALVINGS = 40


def kl_bernoulli(p, q):
    """Kullback-Leibler divergence of Bernoulli laws, elementwise; 0 * log 0 is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        divergence = xlogy(p, p / q) + xlogy(1.0 - p, (1.0 - p) / (1.0 - q))
    return np.where(p == q, 0.0, divergence)


def bernoulli_bounds(mean, n, level):
    """Smallest and largest probabilities whose divergence from means is small enough.

    Those `q` with ``n * kl(mean, q) <= level``, by bisection of all entries at once.

    Parameters
    ----------
    mean : ndarray of shape (n_arms,)
        Shares of successes.
    n : ndarray of shape (n_arms,)
        Numbers of trials; where it is 0, the bounds are 0 and 1.
    level : float or ndarray of shape (n_arms,)
        Exploration rate: ``exp(-level)`` bounds the probability of each error.

    Returns
    -------
    lower, upper : ndarray of shape (n_arms,)
    """
    mean, n, level = np.broadcast_arrays(mean, n, level)
    lower = np.where(n > 0, _furthest(mean, n, level, 0.0), 0.0)
    return lower, np.where(n > 0, _furthest(mean, n, level, 1.0), 1.0)


def normal_bounds(mean, variance, n, level):
    """The same bounds for means of a normal law, whose divergence is a square.

    Infinitely wide where there are fewer than two draws, which tell no variance.

    Parameters
    ----------
    mean, variance : ndarray of shape (n_arms,)
        Of the draws.
    n, level
        As for `bernoulli_bounds`.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        width = np.sqrt(2.0 * level * variance / n)
    width = np.where(n >= 2, width, np.inf)
    return mean - width, mean + width


def exploration_rate(n_arms, n_rounds, error):
    """Exploration rate of KL-LUCB for all arms and rounds together.

    Parameters
    ----------
    n_arms : ndarray or int
        Arms of each bandit.
    n_rounds : int
        The present round, from 1.
    error : float
        Probability that any bound fails.

    References
    ----------
    Kaufmann, Kalyanakrishnan (2013), Information Complexity in Bandit Subset Selection.
    """
    # With k1 = 2 and alpha = 2, of which sum k1 / t**alpha is finite.
    return np.log(2.0 * n_arms * n_rounds**2 / error)


def proportion_interval(successes, n, error):
    """Clopper-Pearson interval of a probability, exact for any number of trials.

    Parameters
    ----------
    successes, n : ndarray or float
        Numbers of successes and of trials; fractions of weighted rows, too.
    error : float
        Probability to miss the true value, half of it on either side.

    Returns
    -------
    lower, upper : ndarray
        0 and 1 where there is no trial.
    """
    successes, n = np.asarray(successes, dtype=float), np.asarray(n, dtype=float)
    failures = n - successes
    with np.errstate(invalid="ignore"):
        lower = betaincinv(successes, failures + 1.0, 0.5 * error)
        upper = betaincinv(successes + 1.0, failures, 1.0 - 0.5 * error)
    return np.where(successes > 0, lower, 0.0), np.where(failures > 0, upper, 1.0)


def jeffreys_interval(successes, n, error):
    """Jeffreys' interval of a probability, which misses the true value as often as it says.

    That of Clopper and Pearson misses it less often, by far where few trials fail.

    Parameters
    ----------
    successes, n, error
        As for `proportion_interval`.

    References
    ----------
    Brown, Cai, DasGupta (2001), Interval Estimation for a Binomial Proportion.
    """
    failures = n - successes
    half = successes + 0.5, failures + 0.5
    lower = betaincinv(*half, 0.5 * error) if successes > 0 else 0.0
    upper = betaincinv(*half, 1.0 - 0.5 * error) if failures > 0 else 1.0
    return float(lower), float(upper)


def mean_interval(mean, variance, n, error):
    """Student's interval of a mean.

    Parameters
    ----------
    mean, variance : float
        Of the draws, the variance with ``n - 1`` in the denominator.
    n : int
        Number of draws, at least 2.
    error : float
        Probability to miss the true mean, half of it on either side.

    Returns
    -------
    lower, upper : float
    """
    width = stdtrit(n - 1, 1.0 - 0.5 * error) * np.sqrt(variance / n)
    return mean - width, mean + width


def _furthest(mean, n, level, end):
    """Bisect between means, which are inside, and an end of [0, 1], which need not be."""
    inside, outside = mean.astype(float), np.full(mean.shape, end)
    for _ in range(_N_HALVINGS):
        middle = 0.5 * (inside + outside)
        near = n * kl_bernoulli(mean, middle) <= level
        inside = np.where(near, middle, inside)
        outside = np.where(near, outside, middle)
    return inside
