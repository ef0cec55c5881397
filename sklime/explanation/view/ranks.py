"""Ranks of a column's values, which pictures of many rows colour dots by."""

import numpy as np
from scipy import sparse

from sklime.tables.access import take_columns


def value_ranks(data, j):
    """Ranks of a column's values in (0, 1]; NaN where they are missing or no numbers.

    Parameters
    ----------
    data : table of shape (n, n_features)
        Of any kind.
    j : int
        Position of the column.
    """
    import pandas as pd

    column = take_columns(data, j)
    if sparse.issparse(column):
        column = column.toarray().ravel()
    column = np.asarray(column)
    if column.dtype.kind not in "biuf":
        # pandas cannot hold some strings, which are no numbers anyway.
        column = [None if isinstance(v, str) and not v.isascii() else v for v in column]
        column = pd.Series(column, dtype=object)
    numbers = pd.to_numeric(pd.Series(column), errors="coerce")
    return numbers.rank(pct=True).to_numpy(dtype=float)
