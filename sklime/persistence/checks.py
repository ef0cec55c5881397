"""Checks of what was read from a file before compiled code of other libraries uses it.

Trees of scikit-learn and sparse matrices of SciPy hold indices that compiled code follows
without a look at their range: a file made by hand could have it read outside of arrays.
"""

from collections.abc import Iterator
from functools import partial
from types import MethodType
from typing import Any

import numpy as np
from scipy import sparse

from sklime.exceptions import UntrustedTypesError

TREE = "sklearn.tree._tree.Tree"
# Models that follow the nodes of trees of theirs in other ways than decision trees do.
UNCHECKED = ("GradientBoostingClassifier", "GradientBoostingRegressor", "IsolationForest")


def check_sparse(value: Any) -> None:
    """Check the indices of all sparse matrices in an object.

    Raises
    ------
    ValueError
        If one lies outside of its matrix.
    """
    for own in _inside(value):
        if sparse.issparse(own):
            own.check_format(full_check=True)


def check_trees(value: Any) -> None:
    """Check the nodes of all decision trees in an object.

    Raises
    ------
    ValueError
        If a node leads outside of its tree, or looks at a feature that rows do not have.
    UntrustedTypesError
        If a tree is in a model that hands rows to it in ways that are not known to be safe
        with any tree: all but decision trees, and forests of them.
    """
    from sklearn.ensemble._forest import BaseForest
    from sklearn.ensemble._gb import BaseGradientBoosting
    from sklearn.ensemble._iforest import IsolationForest
    from sklearn.tree import BaseDecisionTree
    from sklearn.tree._tree import Tree

    trees, known = [], set()
    for own in _inside(value):
        if isinstance(own, (BaseGradientBoosting, IsolationForest)):
            raise _unchecked(type(own).__name__)
        if isinstance(own, Tree):
            trees.append(own)
        if isinstance(own, BaseForest):
            members = list(getattr(own, "estimators_", ()))
            widths = [_width(member) for member in (own, *members)]
            if len(set(widths)) > 1:
                name = type(own).__name__
                raise ValueError(f"trees of a {name} differ in n_features_in_")
        if isinstance(own, BaseDecisionTree) and hasattr(own, "tree_"):
            _check_nodes(own.tree_, _width(own))
            known.add(id(own.tree_))
    if any(id(tree) not in known for tree in trees):
        raise _unchecked("holder that is no decision tree")


def _unchecked(holder):
    return UntrustedTypesError(
        f"the file has {TREE} in a {holder}, which follows the indices in it without a "
        "check: whoever made the file could crash this process. If you trust its origin, "
        f"load(path, trusted=[{TREE!r}]) reads it.",
        [TREE],
    )


def _width(estimator):
    width = vars(estimator).get("n_features_in_")
    if not isinstance(width, (int, np.integer)):
        raise ValueError(f"n_features_in_={width!r} of a {type(estimator).__name__}")
    return int(width)


def _check_nodes(tree, width):
    """Check that nodes are a tree of the depth it states, and look at features of rows."""
    left, right = tree.children_left, tree.children_right
    inner = left != -1
    children = np.concatenate([left[inner], right[inner]])
    sound = len(left) > 0 and ((right != -1) == inner).all()
    sound = sound and ((children > 0) & (children < len(left))).all()
    # With one parent each, nodes make no circle that leads back to the root.
    sound = sound and (np.bincount(children, minlength=1) <= 1).all()
    sound = sound and ((tree.feature >= 0) & (tree.feature < width))[inner].all()
    if not sound or _depth(left, right) > tree.max_depth:
        raise ValueError("a node of a decision tree leads outside of it")


def _depth(left, right):
    """Number of levels below the root of a tree, whose nodes have one parent each."""
    level, depth = np.zeros(1, dtype=int), 0
    while True:
        level = level[left[level] != -1]
        if not len(level):
            return depth
        level = np.concatenate([left[level], right[level]])
        depth += 1


def _inside(value) -> Iterator[Any]:
    """All objects in an object, itself among them, each once."""
    waiting, seen = [value], {}
    while waiting:
        own = waiting.pop()
        if id(own) in seen or isinstance(own, (str, bytes, int, float, type)):
            continue
        # Kept, so that no other object gets its identity.
        seen[id(own)] = own
        yield own
        waiting.extend(_parts(own))


def _parts(own):
    if isinstance(own, np.ndarray):
        return own.ravel().tolist() if own.dtype == object else []
    if isinstance(own, dict):
        parts = [*own.keys(), *own.values()]
    elif isinstance(own, (list, tuple, set, frozenset)):
        parts = list(own)
    elif isinstance(own, partial):
        parts = [own.func, *own.args, *own.keywords.values()]
    else:
        parts = [own.__self__] if isinstance(own, MethodType) else []
    return [*parts, *getattr(own, "__dict__", {}).values()]
