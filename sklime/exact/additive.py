"""The contract of additive closed forms: sums of single-column functions."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sklime.exact.coalition_form import CoalitionModel
from sklime.exact.form import ClosedForm
from sklime.exact.sum_of_columns import SumOfColumns
from sklime.exceptions import NoClosedForm

if TYPE_CHECKING:
    from sklime.exact.coalition_form import Background, KeepLaw
    from sklime.exact.feature_map import FeatureMap
    from sklime.exact.form import Mismatch, RebuiltModel
    from sklime.laws.columns import Column


class AdditiveForm(ClosedForm):
    """Base of the closed forms that are sums of functions of the columns' features.

    A reader gives one for a model whose answers are such a sum, or for the margin of a
    classifier whose probabilities of two classes are the sigmoid of such a sum.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime.exact import AdditiveForm
    >>> class Squares(AdditiveForm):
    ...     n_features = 2
    ...
    ...     def part(self, features, values):
    ...         return np.square(values).sum(axis=0)[:, np.newaxis]
    >>> Squares().part(np.array([0]), np.array([[1.0, 2.0]]))
    array([[1.],
           [4.]])
    """

    # Number of model features that it reads.
    n_features: int

    # What the parts lack, by output; None where only the model's own answers tell.
    constant: NDArray[np.float64] | None = None

    @abstractmethod
    def part(
        self, features: NDArray[np.intp], values: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """What some model features add to the responses, up to a constant per output.

        Parameters
        ----------
        features : ndarray of shape (n,) of int
            Model features, those of one column.
        values : ndarray of shape (n, n_points)
            Their values at points of the column.

        Returns
        -------
        ndarray of shape (n_points, n_outputs)
        """

    def parts(self, features: FeatureMap) -> list[NDArray[np.float64]]:
        """Functions of all columns at their grid points.

        Parameters
        ----------
        features : FeatureMap
            Model features as functions of the columns.

        Returns
        -------
        list of n_columns ndarrays of shape (n_points, n_outputs)

        Raises
        ------
        NoClosedForm
            If the model has other features, or its answers to some values are not finite.
        """
        features.check_width(self.n_features, exactly=True)
        pairs = zip(features.owned, features.values, strict=True)
        parts = [self.part(owned, values) for owned, values in pairs]
        if not all(np.isfinite(part).all() for part in parts):
            raise NoClosedForm("missing or infinite values reach the linear model")
        return parts

    def idle_part(self, features: FeatureMap) -> NDArray[np.float64]:
        """What model features that do not vary add, (n_outputs,).

        Parameters
        ----------
        features : FeatureMap
            Model features as functions of the columns.
        """
        idle = np.flatnonzero(features.owner < 0)
        return self.part(idle, features.constants[idle, np.newaxis])[0]

    def bind(
        self,
        features: FeatureMap,
        columns: Sequence[Column],
        points: list[NDArray[np.float64]],
        mismatch: Mismatch,
    ) -> RebuiltModel:
        return SumOfColumns(self.parts(features), columns, points)

    def bind_coalitions(
        self,
        features: FeatureMap,
        columns: Sequence[Column],
        points: list[NDArray[np.float64]],
        background: Background,
        keep: KeepLaw,
    ) -> CoalitionModel:
        return CoalitionsOfColumns(self, features, background, keep)


class CoalitionsOfColumns(CoalitionModel):
    """Sum of single-column functions under laws of coalitions.

    Parameters
    ----------
    form : AdditiveForm
        The functions.
    features : FeatureMap
        Model features as functions of the columns.
    background : Background
        What dropped columns follow.
    keep : KeepLaw
        Of the probability that columns are kept.
    """

    def __init__(self, form, features, background, keep):
        self.form, self.features, self.keep = form, features, keep
        self.parts = form.parts(features)
        self.n_terms = len(self.parts)
        self.constant = np.zeros(self.parts[0].shape[1])
        pairs = zip(features.owned, background.values, strict=True)
        self.means = np.stack(
            [
                background.means(j, form.part(owned, values)).mean(axis=0)
                for j, (owned, values) in enumerate(pairs)
            ]
        )
        if not np.isfinite(self.means).all():
            raise NoClosedForm(
                "missing or infinite values of the background reach the model"
            )

    def responses(self, at):
        return self.constant + sum(part[at[:, j]] for j, part in enumerate(self.parts))

    def nothing(self):
        return self.constant + self.means.sum(axis=0)

    def __call__(self, own, outputs):
        parts = [self.form.part(owned, own[owned]) for owned in self.features.owned]
        contrasts = (np.stack(parts, axis=2) - self.means.T)[:, outputs]
        kept = self.keep.probability or 0.0
        return self.nothing()[outputs] + kept * contrasts.sum(axis=2), contrasts

    def pairs(self, own, outputs, pairs):
        """Contrasts of pairs of columns: none, as the columns' parts are added."""
        return np.zeros((own.shape[1], len(outputs), len(pairs)))
