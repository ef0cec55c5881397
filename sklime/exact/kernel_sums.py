r"""Sums of kernels of vectors, as sums of products over columns.

Exponentials of distances are products as they stand. A power of a scalar product is a
mean of exponentials, which are products, over a circle around 0 (Cauchy's formula):

.. math:: t^p = \frac{p!}{M} \sum_{k < M} \tau_k^{-p} e^{\tau_k t}
    + O(|\tau t|^M / M!), \qquad \tau_k = r e^{i \pi (2 k + 1) / M}

where there are fewer monomials than exponentials, it is a sum of these instead.
"""

from dataclasses import dataclass
from functools import reduce
from itertools import product
from math import factorial

import numpy as np
from sklearn.utils import gen_batches

from sklime.exact.complex_exponentials import complex_exponentials
from sklime.exact.joined_products import JoinedProducts
from sklime.exact.monomials import Monomials, count_monomials, exponents_up_to
from sklime.exact.products import ProductForm
from sklime.exceptions import NoClosedForm

# Largest degree of a power, products that a kernel may be a sum of, and points of circles
# that it may be a mean over.
MOST_DEGREE, _MOST_PRODUCTS, _MOST_POINTS = 20, 256, 4096

# Monomials that powers are multiplied out to, and numbers that are held meanwhile.
_MOST_MONOMIALS, _BLOCK = 10_000, 1 << 22

# What powers may be off by, in units of their largest value, for values that reach so much
# further than the table's.
_ERROR, _BEYOND = 1e-17, 1.5


@dataclass(frozen=True)
class KernelProduct:
    r"""Product of kernels, each of which is a product over columns or a power.

    .. math:: c \prod_f e^{-\gamma_f (x_f - v_f)^2 - \lambda_f |x_f - v_f|}
        \prod_i (b_i + g_i x \cdot v)^{p_i}

    Parameters
    ----------
    constant : float
    squared, absolute : ndarray of shape (n_model_features,)
        The rates :math:`\gamma, \lambda`.
    powers : tuple of (float, float, int)
        The :math:`(b_i, g_i, p_i)`.
    """

    constant: float
    squared: np.ndarray
    absolute: np.ndarray
    powers: tuple = ()

    @classmethod
    def of(cls, n_features, constant=1.0, squared=0.0, absolute=0.0, powers=()):
        """Product with rates that may be one number for all features."""
        rates = [np.broadcast_to(np.float64(r), n_features) for r in (squared, absolute)]
        return cls(float(constant), *rates, powers)

    def __mul__(self, other):
        return KernelProduct(
            self.constant * other.constant,
            self.squared + other.squared,
            self.absolute + other.absolute,
            _merged(self.powers + other.powers),
        )

    @property
    def is_power(self):
        """Whether nothing but scalar products is in it."""
        return not (self.squared.any() or self.absolute.any())


def _merged(powers):
    """Powers, those of the same base as one."""
    degrees = {}
    for offset, scale, degree in powers:
        degrees[offset, scale] = degrees.get((offset, scale), 0) + degree
    if max(degrees.values(), default=0) > MOST_DEGREE:
        raise NoClosedForm(f"its kernel has powers of a degree above {MOST_DEGREE}")
    return tuple((*base, degree) for base, degree in degrees.items())


def multiplied(*kernels):
    """Product of kernels, each a list of `KernelProduct`, as such a list.

    Raises
    ------
    NoClosedForm
        If it is a sum of too many products.
    """
    n_products = np.prod([float(len(kernel)) for kernel in kernels])
    if n_products > _MOST_PRODUCTS:
        raise NoClosedForm(f"its kernel is a sum of {n_products:,.0f} products")
    return [reduce(KernelProduct.__mul__, own) for own in product(*kernels)]


class KernelSum(ProductForm):
    """Closed form of a weighted sum of kernels of vectors.

    Parameters
    ----------
    vectors : ndarray of shape (n_vectors, n_model_features)
        Support vectors, or training rows.
    coef : ndarray of shape (n_vectors, n_outputs)
        Their weights.
    kernel : list of KernelProduct
        The kernel, a sum of products.
    low, high : ndarray of shape (n_model_features,), default=None
        Range of the features' values; None: that of the vectors.
    times : float, default=1.0
        How many times as far out powers hold.
    """

    def __init__(self, vectors, coef, kernel, low=None, high=None, times=1.0):
        vectors = vectors.toarray() if hasattr(vectors, "toarray") else vectors
        coef = coef.toarray() if hasattr(coef, "toarray") else coef
        self.vectors = np.asarray(vectors, dtype=np.float64)
        self.coef, self.kernel = np.asarray(coef, dtype=np.float64), kernel
        self.n_features = self.vectors.shape[1]
        self.low = self.vectors.min(axis=0) if low is None else low
        self.high = self.vectors.max(axis=0) if high is None else high
        self._range = (self.low + self.high) / 2.0, (self.high - self.low) / 2.0
        parts = [
            _part(self.vectors, own.constant * self.coef, own, *self._range, times)
            for own in kernel
            if own.powers or not own.is_power
        ]
        if not parts:
            raise NoClosedForm("its kernel does not depend on the columns")
        self._parts = JoinedProducts(parts)
        self.weights = self._parts.weights

    def fitted_to(self, features):
        low, high = features.constants.copy(), features.constants.copy()
        for owned, values in zip(features.owned, features.values, strict=True):
            low[owned], high[owned] = values.min(axis=1), values.max(axis=1)
        if not (np.isfinite(low).all() and np.isfinite(high).all()):
            raise NoClosedForm("missing or infinite values reach its kernel")
        return KernelSum(self.vectors, self.coef, self.kernel, low, high)

    @property
    def ranged(self):
        return any(getattr(part, "rates", None) is not None for part in self._parts.forms)

    def reach(self, values):
        origin, half = (own[:, np.newaxis] for own in self._range)
        further = np.maximum(np.abs(values - origin), half)
        reach = np.ones(values.shape[1])
        for power in {power for own in self.kernel for power in own.powers}:
            start = np.abs(_start(self.vectors, power, origin))
            slopes = np.abs(power[1] * self.vectors)
            least, far = ((start + slopes @ x).max(axis=0) for x in (half, further))
            with np.errstate(divide="ignore", invalid="ignore"):
                times = np.where(far > least, far / least, 1.0)
            reach = np.maximum(reach, times / _BEYOND)
        return reach

    def reaching(self, times):
        own = self.vectors, self.coef, self.kernel, self.low, self.high
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            form = KernelSum(*own, times)
        if not np.isfinite(form.weights).all():
            raise NoClosedForm("values are too large for the powers in its kernel")
        return form

    def factors(self, features, values):
        return self._parts.factors(features, values)


class _Exponentials(ProductForm):
    """Weighted exponentials of distances to vectors, and of scalar products with them.

    Parameters
    ----------
    vectors, weights : ndarray
        As for `KernelSum`, with a weight for each vector and rate.
    own : KernelProduct
        Its rates of distances.
    rates : ndarray of shape (n_rates,) of complex, or None
        Rates of scalar products, each of which every vector has.
    origin : ndarray of shape (n_model_features,)
        Where the features are measured from in scalar products.
    """

    def __init__(self, vectors, weights, own, rates, origin):
        self.vectors, self.weights = vectors, weights
        self.own, self.rates, self.origin = own, rates, origin
        self.n_features = vectors.shape[1]

    def factors(self, features, values):
        exponent = np.zeros((values.shape[1], len(self.vectors)))
        scalar = np.zeros_like(exponent)
        for f, own in zip(features, values, strict=True):
            v = self.vectors[:, f]
            difference = own[:, np.newaxis] - v
            if self.own.squared[f]:
                exponent -= self.own.squared[f] * np.square(difference)
            if self.own.absolute[f]:
                exponent -= self.own.absolute[f] * np.abs(difference)
            if self.rates is not None:
                scalar += np.outer(own - self.origin[f], v)
        if self.rates is None:
            return np.exp(exponent)
        # Each vector with each rate.
        scalar, shape = scalar[:, :, np.newaxis], (len(exponent), -1)
        real = exponent[:, :, np.newaxis] + scalar * self.rates.real
        return complex_exponentials(real, scalar * self.rates.imag).reshape(shape)


def _part(vectors, coef, own, origin, half, times):
    """Sum of products for one product of kernels, up to a constant."""
    if not own.powers:
        return _Exponentials(vectors, coef, own, None, origin)
    circles = [
        _circle(vectors, power, origin, half, times, halved=i == 0)
        for i, power in enumerate(own.powers)
    ]
    n_points = np.prod([float(len(rates)) for rates, _ in circles])
    if own.is_power and len(own.powers) == 1:
        [power] = own.powers
        n_monomials = count_monomials(len(origin), power[2])
        most = max(len(origin) + 1, min(2 * len(vectors) * n_points, _MOST_MONOMIALS))
        if n_monomials <= most:
            return _monomials(vectors, coef, power, origin)
    if n_points > _MOST_POINTS:
        raise NoClosedForm("its kernel has powers of too many scalar products")
    rates, weights = circles[0]
    for more, own_weights in circles[1:]:
        rates = (rates[:, np.newaxis] + more).ravel()
        weights = (weights[:, :, np.newaxis] * own_weights[:, np.newaxis]).reshape(
            len(vectors), -1
        )
    # Each vector with each rate, as factors have them.
    weights = weights[:, :, np.newaxis] * coef[:, np.newaxis]
    return _Exponentials(vectors, weights.reshape(-1, coef.shape[1]), own, rates, origin)


def _start(vectors, power, origin):
    """What is raised to a power, where the features are at the origin."""
    offset, scale, _ = power
    return offset + scale * vectors @ origin


def _circle(vectors, power, origin, half, times, halved):
    """Exponentials whose mean is a power of scalar products with each vector.

    Returns
    -------
    rates : ndarray of shape (n_points,) of complex
    weights : ndarray of shape (n_vectors, n_points) of complex
        If `halved`, the real part of the mean is meant, over half of the circle.
    """
    _, scale, degree = power
    start = _start(vectors, power, origin)
    largest = times * np.max(np.abs(start) + np.abs(scale) * (np.abs(vectors) @ half))
    # The largest value times the radius: rounding is least near the degree.
    size = float(degree)
    n_points, error = 2, np.inf
    while error > _ERROR:
        n_points += 2
        beyond = (_BEYOND * size) ** n_points
        error = beyond * factorial(degree) / factorial(degree + n_points)
    half = np.exp(1j * np.pi * (2 * np.arange(n_points) + 1) / n_points)
    if halved:
        half = half[: n_points // 2]
    nodes = half * (size / (largest if largest > 0.0 else 1.0))
    weights = factorial(degree) / len(nodes) * nodes**-degree
    return scale * nodes, weights * np.exp(np.outer(start, nodes))


def _monomials(vectors, coef, power, origin):
    """A power of scalar products, multiplied out and summed over the vectors."""
    offset, scale, degree = power
    exponents = exponents_up_to(len(origin), degree)
    exponents = exponents[exponents.any(axis=1)]
    order = exponents.sum(axis=1)
    factorials = np.array([float(factorial(k)) for k in range(degree + 1)])
    times = factorials[degree] / factorials[degree - order]
    times = times / np.prod(factorials[exponents], axis=1)
    weights, own = 0.0, Monomials(exponents, np.empty((len(exponents), 0)))
    for rows in gen_batches(len(vectors), max(1, _BLOCK // len(exponents))):
        block = scale * vectors[rows]
        start = offset + block @ origin
        products = own.factors(np.arange(len(origin)), block.T)
        products *= start[:, np.newaxis] ** (degree - order)
        weights = weights + products.T @ coef[rows]
    return Monomials(exponents, times[:, np.newaxis] * weights, origin)
