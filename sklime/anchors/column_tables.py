"""Lookup tables of columns' laws: draws, and draws within bins, without a search."""

from dataclasses import replace

import numpy as np

# Training rows up to which a table has an entry for each of them.
_MOST_ENTRIES = 1 << 16


class ColumnTable:
    """Law of one column as a list of equally probable values, where it is one.

    Parameters
    ----------
    column : Column
        Of bins or categories; gives the bins of values.
    law : Atoms or NormalPieces
        What is drawn.
    n_rows : int
        Number of training rows, by which unweighted values are counted.
    """

    def __init__(self, column, law, n_rows):
        self.column, self.law = column, law
        self._all, self._bins = self._entries(law, n_rows), {}

    def __getstate__(self):
        return vars(self) | {"_bins": {}}

    def draw(self, u, bins=None):
        """Values and their bins at uniform numbers, within a range of bins if given."""
        if bins is not None and bins not in self._bins:
            self._bins[bins] = self._within(*bins)
        entries = self._all if bins is None else self._bins[bins]
        if isinstance(entries, np.ndarray):
            at = entries[(u * len(entries)).astype(np.intp)]
            return self.law.values[at], self.law.bins[at]
        values = entries.draw(u)
        return values, self.column.codes(values)

    def _entries(self, law, n_rows):
        """Positions of values, each as often as training rows have it; or the law."""
        if not hasattr(law, "values") or n_rows > _MOST_ENTRIES:
            return law
        counts = law.masses * n_rows
        whole = np.rint(counts)
        if np.abs(counts - whole).max() > 1e-6 or whole.sum() != n_rows:
            return law  # weighted rows
        return np.repeat(np.arange(len(whole)), whole.astype(int))

    def _within(self, low, high):
        entries, inside = self._all, (low <= self.law.bins) & (self.law.bins <= high)
        if isinstance(entries, np.ndarray):
            return entries[inside[entries]]
        masses = np.where(inside, self.law.masses, 0.0)
        return replace(self.law, masses=masses / masses.sum())
