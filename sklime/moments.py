r"""Weighted moments of a neighbourhood, and what follows from them.

With a design `Z`, weights `w` and answers `Y`, the surrogate, its selectors and its
fidelity need only :math:`A^\top W A` for :math:`A = [1, Z, Y]`. Such sums add up over
blocks of draws, over more draws and over machines.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg.blas import dsyrk, ssyrk

# Draws multiplied at a time: in single precision their sums are good to 5e-6 of the
# answers' spread, and for tables of usual width the block stays in the second-level cache.
_BLOCK = 8192


@dataclass(frozen=True, eq=False)
class Draws:
    """The weighted draws around one row, with the model's answers.

    Parameters
    ----------
    Z : ndarray of shape (n_features, n_samples)
        The design in interpretable units; bool where every feature is 0 or 1.
    position : ndarray of shape (n_features,)
        The row itself in these units.
    weights : ndarray of shape (n_samples,)
        Non-negative weights.
    Y : ndarray of shape (n_outputs, n_samples)
        The answers, scaled: ``answer = y_origin + y_scale * Y``.
    y_origin, y_scale : ndarray of shape (n_outputs,)
        Origin and unit of the answers.
    groups : ndarray of shape (n_samples,) of int, default=None
        Which draws belong together; groups are independent. None: all draws are.
    plain : ndarray of shape (n_outputs, n_samples), default=None
        The model's own answers in the same unit, where `Y` holds less noisy ones that have
        the same coefficients.
    """

    Z: np.ndarray
    position: np.ndarray
    weights: np.ndarray
    Y: np.ndarray
    y_origin: np.ndarray
    y_scale: np.ndarray
    groups: np.ndarray | None = None
    plain: np.ndarray | None = None

    @property
    def lopsided(self):
        """Whether answers that have weight lie far from their origin for their spread."""
        largest = self.weights.max(initial=0.0)
        if not largest > 0.0:
            return False
        shares = self.weights / largest
        mean, second = self.Y @ shares, np.square(self.Y) @ shares
        return bool((second - mean**2 / shares.sum() < 0.1 * second).any())

    def as_answered(self):
        """The draws with the model's own answers.

        Returns
        -------
        Draws
        """
        return self if self.plain is None else replace(self, Y=self.plain, plain=None)

    @property
    def z_origin(self):
        """The point from which moments measure the design.

        0/1 designs are exact as they are; values far from 0 would cancel, so they are
        measured from the row.
        """
        return np.zeros(len(self.Z)) if self.Z.dtype == bool else self.position

    def local_answers(self):
        """Measure the answers from their weighted mean, in units of their spread.

        Small effects near the row survive large ones where the kernel leaves no weight.

        Returns
        -------
        Y : ndarray of shape (n_outputs, n_samples)
            Exactly 0 where all answers that have weight are equal to rounding.
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


@dataclass(frozen=True, eq=False)
class Moments:
    """Weighted moments of the neighbourhoods of several rows.

    Parameters
    ----------
    products : ndarray of shape (n_rows, p, p)
        ``A' W A`` with ``A = [1, Z - z_origin, (Y - y_origin) / y_scale]`` and
        ``p = 1 + n_features + n_outputs``; weights in any unit, the same within a row.
    weight_squares : ndarray of shape (n_rows,)
        Sum of the squared weights, in the same unit.
    positions : ndarray of shape (n_rows, n_features)
        The rows themselves in interpretable units.
    z_origin : ndarray of shape (n_rows, n_features)
        The point from which the design is measured.
    y_origin, y_scale : ndarray of shape (n_rows, n_outputs)
        Origin and unit of the answers.
    n_samples : float
        Number of draws; infinite for population moments.
    resolution : float
        Share of a second moment below which a variance is rounding error.
    certain : bool, default=False
        Whether the draws are all there are, so that nothing is estimated.
    undetermined : bool, default=False
        Whether the draws that have weight cannot tell the features apart.
    collinear : bool, default=False
        Whether they hardly can.
    plain : Moments, default=None
        Of the answers themselves, where these moments are of less noisy ones with the same
        coefficients.
    """

    products: np.ndarray
    weight_squares: np.ndarray
    positions: np.ndarray
    z_origin: np.ndarray
    y_origin: np.ndarray
    y_scale: np.ndarray
    n_samples: float
    resolution: float
    certain: bool = False
    undetermined: bool = False
    collinear: bool = False
    plain: "Moments | None" = None

    def __len__(self):
        return len(self.products)

    @classmethod
    def of(cls, neighbourhoods):
        """Sum up the moments of several rows.

        Parameters
        ----------
        neighbourhoods : iterable of Draws
            One per row, all with the same features, outputs and number of draws.

        Returns
        -------
        Moments
        """
        rows, neighbourhoods = [], list(neighbourhoods)
        for draws in neighbourhoods:
            origin = draws.z_origin
            Z = draws.Z if draws.Z.dtype == bool else draws.Z - origin[:, np.newaxis]
            answers = draws.Y, draws.y_origin, draws.y_scale
            summed, squares = weighted_products(Z, draws.weights, draws.Y)
            if lopsided(summed, len(draws.Y)):
                answers = draws.local_answers()
                summed, squares = weighted_products(Z, draws.weights, answers[0])
            rows.append((summed, squares, draws.position, origin, *answers[1:]))
        stacked = map(np.array, zip(*rows, strict=True))
        plain = None
        if any(draws.plain is not None for draws in neighbourhoods):
            plain = cls.of(draws.as_answered() for draws in neighbourhoods)
        return cls(*stacked, draws.Z.shape[1], resolution_of(Z), plain=plain)

    @property
    def n_features(self):
        """Number of interpretable features."""
        return self.z_origin.shape[1]

    @property
    def effective_sample_sizes(self):
        """(sum w)^2 / sum w^2 of each row; 0 where no draw has weight."""
        weight = self.products[:, 0, 0]
        return np.divide(
            weight**2, self.weight_squares, out=np.zeros(len(self)), where=weight > 0
        )

    def normalised(self):
        """Central moments per unit of weight.

        Returns
        -------
        CentralMoments
            Zeros in rows without weight.
        """
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
        flat = np.einsum("njj->nj", central) <= self.resolution * second
        if flat.any():
            central[flat[:, :, np.newaxis] | flat[:, np.newaxis, :]] = 0.0
        return CentralMoments(
            gram=central[:, :d, :d],
            cross=central[:, :d, d:],
            spread=np.einsum("njj->nj", central)[:, d:],
            mean_z=means[:, :d],
            mean_y=means[:, d:],
            # Where there is no answer, the penalty keeps systems solvable.
            n_samples=np.inf if self.certain and not self.undetermined else self.n_samples,
            resolution=self.resolution,
        )


@dataclass(frozen=True, eq=False)
class CentralMoments:
    """Covariances and means under the normalised weights, in the units of `Moments`.

    Parameters
    ----------
    gram : ndarray of shape (n_rows, n_features, n_features)
        Covariances of the design; exactly 0 for features that do not vary.
    cross : ndarray of shape (n_rows, n_features, n_outputs)
        Covariances of design and answers.
    spread : ndarray of shape (n_rows, n_outputs)
        Variances of the answers.
    mean_z : ndarray of shape (n_rows, n_features)
        Means of the design.
    mean_y : ndarray of shape (n_rows, n_outputs)
        Means of the answers.
    n_samples : float
        Number of draws.
    resolution : float
        Share of a second moment below which a variance is rounding error.
    """

    gram: np.ndarray
    cross: np.ndarray
    spread: np.ndarray
    mean_z: np.ndarray
    mean_y: np.ndarray
    n_samples: float
    resolution: float

    def ridge(self, penalty, support=None):
        """Solve the weighted ridge regression with a free intercept.

        ``(gram + penalty / n_samples) coef = cross``: the penalty is in units of the mean
        weight.

        Parameters
        ----------
        penalty : float
            Non-negative penalty.
        support : ndarray of shape (n_rows, n_outputs, n_features) of bool, optional
            Features allowed to differ from 0; None: all.

        Returns
        -------
        ndarray of shape (n_rows, n_outputs, n_features)
            Coefficients, per unit of `Moments.y_scale`.
        """
        alpha, varies = penalty / self.n_samples, ~self.flat
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
            coef[row, output, chosen] = _solve(gram, cross, alpha, real)[..., 0]
        return coef

    @property
    def flat(self):
        """Features without variance, of shape (n_rows, n_features)."""
        return np.einsum("njj->nj", self.gram) == 0.0

    def explained(self, coef, offset=0.0):
        """Share of the answers' weighted variance that a surrogate explains, R squared.

        Parameters
        ----------
        coef : ndarray of shape (n_rows, n_outputs, n_features)
            Coefficients, per unit of `Moments.y_scale`.
        offset : ndarray of shape (n_rows, n_outputs) or 0.0, default=0.0
            What the surrogate's intercept has above the best one, in the same unit.

        Returns
        -------
        ndarray of shape (n_rows, n_outputs)
            1 where the answers do not vary.
        """
        linear = np.einsum("nkd,ndk->nk", coef, self.cross)
        quadratic = np.einsum("nkd,nkd->nk", coef @ self.gram, coef)
        unexplained = self.spread - 2.0 * linear + quadratic + offset**2
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self.spread == 0.0, 1.0, 1.0 - unexplained / self.spread)


def weighted_products(Z, weights, Y):
    """Multiply ``A' W A`` for one row, ``A = [1, Z, Y]``.

    Parameters
    ----------
    Z : ndarray of shape (n_features, n_samples)
        The design. bool: multiplied in single precision, block by block, summed in double.
    weights : ndarray of shape (n_samples,)
        Non-negative weights.
    Y : ndarray of shape (n_outputs, n_samples)
        Answers of order 1.

    Returns
    -------
    products : ndarray of shape (p, p)
        In units of the largest weight; zeros if no draw has weight.
    weight_squares : float
        Sum of the squared weights in the same unit.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime.moments import weighted_products
    >>> Z = np.array([[True, True, False]])
    >>> weighted_products(Z, np.ones(3), np.array([[1.0, 2.0, 4.0]]))[0]
    array([[ 3.,  2.,  7.],
           [ 2.,  2.,  3.],
           [ 7.,  3., 21.]])
    """
    (d, n), k = Z.shape, len(Y)
    single = Z.dtype == bool
    products = np.zeros((1 + d + k, 1 + d + k))
    largest = weights.max(initial=0.0)
    if not largest > 0.0:
        return products, 0.0
    relative = weights / largest
    root = np.sqrt(relative, dtype=np.float32 if single else np.float64)
    syrk = ssyrk if single else dsyrk
    A = np.empty((1 + d + k, min(n, _BLOCK)), dtype=root.dtype)
    for start in range(0, n, _BLOCK):
        part = slice(start, min(start + _BLOCK, n))
        block = A[:, : part.stop - part.start]
        block[0] = 1.0
        block[1 : 1 + d] = Z[:, part]
        block[1 + d :] = Y[:, part]
        block *= root[part]
        products += syrk(1.0, block.T, trans=True)
    # The rank update gives the upper triangle, with the diagonal.
    diagonal = np.diagonal(products).copy()
    products = products + products.T
    np.fill_diagonal(products, diagonal)
    return products, relative @ relative


def scale_answers(Y):
    """Bring answers to order 1: constant ones to exactly 0, the others into [-1, 1].

    Parameters
    ----------
    Y : ndarray of shape (n_outputs, n_samples)
        Answers.

    Returns
    -------
    Y : ndarray of shape (n_outputs, n_samples)
        Scaled answers.
    y_origin, y_scale : ndarray of shape (n_outputs,)
        The middle of their range, and half of it (1 where they are constant).
    """
    low, high = Y.min(axis=1), Y.max(axis=1)
    # Halved first: the range of finite answers need not be finite.
    half = 0.5 * high - 0.5 * low
    origin = low + half
    scale = np.where(half > 0.0, half, 1.0)
    return (Y - origin[:, np.newaxis]) / scale[:, np.newaxis], origin, scale


def resolution_of(Z):
    """Rounding level of moments of this design: single precision for 0/1 designs."""
    return 1e-6 if Z.dtype == bool else 1e-12


def lopsided(products, k):
    """Tell whether answers that have weight lie far from their origin for their spread.

    Parameters
    ----------
    products : ndarray of shape (p, p)
        As `weighted_products` gives them.
    k : int
        Number of answers.

    Returns
    -------
    bool
    """
    weight = products[0, 0]
    if not weight > 0.0:
        return False
    mean, second = products[0, -k:], np.diagonal(products)[-k:]
    return bool((second - mean**2 / weight < 0.1 * second).any())


def _solve(gram, cross, alpha, real):
    """Solve symmetric systems in which features that are not `real` are left out."""
    d = gram.shape[-1]
    diagonal = np.where(real, alpha, 1.0)
    return np.linalg.solve(gram + diagonal[..., np.newaxis] * np.eye(d), cross)
