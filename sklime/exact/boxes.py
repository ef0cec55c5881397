r"""Sums of boxes: :math:`f(x) = c + \sum_l v_l \prod_k 1[x_k \in S_{lk}]`.

Trees, averaged forests and boosted margins have this form. Under a product law the
probability of a box is a product over its columns, and LIME's limit a sum over boxes.
"""

from dataclasses import dataclass

import numpy as np

from sklime.exact.errors import NoClosedForm

# Comparisons of conditions and values that are worth it: about a second, and 200 MB.
_MOST_WORK = 200_000_000

# Boxes whose column sets are held at a time while the tables are built.
_BLOCK_CELLS = 1 << 25


@dataclass(frozen=True)
class Boxes:
    """Boxes as the conditions on their paths.

    Parameters
    ----------
    values : ndarray of shape (n_boxes, n_outputs)
        Value of each box.
    box, test : ndarray of shape (n_conditions,) of int
        Every condition: its box and the test it is about.
    left : ndarray of shape (n_conditions,) of bool
        Whether the test must be passed or failed.
    """

    values: np.ndarray
    box: np.ndarray
    test: np.ndarray
    left: np.ndarray


@dataclass(frozen=True)
class ColumnSets:
    """The sets that boxes allow in one column, over cells of equivalent values.

    Parameters
    ----------
    boxes : ndarray of shape (n_limited,) of int
        The boxes with a condition on this column, increasing.
    set_of_box : ndarray of shape (n_limited,) of int
        The set that each of them allows.
    allowed : ndarray of shape (n_sets, n_cells) of bool
        The cells in each set; no two sets are equal.
    cells : ndarray of shape (n_values,) of int
        The cell of each distinct value of the column.
    """

    boxes: np.ndarray
    set_of_box: np.ndarray
    allowed: np.ndarray
    cells: np.ndarray


def column_sets(boxes, tests, features):
    """Find, column by column, in which values each box's conditions hold.

    Parameters
    ----------
    boxes : Boxes
        The model.
    tests : Splits
        The tests that the conditions are about.
    features : FeatureMap
        Model features as functions of the columns.

    Returns
    -------
    sets : list of n_columns ColumnSets
    possible : ndarray of shape (n_boxes,) of bool
        False for boxes that conditions on constant features exclude.

    Raises
    ------
    NoClosedForm
        If there are too many splits and values to compare.
    """
    owner = features.owner[tests.feature]
    possible = np.ones(len(boxes.values), dtype=bool)
    idle = np.flatnonzero(owner < 0)
    passed = np.zeros(len(owner), dtype=bool)
    passed[idle] = tests.pass_(idle, features.constants[tests.feature[idle], np.newaxis])[
        :, 0
    ]
    about = owner[boxes.test] < 0
    possible[boxes.box[about & (boxes.left != passed[boxes.test])]] = False
    conditions_of = owner[boxes.test]
    order = np.lexsort((boxes.box, conditions_of))
    ends = np.searchsorted(conditions_of[order], np.arange(len(features.owned) + 1))
    # Every condition is held against every cell, of which a column has one a test.
    n_values = np.array([own.shape[1] for own in features.values])
    n_tests = np.bincount(owner[owner >= 0], minlength=len(n_values))
    work = np.diff(ends) @ np.minimum(n_tests + 1, n_values) + n_tests @ n_values
    if work > _MOST_WORK:
        raise NoClosedForm(
            f"its {len(boxes.box):,} conditions on {len(owner):,} different splits take "
            "longer to compare than draws do"
        )
    sets = []
    for j in range(len(features.owned)):
        own = order[ends[j] : ends[j + 1]]
        used, local = np.unique(boxes.test[own], return_inverse=True)
        cells, outcomes = _cells(j, used, tests, features)
        sets.append(_allowed(boxes.box[own], local, boxes.left[own], cells, outcomes))
    return sets, possible


def _cells(j, used, tests, features):
    """Group a column's values that no test tells apart.

    Returns the cell of each value, and each cell's outcomes of the tests.
    """
    n = features.values[j].shape[1]
    words = _words(len(used))
    key = np.zeros(n, dtype=np.uint64)
    step = max(1, _BLOCK_CELLS // max(1, n))
    for start in range(0, len(used), step):
        part = slice(start, start + step)
        passed = tests.pass_(used[part], features.of(j, tests.feature[used[part]]))
        key += words[part] @ passed
    _, first, cells = np.unique(key, return_index=True, return_inverse=True)
    outcomes = tests.pass_(used, features.of(j, tests.feature[used])[:, first])
    return cells, outcomes


def _allowed(box, test, left, cells, outcomes):
    """Intersect the conditions of each box, and keep each set once."""
    boxes, start = np.unique(box, return_index=True)
    ends = np.append(start, len(box))
    words = _words(outcomes.shape[1])
    step = max(1, _BLOCK_CELLS // max(1, outcomes.shape[1]))
    keys, known, sets = [], [np.empty(0, dtype=np.uint64)], []
    first = 0
    while first < len(boxes):
        # As many boxes as have `step` conditions together, at least one.
        last = max(first + 1, np.searchsorted(ends, ends[first] + step, side="right") - 1)
        part = slice(ends[first], ends[last])
        holds = outcomes[test[part]] == left[part, np.newaxis]
        allowed = np.logical_and.reduceat(holds, start[first:last] - ends[first], axis=0)
        keys.append(words @ allowed.T)
        distinct, at = np.unique(keys[-1], return_index=True)
        known.append(distinct)
        sets.append(allowed[at])
        first = last
    distinct, at = np.unique(np.concatenate(known), return_index=True)
    allowed = np.concatenate([np.empty((0, outcomes.shape[1]), dtype=bool), *sets])[at]
    keys = np.concatenate([np.empty(0, dtype=np.uint64), *keys])
    return ColumnSets(boxes, np.searchsorted(distinct, keys), allowed, cells)


def _words(n):
    """Random words: subsets of `n` things have equal sums of words when they are equal.

    Two different subsets agree with a probability of 2**-63.
    """
    return np.random.default_rng(0).integers(1, 2**63, n, dtype=np.uint64)
