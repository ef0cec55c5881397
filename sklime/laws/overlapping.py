"""Columns of overlapping ranges of bins, for closed forms under conditions on them."""

import numpy as np
from scipy import sparse

from sklime.laws.columns import Column
from sklime.laws.product import Atoms


class OverlappingRanges(Column):
    """Column whose bins are ranges of the bins of another one, and may overlap.

    Closed forms know the law of a column inside each of its bins, and so, of this one,
    inside each range. First stand the single bins, as those of a column without a
    condition, then the ranges. As a whole it has the law of the other column: a last bin
    holds what the ranges hold less often than others.

    Parameters
    ----------
    base : Column
        Of bins or categories.
    low, high : ndarray of shape (n_ranges,) of int
        First and last bin of each range.

    Attributes
    ----------
    places : ndarray of shape (len(base.values),) of int
        Where the values of the other column stand, each as it is in its single bin.
    sets : sparse array of shape (n_sets, n_bins)
        How often each of the bins, single ones, ranges and last, holds a bin of the other
        column, in units that make all of them together that column.
    """

    def __init__(self, base, low, high):
        self.base, self.low, self.high = base, low, high
        bins, n = base.law(None).bins, len(base.frequencies)
        sizes = high - low + 1
        which = np.repeat(np.arange(len(low)), sizes)
        first = np.cumsum(sizes) - sizes
        held = low[which] + np.arange(len(which)) - first[which]
        often = 1.0 + np.bincount(held, minlength=n)
        rest = sparse.csr_array((often.max() - often)[np.newaxis])
        ranges = sparse.csr_array((np.ones(len(which)), (which, held)), shape=(len(low), n))
        sets = [sparse.eye_array(n), ranges, rest][: 2 + bool(rest.nnz)]
        self.sets = sparse.csr_array(sparse.vstack(sets)) / often.max()
        own, place = self.sets.tocsc()[:, bins].nonzero()
        # Values in their order, and of equal ones the single bins first.
        order = np.lexsort((own, place))
        self._bins, place = own[order].astype(np.intp), place[order]
        shares = np.asarray(self.sets[self._bins, bins[place]]).ravel()
        super().__init__(base.values[place], base.masses[place] * shares)
        self.places = np.flatnonzero(self._bins < n)

    def law(self, code):
        """Empirical law, relative to no row."""
        return Atoms(self.values, self.masses, self._bins, np.zeros(len(self.values)))
