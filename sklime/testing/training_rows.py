"""Training rows of each kind, for checks of samplers that come without."""

import numpy as np

from sklime.samplers.kinds.image import ImageRows
from sklime.samplers.kinds.series import SeriesRows
from sklime.samplers.kinds.table import TableRows
from sklime.samplers.kinds.text import TextRows


def training_rows(row_kind):
    """Rows of a kind that has some, and two classes.

    Parameters
    ----------
    row_kind : type
        A subclass of `RowKind`.

    Returns
    -------
    X : table, list of str, or ndarray
    y : ndarray of shape (n_rows,) of int

    Raises
    ------
    ValueError
        If it is another kind of rows.
    """
    for kind, rows in _ROWS.items():
        if issubclass(row_kind, kind):
            return rows()
    raise ValueError(
        f"{row_kind.__name__} has no rows of its own to check samplers on: give X."
    )


def _table():
    """Numbers with ties, zeros and a column of few integers, and classes they tell."""
    rng = np.random.default_rng(0)
    X = np.column_stack(
        [
            np.arange(60) % 5 - 2.0,
            rng.normal(size=60).round(1),
            np.exp(rng.normal(size=60)),
        ]
    )
    return X, (X[:, 1] + X[:, 2] > 1).astype(int)


def _texts():
    """Texts of one to twelve words; some have equally many, one repeats a word."""
    words = "a very good film but with one rather long and quite silly plot".split()
    lengths = [3, 12, 5, 3, 1, 7, 12, 5, 2, 4, 9, 3]
    X = [" ".join(np.roll(words, -i)[:length]) for i, length in enumerate(lengths)]
    X[3] = "Long, long plot."
    X[9] = "good plot, good film"
    return X, np.arange(12) % 2


def _images():
    """Small colour images of noise around two shades."""
    rng = np.random.default_rng(0)
    y = np.arange(12) % 2
    return 0.5 * rng.random((12, 8, 8, 3)) + 0.5 * y[:, None, None, None], y


def _series():
    """Series of six steps and two features."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(12, 6, 2)).cumsum(axis=1)
    return X, (X[:, -1, 0] > 0).astype(int)


_ROWS = {TableRows: _table, TextRows: _texts, ImageRows: _images, SeriesRows: _series}
