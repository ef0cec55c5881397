r"""Interactions of two columns in trees: splits of both on one path.

With `g` the slope of a split's chance in its own column, and :math:`E_n` the expected
response in the box of node `n`, the derivative in another column `k` is

.. math:: W_{nk} = q \, W_{lk} + (1 - q) \, W_{rk} + [n \text{ splits } k] \, g (E_l - E_r),

and each split of `j` that has splits of `k` below it adds
:math:`r \, g \, (W_{lk} - W_{rk})` to the pair, with `r` the probability of its box.
"""

import numpy as np
from scipy import sparse

from sklime.exact.exact_source import whole_blocks

# Numbers of entries and rows that are multiplied together, and rows at most.
_CELLS, _MOST_ROWS = 1 << 18, 64


class SharedPaths:
    """Splits of wanted pairs of columns that lie on one path of a tree.

    An entry is a split and a column that it or a split below it cuts.

    Parameters
    ----------
    levels : list of Level
        Of a group of trees.
    columns : ndarray of shape (n_splits,) of int
        Which column each split cuts.
    number : ndarray of shape (n_columns, n_columns) of int
        The number of each pair of columns, -1 if it is not wanted.

    Attributes
    ----------
    n_terms : int
        Splits and columns below them that make a wanted pair.
    pairs : ndarray of int
        Numbers of the pairs that occur.
    n_rows : int
        Rows that are looked at together.
    by_pair : CSR matrix of shape (len(pairs), n_terms)
        Sums terms by pair.
    """

    def __init__(self, levels, columns, number):
        wanted = (number >= 0).any(axis=1)
        self._steps, terms = [], []
        below, n_entries, n_terms = None, 0, 0
        for level in reversed(levels):
            step = _Step(level, columns, wanted, number, below)
            self._steps.append(step)
            terms.append(step.pairs)
            below = step
            n_entries += len(step.split)
            n_terms += len(step.pairs)
        self.n_terms = n_terms
        self.n_rows = whole_blocks(_CELLS // max(n_entries, 1), _MOST_ROWS)
        self.pairs, own = np.unique(np.concatenate(terms), return_inverse=True)
        order = np.argsort(own, kind="stable")
        ends = np.append(0, np.cumsum(np.bincount(own, minlength=len(self.pairs))))
        # Said, as trees of one column each have no pair to tell it by.
        shape = len(self.pairs), n_terms
        self.by_pair = sparse.csr_matrix((np.ones(n_terms), order, ends), shape=shape)

    def terms(self, chance, effect, pull):
        """What splits add to pairs.

        Parameters
        ----------
        chance : ndarray of shape (n_splits, n_rows)
            Probabilities of going left.
        effect, pull : ndarrays of shape (n_splits, n_rows)
            Slopes of these, times differences of expected responses, and times the
            probabilities of the splits' boxes.

        Returns
        -------
        ndarray of shape (n_terms, n_rows)
        """
        n_rows = chance.shape[1]
        terms, start = np.empty((self.n_terms, n_rows)), 0
        # Last, the derivative in a column that is not cut below.
        below = np.zeros((1, n_rows))
        for step in self._steps:
            # Every index is inside; "clip" only spares a copy.
            right = np.take(below, step.right, axis=0, mode="clip")
            left = np.take(below, step.left, axis=0, mode="clip")
            left -= right
            part = terms[start : start + len(step.pairs)]
            np.take(pull, step.upper, axis=0, out=part, mode="clip")
            part *= left[step.paired]
            start += len(part)
            below = np.empty((len(step.split) + 1, n_rows))
            below[-1] = 0.0
            entries = below[:-1]
            np.take(chance, step.split, axis=0, out=entries, mode="clip")
            entries *= left
            entries += right
            entries[step.cut] += effect[step.split[step.cut]]
        return terms


class _Step:
    """Entries of the splits of one level.

    Attributes
    ----------
    split, column : ndarray of shape (n_entries,) of int
        The split, by its place in the group, and the column.
    left, right : ndarray of shape (n_entries,) of int
        Entries of the children in the level below, the last one where there is none.
    cut : ndarray of int
        Entries whose split cuts the column itself.
    paired, upper : ndarrays of shape (n_terms,) of int
        Entries whose split cuts the other column of a wanted pair, and that split.
    pairs : ndarray of shape (n_terms,) of int
        Numbers of their pairs.
    """

    def __init__(self, level, columns, wanted, number, below):
        d, n = len(wanted), level.place.stop - level.place.start
        own = columns[level.place]
        mine = np.flatnonzero(wanted[own])
        keys = mine * d + own[mine]
        sides = np.empty((2, 0), dtype=int)
        if below is not None:
            # Children are numbered all left ones first, then all right ones.
            child = level.inner[below.split - level.place.stop]
            sides = np.stack([child // n, child % n * d + below.column])
        entries = np.unique(np.concatenate([keys, sides[1]]))
        found = []
        for side in (0, 1):
            at = np.full(len(entries), sides.shape[1])
            held = np.flatnonzero(sides[0] == side)
            at[np.searchsorted(entries, sides[1, held])] = held
            found.append(at)
        self.left, self.right = found
        place, self.column = np.divmod(entries, d)
        self.split = place + level.place.start
        self.cut = np.searchsorted(entries, keys)
        pair = number[own[place], self.column]
        # A column makes no pair with itself.
        self.paired = np.flatnonzero(pair >= 0)
        self.upper = self.split[self.paired]
        self.pairs = pair[self.paired]
