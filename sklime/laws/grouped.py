"""Groups of columns, drawn together from one training row, as one interpretable column."""

import numpy as np

from sklime.laws.columns import Column
from sklime.laws.coordinates import UNSEEN
from sklime.laws.product import Atoms


class GroupedColumn(Column):
    """Several columns of bins or categories, drawn together from one training row.

    A value stands for one combination of the columns' training values, and is its number.
    Of a row whose combination training never had, all that is known is the bin: such
    values are negative. A bin is one combination of the columns' bins.

    Parameters
    ----------
    members : sequence of Column
        What training taught about each of the columns.
    E : ndarray of shape (n_rows, n_members)
        Their encoded training values.
    weights : ndarray of shape (n_rows,), default=None
        Weights of the training rows. None: all the same.

    Attributes
    ----------
    combinations : ndarray of shape (n_values, n_members)
        The encoded values that each value stands for.
    codes_of_members : ndarray of shape (n_bins, n_members) of int
        The columns' own bins in each bin.
    dummies : bool
        Whether the columns hold 0 and 1 alone, and one at most of them is 1, so that the
        one that is tells all.
    """

    def __init__(self, members, E, weights=None):
        self.members = tuple(members)
        if weights is not None:
            E, weights = E[weights > 0], weights[weights > 0]
        codes = self._codes_of_members(E)
        self._bins = _Combinations(codes)
        bins = self._bins.numbers
        # Numbered bin by bin.
        places = np.column_stack([bins, self._places(E)])
        self._rows = _Combinations(places)
        _, first = np.unique(self._rows.numbers, return_index=True)
        counts = np.bincount(self._rows.numbers, weights)
        super().__init__(np.arange(float(len(counts))), counts / counts.sum())
        self.bins = bins[first]
        self.combinations = E[first]
        self.codes_of_members = codes[first[np.unique(self.bins, return_index=True)[1]]]
        self.dummies = are_dummies(self.combinations)

    def encode(self, E):
        """Number of each combination of encoded values; below 0 where it is a new one."""
        bins = self._bins.find(self._codes_of_members(E))
        found = self._rows.find(np.column_stack([bins, self._places(E)]))
        return np.where(found >= 0, found, _of_bin(bins)).astype(np.float64)

    def codes(self, x):
        """Bin of each value; `UNSEEN` for combinations of bins that training never had."""
        x = x.astype(np.intp)
        return np.where(x >= 0, self.bins[np.maximum(x, 0)], _of_bin(x))

    def of_values(self, codes):
        """Whether the bins of all columns are single values."""
        codes = np.asarray(codes)
        own = self.codes_of_members[np.where(codes == UNSEEN, 0, codes)]
        single = [m.of_values(own[..., k]) for k, m in enumerate(self.members)]
        return np.all(single, axis=0) | (codes == UNSEEN)

    def law(self, code):
        """Empirical law with deviations from bin `code` (None: relative to no row)."""
        outside = self.bins != code if code is not None else np.zeros(len(self.bins))
        return Atoms(self.values, self.masses, self.bins, outside.astype(np.float64))

    def _codes_of_members(self, E):
        own = [
            m.codes(np.ascontiguousarray(x)) for m, x in zip(self.members, E.T, strict=True)
        ]
        return np.column_stack(own).astype(np.intp)

    def _places(self, E):
        """Position of each value among those of its column; below 0 where it is new."""
        found = []
        for member, x in zip(self.members, E.T, strict=True):
            # Sorting and searching both put NaN last, so missing finds its own place.
            at = np.minimum(np.searchsorted(member.values, x), len(member.values) - 1)
            own = member.values[at]
            found.append(np.where((own == x) | (np.isnan(own) & np.isnan(x)), at, -1))
        return np.column_stack(found)


def are_dummies(E):
    """Whether columns hold 0 and 1, each of them both, and a row one 1 at most."""
    mixed = np.isin(E, (0.0, 1.0)).all() and np.ptp(E, axis=0).all()
    return bool(mixed and (E.sum(axis=1) <= 1.0).all())


class _Combinations:
    """Numbers of the distinct rows of a table of numbers from 0, in their order.

    Parameters
    ----------
    table : ndarray of shape (n_rows, n_columns) of int

    Attributes
    ----------
    numbers : ndarray of shape (n_rows,) of int
        Of its own rows.
    """

    def __init__(self, table):
        self._levels = []
        numbers = np.zeros(len(table), dtype=np.intp)
        # Column by column, so that no number is larger than rows times values.
        for column in table.T:
            size = int(column.max()) + 1
            keys, numbers = np.unique(numbers * size + column, return_inverse=True)
            self._levels.append((size, keys))
        self.numbers = numbers

    def find(self, table):
        """Number of each row of another table; -1 where this one has no such row."""
        numbers = np.zeros(len(table), dtype=np.intp)
        for (size, keys), column in zip(self._levels, table.T, strict=True):
            known = (numbers >= 0) & (column >= 0) & (column < size)
            wanted = np.where(known, numbers * size + column, -1)
            at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
            numbers = np.where(known & (keys[at] == wanted), at, -1)
        return numbers


def _of_bin(codes):
    """Value of a new combination in a bin, and back: -1 of none, -2 of the first."""
    return np.where(codes == UNSEEN, UNSEEN, -2 - codes)
