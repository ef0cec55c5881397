"""Bins of all columns in one list, for tables with one entry per bin."""

import numpy as np


class BinList:
    """List of the bins of all columns, one column after the other.

    The last place of each column is that of a value that training never had.

    Parameters
    ----------
    sizes : array-like of shape (n_features,) of int
        Numbers of bins.
    """

    def __init__(self, sizes):
        widths = np.asarray(sizes, dtype=np.intp) + 1
        self._ends = np.cumsum(widths)[:, np.newaxis]
        self._starts = self._ends - widths[:, np.newaxis]

    @property
    def starts(self):
        """Places of the first bins, (n_features, 1)."""
        return self._starts

    @property
    def unseen(self):
        """Places of values that training never had, one a column."""
        return self._ends[:, 0] - 1

    def split(self, values):
        """One entry per bin, as a list of arrays, one a column."""
        return np.split(values, self._ends[:-1, 0])

    def places(self, codes):
        """Places of bins in the list.

        Parameters
        ----------
        codes : ndarray of shape (n_features, n_rows) of int
            Bins of rows; -1 for a value that training never had.

        Returns
        -------
        ndarray of shape (n_rows, n_features) of int
        """
        # One layout, lest sums over features depend on the number of rows.
        return np.ascontiguousarray(self.by_column(codes).T)

    def by_column(self, codes):
        """The same places, (n_features, n_rows)."""
        return np.where(codes < 0, self._ends, self._starts) + codes
