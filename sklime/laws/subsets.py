"""Random subsets of given sizes, all distinct."""

from itertools import chain, combinations

import numpy as np
from scipy.special import comb


def distinct_subsets(d, wanted, sizes, rng):
    """Draw distinct subsets of d units, equally likely among those of their size.

    Units and pairs of units are about equally often in the subsets of each size.

    Where the size is half of d, only subsets with the first unit are drawn: one of each
    subset and its complement.

    Parameters
    ----------
    d : int
        Number of units.
    wanted : ndarray of shape (d // 2 + 1,) of int
        How many subsets of 0, 1, ... units to draw.
    sizes : ndarray of shape (d // 2 + 1,) of int
        How many there are; above twice `wanted` any number will do.

    Returns
    -------
    ndarray of shape (wanted.sum(), d) of bool
        In increasing order of size.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime.laws.subsets import distinct_subsets
    >>> rng = np.random.default_rng(0)
    >>> distinct_subsets(2, np.array([1, 1]), np.array([1, 1]), rng).astype(int)
    array([[0, 0],
           [1, 0]])
    """
    kept = np.repeat(np.arange(len(wanted)), wanted)
    drawn = np.empty((len(kept), d), dtype=bool)
    listed = sizes < 2 * wanted
    for h in np.flatnonzero(listed):
        chosen = rng.choice(sizes[h], wanted[h], replace=False)
        drawn[kept == h] = _all_subsets(d, h)[chosen]
    # Elsewhere masks are drawn again until they differ, each time at most half of them.
    again = np.flatnonzero(~listed[kept])
    while len(again):
        drawn[again] = _smallest(_balanced_numbers(len(again), d, rng), kept[again])
        middle = again[2 * kept[again] == d]
        drawn[middle] ^= ~drawn[middle, :1]
        again = np.setdiff1d(np.arange(len(drawn)), distinct_rows(drawn)[0])
    return drawn


def distinct_rows(masks):
    """Find the distinct rows of a boolean matrix.

    Parameters
    ----------
    masks : ndarray of shape (n_rows, n_columns) of bool

    Returns
    -------
    first : ndarray of shape (n_distinct,) of int
        Where each of them occurs first.
    times : ndarray of shape (n_distinct,) of int
        How often it occurs.
    """
    # A column of ones, as numpy finds no unique rows among rows of nothing.
    packed = np.packbits(np.pad(masks, ((0, 0), (0, 1)), constant_values=True), axis=1)
    return np.unique(packed, axis=0, return_index=True, return_counts=True)[1:]


def _balanced_numbers(n, d, rng):
    """Uniform numbers of shape (n, d) whose first two binary digits balance.

    Each of the two is d columns of a Hadamard matrix, chosen and negated at random: in a
    block of its height, any two columns have each pair of digits equally often.
    """
    height, blocks = 1 << d.bit_length(), []
    for start in range(0, n, height):
        rows = rng.permutation(height)[: n - start, np.newaxis]
        numbers = rng.random((len(rows), d))
        for _ in range(2):
            columns = 1 + rng.permutation(height - 1)[:d]
            negated = rng.integers(2, size=d, dtype=np.uint8)
            digits = (np.bitwise_count(rows & columns) ^ negated) & 1
            numbers += digits
            numbers /= 2.0
        blocks.append(numbers)
    return np.concatenate(blocks)


def _smallest(numbers, counts):
    """Mark the `counts` smallest numbers of each row, fewer than all of them."""
    bounds = np.take_along_axis(np.sort(numbers, axis=1), counts[:, np.newaxis], axis=1)
    return numbers < bounds


def _all_subsets(d, h):
    """All masks that keep h units of d, in lexicographic order of the kept units."""
    n = comb(d, h, exact=True)
    units = np.fromiter(chain.from_iterable(combinations(range(d), h)), dtype=np.intp)
    masks = np.zeros((n, d), dtype=bool)
    masks[np.arange(n)[:, np.newaxis], units.reshape(n, h)] = True
    return masks
