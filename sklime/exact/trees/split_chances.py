r"""Split probabilities of one column under its tilted laws.

For the box that a split cuts, and each row, a column gives

.. math:: q = \frac{A_l}{A}, \qquad g = \frac{D_l}{A} - q \frac{D}{A},

with :math:`A` the probability of what the box allows in this column, :math:`D` the effect
of the column's interpretable feature on that probability, and :math:`A_l, D_l` the same of
the part that goes left: `q` is the chance of going left, `g` the slope of that chance.
"""

from copy import copy

import numpy as np
from scipy.special import ndtr
from sklearn.utils import gen_batches

# A probability that rounds to nothing: its inverse is still finite.
_TINY = 1e-280

# Splits whose probabilities are looked up together: where they stand stays in the cache.
_SPLITS_AT_ONCE = 512


class MatchedSplits:
    r"""Split probabilities under laws tilted to a bin.

    With :math:`J` the mass of a box inside the row's bin, :math:`O` its mass outside, `w`
    the bin's frequency and `e` the kernel's factor for a bin that does not match,

    .. math:: q = \frac{J_l + e O_l}{J + e O}, \qquad
        g = \frac{(w + (1 - w) e)^2}{w (1 - w)} \frac{J_l O - O_l J}{(J + e O)^2}.

    Parameters
    ----------
    left, box : ndarray of shape (n_splits, n_bins)
        Mass by bin of what goes left, and of the box that is split.
    frequencies : ndarray of shape (n_bins,)
        Of the bins.
    mismatch : float or ndarray of shape (n_lists * n_bins + 1,)
        The factor `e`, above 0; by own bin, the last for a value that training never had.
        Bins that are listed several times have several laws.

    Attributes
    ----------
    chance, slope : ndarray of shape (n_splits, n_bins + 1)
        Seen from each bin, the last for a value that training never had.
    """

    def __init__(self, left, box, frequencies, mismatch):
        e = mismatch
        # Last, where a value that training never had finds it: no bin matches.
        n_lists = max((np.size(e) - 1) // len(frequencies), 1)
        inside, inside_left = (
            np.pad(np.tile(mass, n_lists), ((0, 0), (0, 1))) for mass in (box, left)
        )
        outside = box.sum(axis=1, keepdims=True) - inside
        outside_left = left.sum(axis=1, keepdims=True) - inside_left
        w = np.append(np.tile(frequencies, n_lists), 0.0)
        # Where the bin does not vary there is no effect.
        spread = np.where(w < 1.0, w * (1.0 - w), 0.0)
        unit = np.divide((w + (1.0 - w) * e) ** 2, spread, out=spread, where=spread > 0.0)
        probability = np.maximum(inside + e * outside, _TINY)
        self.chance = (inside_left + e * outside_left) / probability
        moved = inside_left * outside - outside_left * inside
        self.slope = unit * (moved / probability) / probability


class TabulatedSplits:
    """Split probabilities of several columns, looked up by the rows' bins.

    All at once: many small steps would keep threads waiting for each other.

    Parameters
    ----------
    columns : list of int
        The columns.
    places : list of ndarrays of int
        Where the splits of each column shall stand.
    splits : list of MatchedSplits
        Theirs.

    Attributes
    ----------
    places : ndarray of shape (n_splits,) of int
        Where the splits stand, in increasing order.
    """

    def __init__(self, columns, places, splits):
        self._columns = columns
        sizes, self._widths = np.transpose([own.chance.shape for own in splits])
        which = np.repeat(np.arange(len(columns)), sizes)
        width = self._widths[which]
        places = np.concatenate(places)
        order = np.argsort(places)
        self.places = places[order].astype(np.int32)
        self._column = which[order]
        self._start = (np.cumsum(width) - width)[order, np.newaxis]
        self._chance = np.concatenate([own.chance.ravel() for own in splits])
        self._slope = np.concatenate([own.slope.ravel() for own in splits])

    @property
    def widths(self):
        """Numbers of bins, (n_splits,)."""
        return self._widths[self._column]

    def take(self, splits):
        """Some of the splits, by their position in `places`."""
        own = copy(self)
        own.places = self.places[splits]
        own._column, own._start = self._column[splits], self._start[splits]
        return own

    def at_bins(self, bins):
        """Probabilities and slopes by bins of shape (n_splits, n_combinations)."""
        at = self._start + bins
        return self._chance[at], self._slope[at]

    def fill(self, laws, rows, work):
        """Probabilities and slopes for some rows, each (n_splits, n_rows)."""
        own = np.stack([laws[j].own[rows] for j in self._columns])
        n_splits, n_rows = len(self.places), own.shape[1]
        chance = work.array("tabulated chance", n_splits, n_rows)
        slope = work.array("tabulated slope", n_splits, n_rows)
        for part in gen_batches(n_splits, _SPLITS_AT_ONCE):
            at = work.array("at", part.stop - part.start, n_rows, dtype=np.intp)
            # Every index is inside; "clip" only spares a copy.
            np.take(own, self._column[part], axis=0, out=at, mode="clip")
            at += self._start[part]
            np.take(self._chance, at, out=chance[part], mode="clip")
            np.take(self._slope, at, out=slope[part], mode="clip")
        return chance, slope


class NormalSplits:
    r"""Split probabilities under tilted normal laws.

    .. math:: A = \Phi(hi) - \Phi(lo), \qquad D = [\varphi(lo) - \varphi(hi)] / \sqrt v

    with `v` the tilted variance, all in interpretable units (Stein's identity).

    Parameters
    ----------
    edges : ndarray of shape (n_edges,)
        Where splits cut the column, in its own units.
    left, box : pair of ndarrays of shape (n_splits,) of int
        Edges at which what goes left, and the box that is split, begin and end; 0 stands
        for minus infinity.
    """

    def __init__(self, edges, left, box):
        used, positions = np.unique([*left, *box], return_inverse=True)
        self.positions = positions.reshape(4, -1)
        self.edges = np.concatenate([[-np.inf], edges, [np.inf]])[used, np.newaxis]

    def fill(self, law, rows):
        """Probabilities and slopes for some rows, each (n_splits, n_rows)."""
        centre = law.centre[rows]
        varies = law.variance.any()
        if varies:
            sd = law.sd[rows]
            at = (self.edges - centre) / sd
            below = ndtr(at)
            moved = np.exp(-0.5 * np.square(at)) * (-law.unit / np.sqrt(2.0 * np.pi) / sd)
        else:
            # A constant column lies in one interval, and has no effect.
            below = (self.edges > centre).astype(np.float64)
            moved = np.zeros_like(below)
        start, end, low, high = self.positions
        probability = np.maximum(below[high] - below[low], _TINY)
        chance = (below[end] - below[start]) / probability
        slope = moved[end] - moved[start] - chance * (moved[high] - moved[low])
        return chance, slope / probability
