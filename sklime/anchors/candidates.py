"""Candidate rules of many rows, all of the same length."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Seed of the numbers whose sum tells rules apart.
_SEED = 15


@dataclass(frozen=True, eq=False)
class Candidates:
    """Candidate rules of rows: columns whose bin, the row's own, is their condition.

    Parameters
    ----------
    row : ndarray of shape (m,) of int
        The row that each rule is for.
    columns : ndarray of shape (m, length) of int
        Its columns, in the order in which they were added.
    key : ndarray of shape (m,) of uint64
        Equal for rules of the same columns.
    n : ndarray of shape (m,)
        Draws within each rule; infinitely many where nothing is estimated.
    mean, variance : ndarray of shape (m,)
        Of what the criterion averages over them.
    """

    row: NDArray[np.intp]
    columns: NDArray[np.intp]
    key: NDArray[np.uint64]
    n: NDArray[np.float64]
    mean: NDArray[np.float64]
    variance: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.row)

    @classmethod
    def of(cls, row: NDArray[np.intp], columns: Any) -> Candidates:
        """Rules of rows, all of one length, nothing known of them."""
        columns = np.array(columns, dtype=np.intp).reshape(len(row), -1)
        unknown = np.full(len(row), np.nan)
        key = _words(columns).sum(axis=1, dtype=np.uint64)
        return cls(row, columns, key, np.zeros(len(row)), unknown, unknown)

    @classmethod
    def empty_rules(cls, n_rows: int) -> Candidates:
        """The empty rule of each row, nothing known of it."""
        return cls.of(np.arange(n_rows), np.empty((n_rows, 0)))

    def take(self, which: NDArray) -> Candidates:
        """Some of the rules."""
        return Candidates(*(own[which] for own in vars(self).values()))

    def measured(self, n, mean, variance) -> Candidates:
        """The same rules with what is known of them."""
        return replace(self, n=n, mean=mean, variance=variance)

    def extended(self, parent, column, n, mean, variance) -> Candidates:
        """Rules with one more column each; of equal ones that with the most draws.

        Parameters
        ----------
        parent : ndarray of shape (m,) of int
            Which of these rules is extended.
        column : ndarray of shape (m,) of int
            By which column.
        n, mean, variance : ndarray of shape (m,)
            As of the result.
        """
        row, key = self.row[parent], self.key[parent] + _words(column)
        # The most draws first, and then in the order of parents and columns.
        order = np.lexsort((-n, key, row))
        new = np.ones(len(order), dtype=bool)
        new[1:] = (np.diff(row[order]) != 0) | (np.diff(key[order]) != 0)
        kept = np.sort(order[new])
        parent, column = parent[kept], column[kept]
        columns = np.column_stack([self.columns[parent], column])
        own = n[kept], mean[kept], variance[kept]
        return Candidates(row[kept], columns, key[kept], *own)

    def best(self, gain: NDArray[np.float64], width: int) -> NDArray[np.intp]:
        """Positions of each row's rules of the largest gain, at most `width` of them."""
        # Ties by the columns' own numbers, whatever else is among the candidates.
        order = np.lexsort((self.key, -gain, self.row))
        own = self.row[order]
        start = np.searchsorted(own, own)
        return order[np.arange(len(own)) - start < width]


def _words(columns):
    """Random 64-bit number of each column, whose sums tell sets of columns apart."""
    width = int(columns.max(initial=-1)) + 1
    # One stream, so that a column's number does not depend on how many there are.
    rng = np.random.default_rng(_SEED)
    return rng.integers(1, 2**64 - 1, size=width, dtype=np.uint64)[columns]
