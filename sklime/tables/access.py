"""Rows, columns and cells of any container, in blocks that fit into memory."""

import copy

import numpy as np
from scipy import sparse
from sklearn import get_config


def is_frame(X):
    """Whether `X` is a data frame (pandas or polars)."""
    # Of the class: a lazy frame of polars works to tell its own.
    return hasattr(type(X), "columns") and hasattr(type(X), "dtypes")


def n_rows(X):
    """Number of samples in a table, a matrix, an array or a list."""
    return X.shape[0] if hasattr(X, "shape") else len(X)


def take_rows(X, rows):
    """Samples of any container, by slice or array of positions."""
    if isinstance(X, list) and not isinstance(rows, slice):
        return [X[i] for i in rows]
    return _by_position(X)[rows]


def row_of(X, i):
    """One row of any container."""
    return _by_position(X)[i]


def take_columns(X, columns):
    """Columns of a frame or matrix, by an array of positions; one of them by an int."""
    # polars takes no numpy integers.
    columns = int(columns) if isinstance(columns, np.integer) else columns
    return _by_position(X)[:, columns]


def cell_of(X, i, j):
    """One entry of a frame or array, as a Python object."""
    value = _by_position(X)[i, j]
    return value.item() if isinstance(value, np.generic) else value


def join_columns(tables, order):
    """A table of the columns of several tables of one kind, put in order.

    Parameters
    ----------
    tables : sequence of ndarray, pandas DataFrame or polars DataFrame
        Tables of equally many rows.
    order : ndarray of int
        Positions of the columns, counted through all tables.
    """
    first = tables[0]
    if isinstance(first, np.ndarray):
        return np.concatenate(tables, axis=1)[:, order]
    if hasattr(first, "iloc"):
        import pandas as pd

        numbered = [table.reset_index(drop=True) for table in tables]
        return pd.concat(numbered, axis=1).iloc[:, order]
    import polars as pl

    joined = pl.concat(tables, how="horizontal")
    return joined.select([joined.columns[j] for j in order])


def with_value_of(X, j, source, i, rows=None):
    """A table whose column `j` holds the value of another table's row.

    Parameters
    ----------
    X, source : ndarray, pandas DataFrame or polars DataFrame
        Two tables with the same columns: arrays or frames, also of different libraries.
    j, i : int
        The column, and the row of `source`.
    rows : ndarray of shape (n_rows,) of bool, default=None
        The rows of `X` that get it. None: all.
    """
    own = take_columns(take_rows(source, np.full(n_rows(X), i)), j)
    if is_frame(X) and hasattr(X, "iloc") != hasattr(source, "iloc"):
        own = _in_library_of(take_columns(X, j), own)
    if rows is not None:
        own = _either(rows, own, take_columns(X, j))
    if isinstance(X, np.ndarray):
        # Texts of the row may be longer than those of the table.
        X = X.astype(np.result_type(X, own))
        X[:, j] = own
    elif hasattr(X, "iloc"):
        X = X.copy(deep=False)
        X.isetitem(j, own.array)
    else:
        X = X.with_columns(own.alias(X.columns[j]))
    return X


def with_values_of(X, columns, source, i):
    """A table whose columns of several positions hold the values of another's row."""
    for j in columns:
        X = with_value_of(X, j, source, i)
    return X


def _either(rows, own, others):
    """One column where `rows` is true, and another one elsewhere."""
    if isinstance(own, np.ndarray):
        return np.where(rows, own, others)
    if not hasattr(own, "iloc"):
        import polars as pl

        return own.zip_with(pl.Series(rows), others)
    own, others = own.reset_index(drop=True), others.reset_index(drop=True)
    if hasattr(own, "cat") and hasattr(others, "cat"):
        # Both know the other's categories, those of training first.
        new = own.cat.categories.difference(others.cat.categories, sort=False)
        others = others.cat.add_categories(new)
        own = own.astype(others.dtype)
    return own.where(rows, others)


def _in_library_of(column, own):
    """Values of a series in one of another library, as a column of that has them."""
    values = own.to_list()
    if not hasattr(column, "iloc"):
        import polars as pl

        return pl.Series(values, strict=False)
    import pandas as pd

    if not hasattr(column, "cat"):
        return pd.Series(values)
    known = column.cat.categories
    new = pd.Index(values).unique().difference(known, sort=False)
    return pd.Series(pd.Categorical(values, categories=known.append(new)))


def take_cells(X, rows, columns):
    """Entries of a table at row and column positions, numeric if all its columns are."""
    if hasattr(X, "iloc"):
        from pandas.api.types import is_numeric_dtype

        # pandas turns nullable numbers, and numbers with booleans, into objects.
        if all(map(is_numeric_dtype, X.dtypes)) and X.to_numpy().dtype == object:
            X = X.to_numpy(dtype=float, na_value=np.nan)
    elif hasattr(X, "get_columns") and any(dtype.is_temporal() for dtype in X.dtypes):
        # polars would give the ints behind dates.
        own = np.empty(X.shape, dtype=object)
        for j, series in enumerate(X.get_columns()):
            own[:, j] = series.to_list()
        X = own
    if hasattr(X, "to_numpy"):
        X = X.to_numpy()
    cells = X[rows, columns]
    # SciPy answers an empty selection with a sparse array.
    return np.asarray(cells.toarray() if sparse.issparse(cells) else cells).ravel()


def concat(parts, *, ignore_index=True):
    """Join samples in containers of one kind, one below the other.

    The rows of a pandas frame are numbered anew, or keep their labels.
    """
    first = parts[0]
    if isinstance(first, list):
        return [sample for part in parts for sample in part]
    if sparse.issparse(first):
        return sparse.vstack(parts, format="csr")
    if isinstance(first, np.ndarray):
        return np.concatenate(parts)
    if hasattr(first, "iloc"):
        import pandas as pd

        return pd.concat(parts, ignore_index=ignore_index)
    import polars as pl

    return pl.concat(parts)


def in_sparse_interface(X):
    """A CSR matrix or array as the other, where scikit-learn's setting asks for it.

    The setting is ``sparse_interface`` of `sklearn.set_config`.
    """
    if not sparse.issparse(X):
        return X
    arrays = get_config().get("sparse_interface") == "sparray"
    container = sparse.csr_array if arrays else sparse.csr_matrix
    return X if isinstance(X, container) else container(X)


def copy_rows(X):
    """Copy samples of any container: a change of the copy leaves `X` as it is."""
    # Entry by entry, a deep copy of an array of objects takes a hundred times as long.
    return X.copy(order="K") if isinstance(X, np.ndarray) else copy.deepcopy(X)


def block_bytes():
    """Memory for what is handled at a time: a sixteenth of the working memory."""
    return int(get_config()["working_memory"] * 2**20 / 16)


def _by_position(X):
    return X.iloc if hasattr(X, "iloc") else X
