"""Ranges of neighbouring bins around a row's own: what conditions can ask for."""

import numpy as np

from sklime.laws.columns import BinnedColumn

# What a sum of frequencies is off by.
_ROUNDING = 1e-12


class BinRanges:
    """Ranges of bins that conditions on columns can ask for.

    Of columns whose bins are neighbours any run of these that holds the row's own, so that
    conditions are intervals and half-lines; of all other columns, and of what is missing,
    the row's own bin alone. A range that every draw is in is no condition.

    Parameters
    ----------
    n_ordered : ndarray of shape (n_features,) of int
        How many bins of each column are neighbours, the first ones; 0 of categories.
    frequencies : list of n_features ndarrays
        Frequencies of all bins.

    Attributes
    ----------
    frequencies : ndarray of shape (n_features, n_bins)
        The same, filled up with 0.
    """

    def __init__(self, n_ordered, frequencies):
        self.n_ordered = np.array(n_ordered, dtype=np.intp)
        width = max(map(len, frequencies), default=0)
        self.frequencies = np.array(
            [np.pad(own, (0, width - len(own))) for own in frequencies]
        ).reshape(len(frequencies), width)

    @classmethod
    def of_runs(cls, columns):
        """All runs of neighbouring bins of a sampler's columns."""
        n_ordered = [c.n_bins if isinstance(c, BinnedColumn) else 0 for c in columns]
        return cls(n_ordered, [column.frequencies for column in columns])

    @classmethod
    def of_bins(cls, columns):
        """Each bin of a sampler's columns alone."""
        return cls([0] * len(columns), [column.frequencies for column in columns])

    def around(self, column, code):
        """All ranges that hold bins.

        Parameters
        ----------
        column, code : ndarray of shape (n,) of int
            Columns, and a bin of each.

        Returns
        -------
        which : ndarray of shape (n_ranges,) of int
            The column and bin that each range is for.
        low, high : ndarray of shape (n_ranges,) of int
            Its first and its last bin.
        """
        n = self.n_ordered[column]
        found = [np.flatnonzero(code >= n)]
        ends = [(code[found[0]], code[found[0]])]
        widest = n.max(initial=0)
        for low in range(widest):
            for high in range(low, widest):
                own = np.flatnonzero((low <= code) & (code <= high) & (high < n))
                found.append(own)
                ends.append((np.full(len(own), low), np.full(len(own), high)))
        which = np.concatenate(found)
        low, high = (np.concatenate(own) for own in zip(*ends, strict=True))
        mass = self.mass(column[which], low, high)
        telling = (mass > 0.0) & (mass < 1.0 - _ROUNDING)
        return which[telling], low[telling], high[telling]

    def all_of(self, j):
        """First and last bins of all ranges of a column that any row can have."""
        codes = np.flatnonzero(self.frequencies[j])
        _, low, high = self.around(np.full(len(codes), j), codes)
        return np.unique(np.column_stack([low, high]), axis=0).T

    @property
    def n_around(self):
        """Ranges around a bin at most."""
        return int(self._options().max(initial=1))

    @property
    def n_rules(self):
        """Rules that a row can have at most, as a float: there may be many."""
        with np.errstate(over="ignore"):
            return np.prod(1.0 + self._options())

    def _options(self):
        """Ranges around a bin of each column at most, (n_features,)."""
        n, j = self.n_ordered, np.arange(len(self.n_ordered))
        half = (n + 1) // 2
        # But for one that every draw is in.
        whole = self.mass(j, np.zeros_like(n), np.maximum(n - 1, 0)) >= 1.0 - _ROUNDING
        return np.maximum(half * (n + 1 - half) - whole, 1)

    def mass(self, column, low, high):
        """Probability that a column lies in a range."""
        cumulated = np.pad(np.cumsum(self.frequencies, axis=1), ((0, 0), (1, 0)))
        return cumulated[column, high + 1] - cumulated[column, low]


# What conditions on numeric columns can ask for, by `AnchorExplainer(conditions=)`.
CONDITIONS = {"bin": BinRanges.of_bins, "range": BinRanges.of_runs}
