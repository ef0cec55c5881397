"""Default sampler of a kind of rows: tables and texts have one, images and series none."""

from __future__ import annotations

import numpy as np

from sklime.samplers import MarginalSampler, TokenSampler
from sklime.samplers.base import Sampler
from sklime.samplers.kinds.table import TableRows
from sklime.samplers.kinds.text_containers import holds_texts
from sklime.tables.typing import TableLike


def default_sampler(X: TableLike) -> Sampler:
    """Sampler of training rows for which the user gives none: of tables, or of texts.

    Examples
    --------
    >>> from sklime.explainer.default_sampler import default_sampler
    >>> default_sampler(["a good film", "a bad one"])
    TokenSampler()
    """
    return TokenSampler() if holds_texts(X) else MarginalSampler()


def check_is_table(sampler: Sampler, X: TableLike) -> None:
    """Check that rows for a sampler of tables are no texts, images or series.

    Raises
    ------
    TypeError, ValueError
        If they are; names the sampler that takes them.
    """
    if not isinstance(sampler, Sampler) or not issubclass(sampler.row_kind, TableRows):
        return
    if isinstance(X, (str, bytes)):
        raise TypeError(
            f"X is a single text, {X!r:.80}: give a list of texts, [X], or a table, a 2D "
            "array or a frame."
        )
    if holds_texts(X):
        raise ValueError(
            f"X holds texts, while {sampler!r} takes tables: set sampler=TokenSampler()."
        )
    if hasattr(X, "__next__"):
        raise TypeError(
            f"X is of type {type(X).__name__}, which is read only once: pass list(X), or a "
            "table, a 2D array or a frame."
        )
    if isinstance(X, (list, tuple)) and len(X) and isinstance(X[0], (bytes, bytearray)):
        raise TypeError(
            f"X holds bytes, {X[0]!r:.80}, not texts: decode them, "
            "[text.decode() for text in X]."
        )
    n_dimensions = _count_dimensions(X)
    if n_dimensions > 2:
        raise ValueError(
            f"X is an array with dim {n_dimensions}, while {sampler!r} takes tables of "
            "shape (n_rows, n_columns). Explain images with sampler=SuperpixelSampler(), "
            "series with sampler=SequenceSampler()."
        )
    if n_dimensions == 1 and isinstance(X, np.ndarray) and X.dtype.kind == "O" and len(X):
        first = np.asarray(X, dtype=object)[0]
        raise ValueError(
            "X is one-dimensional, and its entries are no texts; the first is "
            f"{first!r:.80} of type {type(first).__name__}. Give a list of texts, or a "
            "table of shape (n_rows, n_columns), such as X.reshape(-1, 1) for one column."
        )


def _count_dimensions(X):
    """Dimensions of all rows together; of a list, by its first row."""
    if isinstance(X, np.ndarray) and X.dtype == object and X.ndim == 1:
        rows = X
    elif isinstance(X, (list, tuple)):
        rows = X
    else:
        return getattr(X, "ndim", 2)
    first = rows[0] if len(rows) else None
    depth = 1
    while isinstance(first, (list, tuple)) and len(first):
        first, depth = first[0], depth + 1
    return depth + getattr(first, "ndim", 0)
