r"""What a box's set in one column contributes under the tilted law of that column.

Every column gives, for each of its sets and each row, the logarithm of the set's
probability :math:`A`, and the set's effect over its probability, :math:`D / A`.
"""

import numpy as np
from scipy.stats import norm

# A probability that rounds to nothing: its logarithm and its inverse are still finite.
_TINY = 1e-280


class MatchedColumn:
    r"""A column of bins or categories, drawn from its empirical marginal.

    With `q` the frequencies of the bins, `m` the probability that a value of a bin lies in
    the set, and `e` the kernel's factor for a bin that does not match,

    .. math:: A_b = \frac{q_b m_b + e \sum_{b' \ne b} q_{b'} m_{b'}}{q_b + (1 - q_b) e},
        \qquad D_b = m_b - \frac{\sum_{b' \ne b} q_{b'} m_{b'}}{1 - q_b}

    are the set's probability under the law tilted to bin `b`, and inside minus outside it.

    Parameters
    ----------
    sets : ColumnSets
        Sets over the cells of the column's values.
    column : Column
        Values, masses and bins.
    mismatch : float
        The kernel's factor `e`.
    """

    def __init__(self, sets, column, mismatch):
        bins = column.law(None).bins
        q = np.bincount(bins, column.masses)
        in_cell = np.zeros((sets.allowed.shape[1], len(q)))
        np.add.at(in_cell, (sets.cells, bins), column.masses)
        joint = sets.allowed @ in_cell
        outside = joint.sum(axis=1, keepdims=True) - joint
        probability = (joint + mismatch * outside) / (q + (1.0 - q) * mismatch)
        # A column that does not vary has no outside, and no effect.
        rest = np.where(q < 1.0, 1.0 - q, np.inf)
        difference = np.where(q < 1.0, joint / q - outside / rest, 0.0)
        total = joint.sum(axis=1)
        self.possible = total > 0.0
        # Last, where a value that training never had finds it: no bin matches.
        probability = np.maximum(np.column_stack([probability, total]), _TINY)
        difference = np.column_stack([difference, np.zeros(len(total))])
        self.log, self.ratio = np.log(probability), difference / probability

    def fill(self, law, rows, log, ratio):
        """Write logarithms and ratios of some rows of a law, of shape (n_sets, n_rows)."""
        own = law.own[rows]
        # Every index is inside; "clip" only spares a copy.
        np.take(self.log, own, axis=1, out=log, mode="clip")
        np.take(self.ratio, own, axis=1, out=ratio, mode="clip")


class NormalColumn:
    r"""A standardised column, drawn from a normal law.

    .. math:: A = P(x \in S), \qquad
        D = \sum_{(lo, hi] \subset S} [\varphi(lo) - \varphi(hi)] / \sqrt v

    with `v` the tilted variance, all in interpretable units (Stein's identity).

    Parameters
    ----------
    sets : ColumnSets
        Sets over intervals, in increasing order.
    edges : ndarray of shape (n_intervals - 1,)
        Where the intervals meet, in the column's own units.
    """

    def __init__(self, sets, edges):
        self.allowed = sets.allowed[:, sets.cells].astype(np.float64)
        self.edges = np.concatenate([[-np.inf], edges, [np.inf]])[:, np.newaxis]
        self.possible = self.allowed.any(axis=1)

    def fill(self, law, rows, log, ratio):
        """Write logarithms and ratios of some rows of a law, of shape (n_sets, n_rows)."""
        centre = law.centre[rows]
        if not law.variance.any():
            # A constant column lies in one interval, and has no effect.
            inside = self.allowed[:, np.searchsorted(self.edges[1:-1, 0], centre)]
            log[:], ratio[:] = np.log(np.maximum(inside, _TINY)), 0.0
            return
        sd = law.sd[rows]
        at = (self.edges - centre) / sd
        probability = np.maximum(self.allowed @ np.diff(norm.cdf(at), axis=0), _TINY)
        slope = self.allowed @ -np.diff(norm.pdf(at), axis=0) * (law.unit / sd)
        log[:], ratio[:] = np.log(probability), slope / probability
