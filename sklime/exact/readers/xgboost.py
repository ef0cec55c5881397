"""Reader of xgboost models: trees from the JSON in which the library saves them."""

import json
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from sklime.exact.readers.categories import CategoryCodes, check_categories
from sklime.exact.trees.forest import Forest
from sklime.exact.trees.nodes import Nodes
from sklime.exceptions import NoClosedForm

# Objectives whose predictions are the margins themselves.
_IDENTITY = (
    "binary:logitraw",
    "reg:absoluteerror",
    "reg:pseudohubererror",
    "reg:quantileerror",
    "reg:squarederror",
    "reg:squaredlogerror",
)


def read(model, margin):
    """Read the trees that an xgboost model predicts with.

    In single precision, a value goes left where it is below the split, or is not among
    the node's categories. Base scores are constants, and left out.

    Parameters
    ----------
    margin : bool
        Whether margins are explained, else predictions.

    Raises
    ------
    NoClosedForm
        If what is explained is not a sum over leaves.
    """
    # A Booster predicts with all its trees, and takes NaN for missing.
    wrapped = hasattr(model, "get_booster")
    raw = model.get_booster() if wrapped else model
    learner = json.loads(raw.save_raw("json"))["learner"]
    objective = learner["objective"]["name"]
    if not margin and objective not in _IDENTITY:
        raise NoClosedForm(
            f"predictions with xgboost's objective {objective!r} are no sum over leaves"
        )
    booster = learner["gradient_booster"]
    if booster["name"] == "gblinear":
        raise NoClosedForm("xgboost's booster 'gblinear' has no trees")
    # Before 3.3, the trees of "dart" lay one level deeper, and their weights above.
    forest = booster.get("gbtree", booster)["model"]
    trees = forest["trees"]
    weights = forest.get("weight_drop") or booster.get("weight_drop") or [1.0] * len(trees)
    # Early stopping: predictions end with the best round.
    best = learner["attributes"].get("best_iteration") if wrapped else None
    n_used = len(trees) if best is None else forest["iteration_indptr"][int(best) + 1]
    sizes = learner["learner_model_param"]
    n_outputs = max(1, int(sizes["num_class"]), int(sizes["num_target"]))
    unknown_category = 1 + max(max(tree["categories"], default=-1) for tree in trees)
    check_categories(sum(len(tree["categories_nodes"]) for tree in trees), unknown_category)
    nodes = [
        _nodes(tree, output, weight, n_outputs, unknown_category)
        for tree, output, weight in zip(trees, forest["tree_info"], weights, strict=True)
    ][:n_used]
    missing = float(model.missing) if wrapped else np.nan
    recode = _recoding(nodes, int(sizes["num_feature"]), missing, unknown_category)
    known = [own for own in forest.get("cats", {}).get("enc", []) if own["values"]]
    frame = [_categories(own) for own in known]
    step = CategoryCodes(frame) if frame else None
    return Forest(nodes, np.float32, recode, step)


def _categories(known):
    """Categories of one column of the training frame: numbers, or texts as bytes."""
    if "offsets" not in known:
        return known["values"]
    # Other texts have offsets that count characters, not bytes, and cannot be told apart.
    text = np.array(known["values"], dtype=np.int8).tobytes().decode("ascii")
    ends = known["offsets"]
    return [text[a:b] for a, b in pairwise(ends)]


def _nodes(tree, output, weight, n_outputs, unknown_category):
    """Nodes of one tree, in which a last category stands for all unknown ones."""
    left, right = (np.array(tree[f"{side}_children"]) for side in ("left", "right"))
    leaf = left < 0
    split = np.array(tree["split_conditions"], dtype=np.float32)
    if "leaf_weights" in tree:
        # Leaves with a value for each output; they know their place by the right child.
        vectors = np.reshape(tree["leaf_weights"], (-1, n_outputs))
        value = np.where(leaf[:, np.newaxis], vectors[right * leaf], 0.0)
    elif int(tree["tree_param"]["size_leaf_vector"]) > 1:
        raise NoClosedForm("leaves with several values have no known layout before 3.2")
    else:
        value = np.zeros((len(left), n_outputs))
        value[leaf, output] = split[leaf]
    # Pruned nodes stay behind, with no parent.
    pruned = np.setdiff1d(np.arange(1, len(left)), [left[~leaf], right[~leaf]])
    value[pruned] = 0.0
    nodes = np.array(tree["categories_nodes"], dtype=int)
    categories = np.full(len(left), -1)
    categories[nodes] = np.arange(len(nodes))
    left_sets = np.ones((len(nodes), unknown_category + 1), dtype=bool)
    sizes = tree["categories_sizes"]
    left_sets[np.repeat(np.arange(len(nodes)), sizes), tree["categories"]] = False
    return Nodes(
        left,
        np.where(leaf, -1, right),
        np.array(tree["split_indices"]) * ~leaf,
        # Below the split is up to the number before it.
        np.nextafter(split, np.float32(-np.inf)).astype(np.float64),
        np.array(tree["default_left"]).astype(bool),
        categories,
        weight * value,
        left_sets,
        np.ones_like(left_sets),
    )


def _recoding(trees, n_features, missing, unknown_category):
    """Recoding of input values, or None where they are read as they are."""
    nominal = np.zeros(n_features, dtype=bool)
    for tree in trees:
        nominal[tree.feature[tree.categories >= 0]] = True
    if np.isnan(missing) and not nominal.any():
        return None
    return _Recode(nominal | ~np.isnan(missing), nominal, missing, unknown_category)


@dataclass(frozen=True)
class _Recode:
    """Recoding of input values: one number as missing, unknown categories as one more."""

    features: np.ndarray
    nominal: np.ndarray
    missing: float
    unknown_category: int

    def __call__(self, features, values):
        values = values.astype(np.float32)
        values = np.where(values == np.float32(self.missing), np.nan, values)
        unknown = (values < 0) | (values >= self.unknown_category)
        return np.where(
            self.nominal[features, np.newaxis] & unknown, self.unknown_category, values
        )
