r"""Moments of equally correlated units: exchangeable laws of masks, weighted by a kernel.

Where all masks that keep equally many units weigh the same, all covariances of two units
are equal, and :math:`\Sigma` has two eigenvalues. Both are sums over the numbers of kept
units, in which nothing cancels, however narrow the kernel.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sklime.moments.base import CentralMoments, RowMoments
from sklime.moments.independent import IndependentMoments

# Variance, of a sum of units over their number, below which products of 0/1 designs lose
# more than ten digits of it.
COLLINEAR = 1e-6


@dataclass(frozen=True)
class WeightedLaw:
    """Means and covariances of an exchangeable law of masks, weighted by a kernel.

    Parameters
    ----------
    mean : float
        Probability that a unit is kept.
    within : float
        Variance of a unit less the covariance of two: the covariance matrix's eigenvalue
        for vectors of sum zero.
    total : float
        Variance of the number of kept units over the number of units: its eigenvalue for
        the vector of ones.
    efficiency : float
        ``(E w)**2 / E w**2``; 0 where no mask has weight.
    shares : ndarray of shape (n_units + 1,)
        Weighted probabilities that 0, 1, ..., n_units units are kept.
    """

    mean: float
    within: float
    total: float
    efficiency: float
    shares: np.ndarray

    @classmethod
    def of(cls, masses, weights):
        """Weight a law by a kernel.

        Parameters
        ----------
        masses : ndarray of shape (n_units + 1,)
            Probabilities that 0, 1, ..., n_units units are kept.
        weights : ndarray of shape (n_units + 1,)
            Weight of a mask by its number of kept units.
        """
        d, kept = len(masses) - 1, np.arange(len(masses))
        weights = weights / (weights[masses > 0.0].max(initial=0.0) or 1.0)
        mass = masses @ weights
        shares = masses * weights / (mass or 1.0)
        mean = shares @ kept
        total = shares @ np.square(kept - mean) / max(d, 1)
        within = shares @ (kept * (d - kept)) / (d * (d - 1)) if d > 1 else total
        efficiency = mass**2 / (masses @ np.square(weights)) if mass else 0.0
        return cls(mean / max(d, 1), within, total, efficiency, shares)

    @property
    def pair_at_row(self):
        r"""A pair's term at the row, which keeps all units.

        It is the product of two units less what a regression on all units tells of it:
        :math:`(1 - p)^2` where these are independent and kept with probability `p`.
        """
        d = len(self.shares) - 1
        if d < 2:
            return np.nan
        kept, m = np.arange(d + 1.0), [1.0]
        for k in range(min(d, 3)):
            # Probabilities that one, two and three given units are kept.
            drawn = np.prod([(kept - i) / (d - i) for i in range(k + 1)], axis=0)
            m.append(float(self.shares @ drawn))
        p, both, three = [*m, 0.0][1:4]
        variance, covariance = p - p * p, both - p * p
        # What one of the two units adds, and one of the others.
        system = np.array(
            [
                [variance + covariance, (d - 2) * covariance],
                [2 * covariance, variance + (d - 3) * covariance],
            ]
        )
        right = np.array([both * (1.0 - p), three - both * p])
        if d < 3:
            system, right = system[:1, :1], right[:1]
        slopes = np.linalg.lstsq(system, right, rcond=None)[0]
        numbers = np.array([2.0, d - 2.0])[: len(slopes)]
        return 1.0 - both - (1.0 - p) * float(numbers @ slopes)

    @property
    def smaller(self):
        """The smaller eigenvalue of the units' covariances: 0 where units look alike."""
        return min(self.within, self.total)


@dataclass(frozen=True)
class ExchangeableCentralMoments(CentralMoments):
    """Central moments of equally correlated units, measured from expected responses.

    Parameters
    ----------
    mean_z : ndarray of shape (1, n_units)
        Of the masks.
    coef : ndarray of shape (1, n_outputs, n_units)
        Coefficients of the regression of the responses on all units.
    law : WeightedLaw
        Of the masks.
    rest : ndarray of shape (1, n_outputs) or 0.0, default=0.0
        Variances of the responses that this regression does not explain.
    """

    mean_z: np.ndarray
    coef: np.ndarray
    law: WeightedLaw
    rest: np.ndarray | float = 0.0

    n_samples = np.inf
    resolution = 1e-14

    @property
    def constant(self):
        """Units that do not vary, of shape (1, n_units): none."""
        return np.zeros(self.mean_z.shape, dtype=bool)

    @property
    def covariance(self):
        """Covariance of any two units."""
        return (self.law.total - self.law.within) / max(self.mean_z.size, 1)

    @cached_property
    def gram(self):
        """Covariances of the units."""
        return (self.law.within * np.eye(self.mean_z.size) + self.covariance)[np.newaxis]

    @property
    def cross(self):
        """Covariances of units and responses."""
        shared = self.covariance * self.coef.sum(axis=2, keepdims=True)
        return np.swapaxes(self.law.within * self.coef + shared, 1, 2)

    @property
    def spread(self):
        """Variances of the responses."""
        return self._variance(self.coef) + self.rest

    @property
    def mean_y(self):
        """Means of the responses, from which they are measured: zero."""
        return np.zeros(self.coef.shape[:2])

    def ridge(self, penalty, support=None):
        """Coefficients; a penalty has no weight against infinitely many draws.

        The units of a support share in equal parts what the others would have explained
        through the covariance, by the formula of Sherman and Morrison.
        """
        if support is None:
            return self.coef
        left_out = np.where(support, 0.0, self.coef).sum(axis=2, keepdims=True)
        size = support.sum(axis=2, keepdims=True)
        # Where none is left out, what they would share may round to 0 / 0.
        shared = self.law.within + size * self.covariance
        share = self.covariance / np.where(size < self.mean_z.size, shared, 1.0)
        return np.where(support, self.coef + share * left_out, 0.0)

    def explained(self, coef, offset=0.0):
        """Share of `spread` that a surrogate explains."""
        missed, spread = self._variance(coef - self.coef) + self.rest, self.spread
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(spread == 0.0, 1.0, 1.0 - (missed + offset**2) / spread)

    def _variance(self, slopes):
        """Variance of a weighted sum of units, by the eigenvalues of their covariances."""
        d = max(slopes.shape[2], 1)
        mean = slopes.sum(axis=2, keepdims=True) / d
        around = np.square(slopes - mean).sum(axis=2)
        return self.law.within * around + self.law.total * d * mean[..., 0] ** 2


@dataclass(frozen=True)
class EnumeratedMoments(RowMoments):
    """Moments of one row's masks, enumerated where few masks have weight.

    Right also where so little weight varies that products of the design would cancel.

    Parameters
    ----------
    mean_z : ndarray of shape (1, n_units)
        Of the masks.
    coef : ndarray of shape (1, n_outputs, n_units)
        Coefficients of the weighted regression on all units.
    rest : ndarray of shape (1, n_outputs)
        Variances of the responses that it does not explain.
    y_origin, y_scale : ndarray of shape (1, n_outputs)
        Mean responses, and the unit in which `coef` and `rest` are.
    effective_sample_sizes : ndarray of shape (1,)
        ``(sum w)**2 / sum w**2``.
    n_samples : int
        Number of masks.
    law : WeightedLaw
        Of the masks.
    """

    mean_z: np.ndarray
    coef: np.ndarray
    rest: np.ndarray
    y_origin: np.ndarray
    y_scale: np.ndarray
    effective_sample_sizes: np.ndarray
    n_samples: int
    law: WeightedLaw

    exact = True
    collinear = True

    @classmethod
    def of(cls, Z, weights, law, responses, effective_size, n_samples):
        """Sum up masks whose weight depends on the number of kept units alone.

        The regression falls into two: masks that keep equally many units tell the units
        apart, their means tell what all units do together.

        Parameters
        ----------
        Z : ndarray of shape (n_units, n_masks) of bool
            The masks; all that keep equally many units, where they have weight.
        weights : ndarray of shape (n_masks,)
        law : WeightedLaw
            Of the masks; both of its eigenvalues above 0.
        responses : tuple of (ndarray of shape (n_outputs, n_masks), origin, scale)
            As `scale_answers` gives them.
        effective_size : float
            Number of equal weights that are worth as much.
        """
        (Y, origin, scale), d, kept = responses, len(Z), Z.sum(axis=0)
        count = np.arange(d + 1)
        size = np.maximum(np.bincount(kept, minlength=d + 1), 1)
        by_count = np.array([np.bincount(kept, y, d + 1) for y in Y]) / size
        # Measured where most weight is, as differences from there may be all that counts.
        base = by_count[:, [law.shares.argmax()]]
        Y, by_count = Y - base, by_count - base
        unit = weights.max()
        shares = (weights / unit) / (weights / unit).sum()
        apart = ((Y - by_count[:, kept]) * shares) @ (Z - kept / d).T / law.within
        together = (by_count * law.shares) @ (count - law.mean * d) / (law.total * d)
        coef = apart + together[:, np.newaxis]
        residuals = Y - coef @ (Z - law.mean)
        mean = by_count @ law.shares
        residuals -= mean[:, np.newaxis]
        return cls(
            mean_z=np.full((1, d), law.mean),
            coef=coef[np.newaxis],
            rest=(np.square(residuals) @ shares)[np.newaxis],
            y_origin=(origin + scale * (base[:, 0] + mean))[np.newaxis],
            y_scale=scale[np.newaxis],
            effective_sample_sizes=np.array([effective_size]),
            n_samples=n_samples,
            law=law,
        )

    @property
    def positions(self):
        """The row itself, which keeps all units."""
        return np.ones_like(self.mean_z)

    @property
    def z_origin(self):
        """The point from which the design is measured: zero."""
        return np.zeros_like(self.mean_z)

    def normalised(self):
        return ExchangeableCentralMoments(self.mean_z, self.coef, self.law, self.rest)


@dataclass(frozen=True)
class MaskMoments(IndependentMoments):
    """Moments of the weighted law of one row's masks.

    Parameters
    ----------
    mean_z, variance, coef, y_origin, positions, effective_sample_sizes, n_samples
        As for `IndependentMoments`; `coef` are the effects of the units.
    law : WeightedLaw
        Of the masks.
    """

    law: WeightedLaw

    @property
    def collinear(self):
        """Whether units are nearly collinear: their sum, or all but it, hardly varies."""
        return bool(self.mean_z.size and self.law.smaller < COLLINEAR)

    def normalised(self):
        return ExchangeableCentralMoments(self.mean_z, self.coef, self.law)
