"""Rarity of values: which of them draws hardly hold, on one side or the other."""

import numpy as np

# Own-value draws for each column and value, or column and row.
N_DRAWS = 512

# What a row's value is for draws: told well, rare, or shared by nearly all rows; or one
# that training never had.
TOLD, INSIDE, OTHERS, UNSEEN_VALUE = range(4)

# Of a range of numbers, as bins of numeric columns are, fewer draws are enough: there are
# many of them, and ordinary ones must not cost own-value draws.
_FEWER = 4

# Under narrow kernels common values are hardly left, too: by fewer than so many draws of
# the weighted law, and fewer than one in so many.
_FEWEST_LEAVING, _ONE_IN = 20.0, 256


def too_few(n_samples, of_values=True):
    """How few draws on one side of a value call for draws of its own.

    Values that a thirty-second of all rows have are not rare, however few draws there are;
    nor are ranges of numbers that one row in 128 lies in.

    Parameters
    ----------
    n_samples : int
        Number of draws.
    of_values : bool or ndarray of bool, default=True
        Whether the side is a single value, not a range of numbers.

    Returns
    -------
    float or ndarray
    """
    few = min(N_DRAWS / 4, n_samples / 32)
    return np.where(of_values, few, few / _FEWER)


def sides_of(masses, of_values, n_samples, others_of_values=True):
    """Tell what values are for draws.

    Parameters
    ----------
    masses : ndarray
        Probabilities of the rows' own sides.
    of_values : ndarray of bool
        Whether they are single values, not ranges of numbers.
    n_samples : int
        Number of draws; 0: only what training never had is rare.
    others_of_values : bool or ndarray of bool, default=True
        Whether so are the other sides.

    Returns
    -------
    ndarray of int
        `TOLD`, `INSIDE`, `OTHERS` or `UNSEEN_VALUE`.
    """
    inside = n_samples * masses < too_few(n_samples, of_values)
    outside = n_samples * (1.0 - masses) < too_few(n_samples, others_of_values)
    # The rarer side is the one that is drawn.
    sides = np.where(inside, INSIDE, np.where(outside, OTHERS, TOLD))
    # A bin that no draw can lie in is as good as one that training never had.
    sides = np.where(masses > 0.0, sides, UNSEEN_VALUE)
    return np.where(masses < 1.0, sides, TOLD)


def hardly_left(masses, weighted_masses, n_samples):
    """Whether a kernel leaves hardly any draws on one side of values that vary.

    Parameters
    ----------
    masses, weighted_masses : ndarray
        Probabilities of the rows' own sides, also under the weighted law.
    n_samples : int
        Number of its draws; 0: they tell nothing, and need not.

    Returns
    -------
    ndarray of bool
    """
    few = n_samples * scarcer(weighted_masses) < min(_FEWEST_LEAVING, n_samples / _ONE_IN)
    # That the weighted law has all of its mass on one side may be rounding.
    return few & (masses < 1.0)


def scarcer(masses):
    """Probabilities of the rarer sides."""
    return np.minimum(masses, 1.0 - masses)
