r"""Split probabilities of one standardised column, drawn from its training values.

With :math:`w` the tilted probabilities of the values in a set and :math:`p` their pulls, as
`EmpiricalLaw` has them, summed over what goes left and right of a split,

.. math:: q = \frac{w_l}{w_l + w_r}, \qquad
    g = \frac{(1 - q) \, p_l - q \, p_r}{w_l + w_r}.
"""

import numpy as np
from scipy import sparse

# A probability that rounds to nothing: its inverse is still finite.
_TINY = 1e-280


class IntervalSplits:
    """Splits of intervals of sorted values, and perhaps of the missing value.

    Parameters
    ----------
    n_values : int
        Number of values, the missing one last.
    low, middle, high : ndarray of shape (n_splits,) of int
        Positions where boxes begin, are cut, and end.
    rising : ndarray of shape (n_splits,) of bool
        Whether the lower part goes left.
    missing : pair of ndarrays of shape (n_splits,) of bool, or None
        Whether boxes allow the missing value, and whether splits send it left.
    """

    def __init__(self, n_values, low, middle, high, rising, missing):
        self.edges, places = np.unique([low, middle, high], return_inverse=True)
        self.places = places.reshape(3, -1)
        self.falling = np.flatnonzero(~rising)
        self.missing = None
        if missing is not None:
            allowed, goes_left = missing
            self.missing = [
                (allowed & side)[:, np.newaxis] for side in (goes_left, ~goes_left)
            ]
        # The values between two edges count as one.
        n_observed = n_values - (missing is not None)
        cell = np.searchsorted(self.edges, np.arange(n_observed), side="right")
        ones = np.ones(n_observed), (cell, np.arange(n_observed))
        self.cells = sparse.csr_array(ones, shape=(len(self.edges) + 1, n_values))

    def fill(self, law, rows):
        """Chances of going left and right and slopes, each (n_splits, n_rows)."""
        beyond = self.edges[:, np.newaxis] > law.nearest[rows]
        low, middle, high = (np.take(beyond, at, axis=0) for at in self.places)
        holds = middle > low, high > middle
        sums = []
        for values in (law.weights, law.pull):
            values = np.ascontiguousarray(values[:, rows])
            lower, upper = self._between(self.cells @ values, beyond, holds)
            own = lower[self.falling]
            lower[self.falling], upper[self.falling] = upper[self.falling], own
            if self.missing is not None:
                lower += self.missing[0] * values[-1]
                upper += self.missing[1] * values[-1]
            sums.append((lower, upper))
        return _chances(*sums)

    def _between(self, sums, beyond, holds):
        """Sums from low to middle and from there to high, given those between edges.

        Counted from both ends towards the row's own value: what is far from it weighs next
        to nothing, and would drown in sums that pass it.
        """
        below, above = np.cumsum(sums[:-1], axis=0), np.cumsum(sums[:0:-1], axis=0)[::-1]
        outer = np.where(beyond, -above, below)
        low, middle, high = (np.take(outer, at, axis=0) for at in self.places)
        lower, upper = middle - low, high - middle
        total = sums.sum(axis=0)
        return [
            np.add(part, total, out=part, where=own)
            for part, own in zip((lower, upper), holds, strict=True)
        ]


class SetSplits:
    """Splits of sets of values.

    Parameters
    ----------
    left, right : ndarray of shape (n_splits, n_cells) of bool
        Cells of values that splits send left and right.
    cells : ndarray of shape (n_values,) of int
        The cell of each value.
    """

    def __init__(self, left, right, cells):
        ones = np.ones(len(cells)), (cells, np.arange(len(cells)))
        self.cells = sparse.csr_array(ones)
        self.sides = [sparse.csr_array(side.astype(np.float64)) for side in (left, right)]

    def fill(self, law, rows):
        """Chances of going left and right and slopes, each (n_splits, n_rows)."""
        sums = []
        for values in (law.weights, law.pull):
            by_cell = self.cells @ np.ascontiguousarray(values[:, rows])
            sums.append([side @ by_cell for side in self.sides])
        return _chances(*sums)


def _chances(weights, pulls):
    """Chances of going left and right, and slopes of the former, from sums by side."""
    (left, right), (pulled, pulled_right) = weights, pulls
    probability = left + right
    np.maximum(probability, _TINY, out=probability)
    left /= probability
    right /= probability
    slope = right * pulled
    slope -= left * pulled_right
    slope /= probability
    return left, right, slope
