"""Tilted laws of many rows at once, one column at a time."""

from dataclasses import dataclass

import numpy as np

from sklime.exceptions import NoClosedForm
from sklime.laws.bins import BinList
from sklime.local_widths import local_precisions

# Narrower kernels have the limits of these: what never happens keeps its proportions, and
# nothing underflows.
_LEAST_MISMATCH = 1e-30
_MOST_PRECISION = 1e30

# Logarithm of the smallest factor of a value's distance that counts.
_LEAST_EXPONENT = -460.0


@dataclass(frozen=True)
class ColumnLaw:
    """Moments of one interpretable feature under the rows' tilted laws.

    Parameters
    ----------
    mean, variance : ndarray of shape (n_rows,)
        Of the feature.
    log_efficiency : ndarray of shape (n_rows,)
        Logarithm of ``(E w)**2 / E w**2``, with `w` the kernel's factor under the law
        before the tilt.
    """

    mean: np.ndarray
    variance: np.ndarray
    log_efficiency: np.ndarray


@dataclass(frozen=True)
class MatchedLaw(ColumnLaw):
    """Law of a column of bins or categories.

    Parameters
    ----------
    own : ndarray of shape (n_rows,) of int
        The rows' own bins.
    """

    own: np.ndarray

    @classmethod
    def of(cls, q, own, mismatch):
        """Tilt bin frequencies `q` to each row by the kernel factor of a mismatch.

        The factor is one for all rows, or one for each own bin, and last for a bin that
        training never had.
        """
        # A bin that training never had comes last, with frequency 0.
        own = np.where(own < 0, len(q), own)
        inside = np.append(q, 0.0)[own]
        if np.ndim(mismatch):
            mismatch = mismatch[own]
        outside = (1.0 - inside) * mismatch
        weight, squared = inside + outside, inside + outside * mismatch
        return cls(
            inside / weight,
            # Not mean * (1 - mean), which rounds to 0 under narrow kernels.
            (inside / weight) * (outside / weight),
            2.0 * np.log(weight) - np.log(squared),
            own,
        )

    @classmethod
    def by_bin(cls, q, mismatch):
        """Laws seen from each bin of a column, and from a value never seen in training."""
        return cls.of(q, np.append(np.arange(len(q)), -1), mismatch)


class MatchedLaws:
    """Laws of several columns of bins or categories, looked up by the rows' own bins.

    Parameters
    ----------
    frequencies : list of ndarrays of shape (n_bins,)
        Of the bins of each column.
    mismatch : list of floats or ndarrays
        As for `MatchedLaw.of`.
    """

    def __init__(self, frequencies, mismatch):
        laws = [
            MatchedLaw.by_bin(q, factor)
            for q, factor in zip(frequencies, mismatch, strict=True)
        ]
        self._bins = BinList([len(q) for q in frequencies])
        names = "mean", "variance", "log_efficiency"
        self._tables = [
            np.concatenate([np.empty(0), *(getattr(law, name) for law in laws)])
            for name in names
        ]

    def of(self, own):
        """Laws of the columns, given bins of shape (n_columns, n_rows), -1 where unseen."""
        at = self._bins.by_column(own)
        found = [table[at] for table in self._tables]
        own = at - self._bins.starts
        return [MatchedLaw(*law) for law in zip(*found, own, strict=True)]


@dataclass(frozen=True)
class NormalLaw(ColumnLaw):
    """Law of a standardised column drawn from a normal distribution.

    Parameters
    ----------
    centre, sd : ndarray of shape (n_rows,)
        Mean and standard deviation of the tilted law, in the column's own units.
    unit : float
        One interpretable unit.
    """

    centre: np.ndarray
    sd: np.ndarray
    unit: float

    @classmethod
    def of(cls, column, law_mean, law_sd, z, precision):
        """Tilt a normal law to rows at standardised values `z`."""
        precision = np.minimum(precision, _MOST_PRECISION)
        spread = np.square(law_sd / column.scale) * precision
        offset = (law_mean - column.mean) / column.scale - z
        shrink, shrink_squared = 1.0 / (1.0 + spread), 1.0 / (1.0 + 2.0 * spread)
        mean = z + offset * shrink
        variance = np.square(law_sd / column.scale) * shrink
        # Difference of both exponents, in one piece: each may be large.
        moved = precision * np.square(offset) * spread * shrink * shrink_squared
        return cls(
            mean,
            variance,
            np.log(shrink) - 0.5 * np.log(shrink_squared) - moved,
            column.mean + column.scale * mean,
            column.scale * np.sqrt(variance),
            column.scale,
        )


@dataclass(frozen=True)
class EmpiricalLaw(ColumnLaw):
    """Law of a standardised column drawn from its training values.

    Parameters
    ----------
    weights : ndarray of shape (n_values, n_rows)
        Probabilities of the column's distinct values, the missing one last.
    pull : ndarray of shape (n_values, n_rows)
        What a value adds to coefficients for each unit of the model's answer: its
        probability times its distance from the mean over the variance, or 0 where the
        column does not vary.
    nearest : ndarray of shape (n_rows,) of int
        The observed value nearest to each row's own.
    """

    weights: np.ndarray
    pull: np.ndarray
    nearest: np.ndarray

    @classmethod
    def of(cls, column, z, precision):
        """Tilt the law of the training values to rows at standardised values `z`."""
        values = column.standardise(column.values)
        nearest = _nearest(values[: len(column.observed)], z)
        closest = nearest
        if column.has_missing:
            missing = np.abs(values[-1] - z) < np.abs(values[nearest] - z)
            closest = np.where(missing, len(values) - 1, nearest)
        # All counted from the closest value: under narrow kernels the others hardly weigh,
        # and their sums must not drown in its.
        origin = values[closest]
        offsets = values[:, np.newaxis] - origin
        # Excess of the squared distance over that of the closest value.
        factors = offsets - 2.0 * (z - origin)
        factors *= offsets
        np.maximum(factors, 0.0, out=factors)
        factors *= -0.5 * np.minimum(precision, _MOST_PRECISION)
        # Smaller ones would lose digits before they are divided by the variance.
        factors[factors < _LEAST_EXPONENT] = -np.inf
        np.exp(factors, out=factors)
        weights = factors * column.masses[:, np.newaxis]
        total = weights.sum(axis=0)
        weights /= total
        factors *= weights
        log_efficiency = np.log(total) - np.log(factors.sum(axis=0))
        mean = np.multiply(weights, offsets, out=factors).sum(axis=0)
        offsets -= mean
        pull = np.multiply(weights, offsets, out=factors)
        offsets *= pull
        variance = offsets.sum(axis=0)
        varies = variance > 0.0
        pull *= np.divide(1.0, variance, out=np.zeros_like(variance), where=varies)
        return cls(origin + mean, variance, log_efficiency, weights, pull, nearest)

    def average(self, functions):
        """Expected values of functions of the column, and their coefficients.

        Parameters
        ----------
        functions : ndarray of shape (n_values, n_functions)

        Returns
        -------
        expected, coef : ndarray of shape (n_functions, n_rows)
        """
        shape = functions.shape[1], self.weights.shape[1]
        expected, coef = np.empty(shape), np.empty(shape)
        for k, own in enumerate(functions.T):
            # Coefficients do not depend on where functions are counted from.
            level = own.min()
            own = (own - level)[:, np.newaxis]
            # Sums along the first axis are the same for a row among few and many.
            expected[k] = level + (self.weights * own).sum(axis=0)
            coef[k] = (self.pull * own).sum(axis=0)
        return expected, coef


def _nearest(values, z):
    """Positions of the sorted values that are nearest to others."""
    after = np.minimum(np.searchsorted(values, z), len(values) - 1)
    before = np.maximum(after - 1, 0)
    return np.where(z - values[before] < values[after] - z, before, after)


def mismatch_factors(kernel, columns):
    """Factors of a product kernel for a mismatched bin, relative to a matched one.

    Parameters
    ----------
    kernel : Kernel
        With a `column_factor`.
    columns : sequence of Column
        The columns.

    Returns
    -------
    list of n_columns floats, or ndarrays of shape (n_bins + 1,)
        The latter under a kernel whose factor depends on the row's own bin, and last for a
        bin that training never had; None of standardised columns.

    Raises
    ------
    NoClosedForm
        If the kernel itself is 0 off the bin, not only by rounding.
    """
    if hasattr(kernel, "mismatch_of"):
        # It tells its own, by column.
        return [kernel.mismatch_of(column) for column in columns]
    if not kernel.local:
        return [mismatch_factor(kernel)] * len(columns)
    return [mismatch_by_bin(kernel, c.frequencies) if c.binary else None for c in columns]


def mismatch_by_bin(kernel, q):
    """Factor of a mismatched bin: a float, or one by own bin, last of none."""
    if not kernel.local:
        return mismatch_factor(kernel)
    # What never matches is equally far from all draws.
    return np.exp(-0.5 * local_precisions(np.append(q, 0.0)))


def weighted_masses(kernel, q):
    """Probabilities of bins of frequencies `q` under the law tilted to them."""
    factor = np.exp(-0.5 * local_precisions(q)) if kernel.local else mismatch_factor(kernel)
    return q / (q + (1.0 - q) * factor)


def mismatch_factor(kernel):
    """Factor of a product kernel for a mismatched bin, relative to a matched one.

    Parameters
    ----------
    kernel : Kernel
        With a `column_factor`.

    Returns
    -------
    float
        At least 1e-30.

    Raises
    ------
    NoClosedForm
        If the kernel itself is 0 off the bin, not only by rounding.
    """
    same, other = kernel.column_factor(np.array([0.0, 1.0]))
    if kernel.precision is None and not (same > 0.0 and other > 0.0):
        raise NoClosedForm(
            f"kernel {kernel!r} has weight 0 in some of the bins, and leaves no contrast"
        )
    return max(float(other / same), _LEAST_MISMATCH)
