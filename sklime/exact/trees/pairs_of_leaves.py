r"""Second contrasts of trees under laws of coalitions, leaf by leaf."""

import numpy as np
from scipy import sparse
from sklearn.utils import gen_batches

from sklime.exceptions import NoClosedForm

# Rows that are multiplied together, always as many, and numbers of leaves and pairs.
_ROWS, _CELLS = 8, 1 << 15

# Columns that a path may have, and products that are worth it for each row.
_MOST_COLUMNS, _MOST_PRODUCTS = 30, 200_000_000


class PairsOfLeaves:
    r"""Second contrasts of pairs of columns in some trees.

    A leaf is a product over the `k` columns on its path: with :math:`v_j` telling whether
    the row's own value meets what it asks of a column (0 or 1) and :math:`b_j` the mass of
    that in the background, the second contrast of two is, with `t` the probability that a
    column keeps the row's value,

    .. math:: (v_i - b_i) (v_j - b_j) \prod_{l \ne i, j} (t v_l + (1 - t) b_l) .

    Parameters
    ----------
    paths : Paths
        The trees.
    met : ndarray of shape (n_laws, n_leaves, n_together)
        Masses of the background that meet leaves, by position of the column on the path.
    keep : KeepLaw
        Of the probability that columns are kept.
    values : ndarray of shape (n_leaves, n_outputs)
        Values of the leaves.
    place : ndarray of shape (n_columns, n_columns) of int
        Which wanted pair two columns are; -1: none.
    n_pairs : int
        How many are wanted.
    """

    def __init__(self, paths, met, keep, values, place, n_pairs):
        self.paths, self.met, self.keep = paths, met, keep
        self.values, self.n_pairs = values, n_pairs
        columns = np.full(met.shape[1:], -1)
        for leaf, split, _ in paths.by_leaf():
            columns[leaf, paths.position[split]] = paths.column[split]
        # Leaves with equally many columns, which of them are wanted, and as which pair.
        self._parts, n_products = [], 0.0
        for k in np.unique(paths.leaf_sizes[paths.leaf_sizes > 1]):
            leaves = np.flatnonzero(paths.leaf_sizes == k)
            first, second = np.triu_indices(k, 1)
            pair = place[columns[leaves][:, first], columns[leaves][:, second]]
            wanted = (pair >= 0).any(axis=1)
            if wanted.any():
                self._parts.append((int(k), leaves[wanted], pair[wanted]))
                n_nodes = len(keep.nodes(k)[0]) * len(met)
                n_products += float(wanted.sum()) * k * k * n_nodes
        if n_products > _MOST_PRODUCTS:
            raise NoClosedForm(
                f"interactions in its trees are sums of {n_products:,.0f} products a row, "
                "which takes longer than draws do"
            )

    def __call__(self, own, outputs):
        """Second contrasts of rows, (n_wanted, n_pairs, n_rows), by their features."""
        found = np.zeros((len(outputs), self.n_pairs, own.shape[1]))
        for rows in gen_batches(own.shape[1], _ROWS):
            missed = self.paths.violations(self.paths.goes_left(own[:, rows]))
            for k, leaves, pair in self._parts:
                height = max(1, _CELLS // pair.shape[1])
                for some in gen_batches(len(leaves), height):
                    numbers = self._contrasts(missed[leaves[some]], leaves[some], k)
                    self._add(found[..., rows], numbers, leaves[some], pair[some], outputs)
        return found

    def _contrasts(self, missed, leaves, k):
        """Second contrasts of leaves, (n_leaves, n_pairs_of_k, n_rows)."""
        bits = np.arange(k)[:, np.newaxis, np.newaxis]
        meets = 1.0 - ((missed >> bits) & 1)
        found = np.zeros((k * (k - 1) // 2, *missed.shape))
        for law in self.met:
            mass = law[leaves, :k].T[:, :, np.newaxis]
            move = meets - mass
            for t, weight in zip(*self.keep.nodes(k), strict=True):
                mixed = t * move + mass
                after = np.full_like(mixed, weight / len(self.met))
                for i in range(k - 1, 0, -1):
                    np.multiply(after[i], mixed[i], out=after[i - 1])
                before, pair = np.ones_like(mixed[0]), 0
                for i in range(k):
                    between = before * move[i]
                    for j in range(i + 1, k):
                        found[pair] += between * move[j] * after[j]
                        between *= mixed[j]
                        pair += 1
                    before *= mixed[i]
        return found.swapaxes(0, 1)

    def _add(self, found, numbers, leaves, pair, outputs):
        """Add what leaves give, times their values, to the pairs that they are of."""
        leaf, at = np.nonzero(pair >= 0)
        place, entry = pair[leaf, at], np.arange(len(leaf))
        for total, c in zip(found, outputs, strict=True):
            value = self.values[leaves[leaf], c]
            shape = self.n_pairs, len(entry)
            total += sparse.csr_matrix((value, (place, entry)), shape) @ numbers[leaf, at]


def check_columns(paths):
    """Raise `NoClosedForm` where the columns of a path are too many for their bits."""
    if paths.n_together > _MOST_COLUMNS:
        raise NoClosedForm(
            f"interactions in trees that split {paths.n_together} columns on one path take "
            "longer than draws do"
        )
