"""Paths of trees: the columns that are split on the way to each leaf."""

import numpy as np


class Paths:
    """Paths of some trees, whose columns are numbered from the root down.

    Parameters
    ----------
    trees : TreeGroup
        The trees.
    owner : ndarray of shape (n_all_splits,) of int
        Which column each split of the model cuts.
    splits : Splits
        The tests.

    Attributes
    ----------
    column, above, right : ndarray of shape (n_splits,)
        The column of each split, and the nearest split above that cuts it, as
        `TreeGroup.above` tells.
    position : ndarray of shape (n_splits,) of int
        Place of the column among those of the path.
    n_together : int
        The most columns on a path.
    leaves : ndarray of shape (n_leaves,) of int
        The leaves, from the root down.
    leaf_sizes : ndarray of shape (n_leaves,) of int
        Numbers of columns on their paths.
    """

    def __init__(self, trees, owner, splits):
        self.trees, self.splits = trees, splits
        self.column = owner[trees.splits]
        self.above, self.right = trees.above(self.column)
        count = (self.above < 0).astype(int)
        self.position = np.zeros(len(trees), dtype=int)
        for level in trees.levels:
            place = level.place
            if place.start:
                count[place] += count[trees.parent[place]]
            above = self.above[place]
            self.position[place] = np.where(
                above < 0, count[place] - 1, self.position[above]
            )
        self.n_together = int(count.max())
        self.leaves = np.concatenate([level.leaves for level in trees.levels])
        ends = [_ends(level) for level in trees.levels]
        self._last, self._last_right = map(np.concatenate, zip(*ends, strict=True))
        self.leaf_sizes = count[self._last]

    def goes_left(self, rows):
        """Whether rows go left at the splits, (n_splits, n_rows), given model features."""
        tests = self.trees.splits
        return self.splits.goes_left(tests, rows[self.splits.feature[tests]])

    def inside(self, passed):
        """Whether rows lie in the splits' boxes, as far as the splits' own columns go."""
        inside = np.ones_like(passed)
        for level in self.trees.levels[1:]:
            place = level.place
            above = self.above[place]
            kept = inside[above] & (passed[above] != self.right[place, np.newaxis])
            inside[place] = kept | (above < 0)[:, np.newaxis]
        return inside

    def violations(self, passed):
        """Columns in which rows do not meet what leaves ask, as bits by position.

        Returns
        -------
        ndarray of shape (n_leaves, n_rows) of int
        """
        found = np.empty((len(self.leaves), passed.shape[1]), dtype=np.int32)
        bits = np.left_shift(1, self.position, dtype=np.int32)[:, np.newaxis]
        above = np.zeros((self.trees.levels[0].place.stop, passed.shape[1]), np.int32)
        start = 0
        for level in self.trees.levels:
            bit = bits[level.place]
            moved = passed[level.place] * bit
            sides = np.concatenate([above | (bit - moved), above | moved])
            stop = start + len(level.ends)
            np.take(sides, level.ends, axis=0, out=found[start:stop], mode="clip")
            above = np.take(sides, level.inner, axis=0, mode="clip")
            start = stop
        return found

    def by_leaf(self):
        """Yield the splits above the leaves, from the last up, where they are the last ones.

        Yields
        ------
        leaf, split : ndarray of int
            Leaves, and the last split on their paths that cuts some column.
        right : ndarray of bool
            On which side of it they lie.
        """
        leaf, split, right = np.arange(len(self.leaves)), self._last, self._last_right
        seen = np.zeros(len(self.leaves), dtype=np.int64)
        while len(leaf):
            bit = np.left_shift(1, self.position[split])
            new = (seen[leaf] & bit) == 0
            seen[leaf] |= bit
            yield leaf[new], split[new], right[new]
            up = self.trees.parent[split]
            going = up >= 0
            right = self.trees.right[split[going]]
            leaf, split = leaf[going], up[going]


def _ends(level):
    """Splits, by place, that leaves of a level hang on, and on which side."""
    n = level.place.stop - level.place.start
    return level.place.start + level.ends % n, level.ends >= n
