"""Series whose hidden steps are interpolated linearly between the kept ones."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklime.samplers.masked.cellwise import CellwiseRow, whole_numbers, with_kept


class InterpolatedSeries(CellwiseRow):
    """Series whose hidden values are interpolated linearly between its kept ones.

    Beyond the outermost kept steps the series stays level; where a feature keeps no
    observed value at all, its hidden values stand. Missing values count as not kept, but
    stay missing in steps that are.

    Parameters
    ----------
    values : ndarray of shape (T,) or (T, F)
        The series, as the model takes it.
    hidden : ndarray
        Of the same shape and dtype.
    spans : ndarray of shape (T, F) of int
        The unit of each cell, numbered from 0 without gaps; -1 where it is never hidden.
    names : ndarray of shape (n_units,) of str
        Names of the units.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime.samplers.masked.interpolated import InterpolatedSeries
    >>> series = np.array([1.0, 5.0, 6.0, 4.0])
    >>> row = InterpolatedSeries(series, np.zeros(4), np.arange(4)[:, np.newaxis],
    ...                          names=np.array(["t-3", "t-2", "t-1", "t-0"]))
    >>> row.compose(np.array([[True, False, False, True], [False, False, True, False]]))
    array([[1., 2., 3., 4.],
           [6., 6., 6., 6.]])
    """

    def compose(self, masks: NDArray[np.bool_]) -> NDArray[Any]:
        T, F = self.spans.shape
        values = self.values.reshape(T, F)
        keep = with_kept(masks)[:, self.spans]
        # Nothing runs from or to what is never hidden, such as padding.
        before, after = _neighbours(keep & (values == values) & (self.spans >= 0))
        features = np.arange(F)
        # Beyond the outermost kept steps, both neighbours are the outermost.
        left = np.where(before >= 0, before, np.minimum(after, T - 1))
        right = np.where(after < T, after, left)
        low = values[left, features].astype(np.float64)
        share = (np.arange(T)[:, np.newaxis] - left) / np.maximum(right - left, 1)
        lines = whole_numbers(low + share * (values[right, features] - low), values.dtype)
        nothing_kept = before[:, -1:] < 0
        lines = np.where(nothing_kept, self.hidden.reshape(T, F), lines)
        composed = np.where(keep, values, lines)
        return composed.reshape(len(masks), *self.values.shape)


def _neighbours(known):
    """The nearest known steps before and after each, -1 and T where there is none."""
    T = known.shape[1]
    steps = np.arange(T)[:, np.newaxis]
    before = np.maximum.accumulate(np.where(known, steps, -1), axis=1)
    after = np.where(known, steps, T)[:, ::-1]
    return before, np.minimum.accumulate(after, axis=1)[:, ::-1]
