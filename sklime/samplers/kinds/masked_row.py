"""The contract of rows that are cut into units, whatever their kind."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklime.tables.typing import Table


class MaskedRow(ABC):
    """One row, cut into units that can be hidden.

    Subclasses define the abstract members; they may compute lazily and remember.

    Examples
    --------
    >>> from sklime.samplers import MaskedRow, TokenSampler
    >>> [row] = TokenSampler().fit(["a good film"]).rows(["a good film"])
    >>> isinstance(row, MaskedRow), row.n_units, row.names.tolist()
    (True, 3, ['a', 'good', 'film'])
    >>> row.compose([[True, False, True]])
    ['a  film']
    """

    @property
    @abstractmethod
    def names(self) -> NDArray[Any]:
        """Name of each unit, ndarray of shape (n_units,) of str."""

    @property
    @abstractmethod
    def spans(self) -> Sequence[Any] | NDArray[Any]:
        """Where each unit stands in the row: n_units entries, or a map of labels."""

    @property
    def described(self) -> tuple[Any, Any, NDArray[np.intp] | None]:
        """Names, spans and positions of units as explanations show them.

        Rows of a kind with units in common have all of these, at positions that rows
        share; where some cannot be hidden, the positions of those that can are given.
        """
        return self.names, self.spans, None

    @property
    def n_units(self) -> int:
        """Number of units."""
        return len(self.names)

    @property
    @abstractmethod
    def bytes_per_copy(self) -> int:
        """Memory that a masked copy of the row needs."""

    @abstractmethod
    def compose(self, masks: NDArray[np.bool_]) -> Table:
        """Hide units of the row.

        Parameters
        ----------
        masks : ndarray of shape (n_masks, n_units) of bool
            True where a unit is kept.

        Returns
        -------
        list or ndarray of n_masks rows
            The masked rows as the model takes them, made anew: it may change them.
        """

    def compose_distinct(self, masks: NDArray[np.bool_]) -> tuple[Table, NDArray[np.intp]]:
        """Hide units of the row, and give equal results once.

        Parameters
        ----------
        masks : ndarray of shape (n_masks, n_units) of bool
            True where a unit is kept.

        Returns
        -------
        inputs : list or ndarray
            The distinct masked rows; here those of all masks.
        index : ndarray of shape (n_masks,) or (n_masks, n_each) of int
            Which of them belongs to each mask, or which ones, whose mean response it has.
        """
        return self.compose(masks), np.arange(len(masks))

    def compose_filled(self, masks: NDArray[np.bool_], fills: NDArray[np.float64]) -> Table:
        """Hide units of the row, which take given values.

        Needed only where `MaskSampler.masks` gives `fills`.

        Parameters
        ----------
        masks : ndarray of shape (n_masks, n_units) of bool
            True where a unit is kept.
        fills : ndarray of shape (n_masks, n_copies, n_units)
            Encoded values of hidden units, in each copy of a mask.

        Returns
        -------
        list or ndarray of n_masks * n_copies rows
            The copies of each mask, one after the other.
        """
        raise NotImplementedError(f"{type(self).__name__} takes no fills")

    @abstractmethod
    def shared_with(self, X: Table) -> NDArray[np.bool_]:
        """Units that other rows share with this one.

        Parameters
        ----------
        X : rows
            Checked rows.

        Returns
        -------
        ndarray of shape (n_rows, n_units) of bool
        """
