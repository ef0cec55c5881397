"""Moments of independent features."""

from dataclasses import dataclass

import numpy as np

from sklime.moments.base import CentralMoments, RowMoments


@dataclass(frozen=True)
class IndependentMoments(RowMoments):
    """Moments of the tilted product laws of several rows.

    Parameters
    ----------
    mean_z, variance : ndarray of shape (n_rows, n_features)
        Of the interpretable features, which are independent.
    coef : ndarray of shape (n_rows, n_outputs, n_features)
        Covariance of feature and answer over the feature's variance.
    y_origin : ndarray of shape (n_rows, n_outputs)
        Expected responses.
    positions : ndarray of shape (n_rows, n_features)
        The rows in interpretable units.
    effective_sample_sizes : ndarray of shape (n_rows,)
        ``n_samples * (E w)**2 / E w**2``.
    n_samples : int
        What effective sample sizes are stated for.
    """

    mean_z: np.ndarray
    variance: np.ndarray
    coef: np.ndarray
    y_origin: np.ndarray
    positions: np.ndarray
    effective_sample_sizes: np.ndarray
    n_samples: int

    # Nothing is estimated.
    exact = True

    @property
    def z_origin(self):
        """The point from which the design is measured: zero."""
        return np.zeros_like(self.mean_z)

    @property
    def y_scale(self):
        """The unit of the responses: one."""
        return np.ones_like(self.y_origin)

    def normalised(self):
        return IndependentCentralMoments(self.mean_z, self.variance, self.coef)


@dataclass(frozen=True)
class IndependentCentralMoments(CentralMoments):
    """Central moments of independent features, measured from expected responses.

    Parameters
    ----------
    mean_z, variance : ndarray of shape (n_rows, n_features)
        Of the features.
    coef : ndarray of shape (n_rows, n_outputs, n_features)
        Regression coefficients of the responses on each feature.
    """

    mean_z: np.ndarray
    variance: np.ndarray
    coef: np.ndarray

    n_samples = np.inf
    resolution = 1e-14
    independent = True

    @property
    def constant(self):
        """Features without variance, of shape (n_rows, n_features)."""
        return self.variance == 0.0

    @property
    def gram(self):
        """Covariances of the features: their variances on the diagonal."""
        return self.variance[:, np.newaxis] * np.eye(self.variance.shape[1])

    @property
    def cross(self):
        """Covariances of features and responses."""
        return np.swapaxes(self.coef, 1, 2) * self.variance[:, :, np.newaxis]

    @property
    def spread(self):
        """The responses' variance that the features explain together."""
        return np.einsum("nkd,nd->nk", np.square(self.coef), self.variance)

    @property
    def mean_y(self):
        """Means of the responses, from which they are measured: zero."""
        return np.zeros(self.coef.shape[:2])

    def ridge(self, penalty, support=None):
        """Coefficients; a penalty has no weight against infinitely many draws."""
        return self.coef if support is None else np.where(support, self.coef, 0.0)

    def explained(self, coef, offset=0.0):
        """Share of `spread` that a surrogate explains."""
        missed = np.einsum("nkd,nd->nk", np.square(coef - self.coef), self.variance)
        spread = self.spread
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(spread == 0.0, 1.0, 1.0 - (missed + offset**2) / spread)
