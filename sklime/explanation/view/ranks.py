"""Ranks of a column's values, which pictures of many rows colour dots by."""

import numpy as np
from scipy import sparse

from sklime.tables.access import take_columns
from sklime.tables.series import PandasSeries
from sklime.tables.times import MISSING, is_temporal


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
    series = column
    if not hasattr(column, "iloc"):
        column = np.asarray(column)
        # Of objects as they are: pandas cannot hold some strings.
        series = pd.Series(column, dtype=object if column.dtype.kind in "OUS" else None)
    if is_temporal(PandasSeries(series).kind):
        return _times(series).rank(pct=True).to_numpy(dtype=float)
    column = np.asarray(column)
    if column.dtype.kind not in "biuf":
        # pandas cannot hold some strings, which are no numbers anyway.
        column = [None if isinstance(v, str) and not v.isascii() else v for v in column]
        column = pd.Series(column, dtype=object)
    numbers = pd.to_numeric(pd.Series(column), errors="coerce")
    return numbers.rank(pct=True).to_numpy(dtype=float)


def _times(column):
    """Dates, times or durations as a Series of numbers, None where they are missing."""
    import pandas as pd

    if PandasSeries(column).kind == "period":
        column = column.dt.to_timestamp()
    ticks = PandasSeries(column).ticks().numbers
    return pd.Series(ticks).where(ticks != MISSING)
