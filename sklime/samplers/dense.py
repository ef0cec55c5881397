"""Dense tables: every row is described by all columns."""

import numpy as np

from sklime.samplers.table import TableFormat


class DenseFormat(TableFormat):
    """How the rows of an array or data frame are written as numbers and back.

    Parameters
    ----------
    X : ndarray or DataFrame of shape (n_rows, n_features)
        Training rows.
    """

    def columns(self, X, build, categorical):
        """Learn every column.

        Parameters
        ----------
        X : ndarray or DataFrame
            Training rows.
        build : callable
            Learns one column from its encoded values, name and kind.
        categorical : ndarray of shape (n_features,) of bool
            Columns compared for equality.

        Returns
        -------
        tuple of Column
        """
        E = self.encode(X)
        return tuple(map(build, E.T, self.feature_names, categorical))

    def rows(self, X, columns):
        """Give each row's columns, values and format: the same columns for all."""
        for e in self.encode(X):
            yield columns, e[np.newaxis], self

    def units(self, X):
        """Positions of each row's own columns: None, as all rows have all columns."""
        return None

    def typical_units(self, X):
        """Number of columns that describe a row."""
        return self.n_features

    def describe(self, j, value):
        """Readable text of one encoded value."""
        return "missing (NaN)" if np.isnan(value) else self.level_name(j, value)
