"""Pieces of rows that are explained together, and the rows that an error is about."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import sparse

from sklime.explainer.diagnostics import Diagnostics
from sklime.tables.access import take_rows


@dataclass(frozen=True, eq=False)
class Piece:
    """Rows that are explained together by one job.

    Parameters
    ----------
    X : rows
        Checked.
    first_row : int
        Position of the first of them.
    own_answers : OwnAnswers or None
        What the model said to their values that draws hardly hold.
    """

    X: Any
    first_row: int
    own_answers: Any

    def part(self, rows: slice) -> Piece:
        """Some of the rows."""
        own = None if self.own_answers is None else self.own_answers.part(rows)
        return Piece(take_rows(self.X, rows), self.first_row + rows.start, own)


@dataclass(frozen=True, eq=False)
class Explained:
    """What became of a piece.

    Parameters
    ----------
    values : ndarray or CSR matrix, or None
        Attributions by columns; None after an error.
    found : Diagnostics
        What is doubtful.
    error : Exception or None
    seconds : float
        How long it took.
    """

    values: Any
    found: Diagnostics = field(default_factory=Diagnostics)
    error: Exception | None = None
    seconds: float = 0.0


def no_attributions(fitted: Any, X: Any, n: int, n_columns: int) -> Any:
    """Attributions of rows that could not be explained: NaN, sparse where others are."""
    values = np.full((n, n_columns), np.nan)
    sparse_columns = fitted.kind.sparse_columns or sparse.issparse(X)
    return sparse.csr_matrix(values) if sparse_columns else values


def explain_apart(
    attempt: Callable[[slice], Any], rows: slice, error: Exception
) -> Iterator[tuple[slice, Any, Exception | None]]:
    """Explain rows in halves after an error, until it is known which row it is about.

    Parameters
    ----------
    attempt : callable
        Explains a slice of rows.
    rows : slice
        The rows that failed.
    error : Exception
        Their error.

    Yields
    ------
    rows : slice
        Consecutive rows.
    result : object
        What `attempt` gave for them; None after an error.
    error : Exception or None
    """
    n = rows.stop - rows.start
    # Of a connection or of memory all rows have need.
    if n == 1 or isinstance(error, (OSError, MemoryError)):
        yield rows, None, error
        return
    middle = rows.start + n // 2
    for half in (slice(rows.start, middle), slice(middle, rows.stop)):
        try:
            result = attempt(half)
        except Exception as own:
            yield from explain_apart(attempt, half, own)
        else:
            yield half, result, None
