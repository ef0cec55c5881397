"""Masses of splits: the probability of going left, and of a split's whole box."""

from abc import ABC, abstractmethod
from dataclasses import replace

import numpy as np
from scipy import sparse

from sklime.exact.feature_map import line_through
from sklime.exact.trees.empirical_splits import IntervalSplits, SetSplits
from sklime.exact.trees.split_chances import MatchedSplits, NormalSplits
from sklime.exceptions import NoClosedForm
from sklime.laws.overlapping import OverlappingRanges

# Numbers that are held at a time while splits are compared with values.
_BLOCK = 1 << 22


def column_cuts(j, column, points, features, splits, mismatch):
    """Choose the representation of a column's splits.

    Parameters
    ----------
    column : Column
        Its values, masses and bins.
    points : ndarray of shape (n_points,)
        Where the features are known.
    features : FeatureMap
        Model features as functions of the columns.
    mismatch : float or ndarray of shape (n_bins + 1,)
        The kernel's factor for a bin of the column that does not match.

    Returns
    -------
    NormalCuts, OrderedCuts, SubsetCuts, RangesOfCuts, OrderedValueCuts or SubsetValueCuts
    """
    if column.normal:
        return NormalCuts(points, features.owned[j], features.values[j], splits)
    if isinstance(column, OverlappingRanges):
        return RangesOfCuts(j, column, points, features, splits, mismatch)
    values = features.values[j][:, : len(column.observed)]
    before, after = values[:, :-1], values[:, 1:]
    monotone = (before <= after).all(axis=1) | (before >= after).all(axis=1)
    ordered = monotone.all() and splits.compares(features.owned[j]).all()
    if column.binary:
        kind = OrderedCuts if ordered else SubsetCuts
        return kind(j, column, features, splits, mismatch)
    kind = OrderedValueCuts if ordered else SubsetValueCuts
    return kind(j, column, features, splits)


class MatchedCuts(ABC):
    """Splits of a column of bins or categories, drawn from its empirical marginal.

    Subclasses tell, by bin, the masses of what boxes allow and of what goes left.

    Parameters
    ----------
    j, column, features, splits, mismatch
        As for `column_cuts`.

    Attributes
    ----------
    n_laws : int
        Bins, and one for a value that training never had.
    """

    binary = True

    def __init__(self, j, column, features, splits, mismatch):
        self.j, self.features, self.splits = j, features, splits
        self.bins, self.masses = column.law(None).bins, column.masses
        self.frequencies = column.frequencies
        self.mismatch = mismatch
        self.n_laws = len(self.frequencies) + 1

    @abstractmethod
    def masses_by_bin(self, own, above, right):
        """Masses by bin of what goes left of splits, and of their boxes.

        Parameters
        ----------
        own : ndarray of shape (n_own,) of int
            Some splits of the column.
        above : ndarray of shape (n_own,) of int
            Place in `own` of the nearest split above, -1 where there is none.
        right : ndarray of shape (n_own,) of bool
            On which side of it.

        Returns
        -------
        left, box : ndarray of shape (n_own, n_bins)
        """

    def cut(self, own, above, right):
        """Chances of some splits of the column, whose arguments are as above."""
        left, box = self.masses_by_bin(own, above, right)
        return MatchedSplits(left, box, self.frequencies, self.mismatch)


class _Intervals:
    """Threshold splits of a column: their boxes are intervals of its observed values.

    Parameters
    ----------
    j, column, features, splits
        As for `column_cuts`.
    """

    n_comparisons = 0

    def __init__(self, j, column, features, splits):
        self.j, self.features, self.splits = j, features, splits
        n = len(column.observed)
        values = features.values[j][:, :n].astype(splits.precision)
        self.rising = values[:, -1] >= values[:, 0]
        self.values = np.where(self.rising[:, np.newaxis], values, values[:, ::-1])

    def intervals(self, own, above, right):
        """Where boxes begin, are cut, and end, and whether their lower part goes left.

        The arguments are those of `MatchedCuts.masses_by_bin`, positions those of values.

        Returns
        -------
        low, middle, high : ndarray of shape (n_own,) of int
        rising : ndarray of shape (n_own,) of bool
        """
        feature = self.splits.feature[own]
        row = np.searchsorted(self.features.owned[self.j], feature)
        middle = np.empty(len(own), dtype=int)
        for r in np.unique(row):
            at = row == r
            middle[at] = np.searchsorted(
                self.values[r], self.splits.threshold[own[at]], side="right"
            )
        n, rising = self.values.shape[1], self.rising[row]
        middle = np.where(rising, middle, n - middle)
        return *_intervals(middle, n, rising, above, right), rising

    def missing_sides(self, own, above, right):
        """Whether boxes allow the missing value, and whether splits send it left."""
        value = self.features.of(self.j, self.splits.feature[own])[:, -1:]
        goes_left = self.splits.goes_left(own, value)[:, 0]
        allowed = np.ones(len(own), dtype=bool)
        for here, split, side in _ancestors(above, right):
            allowed[here] &= goes_left[split] != side
        return allowed, goes_left


class OrderedCuts(_Intervals, MatchedCuts):
    """Threshold splits: values up to a point go left, those beyond it right.

    Boxes allow an interval of values, and perhaps the missing one; the mass of an interval
    is a difference of cumulated masses.
    """

    def __init__(self, j, column, features, splits, mismatch):
        MatchedCuts.__init__(self, j, column, features, splits, mismatch)
        _Intervals.__init__(self, j, column, features, splits)
        n = len(column.observed)
        self.cumulated = np.append(0.0, np.cumsum(self.masses[:n]))
        codes = np.arange(len(self.frequencies))
        self.first = np.searchsorted(self.bins[:n], codes)
        self.last = np.searchsorted(self.bins[:n], codes, side="right")
        # The missing value is a bin of its own, the last.
        self.missing = np.bincount(self.bins[n:], self.masses[n:], len(codes))

    def masses_by_bin(self, own, above, right):
        low, middle, high, rising = self.intervals(own, above, right)
        box = self._between(low, high)
        left = self._between(*_left_of(low, middle, high, rising))
        if self.missing.any():
            allowed, goes_left = self.missing_sides(own, above, right)
            box += np.outer(allowed, self.missing)
            left += np.outer(allowed & goes_left, self.missing)
        return left, box

    def _between(self, low, high):
        """Mass by bin of the values from `low` to before `high`."""
        low, high = (
            self.cumulated[np.clip(end[:, np.newaxis], self.first, self.last)]
            for end in (low, high)
        )
        return high - low


class _Sets:
    """Splits of a column into two sets of values, such as sets of categories.

    Parameters
    ----------
    j, column, features, splits
        As for `column_cuts`.
    """

    def __init__(self, j, column, features, splits):
        self.j, self.features, self.splits = j, features, splits
        self.n_comparisons = len(column.values)

    def sets(self, own, above, right):
        """Values that splits send left, and that their boxes allow, by cells of values.

        The arguments are those of `MatchedCuts.masses_by_bin`. No split separates the
        values of a cell.

        Returns
        -------
        goes_left, allowed : ndarray of shape (n_own, n_cells) of bool
        cells : ndarray of shape (n_values,) of int
        """
        goes_left, cells = self._indistinct_values(own)
        allowed = np.ones_like(goes_left)
        for here, split, side in _ancestors(above, right):
            allowed[here] &= goes_left[split] != side[:, np.newaxis]
        goes_left &= allowed
        return goes_left, allowed, cells

    def _indistinct_values(self, own):
        """Group values that no split separates.

        Returns which cells each split sends left, and the cell of each value.
        """
        feature, n = self.splits.feature[own], self.n_comparisons
        step = max(1, _BLOCK // n)
        parts = [slice(start, start + step) for start in range(0, len(own), step)]
        # Random words: two sets of splits have equal sums when they are equal, and else
        # with a probability of 2**-63.
        words = np.random.default_rng(0).integers(1, 2**63, len(own), dtype=np.uint64)
        key = np.zeros(n, dtype=np.uint64)
        goes_left = []
        for part in parts:
            values = self.features.of(self.j, feature[part])
            goes_left.append(self.splits.goes_left(own[part], values))
            key += words[part] @ goes_left[-1]
        _, first, cells = np.unique(key, return_index=True, return_inverse=True)
        return np.concatenate([passed[:, first] for passed in goes_left]), cells


class SubsetCuts(_Sets, MatchedCuts):
    """Splits of a column of bins or categories into two sets of values."""

    def __init__(self, j, column, features, splits, mismatch):
        MatchedCuts.__init__(self, j, column, features, splits, mismatch)
        _Sets.__init__(self, j, column, features, splits)

    def masses_by_bin(self, own, above, right):
        goes_left, allowed, cells = self.sets(own, above, right)
        mass = sparse.csr_matrix((self.masses, (self.bins, cells)))
        left, box = np.empty((2, len(own), mass.shape[0]))
        step = max(1, _BLOCK // mass.shape[1])
        for start in range(0, len(own), step):
            part = slice(start, start + step)
            for out, cells in [(left, goes_left), (box, allowed)]:
                out[part] = (mass @ cells[part].T.astype(np.float64)).T
        return left, box


class RangesOfCuts:
    """Splits of a column of overlapping ranges: sums of those of the bins in them.

    Parameters
    ----------
    j, column, points, features, splits, mismatch
        As for `column_cuts`.
    """

    binary = True

    def __init__(self, j, column, points, features, splits, mismatch):
        values = list(features.values)
        values[j] = values[j][:, column.places]
        features = replace(features, values=values)
        own = j, column.base, points[column.places], features, splits
        self._cuts = column_cuts(*own, None)
        self._sets, self._mismatch = column.sets, mismatch
        self.n_comparisons = self._cuts.n_comparisons
        self.n_laws = self._sets.shape[0] + 1

    def cut(self, own, above, right):
        """Chances of some splits of the column, as `MatchedCuts.cut`."""
        left, box = self._cuts.masses_by_bin(own, above, right)
        left, box = ((self._sets @ mass.T).T for mass in (left, box))
        frequencies = self._sets @ self._cuts.frequencies
        return MatchedSplits(left, box, frequencies, self._mismatch)


class OrderedValueCuts(_Intervals):
    """Threshold splits of a standardised column, drawn from its training values."""

    binary = False
    n_laws = 1

    def __init__(self, j, column, features, splits):
        super().__init__(j, column, features, splits)
        self.n_values = len(column.values)
        self.has_missing = column.has_missing

    def cut(self, own, above, right):
        """Chances of some splits of the column, as `MatchedCuts.cut`."""
        bounds = self.intervals(own, above, right)
        sides = self.missing_sides(own, above, right) if self.has_missing else None
        return IntervalSplits(self.n_values, *bounds, sides)


class SubsetValueCuts(_Sets):
    """Splits of a standardised column into two sets of its training values."""

    binary = False
    n_laws = 1

    def cut(self, own, above, right):
        """Chances of some splits of the column, as `MatchedCuts.cut`."""
        goes_left, allowed, cells = self.sets(own, above, right)
        return SetSplits(goes_left, allowed & ~goes_left, cells)


class NormalCuts:
    """Splits of a standardised column, drawn from a normal law.

    Steps may shift and scale the column: what is split is a line in it.

    Parameters
    ----------
    points : ndarray of shape (n_points,)
        Values of the column.
    owned : ndarray of shape (n_owned,) of int
        The model features that come from it.
    values : ndarray of shape (n_owned, n_points)
        Their values.
    splits : Splits
        All splits.

    Raises
    ------
    NoClosedForm
        If a feature is no line in the column, or is not compared as it is.
    """

    binary = False
    n_laws = 1
    n_comparisons = 0

    def __init__(self, points, owned, values, splits):
        compared = splits.compares(owned)
        if not compared.all():
            raise NoClosedForm(
                f"model feature {owned[~compared][0]} has categories or numbers that stand "
                "for missing values, and no intervals under a normal law"
            )
        self.owned, self.splits = owned, splits
        self.origin, self.slope = line_through(points, values.T)
        self.edges = np.unique(
            self._thresholds(np.flatnonzero(np.isin(splits.feature, owned)))
        )

    def cut(self, own, above, right):
        """Masses of some splits of the column, as `MatchedCuts.cut`."""
        middle = np.searchsorted(self.edges, self._thresholds(own)) + 1
        n = len(self.edges) + 1
        rising = self.slope[self._lines(own)] > 0.0
        low, middle, high = _intervals(middle, n, rising, above, right)
        left = _left_of(low, middle, high, rising)
        return NormalSplits(self.edges, left, (low, high))

    def _lines(self, tests):
        return np.searchsorted(self.owned, self.splits.feature[tests])

    def _thresholds(self, tests):
        """Thresholds of splits, as positions in the column."""
        line = self._lines(tests)
        return (self.splits.threshold[tests] - self.origin[line]) / self.slope[line]


def _left_of(low, middle, high, rising):
    """Where what goes left of a split begins and ends."""
    return np.where(rising, low, middle), np.where(rising, middle, high)


def _intervals(middle, n, rising, above, right):
    """Bounds of boxes and their cuts, as positions among `n` sorted values.

    What goes left of a split is the part before `middle` where its feature is rising, else
    the part from there on.
    """
    low, high = np.zeros_like(middle), np.full_like(middle, n)
    for here, split, side in _ancestors(above, right):
        upper = side == rising[split]
        bound = middle[split]
        low[here] = np.where(upper, np.maximum(low[here], bound), low[here])
        high[here] = np.where(upper, high[here], np.minimum(high[here], bound))
    high = np.maximum(low, high)
    return low, np.clip(middle, low, high), high


def _ancestors(above, right):
    """Walk up the trees from all splits at once, one step at a time.

    Yields the splits that still have one above, that one, and the side they are on.
    """
    here = np.flatnonzero(above >= 0)
    split, side = above[here], right[here]
    while len(here):
        yield here, split, side
        going = above[split] >= 0
        here, split = here[going], split[going]
        split, side = above[split], right[split]
