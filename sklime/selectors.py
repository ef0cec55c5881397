"""Selectors: which few features the surrogate may use, decided from moments."""

from __future__ import annotations

from abc import abstractmethod
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.feature_selection import SelectorMixin
from sklearn.linear_model import lars_path_gram
from sklearn.utils.validation import check_X_y

from sklime.base import Component
from sklime.fitting import atomic_fit, check_fitted
from sklime.moments.base import CentralMoments
from sklime.moments.products import effective_size, resolution_of, weighted_products
from sklime.moments.sampled import SampledMoments
from sklime.validation import check_count

__all__ = [
    "AllFeatures",
    "AutoSelector",
    "ForwardSelection",
    "HighestWeights",
    "LassoPath",
    "MomentSelector",
]

# Share by which a lasso path tells the covariances of the first and the last feature apart.
_TIE_BREAK = 1e-9


class MomentSelector(SelectorMixin, Component):
    """Base of the selectors that need weighted moments only.

    Inside an explainer `select` decides for many rows at once; used alone, `fit` and
    `get_support` work as for any scikit-learn selector.
    """

    n_features_in_: int
    support_: NDArray[np.bool_]

    @abstractmethod
    def select(self, moments: CentralMoments) -> NDArray[np.bool_] | None:
        """Choose features for every row and output.

        Parameters
        ----------
        moments : CentralMoments
            Of `n_rows` rows.

        Returns
        -------
        ndarray of shape (n_rows, n_outputs, n_features) of bool, or None
            None: all features.
        """

    def selected(self, moments: CentralMoments) -> NDArray[np.bool_] | None:
        """Choose features by `select`, and check that it gives a mask.

        Parameters
        ----------
        moments : CentralMoments
            Of `n_rows` rows.

        Returns
        -------
        ndarray of shape (n_rows, n_outputs, n_features) of bool, or None
            None: all features.

        Raises
        ------
        ValueError
            If it gives anything else, such as positions of features.
        """
        support = self.select(moments)
        if support is None:
            return None
        n_rows, n_features, n_outputs = moments.cross.shape
        expected = (n_rows, n_outputs, n_features)
        found = np.asarray(support)
        if found.dtype != bool or found.shape != expected:
            raise ValueError(
                f"select of {self!r} must give None, or a bool for each row, output and "
                f"feature, of shape {expected}: got {found.dtype} of shape {found.shape}."
            )
        return found

    def check(self) -> None:
        """Check the parameters.

        Raises
        ------
        ValueError
            If `k` is not a positive integer.
        """
        check_count("k", getattr(self, "k", 1), component=self)

    @atomic_fit
    def fit(
        self, Z: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Choose features of one weighted regression.

        Parameters
        ----------
        Z : array-like of shape (n_samples, n_features)
            The design.
        y : array-like of shape (n_samples,)
            The answers.
        sample_weight : array-like of shape (n_samples,), optional
            Non-negative weights.

        Returns
        -------
        self
        """
        self.check()
        Z, y = check_X_y(Z, y, dtype=np.float64, y_numeric=True)
        weights = (
            np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight, float)
        )
        if weights.shape != y.shape or not (weights >= 0).all() or not weights.any():
            raise ValueError(
                "sample_weight must be one non-negative number a sample, not all of them 0."
            )
        self.n_features_in_ = Z.shape[1]
        origin, y_origin = Z.mean(axis=0), y.mean()
        y_scale = np.ptp(y) or 1.0
        Zc, u = (Z - origin).T, ((y - y_origin) / y_scale)[np.newaxis]
        products = weighted_products(Zc, weights, u)
        moments = SampledMoments(
            products[np.newaxis],
            np.array([effective_size(weights)]),
            origin[np.newaxis],
            origin[np.newaxis],
            np.array([[y_origin]]),
            np.array([[y_scale]]),
            len(y),
            resolution_of(Zc),
        )
        support = self.selected(moments.normalised())
        self.support_ = (
            np.ones(self.n_features_in_, bool) if support is None else support[0, 0]
        )
        return self

    def _get_support_mask(self):
        check_fitted(self, "support_")
        return self.support_


class AllFeatures(MomentSelector):
    """Keep every feature.

    Examples
    --------
    >>> from sklime.selectors import AllFeatures
    >>> AllFeatures().fit([[0.0, 1.0], [1.0, 0.0]], [0.0, 1.0]).get_support()
    array([ True,  True])
    """

    def select(self, moments: CentralMoments) -> None:
        return None


class HighestWeights(MomentSelector):
    """Keep the `k` features with the largest coefficients in a regression on all of them.

    Ranks ``|coefficient|`` of a ridge regression with penalty 0.01 in units of the mean
    weight. (lime ranks coefficient times value where the design is standardised, and so
    loses features that stand at their mean.)

    Parameters
    ----------
    k : int, default=10
        Number of features kept.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime.selectors import HighestWeights
    >>> Z = np.random.default_rng(0).normal(size=(50, 3))
    >>> HighestWeights(k=1).fit(Z, Z @ [1.0, 5.0, 2.0]).get_support()
    array([False,  True, False])
    """

    def __init__(self, k: int = 10) -> None:
        self.k = k

    def select(self, moments: CentralMoments) -> NDArray[np.bool_]:
        return _largest(np.abs(moments.ridge(0.01)), self.k)


class ForwardSelection(MomentSelector):
    r"""Keep `k` features chosen one by one, each the one that adds most to R squared.

    The gain of a feature is :math:`r_j^2 / v_j`, with :math:`r_j` its covariance with the
    current residual and :math:`v_j` its variance given the features already chosen: the
    answer of an unpenalised fit of every candidate, from one sweep of the Gram matrix.
    Stops early when no feature is left that varies independently of the chosen ones.

    Parameters
    ----------
    k : int, default=6
        Number of features kept at most.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime.selectors import ForwardSelection
    >>> Z = np.random.default_rng(0).normal(size=(50, 3))
    >>> ForwardSelection(k=2).fit(Z, Z @ [1.0, 5.0, 2.0]).get_support()
    array([False,  True,  True])
    """

    def __init__(self, k: int = 6) -> None:
        self.k = k

    def select(self, moments: CentralMoments) -> NDArray[np.bool_]:
        if moments.independent:
            # No feature changes what another one adds.
            varies = ~moments.constant[:, np.newaxis]
            gain = np.square(moments.ridge(0.0)) * moments.variance[:, np.newaxis]
            return _largest(np.where(varies, gain, -1.0), self.k) & varies
        n, d, outputs = moments.cross.shape
        residual = np.swapaxes(moments.cross, 1, 2).copy()
        total = np.broadcast_to(
            np.einsum("njj->nj", moments.gram)[:, np.newaxis], residual.shape
        )
        variance = total.copy()
        resolution = np.reshape(moments.resolution, (-1, 1, 1))
        support = np.zeros(residual.shape, dtype=bool)
        factors: list[NDArray[np.float64]] = []
        rows, ks = np.arange(n)[:, np.newaxis], np.arange(outputs)
        for _ in range(min(self.k, d)):
            usable = ~support & (variance > 10.0 * resolution * total)
            gain = np.where(usable, residual**2, -1.0) / np.where(usable, variance, 1.0)
            best = gain.argmax(axis=2)
            found = usable[rows, ks, best]
            if not found.any():
                break
            support[rows, ks, best] |= found
            # One more column of the Cholesky factor, for the chosen feature.
            column = moments.gram[rows, best]
            for factor in factors:
                column = column - factor * factor[rows, ks, best][..., np.newaxis]
            pivot = np.where(found, variance[rows, ks, best], np.inf)[..., np.newaxis]
            factor = column / np.sqrt(pivot)
            share = (residual[rows, ks, best][..., np.newaxis]) / np.sqrt(pivot)
            factors.append(factor)
            residual -= factor * share
            variance -= factor**2
        return support


class LassoPath(MomentSelector):
    """Keep at most `k` features: those active on the lasso path just before more enter.

    The path is scikit-learn's, from the Gram matrix. May keep fewer than `k`. Of features
    that tie the first enters first.

    Parameters
    ----------
    k : int, default=10
        Number of features kept at most.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime.selectors import LassoPath
    >>> Z = np.random.default_rng(0).normal(size=(500, 3))
    >>> LassoPath(k=2).fit(Z, Z @ [1.0, 5.0, 2.0]).get_support()
    array([False,  True,  True])
    """

    def __init__(self, k: int = 10) -> None:
        self.k = k

    def select(self, moments: CentralMoments) -> NDArray[np.bool_]:
        n, d, outputs = moments.cross.shape
        support = np.zeros((n, outputs, d), dtype=bool)
        # A path cannot take in two features at once: of equal ones it would lose one.
        hair = 1.0 - _TIE_BREAK * np.arange(d) / max(d, 1)
        if moments.independent:
            # The path is a soft threshold of the covariances.
            size = np.abs(np.swapaxes(moments.cross, 1, 2)) * hair
            return _largest(size, self.k) & (size > 0.0)
        for i in range(n):
            varies = np.flatnonzero(np.diagonal(moments.gram[i]) > 0)
            gram = np.ascontiguousarray(moments.gram[i][np.ix_(varies, varies)])
            gram /= np.diagonal(gram).max(initial=1e-300)
            for c in range(outputs):
                cross = moments.cross[i, varies, c] * hair[varies]
                if cross.any():
                    # Thresholds inside are absolute.
                    cross = cross / np.abs(cross).max()
                    _, _, path = lars_path_gram(cross, gram, n_samples=1, method="lasso")
                    support[i, c, varies] = self._last_within(path)
        return support

    def _last_within(self, path):
        """Active set of the last knot with at most `k` features."""
        active = path != 0
        within = np.flatnonzero(active.sum(axis=0) <= self.k)
        return active[:, within[-1]]


class AutoSelector(MomentSelector):
    """lime's "auto": forward selection for up to six features, highest weights for more.

    Parameters
    ----------
    k : int, default=10
        Number of features kept.

    Examples
    --------
    >>> from sklime.selectors import AutoSelector
    >>> AutoSelector(k=1).fit([[0.0, 1.0], [1.0, 1.0]], [0.0, 1.0]).get_support()
    array([ True, False])
    """

    def __init__(self, k: int = 10) -> None:
        self.k = k

    def select(self, moments: CentralMoments) -> NDArray[np.bool_]:
        chosen = ForwardSelection(self.k) if self.k <= 6 else HighestWeights(self.k)
        return chosen.select(moments)


def _largest(size, k):
    """The `k` largest numbers of each row and output, of equal ones the first."""
    order = np.argsort(-size, axis=2, kind="stable")[:, :, :k]
    support = np.zeros(size.shape, dtype=bool)
    np.put_along_axis(support, order, True, axis=2)
    return support
