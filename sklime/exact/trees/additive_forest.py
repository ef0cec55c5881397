"""Forests as sums over columns: every tree tests a single one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from sklearn.utils import gen_batches

from sklime.exact.additive import AdditiveForm
from sklime.exceptions import NoClosedForm

# Trees and values that are looked at together, and in all: some seconds.
_CELLS, _MOST_LEAVES = 1 << 20, 200_000_000


class AdditiveForest(AdditiveForm):
    """Closed form of trees each of which tests one column, such as boosted stumps.

    Parameters
    ----------
    forest : Forest
        The trees.
    constant : ndarray of shape (n_outputs,) or None
        What the model adds to them.
    several_columns : str
        What is wrong where a tree tests several columns.
    """

    def __init__(self, forest, constant, several_columns):
        self.step = forest.step
        self.constant = constant
        self.several_columns = several_columns
        self.boxes, self.splits = forest.boxes_and_splits()
        self.n_features = int(self.splits.feature.max(initial=-1)) + 1

    def part(self, features, values):
        own = np.isin(self.splits.feature, features)
        roots = self._roots_of(self.boxes, np.where(own, 0, -1))
        return self._answers(self.boxes, roots[own[roots]], np.asarray(features), values)

    def parts(self, features):
        features.check_width(self.n_features)
        boxes, owner = self._without_idle(features)
        roots = boxes.roots[boxes.roots >= 0]
        column = owner[self._roots_of(boxes, owner)]
        n_points = [values.shape[1] for values in features.values]
        if np.take(n_points, column).sum() > _MOST_LEAVES:
            raise NoClosedForm(
                f"its {len(roots):,} trees and the values of their columns take longer to "
                "compare than draws do"
            )
        pairs = zip(features.owned, features.values, strict=True)
        return [
            self._answers(boxes, roots[column == j], owned, values)
            for j, (owned, values) in enumerate(pairs)
        ]

    def idle_part(self, features):
        boxes, _ = self._without_idle(features)
        return boxes.values[~boxes.roots[boxes.roots < 0]].sum(axis=0)

    def _without_idle(self, features):
        """Boxes without splits of features that do not vary, and the splits' columns."""
        boxes, splits = self.boxes, self.splits
        owner = features.owner[splits.feature]
        idle = np.flatnonzero(owner < 0)
        if len(idle):
            value = features.constants[splits.feature[idle], np.newaxis]
            boxes = boxes.without(idle, splits.goes_left(idle, value)[:, 0])
        return boxes, owner

    def _roots_of(self, boxes, group):
        """First splits of all trees, each of which is of one group.

        Parameters
        ----------
        group : ndarray of shape (n_splits,) of int
            Of each split.

        Returns
        -------
        ndarray of shape (n_trees,) of int

        Raises
        ------
        NoClosedForm
            If a tree has splits of several groups.
        """
        roots = boxes.roots[boxes.roots >= 0]
        at, own = roots, group[roots]
        while len(at):
            if (group[at] != own).any():
                raise NoClosedForm(self.several_columns)
            children = boxes.children[:, at].ravel()
            inner = children >= 0
            at, own = children[inner], np.tile(own, 2)[inner]
        return roots

    def _answers(self, boxes, roots, features, values):
        """Sum of some trees at values of the features that they test, (n, n_outputs)."""
        answers = np.zeros((values.shape[1], boxes.values.shape[1]))
        boxes = replace(boxes, roots=roots)
        for points in gen_batches(len(answers), max(1, _CELLS // max(len(roots), 1))):
            block = values[:, points]

            def goes_left(tests, point, block=block):
                row = np.searchsorted(features, self.splits.feature[tests])
                return self.splits.goes_left(tests, block[row, point][:, np.newaxis])[:, 0]

            leaves = boxes.leaves(block.shape[1], goes_left)
            answers[points] = boxes.values[leaves].sum(axis=0)
        return answers
