"""The tilted laws of many rows at once, one column at a time."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ColumnLaw:
    """Moments of one interpretable feature under the rows' tilted laws.

    Parameters
    ----------
    mean, variance : ndarray of shape (n_rows,)
        Of the feature.
    weight, squared_weight : ndarray of shape (n_rows,)
        Mean of the kernel's factor, and of its square, under the law before the tilt.
    """

    mean: np.ndarray
    variance: np.ndarray
    weight: np.ndarray
    squared_weight: np.ndarray


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
        """Tilt bins of frequencies `q` to the rows' own, by the factor of a mismatch."""
        # A bin that training never had comes last, with frequency 0.
        own = np.where(own < 0, len(q), own)
        inside = np.append(q, 0.0)[own]
        weight = inside + (1.0 - inside) * mismatch
        mean = inside / weight
        squared = inside + (1.0 - inside) * mismatch**2
        return cls(mean, mean * (1.0 - mean), weight, squared, own)


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
        s = law_sd / column.scale
        offset = (law_mean - column.mean) / column.scale - z
        shrink = 1.0 / (1.0 + s**2 * precision)
        shrink_squared = 1.0 / (1.0 + 2.0 * s**2 * precision)
        mean = z + offset * shrink
        variance = np.full(len(z), s**2 * shrink)
        return cls(
            mean,
            variance,
            np.sqrt(shrink) * np.exp(-0.5 * precision * offset**2 * shrink),
            np.sqrt(shrink_squared) * np.exp(-precision * offset**2 * shrink_squared),
            column.mean + column.scale * mean,
            column.scale * np.sqrt(variance),
            column.scale,
        )


def mismatch_factor(kernel):
    """A product kernel's factor for a bin that does not match, over one that does."""
    same, other = kernel.column_factor(np.array([0.0, 1.0]))
    return float(other / same)
