"""Small subtrees of binned columns: tables of what they answer, by the rows' bins."""

import numpy as np
from scipy import sparse

from sklime.exact.trees.topology import TreeGroup
from sklime.exact.trees.workspace import Workspace

# Combinations of bins for which a subtree is tabulated. The tables of one subtree stay in
# the first-level cache while rows look them up.
_MOST_COMBINATIONS = 128

# Splits of all trees, times outputs, for which there are tables: 20 MB at most.
_MOST_SPLITS = 1 << 14


def small_subtrees(boxes, trees, columns, widths):
    """Which splits lie in subtrees whose columns have few combinations of bins.

    Parameters
    ----------
    boxes : Boxes
        All trees.
    trees : TreeGroup
        Some of them.
    columns : ndarray of shape (n_splits,) of int
        Which column each split cuts.
    widths : dict of int to int
        Number of bins of each binned column.

    Returns
    -------
    ndarray of shape (n_splits,) of bool
        With a split, all splits below it.
    """
    small = np.zeros(len(trees), dtype=bool)
    if boxes.children.shape[1] * boxes.values.shape[1] > _MOST_SPLITS:
        return small
    below = [{column} for column in columns.tolist()]
    # From the last split up: children come after their parents.
    for split in range(len(trees) - 1, -1, -1):
        own, parent = below[split], trees.parent[split]
        small[split] = _n_combinations(own, widths) <= _MOST_COMBINATIONS
        if parent >= 0:
            below[parent] |= own
    return small


def _n_combinations(columns, widths):
    number = 1
    for column in columns:
        number *= widths.get(column, _MOST_COMBINATIONS + 1)
        if number > _MOST_COMBINATIONS:
            break
    return number


class SubtreeTables:
    """Expected responses and effects of small subtrees, by the bins of their columns.

    A subtree is looked up once for a row, however many splits it has: its expected
    response, and for each of its columns what its splits add to the column's effect, up to
    the probability of the subtree's box.

    Parameters
    ----------
    boxes : Boxes
        All trees.
    roots : ndarray of shape (n_subtrees,) of int
        The first splits of the subtrees.
    owner : ndarray of int
        Which column each split of all trees cuts.
    tabulated : callable
        Gives the `TabulatedSplits` of some splits, by their numbers.

    Attributes
    ----------
    roots : ndarray of shape (n_subtrees,) of int
        The first splits, those of subtrees with most columns first.
    columns : ndarray of shape (n_columns,) of int
        The columns that are cut.
    """

    def __init__(self, boxes, roots, owner, tabulated):
        n_columns = np.bincount(_terms(TreeGroup(boxes, roots), owner)[0])
        self.roots = roots[np.argsort(-n_columns, kind="stable")]
        self._trees, self._values = TreeGroup(boxes, self.roots), boxes.values
        self._splits = tabulated(self._trees.splits)
        subtree, column, term = _terms(self._trees, owner)
        width = np.empty_like(column)
        width[term] = self._splits.widths
        # Number of a term among those of its subtree.
        slot = np.arange(len(subtree)) - np.searchsorted(subtree, subtree)
        stride = np.ones_like(width)
        for at in (np.flatnonzero(slot == m) for m in range(1, slot.max() + 1)):
            stride[at] = stride[at - 1] * width[at - 1]
        # As small as can be: they are sent to every worker.
        self._bin = stride[term].astype(np.int16), width[term].astype(np.int16)
        self._n_combinations = int((stride * width).max())
        self._first = np.arange(len(roots))[:, np.newaxis] * self._n_combinations
        self.columns, place = np.unique(column, return_inverse=True)
        shape = len(roots), len(self.columns)
        self._strides = sparse.csr_matrix((stride, (subtree, place)), shape=shape)
        # Terms in the order of slots: those of the first subtrees each.
        self._sizes = np.bincount(slot).tolist()
        order = np.lexsort([subtree, slot])
        self._by_term = _sums(np.argsort(order)[term])
        self._by_column = _sums(place[order])
        self._tables = {}

    def __getstate__(self):
        # Made again where they are used.
        return self.__dict__ | {"_tables": {}}

    def look_up(self, laws, rows):
        """Where tables hold the answers of some rows, (n_subtrees, n_rows)."""
        own = np.stack([laws[j].own[rows] for j in self.columns])
        at = self._strides @ own
        at += self._first
        return at

    def expected(self, output, at, work):
        """Expected responses, (n_subtrees, n_rows)."""
        expected = work.array("expected of subtrees", *at.shape)
        return np.take(self._of(output)[0], at, out=expected, mode="clip")

    def effects(self, output, at, reach, work):
        """Effects of `columns`, (n_columns, n_rows), by the probabilities of the boxes."""
        # Memory of `TreeGroup.expect`, whose summands are wanted after these.
        terms = work.array("summands of effects", sum(self._sizes), at.shape[1])
        table, start = self._of(output)[1], 0
        for size in self._sizes:
            own = terms[start : start + size]
            # Every index is inside; "clip" only spares a copy.
            np.take(table[start:], at[:size], out=own, mode="clip")
            own *= reach[:size]
            start += size
        return self._by_column @ terms

    def _of(self, output):
        """Tables of one output: expected responses, and terms of columns."""
        if output not in self._tables:
            stride, width = (own[:, np.newaxis] for own in self._bin)
            bins = np.arange(self._n_combinations) // stride % width
            chance, slope = self._splits.at_bins(bins)
            work = Workspace()
            self._trees.weigh(slope, chance, None, work)
            own = self._values[:, output]
            expected, pull = self._trees.expect(chance, slope, own, work)
            self._tables[output] = expected.ravel(), self._by_term @ pull
        return self._tables[output]


def _terms(trees, owner):
    """Pairs of subtrees and columns that they cut, and the pair of each split."""
    subtree = np.arange(len(trees))
    for level in trees.levels[1:]:
        subtree[level.place] = subtree[trees.parent[level.place]]
    own = subtree * (owner.max() + 1) + owner[trees.splits]
    known, term = np.unique(own, return_inverse=True)
    return *np.divmod(known, owner.max() + 1), term


def _sums(group):
    """Matrix that sums rows by their group."""
    n = len(group)
    return sparse.csr_matrix((np.ones(n, dtype=np.int8), (group, np.arange(n))))
