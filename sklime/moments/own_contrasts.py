"""Contrasts from paired draws: the row's own value in the place of others."""

from dataclasses import dataclass, fields

import numpy as np


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

    @classmethod
    def of(cls, rows, columns, mass, share, weights, differences, outputs, pool):
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
        pool : PairedPool
            The draws without the own value: their responses, scaled, and groups.
        """
        responses, n_groups = pool.responses, pool.n_groups
        total, squares = weights.sum(axis=1), np.square(weights).sum(axis=1)
        weighted = total > 0.0
        total = np.where(weighted, total, 1.0)
        w = (weights / total[:, np.newaxis])[:, np.newaxis]
        difference, base = (w * differences).sum(axis=2), (w * responses).sum(axis=2)
        around = differences - difference[..., np.newaxis]
        lever = responses - base[..., np.newaxis]
        # One slope for all outputs: with one for each, contrasts of outputs that add up to
        # a constant would not add up to 0.
        unit = responses.var(axis=1, keepdims=True)
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
        found = difference[chosen], slope, base[chosen], *errors, support
        units = pool.origin[outputs], pool.unit[outputs]
        return cls(rows, columns, mass, share, *found, *units)

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
        """Some of the contrasts, by an array of bool."""
        return OwnContrasts(*(getattr(self, own.name)[chosen] for own in fields(self)))

    def paired(self):
        """Contrasts and standard errors, from the paired draws alone."""
        scale = self.unit / self.share[:, np.newaxis]
        return self.difference * scale, self.paired_errors * scale

    def adjusted(self, mean, mean_errors, p):
        """Contrasts and standard errors, with the mean of all responses.

        Parameters
        ----------
        mean, mean_errors : ndarray of shape (n_contrasts, n_outputs)
            Mean response under the weighted law, and its standard error.
        p : ndarray of shape (n_contrasts,)
            Mass of the own value under the weighted law.
        """
        # The mean without the own column's weights is less by (p - mass) contrasts.
        moved = self.slope * (p - self.mass)[:, np.newaxis]
        told = self.share[:, np.newaxis] + moved
        # Where the own value has most of the weight, the mean tells little of the others.
        useful = told > 0.5 * self.share[:, np.newaxis]
        scale = self.unit / np.where(useful, told, 1.0)
        beside = self.base - (mean - self.origin) / self.unit
        coef = (self.difference - self.slope * beside) * scale
        errors = np.hypot(self.errors, self.slope * mean_errors / self.unit) * scale
        paired, paired_errors = self.paired()
        return np.where(useful, coef, paired), np.where(useful, errors, paired_errors)


def _error_of_mean(deviations, n_groups):
    """Standard errors of weighted means, from weighted deviations of the draws."""
    if n_groups:
        groups = deviations.reshape(*deviations.shape[:2], n_groups, -1).sum(axis=3)
        return np.sqrt(n_groups / (n_groups - 1) * np.square(groups).sum(axis=2))
    return np.sqrt(np.square(deviations).sum(axis=2))
