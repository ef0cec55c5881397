"""Kernels: weights of perturbations by their closeness to the explained row."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Literal, Self, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln
from sklearn.base import clone
from sklearn.metrics import pairwise_distances

from sklime.base import Component
from sklime.local_widths import LOCAL, LOCAL_WIDTH, laws_of_columns, local_width

__all__ = ["ExponentialKernel", "Kernel", "ShapleyKernel", "UniformKernel", "as_kernel"]

# Distances that on a 0/1 design depend on the number of matches alone, distances of truth
# values, and distances that depend on the difference of the two points alone.
_EXCHANGEABLE = frozenset(
    "euclidean l2 sqeuclidean manhattan cityblock l1 chebyshev minkowski cosine "
    "hamming canberra braycurtis".split()
)
_BOOLEAN = frozenset("dice jaccard rogerstanimoto russellrao sokalsneath yule".split())
_STATIONARY = frozenset(
    "euclidean l2 sqeuclidean manhattan cityblock l1 chebyshev minkowski".split()
)

# The distance of rows that consist of parts, each with the distance of its own sampler.
PARTWISE = "partwise"

# Weights of draws by their deviations in one column.
ColumnFactor: TypeAlias = Callable[..., Any]


class Kernel(Component, ABC):
    """Base of the kernels: non-negative weights of the draws around a row.

    A subclass defines `__call__`. The properties say what more the explainer may use;
    their defaults promise nothing and are always right.
    """

    @abstractmethod
    def __call__(self, Z: NDArray[Any], z: NDArray[Any]) -> NDArray[np.float64]:
        """Weigh each row of a design by its closeness to one point.

        Parameters
        ----------
        Z : array-like of shape (n_samples, n_features)
            Draws in interpretable units.
        z : array-like of shape (n_features,)
            The explained row in interpretable units.

        Returns
        -------
        ndarray of shape (n_samples,)
            Non-negative weights.
        """

    @property
    def column_factor(self) -> ColumnFactor | None:
        """The factor of one column as a function of its deviation, or None.

        A kernel that is a product over columns turns a product law into another one.
        """
        return None

    @property
    def precision(self) -> float | None:
        """``a`` where the column factor is ``exp(-a * deviation**2 / 2)``, else None."""
        return None

    @property
    def local(self) -> bool:
        """Whether each column has a factor of its own, by its law: `of_column`."""
        return False

    def of_column(self, law: Any) -> Kernel:
        """Kernel of one column; here itself, as all columns have the same factor.

        Parameters
        ----------
        law : Atoms, NormalPieces or Normal
            Law of the column, seen from the explained row.
        """
        return self

    @property
    def exchangeable(self) -> bool:
        """Whether weights on a 0/1 design depend only on the number of matches."""
        return False

    @property
    def stationary(self) -> bool:
        """Whether weights depend only on the difference between draw and row."""
        return False

    def factor_of_part(self, own: Kernel) -> Kernel | None:
        """The factor of one part of rows that consist of several, or None.

        Parameters
        ----------
        own : Kernel
            The kernel of the part's sampler, with nothing left open.

        Returns
        -------
        Kernel or None
            Here the kernel itself where it is a product over columns. None: it looks at
            all units at once.
        """
        return self if self.column_factor is not None else None

    def widened(self, factor: float) -> Kernel:
        """Kernel whose width is `factor` times as large; here itself, as it has none."""
        return self

    def resolve(self, *, metric: str, width: float) -> Kernel:
        """Kernel whose open parameters are set from the sampler.

        Parameters
        ----------
        metric : str
            The sampler's natural distance.
        width : float
            The sampler's natural width, in units of that distance.

        Returns
        -------
        Kernel
            `self` where nothing was open, else a copy.
        """
        return self


class ExponentialKernel(Kernel):
    r"""Exponential kernel of a distance, :math:`\exp(-D(x, z)^2 / (2 \nu^2))`.

    Parameters
    ----------
    width : float, "local" or None, default=None
        The width :math:`\nu > 0`, in units of the distance. None: taken from the sampler
        in `LimeExplainer.fit`; when the kernel is used alone,
        ``0.75 * sqrt(n_features)``. "local": a width for each column, whatever their
        number, for samplers of independent columns. In a standardised column it is 0.7. In
        one of bins or categories a draw outside the row's own bin has the factor ``q / (1 +
        q)``, with `q` the training frequency of that bin: the bin then has the weighted
        mass ``(1 + q) / 2``, as if every other draw kept it.
    metric : str or callable or None, default=None
        A metric of `sklearn.metrics.pairwise_distances`. None: taken from the sampler;
        alone, "euclidean". The Euclidean kernel is a product over columns. "partwise", for
        `MixedSampler`: each part has the kernel of its own sampler, and `width` says how
        many times as wide as that.

    References
    ----------
    Ribeiro, Singh, Guestrin (2016), "Why Should I Trust You?", equation 2. Their
    :math:`\sigma` is :math:`\sqrt 2\,\nu`.

    Examples
    --------
    >>> from sklime.kernels import ExponentialKernel
    >>> ExponentialKernel(width=1.0)([[0.0, 0.0], [1.0, 0.0]], [0.0, 0.0]).round(3)
    array([1.   , 0.607])

    The factors of a quarter of the training rows, and of all others:

    >>> from sklime.laws import Atoms
    >>> column = Atoms(values=np.array([1.0, 2.0]), masses=np.array([0.25, 0.75]),
    ...                bins=np.array([0, 1]), deviations=np.array([0.0, 1.0]))
    >>> ExponentialKernel(width="local").column_factor(column)
    array([1. , 0.2])
    """

    def __init__(
        self,
        width: float | Literal["local"] | None = None,
        metric: str | Callable[..., float] | None = None,
    ) -> None:
        self.width = width
        self.metric = metric

    def __call__(self, Z: ArrayLike, z: ArrayLike) -> NDArray[np.float64]:
        Z, z = np.asarray(Z, dtype=np.float64), np.asarray(z, dtype=np.float64)
        width = 0.75 * np.sqrt(Z.shape[1]) if self.width is None else self._checked_width()
        if self.metric == PARTWISE:
            raise ValueError(
                f'metric="{PARTWISE}" of ExponentialKernel compares rows part by part, and '
                "these have none: use it with MixedSampler, or give another metric."
            )
        if self._euclidean:
            distance = np.sqrt(np.square(Z - z).sum(axis=1))
        else:
            distance = self._distances(Z, z)
        return _gaussian(distance, width)

    @property
    def column_factor(self) -> ColumnFactor | None:
        if self.local:
            return self._local_factor
        return self._gaussian_factor if self._euclidean else None

    @property
    def precision(self) -> float | None:
        if self.local:
            # That of standardised columns.
            return LOCAL_WIDTH**-2.0
        if not self._euclidean:
            return None
        with np.errstate(divide="ignore", over="ignore"):
            return float(np.float64(self._checked_width()) ** -2.0)

    @property
    def local(self) -> bool:
        if not (isinstance(self.width, str) and self.width == LOCAL):
            return False
        if not self._euclidean:
            raise ValueError(
                f'width="local" of ExponentialKernel is a width for each column, of which '
                f"metric={self.metric!r} knows none: use metric=None or a number for width."
            )
        return True

    def of_column(self, law: Any) -> Kernel:
        if not self.local:
            return self
        return ExponentialKernel(local_width(law), self.metric)

    @property
    def exchangeable(self) -> bool:
        return not self.local and (self.metric is None or self.metric in _EXCHANGEABLE)

    @property
    def stationary(self) -> bool:
        return not self.local and (self.metric is None or self.metric in _STATIONARY)

    def factor_of_part(self, own: Kernel) -> Kernel | None:
        if self.metric == PARTWISE:
            return own.widened(self._checked_width())
        return super().factor_of_part(own)

    def widened(self, factor: float) -> Self:
        return clone(self).set_params(width=factor * self._checked_width())

    def resolve(self, *, metric: str, width: float) -> Self:
        if self.local:
            return clone(self).set_params(metric="euclidean")
        self._check_metric()
        return clone(self).set_params(
            width=float(width) if self.width is None else self._checked_width(),
            metric=metric if self.metric is None else self.metric,
        )

    @property
    def _euclidean(self):
        return self.metric in (None, "euclidean", "l2")

    def _distances(self, Z, z):
        if self.metric in _BOOLEAN:
            Z, z = Z.astype(bool), z.astype(bool)
        return pairwise_distances(Z, z[np.newaxis], metric=self.metric)[:, 0]

    def _check_metric(self):
        """Check that rows can be compared by the metric, on two of them."""
        if self.metric is None or self.metric == PARTWISE or callable(self.metric):
            return
        try:
            self._distances(np.eye(2)[:1], np.eye(2)[1])
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"metric={self.metric!r} of ExponentialKernel compares no rows: give a "
                "metric of sklearn.metrics.pairwise_distances that needs nothing else, "
                f"such as 'manhattan', or a function of two rows ({error})"
            ) from error

    def _gaussian_factor(self, deviation):
        return _gaussian(deviation, self._checked_width())

    def _local_factor(self, law, row=None):
        """Factors of the values of one column, or a list of those of all columns.

        Parameters
        ----------
        law, row
            As for `laws_of_columns`.
        """
        law = laws_of_columns(law, row)
        if law is None:
            raise self._without_law()
        if isinstance(law, list):
            return [self._local_factor(column) for column in law]
        return self.of_column(law).column_factor(law.deviations)

    def _without_law(self):
        return ValueError(
            'width="local" of ExponentialKernel is a width for each column, which depends '
            "on the law of its values: use it in LimeExplainer with MarginalSampler or "
            "another sampler of independent columns, give the law, column_factor(law, "
            "row), or set width to a number."
        )

    def _checked_width(self):
        if self.local:
            raise self._without_law()
        if not np.isscalar(self.width) or isinstance(self.width, str) or not self.width > 0:
            raise ValueError(
                f"width={self.width!r} of ExponentialKernel must be a number above 0 or "
                '"local"; None takes the sampler\'s default.'
            )
        return float(self.width)


def _gaussian(distance, width):
    # Infinitely many widths away is a weight of 0, not a reason to warn.
    with np.errstate(over="ignore"):
        return np.exp(-0.5 * np.square(distance / width))


class UniformKernel(Kernel):
    """Kernel that gives every draw the same weight, 1.

    Examples
    --------
    >>> from sklime.kernels import UniformKernel
    >>> UniformKernel()([[0.0], [5.0]], [0.0])
    array([1., 1.])
    """

    def __call__(self, Z: ArrayLike, z: ArrayLike) -> NDArray[np.float64]:
        return np.ones(len(Z))

    @property
    def column_factor(self) -> ColumnFactor:
        return np.ones_like

    @property
    def precision(self) -> float:
        return 0.0

    @property
    def exchangeable(self) -> bool:
        return True

    @property
    def stationary(self) -> bool:
        return True


# Weight that stands for that of constraints, which is infinite; the others are below 1.
_CONSTRAINT = 1e9


class ShapleyKernel(Kernel):
    r"""Kernel of the weighted regression whose coefficients are Shapley values.

    A coalition that keeps `s` of `d` units weighs :math:`(d - 1) / (\binom{d}{s} s (d -
    s))`. Those that keep none or all are constraints: the values add up to :math:`f(x)`
    less the mean answer of the background. Only samplers that keep or drop units know
    them: `CoalitionSampler` for tables, `TokenSampler`, `SuperpixelSampler` and
    `SequenceSampler`.

    In an explainer the constraint is solved, and no penalty shrinks the values. For tables
    and models with a closed form they are those of all coalitions, and none is drawn.
    Otherwise all coalitions are enumerated where they fit into `n_samples`; where not,
    their sizes are drawn uniformly, in proportion to statistical leverage, and each comes
    with its complement. `values` are the Shapley values, `intercepts` and `baselines` the
    mean answer of the background, and `local_predictions` the model's answer about the row
    itself.

    Called alone, it gives a constraint the weight 1e9.

    References
    ----------
    Lundberg and Lee (2017), A unified approach to interpreting model predictions, for the
    kernel. Musco and Witter (2025), Provably accurate Shapley value estimation via leverage
    score sampling, for the sizes.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime import FunctionRegressor, LimeExplainer
    >>> from sklime.kernels import ShapleyKernel
    >>> from sklime.samplers import CoalitionSampler
    >>> ShapleyKernel()([[1.0, 0.0, 0.0], [1.0, 1.0, 0.0]], [1.0, 1.0, 1.0]).round(3)
    array([0.333, 0.333])
    >>> product = FunctionRegressor(lambda X: X[:, 0] * X[:, 1])
    >>> sampler = CoalitionSampler(background=[0.0, 1.0])
    >>> X = np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> LimeExplainer(product, sampler=sampler, kernel=ShapleyKernel()).fit(X).transform(X)
    array([[1.5, 0.5],
           [7.5, 4.5]])
    """

    def __call__(self, Z: ArrayLike, z: ArrayLike) -> NDArray[np.float64]:
        Z, z = np.asarray(Z, dtype=np.float64), np.asarray(z, dtype=np.float64)
        d, kept = Z.shape[1], (Z == z).sum(axis=1)
        weights = np.full(len(Z), _CONSTRAINT)
        inner = (kept > 0) & (kept < d)
        s = kept[inner].astype(np.float64)
        # In logarithms, as numbers of coalitions need not be finite.
        logs = np.log(d - 1.0) - np.log(s * (d - s)) if inner.any() else s
        logs -= gammaln(d + 1.0) - gammaln(s + 1.0) - gammaln(d - s + 1.0)
        weights[inner] = np.exp(logs)
        return weights

    @property
    def exchangeable(self) -> bool:
        return True


# What users give as a kernel; scikit-learn's Gaussian-process kernels are callable, too.
KernelLike: TypeAlias = Kernel | Callable[[NDArray[Any], NDArray[Any]], ArrayLike]


def as_kernel(kernel: KernelLike | None) -> Kernel:
    """Turn what the user gave as `kernel` into a `Kernel`.

    Parameters
    ----------
    kernel : Kernel, callable, scikit-learn Gaussian-process kernel or None
        A callable is called as ``kernel(Z, z)`` and returns weights of shape
        ``(n_samples,)``. None is `ExponentialKernel()`.

    Returns
    -------
    Kernel
        A copy, safe to keep in a fitted explainer.

    Raises
    ------
    TypeError
        If it is none of these.

    Examples
    --------
    >>> from sklime.kernels import as_kernel
    >>> kernel = as_kernel(lambda Z, z: 1.0 / (1.0 + abs(Z - z).sum(axis=1)))
    >>> kernel([[1.0], [0.0]], [0.0])
    array([0.5, 1. ])
    """
    if kernel is None:
        return ExponentialKernel()
    if isinstance(kernel, type):
        raise TypeError(f"kernel={kernel.__name__} is a class: give an instance.")
    if isinstance(kernel, Kernel):
        return clone(kernel)
    if hasattr(kernel, "is_stationary") and hasattr(kernel, "diag"):
        return CovarianceKernel(clone(kernel))
    if callable(kernel):
        return FunctionKernel(clone(kernel, safe=False))
    raise TypeError(
        f"kernel={kernel!r} is not a kernel: give an ExponentialKernel, a callable "
        "kernel(Z, z) -> weights, or a scikit-learn Gaussian-process kernel (an instance)."
    )


class FunctionKernel(Kernel):
    """Kernel made of a user's own function of (Z, z).

    Parameters
    ----------
    function : callable
        Takes a design of shape (n_samples, n_features) and a point of shape
        (n_features,), and returns weights of shape (n_samples,).

    Examples
    --------
    >>> from sklime.kernels import FunctionKernel
    >>> FunctionKernel(lambda Z, z: 1.0 / (1.0 + abs(Z - z).sum(axis=1)))([[1.0]], [0.0])
    array([0.5])
    """

    def __init__(self, function: Callable[[NDArray[Any], NDArray[Any]], Any]) -> None:
        self.function = function

    def __call__(self, Z: ArrayLike, z: ArrayLike) -> NDArray[np.float64]:
        return self.function(np.asarray(Z, dtype=np.float64), z)


class CovarianceKernel(Kernel):
    """Kernel made of a scikit-learn Gaussian-process kernel: its covariance is the weight.

    Parameters
    ----------
    covariance : sklearn.gaussian_process.kernels.Kernel
        The covariance of draw and row.

    Examples
    --------
    >>> from sklearn.gaussian_process.kernels import RBF
    >>> from sklime.kernels import CovarianceKernel
    >>> CovarianceKernel(RBF(length_scale=1.0))([[1.0]], [0.0]).round(3)
    array([0.607])
    """

    def __init__(self, covariance: Any) -> None:
        self.covariance = covariance

    def __call__(self, Z: ArrayLike, z: ArrayLike) -> NDArray[np.float64]:
        Z = np.asarray(Z, dtype=np.float64)
        return self.covariance(Z, np.asarray(z, dtype=np.float64)[np.newaxis])[:, 0]

    @property
    def column_factor(self) -> ColumnFactor | None:
        return None if self.precision is None else self._gaussian_factor

    @property
    def precision(self) -> float | None:
        """That of an isotropic `RBF`, the one covariance that is a product of Gaussians."""
        from sklearn.gaussian_process.kernels import RBF

        if type(self.covariance) is not RBF or self.covariance.anisotropic:
            return None
        return float(np.squeeze(self.covariance.length_scale)) ** -2.0

    @property
    def stationary(self) -> bool:
        return self.covariance.is_stationary()

    def _gaussian_factor(self, deviation):
        return _gaussian(deviation, self.precision**-0.5)


def checked_weights(
    kernel: Kernel, Z: NDArray[Any], z: NDArray[Any]
) -> NDArray[np.float64]:
    """Weights of a kernel, after a check of what a user's kernel returned.

    Raises
    ------
    ValueError
        If they are not one finite, non-negative number a draw.
    """
    returned = kernel(Z, z)
    if np.asarray(returned).dtype.kind not in "biuf":
        raise TypeError(
            f"kernel {kernel!r} returned {type(returned).__name__}, not real numbers; a "
            "kernel takes (Z, z) and returns one weight per row of Z."
        )
    weights = np.asarray(returned, dtype=np.float64)
    if weights.shape != (len(Z),):
        raise ValueError(
            f"kernel {kernel!r} returned weights of shape {weights.shape} for {len(Z)} "
            "draws; a kernel takes (Z, z) and returns one weight per row of Z."
        )
    bad = ~(np.isfinite(weights) & (weights >= 0.0))
    if bad.any():
        raise ValueError(
            f"kernel {kernel!r} returned weights that are negative or not finite, for "
            f"example {weights[bad][0]}; weights say how much a draw counts, so they must "
            "be finite and at least 0."
        )
    return weights
