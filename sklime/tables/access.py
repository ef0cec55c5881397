"""Rows of any container, in blocks that fit into memory."""

import copy

import numpy as np
from sklearn import get_config


def is_frame(X):
    """Whether `X` is a data frame (pandas or polars)."""
    return hasattr(X, "columns") and hasattr(X, "dtypes")


def n_rows(X):
    """Number of samples in a table, a matrix, an array or a list."""
    return X.shape[0] if hasattr(X, "shape") else len(X)


def take_rows(X, rows):
    """Samples of any container, by slice or array of positions."""
    if isinstance(X, list) and not isinstance(rows, slice):
        return [X[i] for i in rows]
    return X.iloc[rows] if hasattr(X, "iloc") else X[rows]


def copy_rows(X):
    """Copy samples of any container: a change of the copy leaves `X` as it is."""
    # Entry by entry, a deep copy of an array of objects takes a hundred times as long.
    return X.copy(order="K") if isinstance(X, np.ndarray) else copy.deepcopy(X)


def block_bytes():
    """Memory for what is handled at a time: a sixteenth of the working memory."""
    return int(get_config()["working_memory"] * 2**20 / 16)


def row_of(data, i):
    """One row of any container."""
    return data.iloc[i] if hasattr(data, "iloc") else data[i]
