"""Forests: the trees that a model sums."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sklime.exact.form import ClosedForm
from sklime.exact.trees.coalitions_of_trees import CoalitionsOfTrees
from sklime.exact.trees.nodes import Splits, joined_nodes
from sklime.exact.trees.sum_of_trees import SumOfTrees
from sklime.exact.trees.topology import Boxes


@dataclass(frozen=True)
class Forest(ClosedForm):
    """The trees that a model sums, up to a constant per output.

    Parameters
    ----------
    trees : list of Nodes
        The trees.
    precision, recode
        As for `Splits`.
    step : transformer or None
        What the model does with a table before its trees see it.
    """

    trees: list
    precision: type
    recode: Callable | None = None
    step: object = None

    def bind(self, features, columns, points, mismatch):
        boxes, splits = self.boxes_and_splits()
        features.check_width(splits.feature.max(initial=-1) + 1)
        return SumOfTrees(boxes, splits, features, columns, points, mismatch)

    def bind_coalitions(self, features, columns, points, background, keep):
        boxes, splits = self.boxes_and_splits()
        features.check_width(splits.feature.max(initial=-1) + 1)
        own = features, columns, points, background, keep
        return CoalitionsOfTrees(boxes, splits, *own)

    def boxes_and_splits(self):
        """Boxes and splits of all trees, with splits and leaves numbered."""
        nodes = joined_nodes(self.trees)
        inner = nodes.left >= 0
        number = np.where(inner, np.cumsum(inner) - 1, -np.cumsum(~inner))
        children = np.stack([nodes.left[inner], nodes.right[inner]])
        is_root = np.ones(len(inner), dtype=bool)
        is_root[children] = False
        splits = Splits(
            nodes.feature[inner],
            nodes.threshold[inner],
            nodes.missing_left[inner],
            nodes.categories[inner],
            nodes.left_sets,
            nodes.known_sets,
            self.precision,
            self.recode,
        )
        return Boxes(number[children], number[is_root], nodes.value[~inner]), splits
