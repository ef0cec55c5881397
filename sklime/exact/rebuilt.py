"""What all models have in common that are rebuilt from their closed form."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Self

import numpy as np
from numpy.typing import NDArray


class Rebuilt(ABC):
    """Base of models that are rebuilt from their closed form.

    Attributes
    ----------
    constant : ndarray of shape (n_outputs,)
        What the parts lack; found by comparison with the model's own responses.
    n_terms : int
        Number of terms in an answer, with which rounding grows.
    calibrated : bool
        Whether its parts tell all but that constant, without `calibrate`.
    level : float
        Size of numbers that cancel in an answer, on top of the answers' own size.
    error : float
        What expected responses may be off by, however small they are.
    """

    calibrated = True
    level = 0.0
    error = 0.0

    def for_rows(self) -> Self:
        """All that moments of rows need, without what `responses` needs: here itself."""
        return self

    def calibrate(self, at: NDArray[np.intp], responses: NDArray[np.float64]) -> None:
        """Learn from the model's own responses what the parts do not tell.

        The additive constant is found without it.

        Parameters
        ----------
        at : ndarray of shape (n_rows, n_columns) of int
            Which of its column's points each entry is.
        responses : ndarray of shape (n_rows, n_outputs)
            The model's.
        """
        return  # most parts tell all

    @abstractmethod
    def responses(self, at: NDArray[np.intp]) -> NDArray[np.float64]:
        """Evaluate the rebuilt model at rows.

        Parameters
        ----------
        at : ndarray of shape (n_rows, n_columns) of int
            Which of its column's points each entry is.

        Returns
        -------
        ndarray of shape (n_rows, n_outputs)
        """
