r"""Weighted moments of neighbourhoods of draws, and the central moments of them.

With a design `Z`, weights `w` and responses `Y`, the surrogate, its selectors and its
fidelity need only :math:`A^\top W A` for :math:`A = [1, Z, Y]`. Such sums add up over
blocks of draws, over more draws and over machines.
"""

from dataclasses import dataclass, fields

import numpy as np

from sklime.moments.base import CentralMoments, RowMoments
from sklime.moments.products import (
    badly_centred,
    effective_size,
    nearly_dependent,
    resolution_of,
    weighted_products,
)


@dataclass(frozen=True, eq=False)
class SampledMoments(RowMoments):
    """Weighted moments of the neighbourhoods of several rows.

    Parameters
    ----------
    products : ndarray of shape (n_rows, p, p)
        ``A' W A`` with ``A = [1, Z - z_origin, (Y - y_origin) / y_scale]`` and
        ``p = 1 + n_features + n_outputs``; weights in any unit, the same within a row.
    effective_sample_sizes : ndarray of shape (n_rows,)
        ``(sum w)**2 / sum w**2``; 0 where no draw has weight.
    positions : ndarray of shape (n_rows, n_features)
        The rows themselves in interpretable units.
    z_origin : ndarray of shape (n_rows, n_features)
        The point from which the design is measured.
    y_origin, y_scale : ndarray of shape (n_rows, n_outputs)
        Origin and unit of the responses.
    n_samples : float or ndarray of shape (n_rows,)
        Number of draws; infinite for population moments.
    resolution : float or ndarray of shape (n_rows,)
        Share of a second moment below which a variance is rounding error.
    exact : bool or ndarray of shape (n_rows,) of bool, default=False
        Rows whose draws are all there are, so that nothing is estimated.
    undetermined : bool or ndarray of shape (n_rows,) of bool, default=False
        Rows whose draws that have weight cannot tell the features apart.
    collinear : bool, default=False
        Whether they hardly can.
    n_equivalent : ndarray of shape (n_rows, n_features), default=None
        Number of unweighted draws that would tell as much of a feature. None: `n_samples`.
    """

    products: np.ndarray
    effective_sample_sizes: np.ndarray
    positions: np.ndarray
    z_origin: np.ndarray
    y_origin: np.ndarray
    y_scale: np.ndarray
    n_samples: float | np.ndarray
    resolution: float | np.ndarray
    exact: bool | np.ndarray = False
    undetermined: bool | np.ndarray = False
    collinear: bool = False
    n_equivalent: np.ndarray | None = None

    def __len__(self):
        return len(self.products)

    @classmethod
    def of(cls, neighbourhoods):
        """Sum up the moments of several rows.

        Parameters
        ----------
        neighbourhoods : iterable of Draws
            One per row, all with the same features and outputs.
        """
        rows, resolutions, neighbourhoods = [], [], list(neighbourhoods)
        for draws in neighbourhoods:
            origin = draws.z_origin
            Z = draws.Z if draws.Z.dtype == bool else draws.Z - origin[:, np.newaxis]
            responses = draws.Y, draws.y_origin, draws.y_scale
            summed = weighted_products(Z, draws.weights, draws.Y)
            k = len(draws.Y)
            own = summed[0, 0], summed[0, -k:], np.diagonal(summed)[-k:]
            if badly_centred(*own):
                responses = draws.local_answers()
                summed = weighted_products(Z, draws.weights, responses[0])
            size = effective_size(draws.weights)
            rows.append((summed, size, draws.position, origin, *responses[1:]))
            resolutions.append(resolution_of(Z))
        stacked = map(np.array, zip(*rows, strict=True))
        exact = dependent = False
        if any(draws.exhaustive for draws in neighbourhoods):
            d = len(draws.Z)
            exact = np.array([draws.exhaustive for draws in neighbourhoods])
            grams = [summed[: 1 + d, : 1 + d] for summed, *_ in rows]
            dependent = exact & list(map(nearly_dependent, grams))
        n_samples = _one_or_each([draws.n_samples for draws in neighbourhoods])
        told = [draws.n_equivalent for draws in neighbourhoods]
        told = None if any(one is None for one in told) else np.array(told)
        if told is not None:
            dependent = np.isnan(told).any(axis=1) | dependent
            told = np.nan_to_num(told)
        own = n_samples, _one_or_each(resolutions), exact, dependent
        return cls(*stacked, *own, n_equivalent=told)

    def updated(self, rows, part):
        """Replace the moments of some rows by others, of as many draws."""
        joined = {}
        for field in fields(self):
            old, new = (getattr(own, field.name) for own in (self, part))
            if np.ndim(old) or np.ndim(new) or old != new:
                old = np.array(np.broadcast_to(old, (len(self), *np.shape(new)[1:])))
                old[rows] = new
            joined[field.name] = old
        return SampledMoments(**joined)

    @property
    def n_features(self):
        """Number of interpretable features."""
        return self.z_origin.shape[1]

    @property
    def _n_penalised(self):
        """Number of draws that a penalty is measured against."""
        if self.n_equivalent is None:
            return self.n_samples
        return np.maximum(self.n_equivalent.max(axis=1, initial=0.0), self.n_samples)

    def normalised(self):
        d = self.n_features
        weight = self.products[:, :1, :1]
        products = np.divide(
            self.products, weight, out=np.zeros_like(self.products), where=weight > 0
        )
        second = np.einsum("njj->nj", products[:, 1:, 1:]).copy()
        means = products[:, 0, 1:]
        central = products[:, 1:, 1:]
        central -= means[:, :, np.newaxis] * means[:, np.newaxis, :]
        # What does not vary must be exactly 0, not rounding error.
        constant = np.einsum("njj->nj", central) <= _of_rows(self.resolution) * second
        if constant.any():
            central[constant[:, :, np.newaxis] | constant[:, np.newaxis, :]] = 0.0
        return SampledCentralMoments(
            gram=central[:, :d, :d],
            cross=central[:, :d, d:],
            spread=np.einsum("njj->nj", central)[:, d:],
            mean_z=means[:, :d],
            mean_y=means[:, d:],
            # Where there is no answer, the penalty keeps systems solvable.
            n_samples=_one_or_each(
                np.where(
                    np.logical_and(self.exact, np.logical_not(self.undetermined)),
                    np.inf,
                    self._n_penalised,
                )
            ),
            resolution=self.resolution,
        )


@dataclass(frozen=True, eq=False)
class SampledCentralMoments(CentralMoments):
    """Central moments of weighted draws, as arrays.

    Parameters
    ----------
    gram, cross, spread, mean_z, mean_y, resolution
        As for `CentralMoments`.
    n_samples : float or ndarray of shape (n_rows,)
        Number of draws; infinite where nothing is estimated.
    """

    gram: np.ndarray
    cross: np.ndarray
    spread: np.ndarray
    mean_z: np.ndarray
    mean_y: np.ndarray
    n_samples: float | np.ndarray
    resolution: float | np.ndarray

    def ridge(self, penalty, support=None):
        alpha, varies = penalty / self.n_samples, ~self.constant
        alpha = np.broadcast_to(alpha, len(varies))[:, np.newaxis]
        if support is None:
            return np.swapaxes(_solve(self.gram, self.cross, alpha, varies), 1, 2)
        coef, support = np.zeros(support.shape), support & varies[:, np.newaxis]
        sizes = support.sum(axis=2)
        # Each system has its own size, whatever else is in the block, so that its
        # solution is the same to the bit.
        for size in np.unique(sizes[sizes > 0]):
            row, output = np.nonzero(sizes == size)
            chosen = np.nonzero(support[row, output])[1].reshape(-1, size)
            row, output = row[:, np.newaxis], output[:, np.newaxis]
            gram = self.gram[
                row[..., np.newaxis], chosen[..., np.newaxis], chosen[:, np.newaxis]
            ]
            cross = self.cross[row, chosen, output][..., np.newaxis]
            real = np.ones(chosen.shape, dtype=bool)
            own = alpha[row[:, 0]]
            coef[row, output, chosen] = _solve(gram, cross, own, real)[..., 0]
        return coef

    @property
    def variance(self):
        """Variances of the features, of shape (n_rows, n_features)."""
        return np.einsum("njj->nj", self.gram)

    @property
    def constant(self):
        """Features without variance, of shape (n_rows, n_features)."""
        return self.variance == 0.0

    def explained(self, coef, offset=0.0):
        linear = np.einsum("nkd,ndk->nk", coef, self.cross)
        quadratic = np.einsum("nkd,nkd->nk", coef @ self.gram, coef)
        unexplained = self.spread - 2.0 * linear + quadratic + offset**2
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self.spread == 0.0, 1.0, 1.0 - unexplained / self.spread)


def _one_or_each(values):
    """One number that all rows share, or the rows' own."""
    values = np.ravel(values)
    return values[0].item() if (values == values[0]).all() else values


def _of_rows(values):
    """One number, or one a row, to be combined with arrays of rows."""
    return np.reshape(values, (-1, 1))


def _solve(gram, cross, alpha, real):
    """Solve symmetric systems in which features that are not `real` are left out."""
    d = gram.shape[-1]
    diagonal = np.where(real, alpha, 1.0)
    return np.linalg.solve(gram + diagonal[..., np.newaxis] * np.eye(d), cross)
