r"""Topology of trees: every split cuts its box in two, along one column.

The root of a tree is the box of all values, and the leaves are the boxes that no split
cuts. A forest of any size is looked at some trees at a time, level by level.
"""

from dataclasses import dataclass, replace

import numpy as np
from sklearn.utils import gen_batches

# Splits that are looked at together: their numbers stay in the second-level cache.
_SPLITS = 4096

# Rows whose leaves are looked for together.
_ROWS = 64


@dataclass(frozen=True)
class Boxes:
    """The boxes of one or several trees.

    Parameters
    ----------
    children : ndarray of shape (2, n_splits) of int
        What lies left and right of each split: the number of another split, or
        ``~number`` of a leaf.
    roots : ndarray of shape (n_trees,) of int
        The first split of each tree, or its only leaf.
    values : ndarray of shape (n_leaves, n_outputs)
        Values of the leaves.
    """

    children: np.ndarray
    roots: np.ndarray
    values: np.ndarray

    def without(self, idle, left):
        """Remove splits at which every row goes to the same side.

        Parameters
        ----------
        idle : ndarray of shape (n_idle,) of int
        left : ndarray of shape (n_idle,) of bool
            Whether rows go left there.
        """
        follows = np.arange(self.children.shape[1])
        follows[idle] = np.where(left, *self.children[:, idle])
        further = _follow(follows, follows)
        while not np.array_equal(further, follows):
            follows, further = further, _follow(further, further)
        return replace(
            self,
            children=_follow(self.children, follows),
            roots=_follow(self.roots, follows),
        )

    def without_constant(self, splits, features):
        """Remove splits of model features that are the same in all rows.

        Parameters
        ----------
        splits : Splits
            The tests.
        features : FeatureMap
            Model features as functions of the columns.
        """
        idle = np.flatnonzero(features.owner[splits.feature] < 0)
        if not len(idle):
            return self
        value = features.constants[splits.feature[idle], np.newaxis]
        return self.without(idle, splits.goes_left(idle, value)[:, 0])

    def leaves(self, n_rows, goes_left):
        """Find the leaves that rows reach.

        A tree that is one leaf is a constant, and left out.

        Parameters
        ----------
        goes_left : callable
            From splits and as many rows, by number, to whether the row goes left there.

        Returns
        -------
        ndarray of shape (n_trees, n_rows) of int
        """
        at = np.tile(self.roots[self.roots >= 0, np.newaxis], n_rows)
        tree, row = np.nonzero(at >= 0)
        while len(tree):
            splits = at[tree, row]
            at[tree, row] = np.where(goes_left(splits, row), *self.children[:, splits])
            inner = at[tree, row] >= 0
            tree, row = tree[inner], row[inner]
        return ~at

    def responses(self, splits, features, at):
        """Sums of the trees at rows of grid points, up to a constant.

        Parameters
        ----------
        splits, features
            As for `without_constant`.
        at : ndarray of shape (n_rows, n_columns) of int
            Which of its column's points each entry is.

        Returns
        -------
        ndarray of shape (n_rows, n_outputs)
        """
        total = np.empty((len(at), self.values.shape[1]))
        for rows in gen_batches(len(at), _ROWS):
            own = features.at(at[rows])

            def goes_left(tests, row, own=own):
                values = own[splits.feature[tests], row]
                return splits.goes_left(tests, values[:, np.newaxis])[:, 0]

            leaves = self.leaves(own.shape[1], goes_left)
            for c, values in enumerate(self.values.T):
                total[rows, c] = values[leaves].sum(axis=0)
        return total

    def groups(self):
        """Yield the trees in groups of some thousand splits.

        A tree that is one leaf is a constant, and left out.

        Yields
        ------
        TreeGroup
        """
        roots = self.roots[self.roots >= 0]
        # The splits of a tree are numbered one after the other.
        sizes = np.diff(np.append(np.sort(roots), self.children.shape[1]))
        group = np.cumsum(sizes) // _SPLITS
        for own in np.split(np.sort(roots), np.flatnonzero(np.diff(group)) + 1):
            if len(own):
                yield TreeGroup(self, own)


def _follow(numbers, follows):
    """Replace references to removed splits by their successors; leaves stay."""
    # Leaves have negative numbers, which may reach past the splits.
    return np.where(numbers >= 0, follows[np.maximum(numbers, 0)], numbers)


@dataclass(frozen=True)
class Level:
    """Splits of some trees that have the same depth.

    Their children are numbered: all left ones first, then all right ones.

    Parameters
    ----------
    place : slice
        The splits, among those of the group.
    inner : ndarray of int
        The children that are cut again: the splits of the next level.
    ends, leaves : ndarray of shape (n_ends,) of int
        The children that are leaves, and which leaves they are.
    skipped, subtrees : ndarray of shape (n_skipped,) of int, or None
        The children that are skipped, and which of the skipped subtrees they are.
    """

    place: slice
    inner: np.ndarray
    ends: np.ndarray
    leaves: np.ndarray
    skipped: np.ndarray | None = None
    subtrees: np.ndarray | None = None


class TreeGroup:
    """Some trees, level by level.

    Parameters
    ----------
    boxes : Boxes
        All trees.
    roots : ndarray of int
        The first splits of the trees in this group.
    skipped : sequence of int, default=()
        The first splits of subtrees that are not followed: tables take their place.

    Attributes
    ----------
    splits : ndarray of shape (n_splits,) of int
        The splits in this group, from the roots down.
    levels : list of Level
    parent : ndarray of shape (n_splits,) of int
        Place of the split above, -1 for roots.
    right : ndarray of shape (n_splits,) of bool
        On which side of it.
    """

    def __init__(self, boxes, roots, skipped=()):
        # Last, where leaves find it: that they are no skipped subtree.
        number = np.full(boxes.children.shape[1] + 1, -1)
        number[list(skipped)] = np.arange(len(skipped))
        self.levels = []
        splits = [roots[:0]]
        parents, sides = [np.full(len(roots), -1)], [np.zeros(len(roots), bool)]
        at, start = roots, 0
        while len(at):
            n = len(at)
            children = boxes.children[:, at].ravel()
            subtree = number[np.maximum(children, -1)]
            inner = np.flatnonzero((children >= 0) & (subtree < 0))
            ends, skipped = np.flatnonzero(children < 0), np.flatnonzero(subtree >= 0)
            places = inner, ends, ~children[ends], skipped, subtree[skipped]
            place = slice(start, start + n)
            self.levels.append(Level(place, *(own.astype(np.int32) for own in places)))
            splits.append(at)
            parents.append(start + inner % n)
            sides.append(inner >= n)
            at, start = children[inner], start + n
        self.splits = np.concatenate(splits).astype(np.int32)
        self.parent = np.concatenate(parents).astype(np.int32)
        self.right = np.concatenate(sides)

    def __len__(self):
        return len(self.splits)

    def weigh(self, slope, chance, other, work, reached=None):
        """Multiply slopes by the probabilities of the splits' boxes, from the roots down.

        Parameters
        ----------
        slope : ndarray of shape (n_splits, n_rows)
            Changed in place.
        chance : ndarray of shape (n_splits, n_rows)
            Chances of going left.
        other : ndarray of shape (n_splits, n_rows), or None
            Chances of going right, where they are known better than as 1 less these.
        work : Workspace
        reached : ndarray of shape (n_subtrees, n_rows), default=None
            Gets the probabilities of the boxes of skipped subtrees.
        """
        n_rows, reach = chance.shape[1], None
        for level in self.levels:
            own = level.place
            n = own.stop - own.start
            sides = work.array("sides", 2 * n, n_rows)
            left, right = sides[:n], sides[n:]
            if reach is None:
                left[:] = chance[own]
                right[:] = 1.0 - left if other is None else other[own]
            else:
                slope[own] *= reach
                np.multiply(reach, chance[own], out=left)
                if other is None:
                    np.subtract(reach, left, out=right)
                else:
                    np.multiply(reach, other[own], out=right)
            if reached is not None:
                reached[level.subtrees] = sides[level.skipped]
            reach = work.array("reach", len(level.inner), n_rows)
            # Every index is inside; "clip" only spares a copy.
            np.take(sides, level.inner, axis=0, out=reach, mode="clip")

    def expect(self, chance, slope, leaves, work, subtrees=None):
        """Expected responses, and slopes times what the two sides of splits differ in them.

        Parameters
        ----------
        chance, slope : ndarray of shape (n_splits, n_rows)
            Chances of going left, and what differences are multiplied by.
        leaves : ndarray of shape (n_leaves,)
            Values of all leaves.
        work : Workspace
        subtrees : ndarray of shape (n_subtrees, n_rows), default=None
            Expected responses of skipped subtrees.

        Returns
        -------
        expected : ndarray of shape (n_trees, n_rows)
        pull : ndarray of shape (n_splits, n_rows)
        """
        n_rows = chance.shape[1]
        pull = work.array("summands of effects", *chance.shape)
        below = None
        for level in reversed(self.levels):
            own = level.place
            n = own.stop - own.start
            sides = work.array("sides", 2 * n, n_rows)
            sides[level.ends] = leaves[level.leaves, np.newaxis]
            sides[level.inner] = below
            if subtrees is not None:
                sides[level.skipped] = subtrees[level.subtrees]
            left, right = sides[:n], sides[n:]
            difference = pull[own]
            np.subtract(left, right, out=difference)
            below = work.array("below", n, n_rows)
            np.multiply(difference, chance[own], out=below)
            below += right
            difference *= slope[own]
        return below, pull

    def above(self, column):
        """Nearest ancestor of each split that cuts the same column.

        Parameters
        ----------
        column : ndarray of shape (n_splits,) of int
            Which column each split cuts.

        Returns
        -------
        above : ndarray of shape (n_splits,) of int
            Its place, -1 where there is none.
        right : ndarray of shape (n_splits,) of bool
            On which side of it.
        """
        above, right = self.parent.copy(), self.right.copy()
        wrong = np.arange(len(above))
        while len(wrong):
            wrong = wrong[above[wrong] >= 0]
            wrong = wrong[column[above[wrong]] != column[wrong]]
            up = above[wrong]
            above[wrong], right[wrong] = self.parent[up], self.right[up]
        return above, right
