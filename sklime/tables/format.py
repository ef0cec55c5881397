"""Table formats: the contract that dense and sparse tables share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sklime.tables.typing import Table

# What training taught about a column: of no concern here.
Column = TypeVar("Column")


class TableFormat(ABC):
    """Base of the table formats, which encode tables of any container as numbers.

    Attributes
    ----------
    n_features : int
        Number of columns.
    feature_names : ndarray of shape (n_features,), dtype object
        Column names as str; ``"x0"``, ``"x1"``, ... where the table has none.
    nominal : ndarray of shape (n_features,), dtype bool
        Columns of levels; all others are numbers.
    """

    @abstractmethod
    def columns(
        self, X: Table, build: Callable[..., Column], categorical: NDArray[np.bool_]
    ) -> Sequence[Column]:
        """Learn the training statistics of every column.

        Parameters
        ----------
        X : table of shape (n_rows, n_features)
        build : callable
            Learns one column from its encoded values, name and kind.
        categorical : ndarray of shape (n_features,), dtype bool
            Columns compared for equality.

        Returns
        -------
        sequence of Column
            To be indexed by position.
        """

    @abstractmethod
    def rows(
        self, X: Table, columns: Sequence[Column]
    ) -> Iterator[tuple[Sequence[Column], NDArray[np.float64], Any]]:
        """Columns and encoded values that describe each row.

        Parameters
        ----------
        X : table of shape (n_rows, n_features)
        columns : sequence of Column
            As `columns` gives them.

        Yields
        ------
        own : tuple of Column
            The columns that describe the row.
        e : ndarray of shape (1, n_own)
            The row's values of these columns.
        row_format : object
            Has the `feature_names` of these columns, and the methods `encode` and `decode`
            between tables and their values, and `describe` of one value.
        """

    @abstractmethod
    def units(self, X: Table) -> list[NDArray[np.intp]] | None:
        """Positions of the columns that describe each row.

        Parameters
        ----------
        X : table of shape (n_rows, n_features)

        Returns
        -------
        list of ndarray of int, or None
            Their positions; None: all columns describe every row.
        """

    def input_columns(self, j: int) -> list[int]:
        """Positions of the table's columns that a feature stands for: here its own."""
        return [j]

    @abstractmethod
    def varies(self, columns: Sequence[Any]) -> NDArray[np.bool_]:
        """Whether columns had more than one value in training.

        Parameters
        ----------
        columns : sequence of Column
            As `columns` gives them.

        Returns
        -------
        ndarray of shape (n_features,), dtype bool
        """

    @abstractmethod
    def restore(self, X: Table) -> Table:
        """Convert rows to the container and dtypes of the training table.

        Parameters
        ----------
        X : table of shape (n_rows, n_features)

        Returns
        -------
        table
            `X` itself where a value has no place in such a table.
        """

    @abstractmethod
    def typical_units(self, X: Table) -> float:
        """Mean number of columns that describe a row.

        Parameters
        ----------
        X : table of shape (n_rows, n_features)

        Returns
        -------
        float
            At least 1.
        """
