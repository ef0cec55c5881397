"""What training teaches about a single column: its values, and how they are compared."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sklime.exceptions import UnknownValueWarning, warn_caller
from sklime.laws.columns import (
    BinnedColumn,
    CategoricalColumn,
    StandardisedColumn,
    mean_and_sd,
)
from sklime.samplers.tabular.binning import cut_points

# Beyond it, differences of values are no longer finite.
_LARGEST_STANDARDISED = 1e307

# Distinct values of a column of integers that have a bin each, at most.
_MOST_COUNTS = 10


@dataclass(frozen=True, eq=False)
class ColumnBuilder:
    """Builder of the columns of a training table, by their encoded values.

    Parameters
    ----------
    n_bins, binning
        As for `MarginalSampler`.
    weights : ndarray of shape (n_rows,) or None
        Weights of the training rows.
    y : ndarray of shape (n_rows,) or None
        Their class labels.
    whole, maybe_whole : set of str
        Names of the columns that have a bin for each of few values: those of integers, and
        those that hold integers if some values are missing and all others are whole.
    """

    n_bins: int | None
    binning: Any
    weights: np.ndarray | None
    y: np.ndarray | None
    whole: set
    maybe_whole: set

    def __call__(self, x, name, categorical):
        """Learn one column.

        Parameters
        ----------
        x : ndarray of shape (n_rows,)
            Its encoded training values.
        name : str
            Its name.
        categorical : bool
            Whether it is compared by category.

        Returns
        -------
        Column
        """
        weights, y = self.weights, self.y
        if weights is not None:
            counted = weights > 0
            x, weights = x[counted], weights[counted]
            y = None if y is None else y[counted]
        values, inverse = np.unique(x, return_inverse=True)
        counts = np.bincount(inverse, weights)
        masses = counts / counts.sum()
        n_values = len(values) - np.isnan(values).sum()
        integer = name in self.whole
        integer |= name in self.maybe_whole and _whole_but_for_gaps(values)
        if categorical or (integer and 0 < n_values <= _MOST_COUNTS):
            return CategoricalColumn(values, masses)
        observed = ~np.isnan(x)
        if not observed.any():
            return self._unobserved(name, values, masses)
        x, w = x[observed], None if weights is None else weights[observed]
        if self.n_bins is None:
            if np.abs(x).max() > _LARGEST_STANDARDISED:
                raise ValueError(
                    f"column {name!r} holds {x[np.abs(x).argmax()]:.3g}, too large to be "
                    "standardised: count it in another unit, or set n_bins."
                )
            mean, sd = mean_and_sd(values, masses)
            return StandardisedColumn(values, masses, mean, sd if sd > 0 else 1.0)
        labels = None if y is None else y[observed]
        distinct = values[~np.isnan(values)]
        cuts = cut_points(x, distinct, w, self.binning, self.n_bins, labels)
        return BinnedColumn(values, masses, cuts)

    def _unobserved(self, name, values, masses):
        if self.n_bins is None:
            raise ValueError(
                f"column {name!r} has no observed value, so it has no standard deviation; "
                "drop it, or set n_bins."
            )
        warn_caller(
            f"column {name!r} has no observed value: it cannot vary and its attribution is "
            "0; drop it.",
            UnknownValueWarning,
        )
        return BinnedColumn(values, masses, np.empty(0))


def _whole_but_for_gaps(values):
    """Whether sorted values are whole numbers, and some are missing."""
    return bool(np.isnan(values[-1]) and (values[:-1] % 1.0 == 0.0).all())
