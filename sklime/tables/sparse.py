"""Sparse tables: a row is described by its stored entries, the others stay fixed."""

import numpy as np

from sklime.serialization.state import PlainState
from sklime.tables.codecs import edge_text
from sklime.tables.format import TableFormat
from sklime.tables.schema import default_names


class SparseFormat(PlainState, TableFormat):
    """Format of sparse tables: stored entries of rows as numbers and back.

    Parameters
    ----------
    X : CSR matrix of shape (n_rows, n_features)
        Training rows.
    """

    def __init__(self, X):
        self.n_features = X.shape[1]
        self.feature_names = default_names(X.shape[1])
        self.nominal = np.zeros(X.shape[1], dtype=bool)
        # Rows hold counts that training never had, and draws cannot be asked about those.
        self.integer = self.maybe_integer = np.zeros(X.shape[1], dtype=bool)
        self.dtype = X.dtype
        self.container = type(X)

    def columns(self, X, build, categorical):
        return _LazyColumns(X.tocsc(), build, categorical, self.feature_names)

    def rows(self, X, columns):
        for i, own in enumerate(self.units(X)):
            format_ = _StoredEntries(self, own)
            yield tuple(columns[j] for j in own), format_.encode(X[[i]]), format_

    def units(self, X):
        # Stored zeros are kept: storing an entry is the user's way of naming it.
        return [np.unique(own) for own in np.split(X.indices, X.indptr[1:-1])]

    def varies(self, columns):
        # Looking would make every column dense.
        return np.ones(self.n_features, dtype=bool)

    def restore(self, X):
        return X

    def typical_units(self, X):
        return max(X.nnz / X.shape[0], 1.0)


class _StoredEntries:
    """Format of one sparse row: its stored columns; the rest stays zero."""

    def __init__(self, table, own):
        self.table = table
        self.own = own
        self.feature_names = table.feature_names[own]
        self.nominal = table.nominal[own]

    def encode(self, X):
        return X[:, self.own].toarray().astype(np.float64) + 0.0

    def decode(self, E):
        n, m = E.shape
        shape = (n, self.table.n_features)
        # Many models read 32-bit indices only.
        kind = np.int32 if max(n * m, *shape) < 2**31 else np.int64
        index = np.tile(self.own.astype(kind), n), (np.arange(n + 1) * m).astype(kind)
        return self.table.container(
            (E.astype(self.table.dtype).ravel(), *index), shape=shape
        )

    def describe(self, j, value):
        return "missing (NaN)" if np.isnan(value) else f"{value:g}"

    def edge(self, j, cut, observed):
        return edge_text(cut, observed)


class _LazyColumns:
    """Columns of a sparse table, each made dense at its first use only."""

    def __init__(self, X, build, categorical, names):
        self.X = X
        self.build = build
        self.categorical = categorical
        self.names = names
        self.known = {}

    def __getitem__(self, j):
        if j not in self.known:
            x = self.X[:, [j]].toarray()[:, 0].astype(np.float64) + 0.0
            self.known[j] = self.build(x, self.names[j], self.categorical[j])
        return self.known[j]
