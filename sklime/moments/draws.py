"""Weighted draws around one row, with the model's responses."""

from dataclasses import dataclass

import numpy as np

from sklime.moments.products import badly_centred


@dataclass(frozen=True, eq=False)
class Draws:
    """Weighted draws around one row, with the model's responses.

    Parameters
    ----------
    Z : ndarray of shape (n_features, n_samples)
        The design in interpretable units; bool where every feature is 0 or 1.
    position : ndarray of shape (n_features,)
        The row itself in these units.
    weights : ndarray of shape (n_samples,)
        Non-negative weights.
    Y : ndarray of shape (n_outputs, n_samples)
        The responses, scaled: ``response = y_origin + y_scale * Y``.
    y_origin, y_scale : ndarray of shape (n_outputs,)
        Origin and unit of the responses.
    groups : ndarray of shape (n_samples,) of int, default=None
        Which draws belong together; groups are independent. None: all draws are.
    exhaustive : bool, default=False
        Whether the draws are all there are, so that nothing is estimated from them.
    n_draws : int, default=None
        Number of draws that these stand for, where equal ones were joined. None: one each.
    n_equivalent : ndarray of shape (n_features,), default=None
        Number of unweighted draws of the weighted law that would tell as much of each
        feature, where what has little weight was drawn often; NaN where nothing
        tells features apart. None: `n_samples`.
    """

    Z: np.ndarray
    position: np.ndarray
    weights: np.ndarray
    Y: np.ndarray
    y_origin: np.ndarray
    y_scale: np.ndarray
    groups: np.ndarray | None = None
    exhaustive: bool = False
    n_draws: int | None = None
    n_equivalent: np.ndarray | None = None

    @property
    def n_penalised(self):
        """Number of draws that a penalty is measured against."""
        if self.n_equivalent is None:
            return self.n_samples
        return np.nan_to_num(self.n_equivalent).max(initial=self.n_samples)

    @property
    def n_samples(self):
        """Number of draws, equal ones that were joined included."""
        return self.Z.shape[1] if self.n_draws is None else self.n_draws

    @property
    def badly_centred(self):
        """Whether responses that have weight lie far from their origin for their spread."""
        shares = self.weights / (self.weights.max(initial=0.0) or 1.0)
        return badly_centred(shares.sum(), self.Y @ shares, np.square(self.Y) @ shares)

    @property
    def z_origin(self):
        """The point from which moments measure the design.

        0/1 designs are exact as they are; values far from 0 would cancel, so they are
        measured from the row.
        """
        return np.zeros(len(self.Z)) if self.Z.dtype == bool else self.position

    def local_answers(self):
        """Responses measured from their weighted mean, in units of their spread.

        Small effects near the row survive large ones where the kernel leaves no weight.

        Returns
        -------
        Y : ndarray of shape (n_outputs, n_samples)
            Exactly 0 where all responses that have weight are equal to rounding.
        y_origin, y_scale : ndarray of shape (n_outputs,)
            Their origin and unit.
        """
        largest = self.weights.max(initial=0.0)
        if not largest > 0.0:
            return self.Y, self.y_origin, self.y_scale
        shares = self.weights / largest
        shares /= shares.sum()
        middle = self.Y @ shares
        Y = self.Y - middle[:, np.newaxis]
        spread = np.sqrt(np.square(Y) @ shares)
        even = spread <= 1e-15 * np.abs(middle)
        Y[even] = 0.0
        unit = np.where(even, 1.0, spread)
        Y /= unit[:, np.newaxis]
        return Y, self.y_origin + self.y_scale * middle, self.y_scale * unit


def scale_answers(Y):
    """Scale responses to order 1: constant ones to exactly 0, the others into [-1, 1].

    Parameters
    ----------
    Y : ndarray of shape (n_outputs, n_samples)

    Returns
    -------
    Y : ndarray of shape (n_outputs, n_samples)
    y_origin, y_scale : ndarray of shape (n_outputs,)
        The middle of their range, and half of it (1 where they are constant).
    """
    low, high = Y.min(axis=1), Y.max(axis=1)
    # Halved first: the range of finite responses need not be finite.
    half = 0.5 * high - 0.5 * low
    origin = low + half
    scale = np.where(half > 0.0, half, 1.0)
    return (Y - origin[:, np.newaxis]) / scale[:, np.newaxis], origin, scale
