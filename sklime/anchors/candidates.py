"""Candidate rules of many rows, all of the same length."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Candidates:
    """Candidate rules of rows: columns, and for each a range of bins that holds the row's.

    Parameters
    ----------
    row : ndarray of shape (m,) of int
        The row that each rule is for.
    columns, low, high : ndarray of shape (m, length) of int
        Its columns, in the order in which they were added, and the first and the last bin
        that it asks for in each.
    key : ndarray of shape (m,) of uint64
        Equal for rules of the same columns and bins.
    n : ndarray of shape (m,)
        Draws within each rule; infinitely many where nothing is estimated.
    mean, variance : ndarray of shape (m,)
        Of what the criterion averages over them.
    """

    row: NDArray[np.intp]
    columns: NDArray[np.intp]
    low: NDArray[np.intp]
    high: NDArray[np.intp]
    key: NDArray[np.uint64]
    n: NDArray[np.float64]
    mean: NDArray[np.float64]
    variance: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.row)

    @property
    def length(self) -> int:
        """Number of conditions of each rule."""
        return self.columns.shape[1]

    @classmethod
    def of(cls, row: NDArray[np.intp], conditions: Any) -> Candidates:
        """Rules of rows, all of one length, nothing known of them.

        Parameters
        ----------
        row : ndarray of shape (m,) of int
        conditions : array-like of shape (m, length, 3) of int
            Column, first and last bin of each condition.
        """
        conditions = np.asarray(conditions, dtype=np.intp)
        unknown = np.full(len(row), np.nan)
        columns, low, high = np.moveaxis(conditions, 2, 0)
        key = _words(columns, low, high).sum(axis=1, dtype=np.uint64)
        return cls(row, columns, low, high, key, np.zeros(len(row)), unknown, unknown)

    @classmethod
    def empty_rules(cls, n_rows: int) -> Candidates:
        """The empty rule of each row, nothing known of it."""
        return cls.of(np.arange(n_rows), np.empty((n_rows, 0, 3)))

    @classmethod
    def joined(cls, parts: list[Candidates]) -> Candidates:
        """Several candidates of one length, without repetitions."""
        fields = zip(*(vars(own).values() for own in parts), strict=True)
        return cls(*map(np.concatenate, fields)).distinct()

    @property
    def numbers(self) -> NDArray[np.uint64]:
        """A number for each row and rule."""
        return _numbers(self.row, self.key)

    def take(self, which: NDArray) -> Candidates:
        """Some of the rules."""
        return Candidates(*(own[which] for own in vars(self).values()))

    def measured(self, n, mean, variance) -> Candidates:
        """The same rules with what is known of them."""
        return replace(self, n=n, mean=mean, variance=variance)

    def conditions(self) -> NDArray[np.intp]:
        """Column, first and last bin of all conditions, (m, length, 3)."""
        return np.stack([self.columns, self.low, self.high], axis=2)

    def extended(self, parent, column, low, high, n, mean, variance) -> Candidates:
        """Rules with one more condition each, without repetitions.

        Parameters
        ----------
        parent : ndarray of shape (m,) of int
            Which of these rules is extended.
        column, low, high : ndarray of shape (m,) of int
            The condition that is added.
        n, mean, variance : ndarray of shape (m,)
            As of the result.
        """
        key = self.key[parent] + _words(column, low, high)
        kept = _distinct(self.row[parent], key, n)
        parent = parent[kept]
        columns, low, high = (
            np.column_stack([known[parent], new[kept]])
            for known, new in [(self.columns, column), (self.low, low), (self.high, high)]
        )
        own = n[kept], mean[kept], variance[kept]
        return Candidates(self.row[parent], columns, low, high, key[kept], *own)

    def shortened(self) -> Candidates:
        """Rules with one condition less: all that there are, nothing known of them."""
        m, length = self.columns.shape
        rest = np.array([np.delete(np.arange(length), k) for k in range(length)])
        conditions = self.conditions()[:, rest.reshape(length, length - 1)]
        row = np.repeat(self.row, length)
        return Candidates.of(row, conditions.reshape(m * length, length - 1, 3)).distinct()

    def distinct(self) -> Candidates:
        """Without repetitions: of equal rules of a row that with the most draws."""
        return self.take(_distinct(self.row, self.key, self.n))

    def best(self, gain: NDArray[np.float64], width: int) -> NDArray[np.intp]:
        """Positions of each row's rules of the largest gain, at most `width` of them."""
        # Ties by the conditions' own numbers, whatever else is among the candidates.
        order = np.lexsort((self.key, -gain, self.row))
        return order[ranks(self.row[order]) < width]

    def best_of_columns(self, gain: NDArray[np.float64]) -> NDArray[np.intp]:
        """Positions of the rules of the largest gain, of each row and set of columns."""
        columns = _words(self.columns, 0, 0).sum(axis=1, dtype=np.uint64)
        order = np.lexsort((self.key, -gain))
        return np.sort(order[_first(self.row[order], columns[order])])


def ranks(sorted_numbers: NDArray[np.intp]) -> NDArray[np.intp]:
    """Position of each of sorted numbers among those that are equal to it."""
    return np.arange(len(sorted_numbers)) - np.searchsorted(sorted_numbers, sorted_numbers)


def _distinct(row, key, n):
    """Positions of distinct keys of rows, of equal ones that with the most draws."""
    order = np.argsort(-n, kind="stable")
    return np.sort(order[_first(row[order], key[order])])


def _first(row, key):
    """Where pairs of rows and keys occur first."""
    return np.unique(_numbers(row, key), return_index=True)[1]


def _numbers(row, key):
    """A number for each pair of a row and a key."""
    # No condition asks for bins 1 to 0.
    return key ^ _words(row, 1, 0)


def _words(column, low, high):
    """Random-looking 64-bit number of each condition, whose sums tell rules apart."""
    word = np.asarray(column, dtype=np.uint64) << np.uint64(40)
    word = word + (np.asarray(low, dtype=np.uint64) << np.uint64(20))
    word = word + np.asarray(high, dtype=np.uint64) + np.uint64(1)
    # The mixing steps of splitmix64.
    for shift, factor in [(30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)]:
        word = (word ^ (word >> np.uint64(shift))) * np.uint64(factor)
    return word ^ (word >> np.uint64(31))
