"""Contrasts from paired draws: the row's own value in the place of others."""

from dataclasses import dataclass, fields, replace
from typing import Protocol

import numpy as np

_EPSILON = np.finfo(np.float64).eps


class BaseDraws(Protocol):
    """Draws that differences are compared with.

    Attributes
    ----------
    responses : ndarray of shape (n_outputs, n_draws) or (n_contrasts, n_outputs, n_draws)
        The model's responses, scaled; of expectation the weighted mean without the column.
    origin, unit : ndarray of shape (n_outputs,) or (n_contrasts, n_outputs)
        Their origin and unit.
    n_groups : int
        Groups of draws, one after the other, that are independent; 0: all draws are.
    """

    responses: np.ndarray
    origin: np.ndarray
    unit: np.ndarray
    n_groups: int


@dataclass(frozen=True, eq=False)
class OwnContrasts:
    r"""Contrasts of some features of some rows, from own-value draws.

    The mean of all responses is often known better than from the draws that were paired.
    With `s` the slope of the differences on the responses without the own value, `b` their
    mean there and `m` the better one, the contrast is :math:`(d - s (b - m)) / c`: exactly
    0 where the model ignores the column, and free of the noise of other values where it
    does not.

    Parameters
    ----------
    rows, columns : ndarray of shape (n_contrasts,) of int
        Which.
    mass, share : ndarray of shape (n_contrasts,)
        Mass of the own value, and the share of the contrast that differences tell.
    difference, slope, base : ndarray of shape (n_contrasts, n_outputs)
        Weighted means of the differences, their slopes on the responses without the own
        value, and weighted means of these.
    paired_errors, errors : ndarray of shape (n_contrasts, n_outputs)
        Standard errors of `difference`, and of what the slopes leave of it.
    support : ndarray of shape (n_contrasts,)
        Effective numbers of draws.
    origin, unit : ndarray of shape (n_contrasts, n_outputs)
        Origin and unit of the responses: all others are in these.
    of_row : ndarray of shape (n_contrasts,) of bool
        Whether the draws were the row's own, not those of all rows.
    """

    rows: np.ndarray
    columns: np.ndarray
    mass: np.ndarray
    share: np.ndarray
    difference: np.ndarray
    slope: np.ndarray
    base: np.ndarray
    paired_errors: np.ndarray
    errors: np.ndarray
    support: np.ndarray
    origin: np.ndarray
    unit: np.ndarray
    of_row: np.ndarray

    @classmethod
    def of(
        cls, rows, columns, mass, share, weights, differences, outputs, base, of_row=False
    ):
        """Sum up paired draws.

        Parameters
        ----------
        rows, columns, mass, share
            As for `OwnContrasts`.
        weights : ndarray of shape (n_contrasts, n_draws)
            Weights, by all columns but the own.
        differences : ndarray of shape (n_contrasts, n_all_outputs, n_draws)
            Paired differences.
        outputs : ndarray of shape (n_contrasts, n_outputs) of int
            The outputs explained for each.
        base : BaseDraws
            What differences are compared with.
        of_row : bool, default=False
            Whether the draws are the row's own.
        """
        responses, n_groups = base.responses, base.n_groups
        total, squares = weights.sum(axis=1), np.square(weights).sum(axis=1)
        weighted = total > 0.0
        total = np.where(weighted, total, 1.0)
        w = (weights / total[:, np.newaxis])[:, np.newaxis]
        difference, mean = (w * differences).sum(axis=2), (w * responses).sum(axis=2)
        around = differences - difference[..., np.newaxis]
        lever = responses - mean[..., np.newaxis]
        # One slope for all outputs: with one for each, contrasts of outputs that add up to
        # a constant would not add up to 0.
        unit = responses.var(axis=-1, keepdims=True)
        w_unit = w / np.where(unit > 0.0, unit, 1.0)
        spread = (w_unit * np.square(lever)).sum(axis=2).sum(axis=1)
        covariance = (w_unit * lever * around).sum(axis=2).sum(axis=1)
        slope = np.zeros_like(spread)
        np.divide(covariance, spread, out=slope, where=spread > 0.0)
        slope = np.repeat(slope[:, np.newaxis], outputs.shape[1], axis=1)
        support = np.where(weighted, total**2 / np.where(weighted, squares, 1.0), 0.0)
        chosen = np.arange(len(rows))[:, np.newaxis], outputs
        around, lever = around[chosen], lever[chosen]
        # The mean takes up one effective draw, the slope another one.
        some = np.where(weighted, support, 1.0)[:, np.newaxis]
        errors = [
            _error_of_mean(w * own, n_groups) / np.sqrt(np.maximum(1.0 - n / some, 0.1))
            for n, own in ((1, around), (2, around - slope[..., np.newaxis] * lever))
        ]
        units = base.origin, base.unit
        units = [np.broadcast_to(own, difference.shape)[chosen] for own in units]
        # Where all differences are equal, they are as good as the responses' rounding.
        largest = np.abs(responses).max(axis=-1, initial=0.0)
        largest = np.broadcast_to(largest, difference.shape)[chosen]
        rounding = _EPSILON * (largest + np.abs(units[0] / units[1]))
        rounding = np.where(differences.any(axis=2)[chosen], rounding, 0.0)
        errors = [np.hypot(own, rounding) for own in errors]
        found = difference[chosen], slope, mean[chosen], *errors, support
        of_row = np.full(len(rows), of_row)
        return cls(rows, columns, mass, share, *found, *units, of_row)

    @classmethod
    def joined(cls, parts):
        """Join contrasts."""
        names = [own.name for own in fields(cls)]
        return cls(*(np.concatenate([getattr(p, name) for p in parts]) for name in names))

    @property
    def at(self):
        """Index of the contrasts in arrays of shape (n_rows, n_features)."""
        return self.rows, self.columns

    def where(self, chosen):
        """Some of the contrasts, by an array of bool or positions."""
        return OwnContrasts(*(getattr(self, own.name)[chosen] for own in fields(self)))

    def of_rows(self, rows):
        """The same of rows with other numbers."""
        return replace(self, rows=rows)

    def of_outputs(self, outputs):
        """The same of some outputs, of shape (n_contrasts, n_explained) of int."""
        of_all = {
            own.name: np.take_along_axis(getattr(self, own.name), outputs, axis=1)
            for own in fields(self)
            if getattr(self, own.name).ndim == 2
        }
        return replace(self, **of_all)

    def paired(self):
        """Contrasts and standard errors, from the paired draws alone."""
        scale = self.unit / self.share[:, np.newaxis]
        return self.difference * scale, self.paired_errors * scale

    def adjusted(self, mean, mean_errors, p, sizes):
        """Contrasts and standard errors, with the mean of all responses.

        Parameters
        ----------
        mean, mean_errors : ndarray of shape (n_contrasts, n_outputs)
            Mean response under the weighted law, and its standard error.
        p : ndarray of shape (n_contrasts,)
            Mass of the own value under the weighted law.
        sizes : ndarray of shape (n_contrasts,)
            Effective numbers of draws behind the mean; infinite where it is known.
        """
        # A row's own pairs tell its mean, too: both count by their draws of other values.
        others = np.maximum(1.0 - p, 1e-30) * sizes
        with np.errstate(divide="ignore", over="ignore"):
            ours = np.where(self.of_row, self.support / others, 0.0)
        trust = (1.0 / (1.0 + ours))[:, np.newaxis]
        slope = self.slope * trust
        # The mean without the own column's weights is less by (p - mass) contrasts.
        moved = slope * (p - self.mass)[:, np.newaxis]
        told = self.share[:, np.newaxis] + moved
        # Where the own value has most of the weight, the mean tells little of the others.
        useful = told > 0.5 * self.share[:, np.newaxis]
        useful &= ~(self.of_row & (p > 0.5))[:, np.newaxis]
        scale = self.unit / np.where(useful, told, 1.0)
        beside = self.base - (mean - self.origin) / self.unit
        coef = (self.difference - slope * beside) * scale
        told_by_slope = np.square(self.paired_errors) - np.square(self.errors)
        left = (1.0 - trust) * np.sqrt(np.maximum(told_by_slope, 0.0))
        errors = np.hypot(self.errors, left)
        errors = np.hypot(errors, slope * mean_errors / self.unit) * scale
        paired, paired_errors = self.paired()
        return np.where(useful, coef, paired), np.where(useful, errors, paired_errors)


def _error_of_mean(deviations, n_groups):
    """Standard errors of weighted means, from weighted deviations of the draws."""
    if n_groups:
        groups = deviations.reshape(*deviations.shape[:2], n_groups, -1).sum(axis=3)
        return np.sqrt(n_groups / (n_groups - 1) * np.square(groups).sum(axis=2))
    return np.sqrt(np.square(deviations).sum(axis=2))
