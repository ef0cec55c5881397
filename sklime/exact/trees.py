"""Trees, averaged forests and boosted margins, read into boxes."""

from dataclasses import dataclass

import numpy as np
from sklearn import ensemble, tree

from sklime.exact.boxes import Boxes
from sklime.exact.errors import NoClosedForm

_SINGLE = (
    tree.DecisionTreeClassifier,
    tree.DecisionTreeRegressor,
    tree.ExtraTreeClassifier,
    tree.ExtraTreeRegressor,
)
_AVERAGED = (
    ensemble.RandomForestClassifier,
    ensemble.RandomForestRegressor,
    ensemble.ExtraTreesClassifier,
    ensemble.ExtraTreesRegressor,
)
_BAGGED = (ensemble.BaggingClassifier, ensemble.BaggingRegressor)
_BOOSTED = (ensemble.GradientBoostingClassifier, ensemble.GradientBoostingRegressor)
_HISTOGRAM = (
    ensemble.HistGradientBoostingClassifier,
    ensemble.HistGradientBoostingRegressor,
)


# Conditions on the paths to all leaves: with what is made of them about 100 MB.
_MOST_CONDITIONS = 1_000_000


@dataclass(frozen=True)
class Nodes:
    """Nodes of one or several trees, as flat arrays.

    Parameters
    ----------
    left, right : ndarray of shape (n_nodes,) of int
        Positions of the children, -1 for leaves.
    feature : ndarray of shape (n_nodes,) of int
        The model feature that an inner node tests.
    threshold : ndarray of shape (n_nodes,)
        Values up to it go left.
    missing_left : ndarray of shape (n_nodes,) of bool
        Whether NaN goes left.
    categories : ndarray of shape (n_nodes,) of int
        Row of `left_sets` where the node tests for categories, else -1.
    value : ndarray of shape (n_nodes, n_outputs)
        What a leaf adds to each output.
    left_sets, known_sets : ndarray of shape (n_sets, n_categories) of bool
        Categories that go left, and those that the node knows; the others go where
        missing values go.
    """

    left: np.ndarray
    right: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    missing_left: np.ndarray
    categories: np.ndarray
    value: np.ndarray
    left_sets: np.ndarray
    known_sets: np.ndarray


@dataclass(frozen=True)
class Splits:
    """The distinct tests that trees make.

    Parameters
    ----------
    feature, threshold, missing_left, categories, left_sets, known_sets
        As for `Nodes`, one entry a test.
    precision : dtype
        The precision in which the model compares.
    """

    feature: np.ndarray
    threshold: np.ndarray
    missing_left: np.ndarray
    categories: np.ndarray
    left_sets: np.ndarray
    known_sets: np.ndarray
    precision: type

    def pass_(self, tests, values):
        """Tell which values go left.

        Parameters
        ----------
        tests : ndarray of shape (n_tests,) of int
            Which tests.
        values : ndarray of shape (n_tests, n_values)
            Values of the feature of each test.

        Returns
        -------
        ndarray of shape (n_tests, n_values) of bool
        """
        missing = np.isnan(values)
        passed = values.astype(self.precision) <= self.threshold[tests, np.newaxis]
        for t in np.flatnonzero(self.categories[tests] >= 0):
            row = self.categories[tests[t]]
            n = self.left_sets.shape[1]
            inside = ~missing[t] & (values[t] >= 0) & (values[t] < n)
            category = np.where(inside, values[t], 0).astype(int)
            passed[t] = inside & self.left_sets[row, category]
            missing[t] = ~inside | ~self.known_sets[row, category]
        return np.where(missing, self.missing_left[tests, np.newaxis], passed)

    def intervals(self, feature):
        """Intervals of a numeric feature that no test tells apart.

        Returns
        -------
        edges : ndarray of shape (n_intervals - 1,)
            Where they meet.
        inside : ndarray of shape (1, n_intervals)
            A value in each.
        """
        edges = np.unique(self.threshold[self.feature == feature])
        # The largest value that still passes, in the model's precision.
        last = edges.astype(self.precision)
        last = np.where(last > edges, np.nextafter(last, self.precision(-np.inf)), last)
        return edges, np.append(last, np.inf)[np.newaxis].astype(np.float64)


def tree_boxes(model, response):
    """Read a tree model into boxes, up to a constant per output.

    Parameters
    ----------
    model : estimator
        The last step of a pipeline, or the model itself.
    response : Response
        Tells which method and outputs are explained.

    Returns
    -------
    boxes : Boxes
    splits : Splits

    Raises
    ------
    NoClosedForm
        If the model is no such model, or not on the explained scale.
    """
    kind = type(model)
    margin = response.method in ("predict", "decision_function")
    if kind in _SINGLE:
        nodes = _averaged([model], [None], response)
    elif kind in _AVERAGED:
        nodes = _averaged(model.estimators_, [None] * len(model.estimators_), response)
    elif kind in _BAGGED and all(type(one) in _SINGLE for one in model.estimators_):
        nodes = _averaged(model.estimators_, model.estimators_features_, response, model)
    elif kind in _BOOSTED and margin:
        nodes = _boosted(model, response)
    elif kind in _HISTOGRAM and margin:
        nodes = _histogram(model, response)
    else:
        raise NoClosedForm(
            f"{kind.__name__}.{response.method} is not a sum over the leaves of known trees"
        )
    return _boxes(nodes, np.float64 if kind in _HISTOGRAM else np.float32)


def _averaged(trees, subsets, response, bag=None):
    """Nodes of trees whose answers are averaged."""
    parts = []
    for one, subset in zip(trees, subsets, strict=True):
        inner = one.tree_
        value = _answers(inner.value, one, response, bag) / len(trees)
        parts.append(_of_sklearn(inner, value, subset))
    return _join(parts)


def _answers(value, one, response, bag):
    """Leaf values of a scikit-learn tree as the outputs that are explained.

    `value` has shape (n_nodes, n_targets, n_classes or 1).
    """
    if response.method == "predict" and value.shape[2] > 1:
        raise NoClosedForm("class labels are no averages over trees")
    if value.shape[2] == 1:
        return value[:, :, 0]
    if value.shape[1] > 1:
        # Multilabel: the probability of each label's second class.
        if value.shape[2] != 2:
            raise NoClosedForm("labels with other than two classes have no single output")
        return value[:, :, 1]
    probabilities = value[:, 0] / value[:, 0].sum(axis=1, keepdims=True)
    if bag is None:
        return probabilities
    # A tree of a bag may not have seen every class; it knows them by position.
    answers = np.zeros((len(value), len(response.outputs)))
    answers[:, np.asarray(one.classes_, dtype=int)] = probabilities
    return answers


def _boosted(model, response):
    """Nodes of scikit-learn's gradient boosting, on the margin."""
    parts, n_outputs = [], model.estimators_.shape[1]
    for stage in model.estimators_:
        for k, one in enumerate(stage):
            value = np.zeros((one.tree_.node_count, n_outputs))
            value[:, k] = model.learning_rate * one.tree_.value[:, 0, 0]
            parts.append(_of_sklearn(one.tree_, _two_sided(value, response), None))
    return _join(parts)


def _histogram(model, response):
    """Nodes of histogram gradient boosting, on the margin."""
    parts, n_outputs = [], len(model._predictors[0])
    known, positions = None, None
    if model.is_categorical_ is not None:
        known, positions = model._bin_mapper.make_known_categories_bitsets()
    for stage in model._predictors:
        for k, predictor in enumerate(stage):
            nodes = predictor.nodes
            leaf = nodes["is_leaf"].astype(bool)
            value = np.zeros((len(nodes), n_outputs))
            value[:, k] = nodes["value"]
            by_category = nodes["is_categorical"].astype(bool) & ~leaf
            feature = nodes["feature_idx"].astype(int)
            own = predictor.raw_left_cat_bitsets
            categories = np.where(by_category, nodes["bitset_idx"].astype(int), -1)
            left_sets = _unpacked(own)
            known_sets = np.zeros_like(left_sets)
            for node in np.flatnonzero(by_category):
                known_sets[categories[node]] = _unpacked(known[positions[feature[node]]])
            parts.append(
                Nodes(
                    np.where(leaf, -1, nodes["left"].astype(int)),
                    np.where(leaf, -1, nodes["right"].astype(int)),
                    feature,
                    nodes["num_threshold"].astype(float),
                    nodes["missing_go_to_left"].astype(bool),
                    categories,
                    _two_sided(value, response),
                    left_sets,
                    known_sets,
                )
            )
    return _join(parts)


def _of_sklearn(inner, value, subset):
    feature = np.maximum(inner.feature, 0)
    n = inner.node_count
    return Nodes(
        inner.children_left,
        inner.children_right,
        feature if subset is None else np.asarray(subset)[feature],
        inner.threshold,
        inner.missing_go_to_left.astype(bool),
        np.full(n, -1),
        value,
        np.empty((0, 256), dtype=bool),
        np.empty((0, 256), dtype=bool),
    )


def _two_sided(value, response):
    """A binary margin as the outputs of both classes."""
    if value.shape[1] == 1 and len(response.outputs) == 2:
        return value * [-1.0, 1.0]
    return value


def _unpacked(bitsets):
    """Bitsets of 8 words of 32 bits as rows of 256 booleans."""
    words = np.atleast_2d(bitsets).astype("<u4")
    bits = np.unpackbits(words.view(np.uint8), axis=1, bitorder="little")
    return bits.reshape(-1, 256).astype(bool) if bits.size else np.empty((0, 256), bool)


def _join(parts):
    """Nodes of several trees as one array each."""
    starts = np.cumsum([0] + [len(part.left) for part in parts[:-1]])
    sets = np.cumsum([0] + [len(part.left_sets) for part in parts[:-1]])

    def moved(name, offsets):
        return np.concatenate(
            [
                np.where(getattr(part, name) >= 0, getattr(part, name) + offset, -1)
                for part, offset in zip(parts, offsets, strict=True)
            ]
        )

    def joined(name):
        return np.concatenate([getattr(part, name) for part in parts])

    return Nodes(
        moved("left", starts),
        moved("right", starts),
        joined("feature"),
        joined("threshold"),
        joined("missing_left"),
        moved("categories", sets),
        joined("value"),
        joined("left_sets"),
        joined("known_sets"),
    )


def _boxes(nodes, precision):
    """Walk from all leaves to their roots at once, one level a step."""
    n = len(nodes.left)
    inner = np.flatnonzero(nodes.left >= 0)
    parent, is_left = np.full(n, -1), np.zeros(n, dtype=bool)
    parent[nodes.left[inner]] = inner
    parent[nodes.right[inner]] = inner
    is_left[nodes.left[inner]] = True
    leaves = np.flatnonzero(nodes.left < 0)
    box, node, left, n_conditions = [], [], [], 0
    at, own = leaves, np.arange(len(leaves))
    while len(at):
        above = parent[at]
        below_root = above >= 0
        n_conditions += below_root.sum()
        if n_conditions > _MOST_CONDITIONS:
            raise NoClosedForm(
                f"the paths to its {len(leaves):,} leaves have more than "
                f"{_MOST_CONDITIONS:,} conditions, more than fit into memory"
            )
        box.append(own[below_root])
        node.append(above[below_root])
        left.append(is_left[at[below_root]])
        at, own = above[below_root], own[below_root]
    box, node, left = map(np.concatenate, (box, node, left))
    # Nodes that make the same test share it, so that each is looked at once.
    fields = [nodes.feature, nodes.threshold, nodes.missing_left, nodes.categories]
    order = inner[np.lexsort([field[inner] for field in fields[::-1]])]
    changes = [field[order][1:] != field[order][:-1] for field in fields]
    new = np.append(True, np.any(changes, axis=0)) if len(order) else np.empty(0, bool)
    test_of = np.empty(n, dtype=int)
    test_of[order] = np.cumsum(new) - 1
    first = order[new]
    splits = Splits(
        nodes.feature[first],
        nodes.threshold[first],
        nodes.missing_left[first],
        nodes.categories[first],
        nodes.left_sets,
        nodes.known_sets,
        precision,
    )
    return Boxes(nodes.value[leaves], box, test_of[node], left), splits
