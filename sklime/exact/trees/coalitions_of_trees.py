"""Sums of trees where columns keep a row's values or follow a background."""

import numpy as np
from sklearn.utils import gen_batches

from sklime.exact.coalition_form import CoalitionModel
from sklime.exact.trees.leaf_tables import LeafTables, n_numbers
from sklime.exact.trees.pairs_of_leaves import PairsOfLeaves, check_columns
from sklime.exact.trees.paths import Paths
from sklime.exact.trees.split_masses import column_cuts
from sklime.exact.trees.splits_by_node import SplitsByNode
from sklime.exact.trees.sum_of_trees import check_size
from sklime.exceptions import NoClosedForm

# Numbers that tables may hold, of all trees and of some thousand splits: 200 MB.
_MOST_TABULATED = 25_000_000

# Background rows that are looked at together, and sides of splits that are kept: 400 MB.
_ROWS, _MOST_SIDES = 256, 200_000_000


class CoalitionsOfTrees(CoalitionModel):
    """Sum of trees under laws of coalitions.

    Trees with few columns on each path are tabulated; of others each keep probability of a
    quadrature is looked at in turn.

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
    background : Background
        What dropped columns follow.
    keep : KeepLaw
        Of the probability that columns are kept.
    """

    def __init__(self, boxes, splits, features, columns, points, background, keep):
        owner = features.owner[splits.feature]
        boxes = boxes.without_constant(splits, features)
        self.boxes, self.splits, self.features = boxes, splits, features
        self.constant = np.zeros(boxes.values.shape[1])
        self.n_terms, self.n_columns = len(boxes.roots), len(columns)
        if background.rows is None:
            masses = _MassesOfMarginals(splits, owner, features, columns, points)
        else:
            masses = _MassesOfRows(background.rows)
        self.keep, self._rows = keep, background.rows
        self._groups, self._sides, left = [], [], _MOST_TABULATED
        for trees in boxes.groups():
            paths = Paths(trees, owner, splits)
            self._sides.append(None if self._rows is not None else masses.of_splits(paths))
            size = n_numbers(paths.leaf_sizes, keep)
            if size <= left:
                left -= size
                own = LeafTables(paths, masses.law(paths), keep, boxes.values[paths.leaves])
            else:
                sides = self._sides[-1] or masses.of_splits(paths)
                own = SplitsByNode(paths, *sides, keep, boxes.values)
            self._groups.append(own)

    def responses(self, at):
        return self.constant + self.boxes.responses(self.splits, self.features, at)

    def nothing(self):
        return self.constant + sum(group.nothing for group in self._groups)

    def __call__(self, own, outputs):
        n = own.shape[1]
        expected = np.tile(self.constant[outputs], (n, 1))
        contrasts = np.zeros((n, len(outputs), self.n_columns))
        for group in self._groups:
            mean, effects = group(own, outputs)
            expected += mean.T
            contrasts[:, :, group.columns] += effects.transpose(2, 0, 1)
        return expected, contrasts

    def pairs(self, own, outputs, pairs):
        """Second contrasts of pairs of columns, summed over leaves."""
        place = np.full((self.n_columns, self.n_columns), -1)
        first, second = pairs.T
        place[first, second] = place[second, first] = np.arange(len(pairs))
        found = np.zeros((len(outputs), len(pairs), own.shape[1]))
        for group, sides in zip(self._groups, self._sides, strict=True):
            paths = group.paths
            check_columns(paths)
            met, values = self._met(paths, sides), self.boxes.values[paths.leaves]
            found += PairsOfLeaves(paths, met, self.keep, values, place, len(pairs))(
                own, outputs
            )
        return found.transpose(2, 0, 1)

    def _met(self, paths, sides):
        """Masses of the background that meet leaves, for `PairsOfLeaves`."""
        if sides is None:
            missed = paths.violations(paths.goes_left(self._rows)).T[..., np.newaxis]
            return 1.0 - ((missed >> np.arange(paths.n_together)) & 1)
        ([left], [box]), met = sides, np.ones((len(paths.leaves), paths.n_together))
        for leaf, split, right in paths.by_leaf():
            mass = np.where(right, box[split] - left[split], left[split])
            met[leaf, paths.position[split]] = mass
        return met[np.newaxis]


class _MassesOfMarginals:
    """Masses of boxes, and of what goes left of splits, under the columns' marginals."""

    def __init__(self, splits, owner, features, columns, points):
        n_splits = np.bincount(owner[owner >= 0], minlength=len(columns))
        # What the kernel does to a bin that does not match plays no part.
        self._cuts = {
            j: column_cuts(j, columns[j], points[j], features, splits, 1.0)
            for j in np.flatnonzero(n_splits)
        }
        check_size(n_splits, self._cuts)

    def of_splits(self, paths):
        """Masses of what goes left and of what is split, in its column, (1, n_splits)."""
        n = len(paths.column)
        left, box, place = np.empty((1, n)), np.empty((1, n)), np.empty(n, dtype=int)
        for j in np.unique(paths.column):
            own = np.flatnonzero(paths.column == j)
            place[own] = np.arange(len(own))
            above = paths.above[own]
            above = np.where(above >= 0, place[above], -1)
            tests = paths.trees.splits[own]
            masses = self._cuts[j].masses_by_bin(tests, above, paths.right[own])
            left[0, own], box[0, own] = (mass.sum(axis=1) for mass in masses)
        return left, box

    def law(self, paths):
        """Probabilities of the patterns of violations, for `LeafTables`."""
        [left], [box] = self.of_splits(paths)
        allowed = np.ones((len(paths.leaves), paths.n_together))
        for leaf, split, right in paths.by_leaf():
            mass = np.where(right, box[split] - left[split], left[split])
            allowed[leaf, paths.position[split]] = mass

        def law(leaves, k):
            found = np.ones((len(leaves), 1))
            for mass in allowed[leaves, :k].T[:, :, np.newaxis]:
                found = np.concatenate([found * mass, found * (1.0 - mass)], axis=1)
            return found

        return law


class _MassesOfRows:
    """The same of background rows, of which each is a law by itself."""

    def __init__(self, rows):
        self._rows, self._n_sides = rows, 0

    def of_splits(self, paths):
        """Whether background rows go left and lie in what is split, (n_laws, n_splits)."""
        n_laws = self._rows.shape[1]
        self._n_sides += len(paths.column) * n_laws
        if self._n_sides > _MOST_SIDES:
            raise NoClosedForm(
                f"its trees are deep, and where each of {n_laws:,} background rows lies in "
                "them does not fit into memory"
            )
        passed = paths.goes_left(self._rows)
        inside = paths.inside(passed)
        return (passed & inside).T.copy(), inside.T.copy()

    def law(self, paths):
        """Shares of background rows that have each pattern, for `LeafTables`."""
        ends = np.cumsum(1 << paths.leaf_sizes)
        starts = ends - (1 << paths.leaf_sizes)
        counts, n_laws = np.zeros(ends[-1]), self._rows.shape[1]
        for rows in gen_batches(n_laws, _ROWS):
            at = paths.violations(paths.goes_left(self._rows[:, rows]))
            at = at + starts[:, np.newaxis]
            counts += np.bincount(at.ravel(), minlength=len(counts))

        def law(leaves, k):
            return counts[starts[leaves, np.newaxis] + np.arange(1 << k)] / n_laws

        return law
