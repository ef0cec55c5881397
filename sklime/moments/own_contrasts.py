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

    @classmethod
    def of(cls, rows, columns, mass, share, weights, differences, responses, n_groups):
        """Sum up paired draws.

        Parameters
        ----------
        rows, columns, mass, share
            As for `OwnContrasts`.
        weights : ndarray of shape (n_contrasts, n_draws)
            Weights, by all columns but the own.
        differences, responses : ndarray of shape (n_contrasts, n_outputs, n_draws)
            Paired differences, and the responses without the own value.
        n_groups : int
            Groups of draws, one after the other, that are independent; 0: all draws are.
        """
        total, squares = weights.sum(axis=1), np.square(weights).sum(axis=1)
        weighted = total > 0.0
        total = np.where(weighted, total, 1.0)
        w = (weights / total[:, np.newaxis])[:, np.newaxis]
        difference, base = ((w * own).sum(axis=2) for own in (differences, responses))
        around = differences - difference[..., np.newaxis]
        lever = responses - base[..., np.newaxis]
        spread = (w * np.square(lever)).sum(axis=2)
        covariance = (w * lever * around).sum(axis=2)
        slope = np.divide(covariance, spread, out=np.zeros_like(spread), where=spread > 0.0)
        errors = [
            _error_of_mean(w * own, n_groups)
            for own in (around, around - slope[..., np.newaxis] * lever)
        ]
        support = np.where(weighted, total**2 / np.where(weighted, squares, 1.0), 0.0)
        found = difference, slope, base, *errors, support
        return cls(rows, columns, mass, share, *found)

    @property
    def at(self):
        """Index of the contrasts in arrays of shape (n_rows, n_features)."""
        return self.rows, self.columns

    def where(self, chosen):
        """Some of the contrasts, by an array of bool."""
        return OwnContrasts(*(getattr(self, own.name)[chosen] for own in fields(self)))

    def paired(self):
        """Contrasts and standard errors, from the paired draws alone."""
        share = self.share[:, np.newaxis]
        return self.difference / share, self.paired_errors / share

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
        share = self.share[:, np.newaxis] + moved
        coef = (self.difference - self.slope * (self.base - mean)) / share
        return coef, np.hypot(self.errors, self.slope * mean_errors) / np.abs(share)


def _error_of_mean(deviations, n_groups):
    """Standard errors of weighted means, from weighted deviations of the draws."""
    if n_groups:
        groups = deviations.reshape(*deviations.shape[:2], n_groups, -1).sum(axis=3)
        return np.sqrt(n_groups / (n_groups - 1) * np.square(groups).sum(axis=2))
    return np.sqrt(np.square(deviations).sum(axis=2))
