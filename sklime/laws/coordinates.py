"""Coordinates of table rows in interpretable space."""

from dataclasses import dataclass, replace

import numpy as np

UNSEEN = -1


@dataclass(frozen=True, eq=False)
class Coordinates:
    """Coordinates of table rows in interpretable space.

    Parameters
    ----------
    binary : ndarray of shape (n_features,) of bool
        Columns compared by bin or category; the others are standardised.
    codes : ndarray of shape (n_features, n_rows) of int
        Bins and categories, 0 in standardised columns; `UNSEEN` for values that training
        never had.
    z : ndarray of shape (n_features, n_rows) of float, or None
        Standardised values, 0 in binary columns; None where all columns are binary.
    """

    binary: np.ndarray
    codes: np.ndarray
    z: np.ndarray | None

    def __len__(self):
        return self.codes.shape[1]

    def of_row(self, i):
        """The coordinates of one row."""
        own = slice(i, i + 1)
        z = None if self.z is None else self.z[:, own]
        return Coordinates(self.binary, self.codes[:, own], z)

    def narrowed(self):
        """The same with codes in as few bytes as they need."""
        least = -int(self.codes.max(initial=0)) - 2
        return replace(self, codes=self.codes.astype(np.min_scalar_type(least)))

    def first(self, n_rows):
        """Coordinates of the first rows."""
        z = None if self.z is None else self.z[:, :n_rows]
        return Coordinates(self.binary, self.codes[:, :n_rows], z)

    def where(self, kept, others):
        """These coordinates where `kept`, (n_features, n_rows), and others elsewhere."""
        codes = np.where(kept, self.codes, others.codes)
        z = None if self.z is None else np.where(kept, self.z, others.z)
        return Coordinates(self.binary, codes, z)

    def relative_to(self, rows, i):
        """Design of these points relative to row `i` of `rows`.

        Returns
        -------
        Z : ndarray of shape (n_features, n_points)
            bool where all columns are binary, else float: 1 where the point shares the
            row's bin or category, or the standardised value.
        position : ndarray of shape (n_features,)
            The row's own design: 1, or its standardised value.
        """
        own = rows.codes[:, i]
        # A value never seen in training matches nothing, not even its like.
        unseen = own == UNSEEN
        same = self.codes == np.where(unseen, UNSEEN - 1, own)[:, np.newaxis]
        if self.z is None:
            return same, np.ones(len(self.binary))
        compared = self.binary | unseen
        Z = np.where(compared[:, np.newaxis], same, self.z)
        return Z, np.where(compared, 1.0, rows.z[:, i])


def coordinates(columns, E):
    """Place encoded rows in interpretable space.

    Parameters
    ----------
    columns : sequence of Column
        One per column of `E`.
    E : ndarray of shape (n_rows, n_columns)
    """
    binary = np.array([column.binary for column in columns], dtype=bool)
    largest = max((len(column.values) for column in columns), default=0)
    codes = np.zeros(E.shape[::-1], dtype=np.min_scalar_type(-largest - 2))
    z = None if binary.all() else np.zeros(E.shape[::-1])
    for j, column in enumerate(columns):
        x = np.ascontiguousarray(E[:, j])
        codes[j] = column.codes(x)
        if not column.binary:
            z[j] = column.standardise(x)
    return Coordinates(binary, codes, z)
