r"""Moments of coalitions: Shapley values as a regression whose constraint is solved.

Shapley values minimise :math:`\sum_S k(S) (v(S) - v(\emptyset) - \sum_{j \in S} b_j)^2`
subject to :math:`\sum_j b_j = v(N) - v(\emptyset)`. With :math:`b = (v(N) - v(\emptyset)) /
d + a`, :math:`\sum_j a_j = 0`, this is free of the constraint, and half the difference of
a coalition's answer and its complement's is all that it needs.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import comb

from sklime.moments.base import RowMoments
from sklime.moments.independent import IndependentCentralMoments, IndependentMoments

# Share of the largest eigenvalue below which coalitions tell nothing of some difference.
_SINGULAR = 1e-10

# At leverage 1 nothing is left of a pair's answers.
_LEAST_FREE = 1e-9

# Repetitions that tell how much answers to one coalition scatter.
_LEAST_REPEATED = 5


@dataclass(frozen=True)
class ShapleyMoments(RowMoments):
    """Moments of one row's coalitions: Shapley values, measured from the empty coalition.

    Parameters
    ----------
    coef : ndarray of shape (1, n_outputs, n_units)
        Shapley values; NaN where coalitions cannot tell them.
    errors : ndarray of shape (1, n_outputs, n_units)
        Their standard errors.
    y_origin : ndarray of shape (1, n_outputs)
        Answers to the empty coalition.
    n_samples : int
        Number of coalitions.
    residuals : Residuals
        What the values do not explain.
    exact : bool
        Whether nothing is estimated.
    undetermined : bool
        Whether coalitions are too few to tell the units apart.
    """

    coef: np.ndarray
    errors: np.ndarray
    y_origin: np.ndarray
    n_samples: int
    residuals: "Residuals"
    exact: bool
    undetermined: bool

    @property
    def positions(self):
        """The row itself, which keeps all units."""
        return np.ones((1, self.coef.shape[2]))

    @property
    def z_origin(self):
        """The empty coalition."""
        return np.zeros_like(self.positions)

    @property
    def y_scale(self):
        """The unit of the responses: one."""
        return np.ones_like(self.y_origin)

    @property
    def match_shares(self):
        """Share of coalitions that keep a unit: a half, as complements come, too."""
        return np.full_like(self.positions, 0.5)

    @property
    def effective_sample_sizes(self):
        """The number of coalitions."""
        return np.array([float(self.n_samples)])

    def normalised(self):
        return ShapleyCentralMoments.of(self)


class ExactShapleyMoments(IndependentMoments):
    """Moments of several rows whose Shapley values are known in closed form.

    They add up to the row's own response, from `y_origin`, which is the expected one where
    no column is kept: so features are measured from 0, and `variance`, one for all, only
    says that they vary.
    """

    @classmethod
    def of(cls, coef, y_origin, positions, n_samples):
        """Moments from Shapley values, and from what the model answers to no column."""
        return cls(
            mean_z=np.zeros_like(positions),
            variance=np.full_like(positions, 0.25),
            coef=coef,
            y_origin=y_origin,
            positions=positions,
            effective_sample_sizes=np.full(len(coef), float(n_samples)),
            n_samples=n_samples,
        )

    @property
    def match_shares(self):
        """Shares of coalitions that keep a column: one half."""
        return np.full_like(self.mean_z, 0.5)


@dataclass(frozen=True)
class Residuals:
    """Kernel-weighted moments of what Shapley values leave of the answers.

    Parameters
    ----------
    mean, square, spread : ndarray of shape (n_outputs,)
        Mean and mean square of the residuals, and variance of the answers.
    cross : ndarray of shape (n_outputs, n_units)
        Means of the residuals where a unit is kept, times its share of one half.
    both : float
        Probability that a coalition keeps two given units.
    """

    mean: np.ndarray
    square: np.ndarray
    spread: np.ndarray
    cross: np.ndarray
    both: float


@dataclass(frozen=True)
class ShapleyCentralMoments(IndependentCentralMoments):
    """Central moments around the empty coalition, in which units are told one by one.

    Whatever units a selector leaves out, those it keeps have their Shapley values.
    """

    residuals: Residuals | None = None

    @classmethod
    def of(cls, moments):
        """Of the moments of one row."""
        nothing = np.zeros(moments.coef.shape[::2])
        coef = np.nan_to_num(moments.coef)
        return cls(
            nothing,
            np.full_like(nothing, 0.25),
            coef,
            np.zeros(nothing.shape, dtype=bool),
            residuals=moments.residuals,
        )

    def explained(self, coef, offset=0.0):
        """Share of the answers' variance over coalitions that a surrogate explains."""
        own, moved = self.residuals, self.coef - coef
        offset = np.zeros(coef.shape[:2]) + offset
        total = moved.sum(axis=2)
        square = (0.5 - own.both) * np.square(moved).sum(axis=2) + own.both * total**2
        square = square + 2.0 * (moved * own.cross).sum(axis=2) + own.square
        square = square - offset * (2.0 * own.mean + total) + offset**2
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(own.spread == 0.0, 1.0, 1.0 - square / own.spread)


@dataclass(frozen=True)
class Ends:
    """Answers to the coalitions that the constraint is about.

    Parameters
    ----------
    empty, full : ndarray of shape (n_outputs,)
        Where nothing is kept, and everything.
    error : ndarray of shape (n_outputs,)
        Standard error of the first.
    n_draws : int
        Draws of a background that tell the first; 0 where nothing is drawn.
    """

    empty: np.ndarray
    full: np.ndarray
    error: np.ndarray
    n_draws: int


def shapley_moments(masks, Y, ends, n_samples):
    """Solve for the Shapley values of one row.

    Parameters
    ----------
    masks : Sample
        As `draw_coalitions` gives them.
    Y : ndarray of shape (n_outputs, n_coalitions)
        The answers to them.
    ends : Ends
        The answers where nothing is kept, and everything.
    n_samples : int
        What is stated for values of which nothing is estimated.

    Returns
    -------
    ShapleyMoments
    """
    k, d = len(Y), masks.design.shape[1]
    n_pairs = len(masks.design) // 2
    drawn = ends.n_draws > 0
    Z = masks.design[:n_pairs].astype(np.float64)
    w = 2.0 * masks.masses[:n_pairs]
    kept = Z.sum(axis=1)
    total = ends.full - ends.empty
    even = np.repeat((total / max(d, 1))[:, np.newaxis], d, axis=1)
    errors = np.outer(ends.error, np.full(d, 1.0 / max(d, 1)))
    undetermined, coef = False, even
    if d > 1:
        half = 0.5 * (Y[:, :n_pairs] - Y[:, n_pairs:])
        line = kept / d - 0.5
        D = half - line * total[:, np.newaxis]
        A = Z - (kept / d)[:, np.newaxis]
        # Ones do not matter to vectors of sum zero, and make the system regular.
        gram = (A * w[:, np.newaxis]).T @ A + np.full((d, d), 1.0 / d)
        undetermined = bool(np.linalg.eigvalsh(gram)[0] < _SINGULAR)
        if undetermined:
            coef = np.full((k, d), np.nan)
        else:
            weigh = (A * w[:, np.newaxis]) @ np.linalg.inv(gram)
            apart = D @ weigh
            coef = even + apart - apart.mean(axis=1, keepdims=True)
            moved = np.outer(ends.error, 1.0 / d - line @ weigh)
            variances = 0.0
            if drawn or not masks.exhaustive:
                left = D - apart @ A.T
                pairs = masks.groups[:n_pairs] if drawn else None
                variances = _variances(A, weigh, left, kept, pairs)
            errors = np.sqrt(variances + np.square(moved))
    known = (masks.exhaustive or d < 2) and not drawn and not ends.error.any()
    return ShapleyMoments(
        coef=coef[np.newaxis],
        errors=errors[np.newaxis],
        y_origin=ends.empty[np.newaxis],
        n_samples=n_samples if known else max(2 + len(masks.design), ends.n_draws),
        residuals=_residuals(masks, Y, ends.empty, np.nan_to_num(coef)),
        exact=bool(known),
        undetermined=undetermined,
    )


def additive_shapley(effects, full, n_samples):
    """Moments of answers that are sums over units.

    Parameters
    ----------
    effects : ndarray of shape (n_outputs, n_units)
        What an answer loses where a unit is dropped.
    full : ndarray of shape (n_outputs,)
        The answers about the row itself.
    n_samples : int
        What is stated for them.
    """
    d = effects.shape[1]
    kept = np.arange(1.0, d)
    masses = 1.0 / (kept * (d - kept))
    both = masses @ (kept * (kept - 1.0)) / masses.sum() / (d * (d - 1.0)) if d > 1 else 0.0
    squares, total = np.square(effects).sum(axis=1), effects.sum(axis=1)
    nothing = np.zeros(len(effects))
    spread = np.maximum((0.5 - both) * squares + (both - 0.25) * total**2, 0.0)
    cross = np.zeros_like(effects)
    return ShapleyMoments(
        coef=effects[np.newaxis],
        errors=np.zeros((1, *effects.shape)),
        y_origin=(full - total)[np.newaxis],
        n_samples=n_samples,
        residuals=Residuals(nothing, nothing, spread * (d > 1), cross, both),
        exact=True,
        undetermined=False,
    )


def _variances(A, weigh, left, kept, pairs):
    """Variances of values: scatter of pairs within each size, corrected for leverage.

    Pairs of a size are drawn without replacement: of a size that is taken whole nothing is
    unknown, unless answers to it are drawn. Then `pairs`, which are equal, tell: of a size
    that is taken whole, the scatter of repetitions.
    """
    d = A.shape[1]
    leverage = np.einsum("nd,nd->n", weigh, A)
    free = np.maximum(1.0 - leverage, _LEAST_FREE)
    size = np.minimum(kept, d - kept)
    found = np.zeros((len(left), d))
    for h in np.unique(size):
        own = np.flatnonzero(size == h)
        there = comb(d, h) / (2.0 if 2 * h == d else 1.0)
        unknown, noise = max(1.0 - len(own) / there, 0.0), None
        if pairs is not None:
            unknown, which = 1.0, np.unique(pairs[own], return_inverse=True)[1]
            if which.max() + 1 >= there:
                noise = _scatter_of_repeated(left[:, own], which)
        if noise is not None:
            found += noise @ np.square(weigh[own])
            continue
        for c, residuals in enumerate(left[:, own] / free[own]):
            scores, m = weigh[own] * residuals[:, np.newaxis], len(own)
            if m > 1:
                scores = (scores - scores.mean(axis=0)) * np.sqrt(m / (m - 1.0))
            found[c] += unknown * np.square(scores).sum(axis=0)
    return found


def _scatter_of_repeated(left, which):
    """Variances of answers to repeated pairs, or None where too few are repeated.

    Of a pair that is not, that of the others.
    """
    times = np.bincount(which)
    more = (times - 1).sum()
    if more < _LEAST_REPEATED:
        return None
    mean = np.stack([np.bincount(which, own) / times for own in left])
    squares = np.square(left - mean[:, which])
    by_pair = np.stack([np.bincount(which, own) for own in squares])
    shared = by_pair.sum(axis=1, keepdims=True) / more
    by_pair = np.where(times > 1, by_pair / np.maximum(times - 1, 1), shared)
    return by_pair[:, which]


def _residuals(masks, Y, empty, coef):
    """What the values leave of the answers."""
    w, Z = masks.masses, masks.design.astype(np.float64)
    d = Z.shape[1]
    left = Y - empty[:, np.newaxis] - coef @ Z.T
    mean = Y @ w
    kept = Z.sum(axis=1)
    both = w @ (kept * (kept - 1.0)) / (d * (d - 1.0)) if d > 1 else 0.0
    return Residuals(
        mean=left @ w,
        square=np.square(left) @ w,
        spread=np.square(Y - mean[:, np.newaxis]) @ w,
        cross=(left * w) @ Z,
        both=float(both),
    )
