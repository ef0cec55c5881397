"""Dense tables, some of whose columns are read as one."""

from copy import copy
from functools import partial

import numpy as np

from sklime.tables.access import take_columns
from sklime.tables.format import TableFormat


class GroupedFormat(TableFormat):
    """Format of dense tables in which groups of columns are one feature each.

    Features stand where the first of their columns does. Of a group, the encoded value is
    the number of a combination of values, which its column gives and knows.

    Parameters
    ----------
    table_format : DenseFormat
        The format of the table's own columns.
    groups : dict of str to list of int
        Positions of the columns of each group, ascending.
    join : callable
        Makes one column of several: of what training taught about each, and of their
        encoded values. It has `encode` and `combinations`.

    Attributes
    ----------
    n_features : int
        Number of features.
    feature_names : ndarray of shape (n_features,), dtype object
        Names of groups, and of the other columns.
    nominal : ndarray of shape (n_features,), dtype bool
        Columns of levels; groups are none.
    """

    def __init__(self, table_format, groups, join):
        self._inner = table_format
        self._join = join
        taken = {j for own in groups.values() for j in own}
        alone = {j: (None, [j]) for j in range(table_format.n_features) if j not in taken}
        first = {own[0]: (name, own) for name, own in groups.items()}
        features = [feature for _, feature in sorted((alone | first).items())]
        self._names, positions = zip(*features, strict=True)
        self._positions = [np.array(own) for own in positions]
        self._first = np.array([own[0] for own in positions])
        self.grouped = np.array([name is not None for name in self._names])
        self.n_features = len(features)
        self.feature_names = self.renamed(table_format.feature_names)
        self.nominal = table_format.nominal[self._first] & ~self.grouped
        self._columns = None
        self._own = None

    def __getstate__(self):
        # It is for the fit alone.
        return vars(self) | {"_join": None}

    def renamed(self, names):
        """Names of the features, by those of the table's columns."""
        own = zip(self._names, names[self._first], strict=True)
        return np.array([name if group is None else group for group, name in own], object)

    def input_columns(self, j):
        return self._positions[j].tolist()

    def columns(self, X, build, categorical):
        own = self._inner.columns(X, build, categorical)
        E = self._inner.encode(X)
        self._columns = tuple(
            self._join([own[j] for j in at], E[:, at]) if grouped else own[at[0]]
            for grouped, at in zip(self.grouped, self._positions, strict=True)
        )
        return self._columns

    def every(self, mask):
        """Whether a mask over the table's columns holds for all columns of a feature."""
        return np.array([mask[own].all() for own in self._positions], dtype=bool)

    def encode(self, X):
        """Write rows as floats: as the table's format does, groups as numbers."""
        return self._joined(self._inner.encode(X))

    def decode(self, E):
        """Restore a table from its float matrix."""
        wide = np.empty((len(E), self._inner.n_features))
        for j, (grouped, at) in enumerate(zip(self.grouped, self._positions, strict=True)):
            if not grouped:
                wide[:, at[0]] = E[:, j]
                continue
            numbers = E[:, j].astype(np.intp)
            wide[:, at] = self._columns[j].combinations[np.maximum(numbers, 0)]
            # What training never had are the values of the row itself.
            if (numbers < 0).any():
                wide[np.ix_(numbers < 0, at)] = self._own[at]
        return self._inner.decode(wide)

    def describe(self, j, value):
        """Readable text of one encoded value."""
        at = self._positions[j]
        if not self.grouped[j]:
            return self._inner.describe(at[0], value)
        if value < 0:
            return "a combination that training never had"
        return self._text(at, self._columns[j].combinations[int(value)])

    @property
    def counted(self):
        """Features whose columns are all numbers or booleans, ndarray of bool."""
        return self.every(self._inner.counted)

    def edge(self, j, cut, observed):
        """Readable text of a bin edge."""
        return self._inner.edge(self._positions[j][0], cut, observed)

    def members(self, j):
        """Name, and texts of values and edges, of each column of a feature."""
        for at in self._positions[j].tolist():
            own = partial(self._inner.describe, at), partial(self._inner.edge, at)
            yield self._inner.feature_names[at], *own

    def rows(self, X, columns):
        wide = self._inner.encode(X)
        for own, e in zip(wide, self._joined(wide), strict=True):
            row_format = copy(self)
            row_format._own = own
            yield columns, e[np.newaxis], row_format

    def units(self, X):
        return None

    def varies(self, columns):
        return np.array([len(column.values) > 1 for column in columns])

    def restore(self, X):
        return self._inner.restore(X)

    def typical_units(self, X):
        return self.n_features

    def shown(self, X):
        """A table of one column per feature; a group's holds its values as text.

        Parameters
        ----------
        X : ndarray, pandas DataFrame or polars DataFrame of shape (n_rows, n_columns)

        Returns
        -------
        ndarray, pandas DataFrame or polars DataFrame of shape (n_rows, n_features)
            Of the same kind; arrays hold objects.
        """
        E, table = self._inner.encode(X), take_columns(X, self._first)
        texts = {
            j: [self._text(self._positions[j], e) for e in E[:, self._positions[j]]]
            for j in np.flatnonzero(self.grouped).tolist()
        }
        if isinstance(table, np.ndarray):
            table = table.astype(object)
            for j, own in texts.items():
                table[:, j] = own
        elif hasattr(table, "iloc"):
            import pandas as pd

            table = table.copy()
            for j, own in texts.items():
                table.isetitem(j, pd.Series(own, index=table.index, dtype=object))
            own = zip(self._names, table.columns, strict=True)
            labels = [label if name is None else name for name, label in own]
            table.columns = pd.Index(labels, tupleize_cols=False)
        else:
            import polars as pl

            own = table.get_columns()
            table = pl.DataFrame(
                [
                    pl.Series(self._names[j], texts[j], dtype=pl.String)
                    if j in texts
                    else series
                    for j, series in enumerate(own)
                ]
            )
        return table

    def _joined(self, wide):
        E = np.empty((len(wide), self.n_features))
        for j, (grouped, at) in enumerate(zip(self.grouped, self._positions, strict=True)):
            E[:, j] = self._columns[j].encode(wide[:, at]) if grouped else wide[:, at[0]]
        return E

    def _text(self, at, e):
        own = zip(at.tolist(), e, strict=True)
        names = self._inner.feature_names
        return ", ".join(f"{names[j]} = {self._inner.describe(j, v)}" for j, v in own)
