r"""Contrasts: moments of independent features from draws.

Under independent columns and a kernel that is a product over them the binary features are
independent, and LIME's limit is :math:`E[f \mid z_j = 1] - E[f \mid z_j = 0]` under the
weighted law. With `g` the additive part of `f`, whose contrast is known, draws tell that of
the rest `r = f - g`; the Gram matrix is the law's own, diagonal one.
"""

from dataclasses import dataclass, field

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from sklime.moments.base import PENALTY
from sklime.moments.independent import IndependentMoments

# Errors of few effective draws grow no further: intervals say nothing then.
_LEAST_FREE = 0.1


# A side of a feature that has so small a share of the weight has none but by rounding.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class ContrastMoments(IndependentMoments):
    """Moments of independent features, known but for what draws of the rest add.

    Parameters
    ----------
    mean_z, variance, coef, y_origin, positions, effective_sample_sizes, n_samples, errors
        As for `IndependentMoments`; `coef` is per unit of the responses.
    unit : ndarray of shape (n_rows, n_outputs)
        Unit of the responses.
    shares : ndarray of shape (n_rows, n_features)
        Weighted shares of draws in the rows' own bins.
    """

    unit: np.ndarray = field(kw_only=True)
    shares: np.ndarray = field(kw_only=True)

    exact = False

    @property
    def y_scale(self):
        return self.unit

    @property
    def match_shares(self):
        return self.shares


@dataclass(frozen=True)
class KnownPart:
    """What is known of rows' responses and features before any draw.

    Parameters
    ----------
    mean_z, variance : ndarray of shape (n_rows, n_features)
        Of the features under the weighted law.
    base : ndarray of shape (n_rows, n_outputs)
        The additive part of the responses where all of a row's bins are missed.
    contrast : ndarray of shape (n_rows, n_outputs, n_features)
        What being in each of the row's bins adds to it.
    free_share : ndarray of shape (n_rows,)
        Share of the draws that is left free by parameters which were fitted to the same
        responses.
    """

    mean_z: np.ndarray
    variance: np.ndarray
    base: np.ndarray
    contrast: np.ndarray
    free_share: np.ndarray

    def mean(self):
        """Expected additive part, of shape (n_rows, n_outputs)."""
        return self.base + (self.contrast * self.mean_z[:, np.newaxis]).sum(axis=2)

    def forget(self, i):
        """Know nothing of the responses around one row."""
        self.base[i], self.contrast[i] = 0.0, 0.0
        self.free_share[i] = 1.0

    def slopes_fitted(self, i, effective_size):
        """Count the slopes, and a constant, that were fitted around one row."""
        taken = (1.0 + self.mean_z.shape[1]) / effective_size
        self.free_share[i] *= max(1.0 - taken, _LEAST_FREE)


@dataclass(frozen=True)
class ContrastSums:
    """Weighted sums of draws, all of them and those in the rows' own bins, by scramble.

    Parameters
    ----------
    weight : ndarray of shape (n_scrambles, n_rows)
        Sums of the weights, in any unit, the same within a row.
    matched_weight : ndarray of shape (n_scrambles, n_rows, n_features)
        Of the draws in the own bins.
    rest : ndarray of shape (n_scrambles, n_rows, n_outputs)
        Sums of weights times rest.
    matched_rest : ndarray of shape (n_scrambles, n_rows, n_outputs, n_features)
        Of the draws in the own bins.
    effective_sample_sizes : ndarray of shape (n_rows,)
        ``(sum w)**2 / sum w**2``; 0 where no draw has weight.
    """

    weight: np.ndarray
    matched_weight: np.ndarray
    rest: np.ndarray
    matched_rest: np.ndarray
    effective_sample_sizes: np.ndarray

    @classmethod
    def of_row(cls, Z, weights, rest, scrambles):
        """Sum up the draws around one row, in double precision.

        Parameters
        ----------
        Z : ndarray of shape (n_features, n_samples)
            The design, 0 or 1.
        weights : ndarray of shape (n_samples,)
            Weights.
        rest : ndarray of shape (n_outputs, n_samples)
            What is summed.
        scrambles : list of slices
            The draws of each scramble.
        """
        # One by one, lest an output's sums depend on how many there are.
        A = [weights, *(weights * own for own in rest)]
        total = np.array([[own[part].sum() for own in A] for part in scrambles])
        matched = np.array([[Z[:, part] @ own[part] for own in A] for part in scrambles])
        total, matched = total[:, np.newaxis], matched[:, np.newaxis]
        sums = total[..., 0], matched[:, :, 0], total[..., 1:], matched[:, :, 1:]
        return cls(*sums, np.array([weights.sum() ** 2 / (weights @ weights)]))

    @classmethod
    def joined(cls, parts):
        """Join the sums of disjoint rows."""
        return cls(
            *(np.concatenate([getattr(p, name) for p in parts], axis=1) for name in _SUMS),
            np.concatenate([part.effective_sample_sizes for part in parts]),
        )

    def put(self, i, row):
        """Put the sums of one row, as `of_row` gives them, in the place of another's."""
        for name in _SUMS:
            getattr(self, name)[:, i] = getattr(row, name)[:, 0]
        self.effective_sample_sizes[i] = row.effective_sample_sizes[0]

    def moments(self, known, slopes, units, n_samples):
        r"""Moments of the rows' neighbourhoods.

        Standard errors come from the deviations of the scrambles,
        :math:`D_g = (S_{1g} - m_1 W_{1g}) / W_1 - (S_{0g} - m_0 W_{0g}) / W_0`.

        Parameters
        ----------
        known : KnownPart
            What draws need not tell.
        slopes : ndarray of shape (n_rows, n_outputs, n_features)
            What was taken off the rest before, as a linear function of the design.
        units : tuple of (ndarray of shape (n_rows, n_outputs), same)
            Origin and unit of the responses.
        n_samples : int
            Number of draws.

        Returns
        -------
        ContrastMoments
        """
        # One by one, in an order that does not depend on the number of rows.
        W, W1 = sum(self.weight)[:, np.newaxis], sum(self.matched_weight)
        S, S1 = sum(self.rest), sum(self.matched_rest)
        W0, S0 = W - W1, S[..., np.newaxis] - S1
        told = (W1 > _ROUNDING * W) & (W0 > _ROUNDING * W)
        inside, outside = np.where(told, W1, 1.0), np.where(told, W0, 1.0)
        m1, m0 = S1 / inside[:, np.newaxis], S0 / outside[:, np.newaxis]
        weight = np.where(W > 0.0, W, 1.0)
        shares, mean_rest = W1 / weight, S / weight
        origin, unit = units
        W1_g, S1_g = self.matched_weight[:, :, np.newaxis], self.matched_rest
        W_g = self.weight[..., np.newaxis]
        W0_g = W_g[..., np.newaxis] - W1_g
        S0_g = self.rest[..., np.newaxis] - S1_g
        D = (S1_g - m1 * W1_g) / inside[:, np.newaxis]
        D -= (S0_g - m0 * W0_g) / outside[:, np.newaxis]
        errors = scatter(D) / known.free_share[:, np.newaxis, np.newaxis]
        errors = unit[..., np.newaxis] * np.where(told[:, np.newaxis], errors, 0.0)
        # What varies, but not among the draws, has no error that they could tell.
        untold = (
            ~told & (known.variance > 0.0) & (self.effective_sample_sizes > 0.0)[:, None]
        )
        errors = np.where(untold[:, np.newaxis], np.inf, errors)
        mean_errors = scatter(self.rest - mean_rest * W_g) / weight
        # No penalty shrinks it: that would be more than the error of responses that are
        # nearly linear around a row.
        added = slopes + m1 - m0
        mean = known.mean() + (slopes * known.mean_z[:, np.newaxis]).sum(axis=2)
        mean = mean + mean_rest
        return ContrastMoments(
            mean_z=known.mean_z,
            # What no draw tells does not vary as far as is known.
            variance=np.where(told, known.variance, 0.0),
            coef=np.where(told[:, np.newaxis], known.contrast + added, 0.0),
            y_origin=origin + unit * mean,
            positions=np.ones_like(known.mean_z),
            effective_sample_sizes=self.effective_sample_sizes,
            n_samples=n_samples,
            unit=unit,
            errors=errors,
            mean_errors=unit * mean_errors / known.free_share[:, np.newaxis],
            shares=shares,
        )


def scatter(deviations):
    """Standard errors from the deviations of scrambles, which stand first."""
    n = len(deviations)
    return np.sqrt(n / (n - 1) * sum(np.square(deviations)))


_SUMS = "weight", "matched_weight", "rest", "matched_rest"


def local_slopes(Z, weights, rest):
    """Slopes that a ridge regression around one row finds in the rest.

    The contrast of a linear function is known, so that any slopes may be taken off the rest
    before draws tell its contrast; these leave the least.

    Parameters
    ----------
    Z : ndarray of shape (n_features, n_samples)
        The design, 0 or 1.
    weights : ndarray of shape (n_samples,)
        Weights.
    rest : ndarray of shape (n_outputs, n_samples)
        What the additive part leaves of the responses.

    Returns
    -------
    ndarray of shape (n_outputs, n_features)
    """
    shares = weights / weights.sum()
    centred = Z - (Z @ shares)[:, np.newaxis]
    weighted = centred * shares
    gram = weighted @ centred.T + PENALTY / Z.shape[1] * np.eye(len(Z))
    factor = cho_factor(gram)
    # One by one, lest an output's slopes depend on how many there are.
    return np.array([cho_solve(factor, weighted @ own) for own in rest])
