"""Leaves of trees under laws of coalitions, tabulated by what rows violate."""

import numpy as np
from scipy import sparse

# Numbers that are made at a time while tables are built.
_BLOCK = 1 << 20

# Rows that are looked up together.
_ROWS = 32


class LeafTables:
    r"""Contrasts of some trees, looked up for each leaf by what a row violates.

    A row's own values satisfy or violate what a leaf asks of each of the `k` columns on its
    path: to these :math:`2^k` patterns belong `k` contrasts each, whatever the background.
    With :math:`G` the probability of the leaf where columns are kept with probability `t`,
    and :math:`G_j` that of the pattern in which column `j` violates, too, the contrast is

    .. math:: -\frac{G}{1 - t} \text{ where } j \text{ violates, else }
        \frac{1}{t} \left( G - \frac{G_j}{1 - t} \right).

    Parameters
    ----------
    paths : Paths
        The trees.
    law : callable
        Gives, from leaves that have `k` columns and `k`, the probabilities of each pattern
        of violations in the background, of shape (n_leaves, 2**k).
    keep : KeepLaw
        Of the probability that columns are kept.
    values : ndarray of shape (n_leaves, n_outputs)
        Values of the leaves.

    Attributes
    ----------
    columns : ndarray of int
        Columns that are split.
    nothing : ndarray of shape (n_outputs,)
        Expected responses where no column is kept.
    """

    n_rows = _ROWS

    def __init__(self, paths, law, keep, values):
        self.paths, self._values = paths, values
        self._single = keep.probability is not None
        sizes = paths.leaf_sizes
        heights = sizes + self._single
        ends = np.cumsum(heights << sizes)
        self._table = np.empty(ends[-1] if len(ends) else 0)
        starts = ends - (heights << sizes)
        reached = np.empty(len(sizes))
        for k in np.unique(sizes):
            n = int((k + self._single) << k)
            own = np.flatnonzero(sizes == k)
            for some in np.array_split(own, 1 + len(own) * n // _BLOCK):
                background = law(some, k)
                reached[some] = background[:, 0]
                at = starts[some, np.newaxis] + np.arange(n)
                self._table[at] = _contrasts(background, k, keep)
        self.nothing = reached @ values
        self._index(starts)

    def _index(self, starts):
        """Where the contrasts of leaves and columns stand, and to which column they add."""
        parts = zip(*self.paths.by_leaf(), strict=True)
        leaf, split = (np.concatenate(own) for own in list(parts)[:2])
        position, sizes = self.paths.position[split], self.paths.leaf_sizes
        self.columns, place = np.unique(self.paths.column[split], return_inverse=True)
        if self._single:
            # Last of each leaf, its own probability.
            every = np.arange(len(sizes))
            leaf, position = np.append(leaf, every), np.append(position, sizes)
            place = np.append(place, np.full(len(sizes), len(self.columns)))
        # Numbers that stand beside each other are looked up one after the other.
        order = np.lexsort((position, leaf))
        leaf, position, place = (own[order] for own in (leaf, position, place))
        self._leaf = leaf.astype(np.int32)
        self._position = position.astype(np.int32)[:, np.newaxis]
        self._starts = starts.astype(np.int32)[:, np.newaxis]
        self._heights = (sizes + self._single).astype(np.int32)[:, np.newaxis]
        self._order = np.argsort(place, kind="stable").astype(np.int32)
        self._ends = np.append(0, np.cumsum(np.bincount(place))).astype(np.int32)

    def __call__(self, own, outputs):
        """Expected responses and contrasts, as `SplitsByNode`."""
        at = self.paths.violations(self.paths.goes_left(own))
        at *= self._heights
        at += self._starts
        at = np.take(at, self._leaf, axis=0, mode="clip")
        at += self._position
        found = np.take(self._table, at, mode="clip")
        sums = np.stack([self._sums(c) @ found for c in outputs])
        if self._single:
            return sums[:, -1], sums[:, :-1]
        return np.repeat(self.nothing[outputs, np.newaxis], own.shape[1], axis=1), sums

    def _sums(self, c):
        """Matrix that weights what leaves give by their values of one output, and adds up."""
        value = self._values[self._leaf[self._order], c]
        return sparse.csr_matrix((value, self._order, self._ends))


def n_numbers(sizes, keep):
    """Size of the tables of leaves that have so many columns."""
    sizes = np.minimum(sizes, 40).astype(np.float64)
    return ((sizes + (keep.probability is not None)) * 2.0**sizes).sum()


def _contrasts(law, k, keep):
    """Contrasts of each pattern, and perhaps its probability, (n_leaves, 2**k * (k + 1)).

    Parameters
    ----------
    law : ndarray of shape (n_leaves, 2**k)
        Of the patterns of violations in the background.
    """
    n, single = len(law), keep.probability is not None
    found = np.zeros((n, 1 << k, k + single))
    for t, weight in zip(*keep.nodes(k), strict=True):
        G = law
        for i in range(k):
            # By what the row does, from what the background does: 0 satisfies, 1 violates.
            met, not_met = np.moveaxis(G.reshape(n, -1, 2, 1 << i), 2, 0)
            G = np.stack([met + t * not_met, (1.0 - t) * met], axis=2).reshape(n, -1)
        for i in range(k):
            own = G.reshape(n, -1, 2, 1 << i)
            out = found[:, :, i].reshape(own.shape)
            without = own[:, :, 1] * (weight / (1.0 - t))
            out[:, :, 0] += own[:, :, 0] * (weight / t) - without / t
            out[:, :, 1] -= without
        if single:
            found[:, :, k] += weight * G
    return found.reshape(n, -1)
