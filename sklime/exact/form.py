"""The contract of closed forms: fitted models read into a form, and rebuilt from it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from sklime.exact.rebuilt import Rebuilt
from sklime.exceptions import NoClosedForm

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sklime.exact.coalition_form import Background, CoalitionModel, KeepLaw
    from sklime.exact.feature_map import FeatureMap
    from sklime.laws.columns import Column
    from sklime.laws.tilted import ColumnLaw

# The kernel's factors for bins that do not match, by column.
Mismatch: TypeAlias = "Sequence[float | NDArray[np.float64] | None]"


class ClosedForm(ABC):
    """Base of the forms that readers make of fitted models, up to a constant per output.

    A reader is a function ``read(model, response)`` that gives a `ClosedForm`, or None for
    a model that is not of its family, and raises `NoClosedForm` for one of its family that
    is not explained on a scale with a closed form. They stand in the list
    ``sklime.exact.READERS``; ``READERS.append(read)`` adds one.
    """

    # What the model does with a table before its parts see it: a transformer, or None.
    step: Any = None

    @abstractmethod
    def bind(
        self,
        features: FeatureMap,
        columns: Sequence[Column],
        points: list[NDArray[np.float64]],
        mismatch: Mismatch,
    ) -> RebuiltModel:
        """Rebuild the model as a function of a table's columns.

        Parameters
        ----------
        features : FeatureMap
            Model features as functions of the columns.
        points : list of n_columns ndarrays
            Where the features are known.
        mismatch : list of n_columns floats, or ndarrays of shape (n_bins + 1,)
            The kernel's factor for a bin that does not match; arrays where it depends on
            the row's own bin, and last for a bin that training never had.

        Raises
        ------
        NoClosedForm
            If the model has other features, or is too large.
        """

    def bind_coalitions(
        self,
        features: FeatureMap,
        columns: Sequence[Column],
        points: list[NDArray[np.float64]],
        background: Background,
        keep: KeepLaw,
    ) -> CoalitionModel:
        """Rebuild the model under laws of coalitions: columns kept, or from a background.

        Parameters
        ----------
        features, columns, points
            As for `bind`.
        background : Background
            What dropped columns follow.
        keep : KeepLaw
            Of the probability that columns are kept.

        Raises
        ------
        NoClosedForm
            If the form has none, or the model is too large.
        """
        raise NoClosedForm(f"{type(self).__name__} has none for coalitions of columns")


class RebuiltModel(Rebuilt):
    """Base of models rebuilt under the tilted laws of the columns."""

    @abstractmethod
    def __call__(
        self, laws: list[ColumnLaw], outputs: NDArray[np.intp]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Expected responses and coefficients under tilted laws.

        Parameters
        ----------
        laws : list of n_columns ColumnLaw
            The tilted laws of some rows.
        outputs : ndarray of shape (n_wanted,) of int
            The outputs that are wanted.

        Returns
        -------
        expected : ndarray of shape (n_rows, n_wanted)
        coef : ndarray of shape (n_rows, n_wanted, n_columns)
        """

    def pairs(
        self,
        laws: list[ColumnLaw],
        outputs: NDArray[np.intp],
        pairs: NDArray[np.intp],
    ) -> NDArray[np.float64]:
        r"""Interaction coefficients of pairs of columns under tilted laws.

        For columns of bins the second contrast
        :math:`E[f \mid 11] - E[f \mid 10] - E[f \mid 01] + E[f \mid 00]`, with the two
        digits telling whether the rows' own bins match.

        Parameters
        ----------
        laws : list of n_columns ColumnLaw
            The tilted laws of some rows.
        outputs : ndarray of shape (n_wanted,) of int
            The outputs that are wanted.
        pairs : ndarray of shape (n_pairs, 2) of int
            Positions of the columns, different ones in each pair.

        Returns
        -------
        ndarray of shape (n_rows, n_wanted, n_pairs)

        Raises
        ------
        NoClosedForm
            If the form has none.
        """
        raise NoClosedForm(f"{type(self).__name__} has no interactions in closed form")
