r"""Sums of trees and sums of single-column functions under the rows' tilted laws."""

from copy import copy

import numpy as np
from scipy import sparse
from sklearn.utils import gen_batches

from sklime.exact.exact_source import whole_blocks
from sklime.exact.form import RebuiltModel
from sklime.exact.trees.shared_paths import SharedPaths
from sklime.exact.trees.split_chances import NormalSplits, TabulatedSplits
from sklime.exact.trees.split_masses import column_cuts
from sklime.exact.trees.subtree_tables import SubtreeTables, small_subtrees
from sklime.exact.trees.topology import TreeGroup
from sklime.exact.trees.workspace import Workspace
from sklime.exceptions import NoClosedForm

# Numbers of splits and rows that are multiplied together, and rows at most. Threads wait
# for each other between steps: few long ones are better than many short ones.
_CELLS, _MOST_ROWS = 1 << 20, 384

# Chances and slopes of all splits at all bins: 400 MB.
_MOST_CHANCES = 25_000_000

# Comparisons of splits and values that are worth it: about a second, and 200 MB.
_MOST_COMPARISONS = 200_000_000


class SumOfTrees(RebuiltModel):
    r"""LIME's limit for a sum of trees: every split sends its box's mass left or right.

    With `r` the probability of a split's box, `q` the chance of going left there, `g` the
    slope of that chance, and :math:`E_l, E_r` the expected responses on both sides,

    .. math:: E = q E_l + (1 - q) E_r, \qquad
        \beta_j = \sum_{\text{splits of } j} r \, g \, (E_l - E_r),

    so that a row costs a few operations a split, however deep it lies.

    Parameters
    ----------
    boxes : Boxes
        The trees.
    splits : Splits
        Their tests.
    features : FeatureMap
        Model features as functions of the columns.
    columns : sequence of Column
        The columns.
    points : list of n_columns ndarrays
        Where the features are known.
    mismatch : list of n_columns floats or ndarrays
        As for `ClosedForm.bind`.

    Raises
    ------
    NoClosedForm
        If there are too many splits to hold, or to compare with values.
    """

    # The groups with tables of small subtrees; files of older versions have none.
    _with_tables = None

    def __init__(self, boxes, splits, features, columns, points, mismatch):
        owner = features.owner[splits.feature]
        boxes = boxes.without_constant(splits, features)
        n_splits = np.bincount(owner[owner >= 0], minlength=len(columns))
        cuts = {
            j: column_cuts(j, columns[j], points[j], features, splits, mismatch[j])
            for j in np.flatnonzero(n_splits)
        }
        check_size(n_splits, cuts)
        self.boxes, self.splits, self.features = boxes, splits, features
        self.constant = np.zeros(boxes.values.shape[1])
        self.n_terms = len(boxes.roots)
        self._groups = [_Group(group, owner, cuts) for group in boxes.groups()]
        self._with_tables = [
            _TabulatedGroup.of(own, boxes, owner, cuts) for own in self._groups
        ]

    def for_rows(self):
        own = copy(self)
        own.features = own.splits = None
        if own._with_tables is not None:
            # Only interactions need all splits.
            own._groups = None
        return own

    def responses(self, at):
        return self.boxes.responses(self.splits, self.features, at) + self.constant

    def __call__(self, laws, outputs):
        n, d = len(laws[0].mean), len(laws)
        expected = np.tile(self.constant[outputs], (n, 1))
        by_column = np.zeros((len(outputs), d, n))
        work = Workspace()
        for group in self._with_tables or self._groups:
            for rows in gen_batches(n, group.n_rows):
                found = group.explain(laws, rows, outputs, self.boxes.values, work)
                for i, (mean, effects) in enumerate(found):
                    expected[rows, i] += mean
                    for columns, own in effects:
                        by_column[i, columns, rows] += own
        return expected, np.ascontiguousarray(np.moveaxis(by_column, 2, 0))

    def pairs(self, laws, outputs, pairs):
        n = len(laws[0].mean)
        found = np.zeros((n, len(outputs), len(pairs)))
        number = _numbers_of_pairs(pairs, len(laws))
        for group in self._groups:
            paths = SharedPaths(group.levels, group.split_columns, number)
            if not paths.n_terms:
                continue
            work = Workspace()
            for rows in gen_batches(n, paths.n_rows):
                chance, other, slope = group.chances(laws, rows, work)
                pull = slope.copy()
                group.trees.weigh(pull, chance, other, work)
                for i, c in enumerate(outputs):
                    own = self.boxes.values[:, c]
                    _, effect = group.trees.expect(chance, slope, own, work)
                    terms = paths.terms(chance, effect, pull)
                    found[rows, i, paths.pairs] += (paths.by_pair @ terms).T
        return found


def _numbers_of_pairs(pairs, n_columns):
    """Table of shape (n_columns, n_columns): the number of each pair, -1 if not wanted."""
    number = np.full((n_columns, n_columns), -1)
    number[pairs[:, 0], pairs[:, 1]] = number[pairs[:, 1], pairs[:, 0]] = range(len(pairs))
    return number


def check_number_of_nodes(n_nodes):
    """Refuse trees that are too many to hold, before they are copied.

    Raises
    ------
    NoClosedForm
        If there are. Every second node is a split, with two chances at least.
    """
    if n_nodes > _MOST_CHANCES:
        raise NoClosedForm(f"its trees have {n_nodes:,} nodes, more than fit into memory")


def check_size(n_splits, cuts):
    """Refuse splits that are too many to hold, or to compare with values.

    Parameters
    ----------
    n_splits : ndarray of shape (n_columns,) of int
        Number of splits of each column.
    cuts : dict of MatchedCuts or NormalCuts
        By column.
    """
    n_chances = sum(n_splits[j] * cut.n_laws for j, cut in cuts.items())
    if n_chances > _MOST_CHANCES:
        raise NoClosedForm(
            f"its {n_splits.sum():,} splits have {n_chances:,} chances at the bins of "
            "their columns, more than fit into memory"
        )
    n_comparisons = sum(n_splits[j] * cut.n_comparisons for j, cut in cuts.items())
    if n_comparisons > _MOST_COMPARISONS:
        raise NoClosedForm(
            f"its {n_splits.sum():,} splits and the values of their columns take longer to "
            "compare than draws do"
        )


class _Group:
    """Splits of some trees with their probabilities, column by column."""

    def __init__(self, group, owner, cuts):
        self.trees, self.levels = group, group.levels
        self.splits = group.splits.astype(np.int32)
        column = self.split_columns = owner[group.splits]
        above, right = group.above(column)
        self.columns, counts = np.unique(column, return_counts=True)
        order = np.argsort(column, kind="stable").astype(np.int32)
        ends = np.append(0, np.cumsum(counts))
        place = np.empty(len(order), dtype=int)
        place[order] = np.arange(len(order)) - np.repeat(ends[:-1], counts)
        parts = []
        for j, start, end in zip(self.columns, ends[:-1], ends[1:], strict=True):
            own = order[start:end]
            local = np.where(above[own] >= 0, place[above[own]], -1)
            part = cuts[j].cut(group.splits[own], local, right[own])
            parts.append((j, own, part))
        binned = [own for own in parts if cuts[own[0]].binary]
        self._by_value = [own for own in parts if not cuts[own[0]].binary]
        self._tabulated = TabulatedSplits(*zip(*binned, strict=True)) if binned else None
        shape = len(self.columns), len(order)
        self.by_column = sparse.csr_matrix((np.ones(len(order)), order, ends), shape=shape)
        self.n_rows = whole_blocks(_CELLS // max(len(order), 1), _MOST_ROWS)

    def explain(self, laws, rows, outputs, values, work):
        """Expected responses of the trees, and effects of columns.

        Parameters
        ----------
        laws : list of ColumnLaw
        rows : slice
        outputs : sequence of int
        values : ndarray of shape (n_leaves, n_outputs)
            Of all leaves.
        work : Workspace

        Yields
        ------
        expected : ndarray of shape (n_rows,)
            One output after the other.
        effects : list of (columns, ndarray of shape (n_columns, n_rows))
            They add up.
        """
        chance, other, slope = self.chances(laws, rows, work)
        self.trees.weigh(slope, chance, other, work)
        for c in outputs:
            mean, pull = self.trees.expect(chance, slope, values[:, c], work)
            yield mean.sum(axis=0), [(self.columns, self.by_column @ pull)]

    def chances(self, laws, rows, work):
        """Probabilities of going left and right, and slopes of the former.

        Parameters
        ----------
        laws : list of ColumnLaw
        rows : slice
        work : Workspace

        Returns
        -------
        chance : ndarray of shape (n_splits, n_rows)
        other : ndarray of shape (n_splits, n_rows), or None
            None where it is 1 less the chance, to all digits that count.
        slope : ndarray of shape (n_splits, n_rows)
        """
        if not self._by_value:
            chance, slope = self._tabulated.fill(laws, rows, work)
            return chance, None, slope
        shape = len(self.splits), len(laws[0].mean[rows])
        chance, slope = work.array("chance", *shape), work.array("slope", *shape)
        if self._tabulated is not None:
            own = self._tabulated.places
            chance[own], slope[own] = self._tabulated.fill(laws, rows, work)
        if isinstance(self._by_value[0][-1], NormalSplits):
            for j, places, part in self._by_value:
                chance[places], slope[places] = part.fill(laws[j], rows)
            return chance, None, slope
        other = work.array("other", *shape)
        if self._tabulated is not None:
            other[own] = 1.0 - chance[own]
        for j, places, part in self._by_value:
            chance[places], other[places], slope[places] = part.fill(laws[j], rows)
        return chance, other, slope


class _TabulatedGroup(_Group):
    """Splits of some trees above small subtrees, of which there are tables.

    Parameters
    ----------
    group, owner, cuts
        As for `_Group`.
    subtrees : SubtreeTables
        In place of the splits that are skipped.
    whole : ndarray of int
        Subtrees that are a whole tree.
    """

    def __init__(self, group, owner, cuts, subtrees, whole):
        super().__init__(group, owner, cuts)
        self._subtrees, self._whole = subtrees, whole

    @classmethod
    def of(cls, group, boxes, owner, cuts):
        """The same group with its small subtrees in tables; itself where it has none."""
        trees, binned = group.trees, group._tabulated
        if binned is None:
            return group
        columns = group.split_columns
        own = columns[binned.places].tolist(), binned.widths.tolist()
        widths = dict(zip(*own, strict=True))
        small = small_subtrees(boxes, trees, columns, widths)
        above = np.where(trees.parent < 0, False, small[trees.parent])
        first = trees.splits[small & ~above]
        if not len(first):
            return group
        place = np.empty(len(owner), dtype=np.intp)
        place[trees.splits] = np.arange(len(trees))

        def tabulated(splits):
            return binned.take(np.searchsorted(binned.places, place[splits]))

        subtrees = SubtreeTables(boxes, first, owner, tabulated)
        roots = trees.splits[trees.levels[0].place]
        top = TreeGroup(boxes, roots[~np.isin(roots, first)], subtrees.roots)
        whole = np.flatnonzero(np.isin(subtrees.roots, roots))
        return cls(top, owner, cuts, subtrees, whole)

    def explain(self, laws, rows, outputs, values, work):
        at = self._subtrees.look_up(laws, rows)
        reached = work.array("reached", *at.shape)
        reached[self._whole] = 1.0
        if len(self.trees):
            chance, other, slope = self.chances(laws, rows, work)
            self.trees.weigh(slope, chance, other, work, reached)
        for c in outputs:
            expected = self._subtrees.expected(c, at, work)
            own = self._subtrees.effects(c, at, reached, work)
            effects = [(self._subtrees.columns, own)]
            mean = expected[self._whole].sum(axis=0)
            if len(self.trees):
                of_trees = chance, slope, values[:, c], work, expected
                above, pull = self.trees.expect(*of_trees)
                mean += above.sum(axis=0)
                effects.append((self.columns, self.by_column @ pull))
            yield mean, effects
