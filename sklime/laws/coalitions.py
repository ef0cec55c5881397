"""Coalitions for Shapley values: with their complements, stratified by size."""

import numpy as np
from scipy.special import comb

from sklime.laws.base import Sample
from sklime.laws.masks import rounded_shares, shares_of_strata
from sklime.laws.subsets import distinct_subsets
from sklime.validation import check_count


def draw_coalitions(n_units, n_samples, seed=0, repeats=False):
    """Draw distinct coalitions that keep some units and not all, each with its complement.

    All sizes are drawn equally often, which is in proportion to leverage; a size that has
    no more is taken whole, and so are all of them where they fit. Of one size, units and
    pairs of units are about equally often in the coalitions.

    Parameters
    ----------
    n_units : int
        Number of units.
    n_samples : int
        Number of coalitions, both of a pair counted: at least the two of one pair.
    seed : int, default=0
        Equal seeds give equal coalitions.
    repeats : bool, default=False
        Whether coalitions of a size that has no more are drawn repeatedly, as often as
        others, because answers to them differ.

    Returns
    -------
    Sample
        Without inputs. `masses` are the Shapley kernel's, for each size as a whole, and sum
        to 1. The complements of the first half follow in the same order; a coalition, its
        complement and repetitions of both share a group.

    References
    ----------
    Musco and Witter (2025), Provably accurate Shapley value estimation via leverage score
    sampling, for the sizes. Covert and Lee (2021), Improving KernelSHAP, for complements.

    Examples
    --------
    >>> from sklime.laws.coalitions import draw_coalitions
    >>> drawn = draw_coalitions(4, 100)
    >>> len(drawn), drawn.exhaustive
    (14, True)
    """
    check_count("n_samples", n_samples)
    d, rng, n_pairs = n_units, np.random.default_rng(seed), max(n_samples // 2, 1)
    size, middle = np.arange(d // 2 + 1), 2 * np.arange(d // 2 + 1) == d
    # Four times the request is as good as infinitely many.
    there = np.minimum(np.rint(comb(d, size) / np.where(middle, 2, 1)), 4 * n_pairs)
    there = there.astype(int)
    there[0] = 0
    # Those of half the units are one size, the others two.
    share = np.where(middle, 1.0, 2.0) * (size > 0)
    if repeats:
        wanted = n_pairs * share / (share.sum() or 1.0)
        times = rounded_shares(wanted, rng)
        exhaustive = bool((times >= there).all())
        counts = np.minimum(times, there)
    else:
        wanted = shares_of_strata(share, there, n_pairs)
        counts = times = np.minimum(rounded_shares(wanted, rng), there)
        exhaustive = bool(there.sum() <= n_pairs)
    drawn = distinct_subsets(d, counts, there, rng)
    kept = drawn.sum(axis=1)
    drawn[2 * kept == d] ^= rng.random((np.sum(2 * kept == d), 1)) < 0.5
    # A size with a share below 1 is met by chance, and then stands for others too.
    met = np.where(wanted < 1.0, wanted, counts)[kept]
    masses = share[kept] / (kept * (d - kept)) / met
    # The first of each size are repeated once more than the others.
    rank = np.arange(len(kept)) - np.searchsorted(kept, kept)
    often = times[kept] // counts[kept] + (rank < times[kept] % counts[kept])
    pairs = np.repeat(np.arange(len(kept)), often)
    drawn, masses = drawn[pairs], (masses / often)[pairs]
    masses /= masses.sum() or 1.0
    return Sample(
        inputs=None,
        design=np.concatenate([drawn, ~drawn]),
        position=np.ones(d),
        masses=0.5 * np.concatenate([masses, masses]),
        groups=np.concatenate([pairs, pairs]),
        exhaustive=exhaustive,
        n_draws=2 * len(drawn),
    )
