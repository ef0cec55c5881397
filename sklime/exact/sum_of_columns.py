"""Sums of single-column functions under the rows' tilted laws."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from sklime.exact.feature_map import line_through
from sklime.exact.form import RebuiltModel
from sklime.laws.columns import inside_and_outside


class SumOfColumns(RebuiltModel):
    r"""LIME's limit for a sum of single-column functions: differences of two means.

    .. math:: \beta_j = E[g_j \mid b_j] - E[g_j \mid \text{not } b_j]

    for a column of bins, whatever the kernel width; for a standardised one the weighted
    slope through the function at its training values, or that of a line where they are
    drawn from a normal law.

    Parameters
    ----------
    parts : list of n_columns ndarrays of shape (n_points, n_outputs)
        Each column's function at its points.
    columns : sequence of Column
        The columns.
    points : list of n_columns ndarrays of shape (n_points,)
        Where the functions are known.
    """

    def __init__(
        self,
        parts: list[NDArray[np.float64]],
        columns: Sequence[Any],
        points: list[NDArray[np.float64]],
    ) -> None:
        for j, (part, x) in enumerate(zip(parts, points, strict=True)):
            if part.ndim != 2 or len(part) != len(x):
                raise ValueError(
                    f"parts[{j}] of SumOfColumns has shape {part.shape}: it needs one row "
                    f"for each of the column's {len(x)} points, a column for each output"
                )
        self.parts = parts
        self.n_terms = len(parts)
        self.constant = np.zeros(parts[0].shape[1])
        self._pieces = [
            _piece(part, column, x)
            for part, column, x in zip(parts, columns, points, strict=True)
        ]

    def for_rows(self) -> Self:
        own = copy(self)
        own.parts = []
        return own

    def responses(self, at: NDArray[np.intp]) -> NDArray[np.float64]:
        return self.constant + sum(part[at[:, j]] for j, part in enumerate(self.parts))

    def __call__(
        self, laws: list[Any], outputs: NDArray[np.intp]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        expected, slopes = zip(
            *(piece(law) for piece, law in zip(self._pieces, laws, strict=True)),
            strict=True,
        )
        coef = np.stack(slopes, axis=2)[:, outputs]
        return (self.constant + sum(expected))[:, outputs], coef

    def pairs(
        self,
        laws: list[Any],
        outputs: NDArray[np.intp],
        pairs: NDArray[np.intp],
    ) -> NDArray[np.float64]:
        # What one column adds does not depend on another.
        return np.zeros((len(laws[0].mean), len(outputs), len(pairs)))


def _piece(part, column, points):
    if column.binary:
        return _MatchedPiece(part, column)
    return _LinearPiece(part, points) if column.normal else _EmpiricalPiece(part)


class _EmpiricalPiece:
    """Function of one standardised column under tilted laws of its training values."""

    def __init__(self, part):
        self.part = part

    def __call__(self, law):
        expected, slope = law.average(self.part)
        return expected.T, slope.T


class _MatchedPiece:
    """Function of one column under tilted laws of bins."""

    def __init__(self, part, column):
        own = column.masses, column.law(None).bins
        self.inside, self.outside = inside_and_outside(part, *own)

    def __call__(self, law):
        inside, outside = self.inside[law.own], self.outside[law.own]
        slope = inside - outside
        return outside + law.mean[:, np.newaxis] * slope, slope


class _LinearPiece:
    """Linear function of one column under tilted normal laws."""

    def __init__(self, part, points):
        self.origin, self.slope = line_through(points, part)

    def __call__(self, law):
        expected = self.origin + np.outer(law.centre, self.slope)
        varies = law.variance[:, np.newaxis] > 0.0
        return expected, np.where(varies, self.slope * law.unit, 0.0)
