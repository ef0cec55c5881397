"""Rows of cells, such as pixels, that are replaced where their unit is hidden."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklime.samplers.kinds.masked_row import MaskedRow
from sklime.tables.typing import Table

# Bytes composed at a time: with what they are made of, they stay in the cache.
_CACHED = 2**18


class CellwiseRow(MaskedRow):
    """Row whose cells hold its original values, or replacements where hidden.

    Parameters
    ----------
    values : ndarray
        The row, as the model takes it.
    hidden : ndarray
        Replacement values where a unit is hidden, of the same shape and dtype.
    spans : ndarray of int
        The unit of each cell, numbered from 0 without gaps; -1 where it is never hidden.
    names : ndarray of shape (n_units,) of str
        Names of the units.
    units : ndarray of int, default=None
        The unit of each value, of the shape of `values`. None: each cell is an equal share
        of consecutive values, such as a pixel with its channels.
    among : (ndarray of shape (n_units,) of int, ndarray of str), default=None
        Positions of the units among those that all rows have, and the names of all these.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime.samplers.masked.cellwise import CellwiseRow
    >>> row = CellwiseRow(np.array([5, 6, 7]), np.zeros(3, int), np.array([0, 0, 1]),
    ...              names=np.array(["left", "right"]))
    >>> row.compose(np.array([[True, False], [False, True]]))
    array([[5, 6, 0],
           [0, 0, 7]])
    """

    def __init__(self, values, hidden, spans, names, units=None, among=None):
        self.values = np.ascontiguousarray(values)
        self.hidden = np.ascontiguousarray(hidden)
        self._spans, self._names = spans, names
        self._given_units, self._among = units, among

    @property
    def names(self) -> NDArray[Any]:
        return self._names

    @property
    def spans(self) -> NDArray[np.intp]:
        return self._spans

    @property
    def described(self) -> tuple[Any, Any, NDArray[np.intp] | None]:
        if self._among is None:
            return super().described
        positions, names = self._among
        return names, np.append(positions, -1)[self._spans], positions

    @property
    def bytes_per_copy(self) -> int:
        return self.values.nbytes

    def compose(self, masks: NDArray[np.bool_]) -> NDArray[Any]:
        composed = np.empty((len(masks), *self.values.shape), self.values.dtype)
        word = self._stripes[0].hidden.dtype
        words = composed.reshape(len(masks), self.values.size).view(word)
        if (self.spans < 0).any():
            masks = with_kept(masks)
        # Minus one is a word of ones, which keeps; zero hides.
        keep = np.negative(masks, dtype=word, casting="unsafe")
        keep_byte = np.negative(masks, dtype=np.uint8, casting="unsafe")
        for stripe in self._stripes:
            for block in _slices(len(masks), max(1, _CACHED // stripe.hidden.nbytes)):
                out = words[block, stripe.where]
                np.take(keep[block], stripe.units, axis=1, out=out, mode="clip")
                by_byte = keep_byte[block].take(stripe.units_of_bytes, axis=1)
                out[:, stripe.mixed] = by_byte.view(word)
                out &= stripe.difference
                out ^= stripe.hidden
        return composed

    def shared_with(self, X: Table) -> NDArray[np.bool_]:
        others = {np.shape(other) for other in X} - {self.values.shape}
        if others:
            raise ValueError(
                f"rows of shape {others.pop()} cannot be seen from a row of shape "
                f"{self.values.shape}: give rows of equal shape."
            )
        X = np.asarray(X)
        missing = (X != X) & (self.values != self.values)
        same = ((X == self.values) | missing).reshape(len(X), -1)
        units = self._units
        order = np.argsort(units, kind="stable")
        starts = np.searchsorted(units[order], np.arange(self.n_units))
        return np.logical_and.reduceat(same[:, order], starts, axis=1)

    @property
    def _units(self):
        """The unit of each value, ndarray of shape (n_values,) of int."""
        units = self._units_of_cells
        return np.repeat(units, self.values.size // len(units))

    @property
    def _units_of_cells(self):
        """The unit of each of equal shares of consecutive values."""
        own = self._spans if self._given_units is None else self._given_units
        return own.ravel()

    @cached_property
    def _stripes(self):
        """Row as machine words, in stripes that fit into the cache."""
        n_bytes = self.values.nbytes
        size = next(size for size in (8, 4, 2, 1) if n_bytes % size == 0)
        values = self.values.reshape(-1).view(f"u{size}")
        hidden = self.hidden.reshape(-1).view(f"u{size}")
        units = self._units_of_cells
        return [
            _Stripe.of(
                where,
                values[where],
                hidden[where],
                self._units_of_words(units, where, size),
            )
            for where in _slices(len(values), _CACHED // size)
        ]

    def _units_of_words(self, of_cells, words, size):
        """Units of the bytes of some words, (n_words, size), by units of equal cells."""
        width = self.values.nbytes // len(of_cells)
        start, stop = words.start * size, words.stop * size
        first = start // width
        units = np.repeat(of_cells[first : -(-stop // width)], width)
        units = units[start - first * width : stop - first * width].astype(np.intp)
        units[units < 0] = self.n_units
        return units.reshape(-1, size)


@dataclass(frozen=True, eq=False)
class _Stripe:
    """Stretch of machine words; words shared by several units are masked byte by byte."""

    where: slice
    hidden: np.ndarray
    difference: np.ndarray
    units: np.ndarray
    mixed: np.ndarray
    units_of_bytes: np.ndarray

    @classmethod
    def of(cls, where, values, hidden, units):
        first = np.ascontiguousarray(units[:, 0])
        mixed = np.flatnonzero((units != first[:, np.newaxis]).any(axis=1))
        return cls(where, hidden, values ^ hidden, first, mixed, units[mixed].ravel())


def with_kept(masks):
    """Masks with one unit more that is always kept, at which -1 points."""
    return np.pad(masks, [(0, 0), (0, 1)], constant_values=True)


def _slices(n, step):
    return (slice(start, min(start + step, n)) for start in range(0, n, step))


def whole_numbers(values, dtype):
    """Cast floats to a dtype, rounded and clipped where it holds whole numbers only.

    Parameters
    ----------
    values : ndarray of float
        Any values; of a dtype of integers, none missing.
    dtype : dtype
        Of booleans, integers or floats.
    """
    if dtype.kind in "biu":
        values = np.rint(values)
    if dtype.kind in "iu":
        values = np.clip(values, np.iinfo(dtype).min, np.iinfo(dtype).max)
    return values.astype(dtype)


def as_held(given, dtype, parameter):
    """Cast replacement values of a user to the dtype of the rows.

    Parameters
    ----------
    dtype : dtype
        Of booleans, integers or floats.
    parameter : str
        Where they were given, for the message.

    Raises
    ------
    ValueError
        If booleans or integers do not hold them exactly, or floats not at all.
    """
    if given.dtype.kind not in "biuf":
        raise ValueError(f"{parameter} must hold real numbers, not {given.dtype}.")
    with np.errstate(invalid="ignore", over="ignore"):
        held = given.astype(dtype)
    lost = held != given if dtype.kind in "biu" else np.isinf(held)
    if lost.any():
        raise ValueError(
            f"{parameter} has values that the data's dtype {dtype} cannot hold, such as "
            f"{given[lost][0]}: give them in the data's own units."
        )
    return held
