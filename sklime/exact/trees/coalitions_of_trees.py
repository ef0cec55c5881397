"""Sums of trees where columns keep a row's values or follow a background."""

import numpy as np
from sklearn.utils import gen_batches

from sklime.exact.coalition_form import CoalitionModel
from sklime.exact.trees.leaf_tables import LeafTables, n_numbers
from sklime.exact.trees.paths import Paths
from sklime.exact.trees.split_masses import column_cuts
from sklime.exact.trees.splits_by_node import SplitsByNode
from sklime.exact.trees.sum_of_trees import check_size

# Numbers that tables may hold, of all trees and of some thousand splits: 200 MB.
_MOST_TABULATED = 25_000_000


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
        self._groups, left = [], _MOST_TABULATED
        for trees in boxes.groups():
            paths = Paths(trees, owner, splits)
            size = n_numbers(paths.leaf_sizes, keep)
            if size <= left:
                left -= size
                own = LeafTables(paths, masses.law(paths), keep, boxes.values[paths.leaves])
            else:
                own = SplitsByNode(paths, *masses.of_splits(paths), keep, boxes.values)
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
            for rows in gen_batches(n, group.n_rows):
                mean, effects = group(own[:, rows], outputs)
                expected[rows] += mean.T
                contrasts[rows, :, group.columns] += effects.transpose(2, 0, 1)
        return expected, contrasts


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
        self._rows = rows

    def of_splits(self, paths):
        """Whether background rows go left and lie in what is split, (n_laws, n_splits)."""
        passed = paths.goes_left(self._rows)
        inside = paths.inside(passed)
        return (passed & inside).T.copy(), inside.T.copy()

    def law(self, paths):
        """Shares of background rows that have each pattern, for `LeafTables`."""
        patterns = paths.violations(paths.goes_left(self._rows))

        def law(leaves, k):
            n, n_laws = len(leaves), patterns.shape[1]
            at = patterns[leaves] + (np.arange(n)[:, np.newaxis] << k)
            return np.bincount(at.ravel(), minlength=n << k).reshape(n, -1) / n_laws

        return law
