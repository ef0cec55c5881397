"""Moments of independent features."""

from dataclasses import dataclass, field, replace

import numpy as np

from sklime.moments.base import CentralMoments, RowMoments


@dataclass(frozen=True)
class IndependentMoments(RowMoments):
    """Moments of the weighted product laws of several rows.

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
    errors : ndarray of shape (n_rows, n_outputs, n_features), default=None
        Standard errors of `coef`, in the responses' own unit. None: all 0.
    mean_errors : ndarray of shape (n_rows, n_outputs), default=None
        Standard errors of `y_origin`. None: all 0.
    own_support : ndarray of shape (n_rows, n_features), default=None
        Effective number of own-value draws behind a coefficient; NaN: it rests on none.
    unseen_share : float, default=0.0
        Weighted probability of values that training never had, where own-value draws tell
        of them.
    """

    mean_z: np.ndarray
    variance: np.ndarray
    coef: np.ndarray
    y_origin: np.ndarray
    positions: np.ndarray
    effective_sample_sizes: np.ndarray
    n_samples: int
    errors: np.ndarray | None = field(default=None, kw_only=True)
    mean_errors: np.ndarray | None = field(default=None, kw_only=True)
    own_support: np.ndarray | None = field(default=None, kw_only=True)
    unseen_share: float = field(default=0.0, kw_only=True)

    # Nothing is estimated, but for what own-value draws tell.
    exact = True

    @property
    def match_shares(self):
        """Weighted shares of draws that match the rows: the means of the features."""
        return self.mean_z

    @property
    def z_origin(self):
        """The point from which the design is measured: zero."""
        return np.zeros_like(self.mean_z)

    @property
    def y_scale(self):
        """The unit of the responses: one."""
        return np.ones_like(self.y_origin)

    def with_own_values(self, contrasts):
        """Moments in which own-value draws tell the coefficients that they tell better.

        Parameters
        ----------
        contrasts : OwnContrasts
            Of some features of some of the rows.
        """
        share = np.minimum(self.match_shares, 1.0 - self.match_shares)
        # Effective numbers of draws on the scarcer side, as the own ones are effective.
        scarcer = share * self.effective_sample_sizes[:, np.newaxis]
        contrasts = contrasts.where(contrasts.support > scarcer[contrasts.at])
        rows, columns = contrasts.at
        coef = self.coef.copy()
        errors = np.zeros_like(coef) if self.errors is None else self.errors.copy()
        support = np.full(self.mean_z.shape, np.nan)
        mean_errors, sizes = np.zeros_like(self.y_origin), np.full(len(coef), np.inf)
        if self.mean_errors is not None:
            mean_errors, sizes = self.mean_errors, self.effective_sample_sizes
        own = self.y_origin[rows], mean_errors[rows], self.mean_z[rows, columns]
        found, errors[rows, :, columns] = contrasts.adjusted(*own, sizes[rows])
        coef[rows, :, columns] = found / self.y_scale[rows]
        support[rows, columns] = contrasts.support
        # Of a value that no draw has, selectors take the frequency for one draw's.
        variance = self.variance.copy()
        least = np.maximum(variance[rows, columns], 1.0 / self.n_samples)
        variance[rows, columns] = least
        new = {"coef": coef, "errors": errors, "variance": variance}
        unseen = self.mean_z[rows, columns] == 0.0
        if self.unseen_share and unseen.any():
            share, at = self.unseen_share, (rows[unseen], columns[unseen])
            new["mean_z"], new["y_origin"] = self.mean_z.copy(), self.y_origin.copy()
            new["mean_z"][at], variance[at] = share, share * (1.0 - share)
            np.add.at(new["y_origin"], at[0], share * found[unseen])
        return replace(self, own_support=support, **new)

    def normalised(self):
        answered = np.zeros(self.mean_z.shape, dtype=bool)
        if self.own_support is not None:
            answered = ~np.isnan(self.own_support)
        constant = (self.variance == 0.0) & ~answered
        return IndependentCentralMoments(self.mean_z, self.variance, self.coef, constant)


@dataclass(frozen=True)
class IndependentCentralMoments(CentralMoments):
    """Central moments of independent features, measured from expected responses.

    Parameters
    ----------
    mean_z, variance : ndarray of shape (n_rows, n_features)
        Of the features.
    coef : ndarray of shape (n_rows, n_outputs, n_features)
        Regression coefficients of the responses on each feature.
    constant : ndarray of shape (n_rows, n_features) of bool
        Features that do not vary, and whose coefficients are not known otherwise.
    """

    mean_z: np.ndarray
    variance: np.ndarray
    coef: np.ndarray
    constant: np.ndarray

    n_samples = np.inf
    resolution = 1e-14
    independent = True

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
