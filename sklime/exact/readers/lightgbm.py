"""Reader of lightgbm models: trees from the library's dump to a dictionary."""

from dataclasses import dataclass

import numpy as np

from sklime.exact.readers.categories import CategoryCodes, check_categories
from sklime.exact.trees.forest import Forest
from sklime.exact.trees.nodes import Nodes
from sklime.exceptions import NoClosedForm

# Objectives whose predictions are the margins themselves.
_IDENTITY = ("fair", "huber", "mape", "quantile", "regression", "regression_l1")

# Up to here a number is zero, where zeros are missing values.
_ZERO = float(np.float32(1e-35))


def read(model, margin):
    """Read the trees that a lightgbm model predicts with.

    In double precision, a value goes left where it is up to the threshold, or among the
    node's categories. A missing value counts as 0 where training had none.

    Parameters
    ----------
    margin : bool
        Whether raw scores are explained, else predictions.

    Raises
    ------
    NoClosedForm
        If what is explained is not a sum over leaves.
    """
    if hasattr(model, "get_params") and model.get_params().get("pred_early_stop"):
        raise NoClosedForm("pred_early_stop leaves out trees, row by row")
    # With early stopping, predictions and dumps both end with the best round.
    dump = getattr(model, "booster_", model).dump_model()
    objective = dump.get("objective", "").split()
    if not margin and objective and (objective[0] not in _IDENTITY or "sqrt" in objective):
        raise NoClosedForm(
            f"predictions with lightgbm's objective {' '.join(objective)!r} are no sum "
            "over leaves"
        )
    trees = [_flat(tree["tree_structure"]) for tree in dump["tree_info"]]
    widths = [_width(node) for nodes in trees for node in nodes]
    width = max(widths)
    check_categories(np.count_nonzero(widths), width)
    n_outputs = dump["num_tree_per_iteration"]
    # Predictions of forests are averages; their raw scores are sums all the same.
    averaged = dump["average_output"] and not margin
    scale = n_outputs / len(trees) if averaged else 1.0
    nodes = [
        _nodes(tree, i % n_outputs, scale, n_outputs, width) for i, tree in enumerate(trees)
    ]
    recode = _recoding(nodes, trees, dump["max_feature_idx"] + 1)
    frame = dump["pandas_categorical"]
    step = CategoryCodes(frame) if frame else None
    return Forest(nodes, np.float64, recode, step)


def _flat(root):
    """Nodes of a tree in a list, level by level."""
    nodes = [root]
    for node in nodes:  # which grows meanwhile
        if "leaf_const" in node:
            raise NoClosedForm("linear_tree=True gives leaves that are no constants")
        if "left_child" in node:
            nodes += [node["left_child"], node["right_child"]]
    return nodes


def _categories(node):
    """Categories that go left at a categorical split."""
    if node.get("decision_type") != "==":
        return []
    return [int(category) for category in node["threshold"].split("||")]


def _width(node):
    return 1 + max(_categories(node), default=-1)


def _nodes(tree, output, scale, n_outputs, width):
    inner = np.array(["left_child" in node for node in tree])
    nominal = np.array([node.get("decision_type") == "==" for node in tree])
    # Two children follow for every inner node, level by level.
    left = np.where(inner, 2 * np.cumsum(inner) - 1, -1)
    threshold = np.array(
        [
            node["threshold"] if numeric else 0.0
            for node, numeric in zip(tree, inner & ~nominal, strict=True)
        ]
    )
    missing_type = _field(tree, "missing_type", "None")
    default_left = _field(tree, "default_left", False)
    value = np.zeros((len(tree), n_outputs))
    value[:, output] = scale * _field(tree, "leaf_value", 0.0)
    left_sets = np.zeros((nominal.sum(), width), dtype=bool)
    for row, node in zip(left_sets, np.flatnonzero(nominal), strict=True):
        row[_categories(tree[node])] = True
    return Nodes(
        left,
        np.where(inner, left + 1, -1),
        _field(tree, "split_feature", 0),
        threshold,
        # Categories that a node does not name go right, and so do missing ones.
        np.where(missing_type == "None", threshold >= 0.0, default_left) & ~nominal,
        np.where(nominal, np.cumsum(nominal) - 1, -1),
        value,
        left_sets,
        np.ones_like(left_sets),
    )


def _field(tree, name, default):
    return np.array([node.get(name, default) for node in tree])


def _recoding(nodes, trees, n_features):
    """Recoding of a tree's input values, or None where they are read as they are."""
    nominal, zero, other = np.zeros((3, n_features), dtype=bool)
    for own, tree in zip(nodes, trees, strict=True):
        numeric = (own.left >= 0) & (own.categories < 0)
        zero_is_missing = _field(tree, "missing_type", "None") == "Zero"
        nominal[own.feature[own.categories >= 0]] = True
        zero[own.feature[numeric & zero_is_missing]] = True
        other[own.feature[numeric & ~zero_is_missing]] = True
    if (zero & other).any():
        raise NoClosedForm("its trees disagree on whether zeros are missing values")
    return _Recode(nominal | zero, nominal, zero) if (nominal | zero).any() else None


@dataclass(frozen=True)
class _Recode:
    """Recoding of values: zeros as missing, as in training, and categories as integers."""

    features: np.ndarray
    nominal: np.ndarray
    zero: np.ndarray

    def __call__(self, features, values):
        values = np.where(self.nominal[features, np.newaxis], np.trunc(values), values)
        missing = self.zero[features, np.newaxis] & (np.abs(values) <= _ZERO)
        return np.where(missing, np.nan, values)
