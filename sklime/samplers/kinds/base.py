"""The contract of row kinds: tables, texts, images and series."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import validate_data

from sklime.samplers.kinds.masked_row import MaskedRow
from sklime.tables.access import is_frame
from sklime.tables.typing import Table

if TYPE_CHECKING:
    from sklearn.utils import Tags


class RowKind(ABC):
    """Base of the kinds of rows: how they are checked, shown, and laid out over columns."""

    # What explanations, pages and plots call the kind.
    name = "table"

    # Whether all rows are described by the columns of one table.
    columnar = False

    # Whether `lay_out` gives a sparse matrix.
    sparse_columns = False

    @classmethod
    def tag(cls, tags: Tags) -> None:
        """Set scikit-learn's input tags for an explainer of such rows."""
        return None

    @staticmethod
    def check_columns(owner: Any, X: Table, *, reset: bool) -> Table:
        """Compare the columns of rows that come in a frame with those of the fit.

        Parameters
        ----------
        owner : estimator
            Whose columns are set or compared.
        X : rows
            As users give them.
        reset : bool
            Whether this is the fit.

        Returns
        -------
        rows
            Here as they are.
        """
        if is_frame(X):
            validate_data(owner, X, reset=reset, skip_check_array=True)
        return X

    @abstractmethod
    def check(self, X: Table) -> Table:
        """Check rows, and leave their kind as the model takes it.

        Parameters
        ----------
        X : rows
            As users give them.

        Returns
        -------
        rows
            Checked.

        Raises
        ------
        TypeError, ValueError
            If they are not of this kind; names the row.
        """

    def restore(self, X: Table) -> Table:
        """Checked rows in the container of the training rows; here as they are."""
        return X

    def copies(self, composed: Table) -> Table:
        """Composed copies as the model takes them; here in the training container."""
        return self.restore(composed)

    def tables(self, X: Table) -> list[Table]:
        """Checked rows as the model takes them: one table, or several of unequal rows."""
        return [self.restore(X)]

    def shown(self, X: Table, given: Table) -> Table:
        """Checked rows as explanations show them; `given` are the user's own."""
        return X

    @abstractmethod
    def column_names(self) -> NDArray[np.object_]:
        """Names of the columns of `transform` for one output, ndarray of str."""

    @abstractmethod
    def lay_out(
        self, rows: Sequence[MaskedRow], coefs: Sequence[NDArray[np.float64]]
    ) -> Table:
        """Lay the coefficients of units out over the columns of `transform`.

        Parameters
        ----------
        rows : list of MaskedRow
            Rows.
        coefs : list of ndarray of shape (n_outputs, n_units)
            Their coefficients.

        Returns
        -------
        CSR matrix or ndarray of shape (n_rows, n_outputs * n_columns)
            Output-major.
        """

    def check_layout(self, X: Table) -> None:
        """Raise `ValueError` for checked rows that share no columns to lay out over."""
        return None

    def explained_names(self) -> NDArray[np.object_]:
        """Names of the features that explanations of all rows share; here none."""
        return np.empty(0, dtype=object)

    def fields(
        self, X: Table, given: Table, names: Sequence[Any], spans: Sequence[Any]
    ) -> dict[str, Any]:
        """Fields of an `Explanation` that say what was explained.

        Parameters
        ----------
        X, given : rows
            Checked, and as the user gave them.
        names, spans : sequences
            Names of each row's units, and where they stand in it.

        Returns
        -------
        dict
        """
        return {
            "data": self.shown(X, given),
            "feature_names": self.explained_names(),
            "conditions": list(names),
            "unit_names": list(names),
            "unit_spans": list(spans),
        }

    def metadata(self) -> dict[str, Any]:
        """What explanations note of the kind in `meta`, for pictures: here nothing."""
        return {}

    def names_of_units(self) -> Any:
        """Names of units in messages, by position."""
        return _Numbered()

    def varies(self) -> Any:
        """Whether the units at given positions can vary: here all can."""
        return _Always()


class _Numbered:
    """Names of units that rows do not share."""

    def __getitem__(self, j):
        return f"unit {j}"


class _Always:
    """Sequence that is True at every position."""

    def __getitem__(self, positions):
        return np.ones(np.shape(positions), dtype=bool)
