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
    """The tests that trees make, one a split.

    Parameters
    ----------
    feature, threshold, missing_left, categories, left_sets, known_sets
        As for `Nodes`, one entry a split.
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
        nominal = np.flatnonzero(self.categories[tests] >= 0)
        if len(nominal):
            row = self.categories[tests[nominal], np.newaxis]
            value, n = values[nominal], self.left_sets.shape[1]
            inside = (value >= 0) & (value < n)
            category = np.where(inside, value, 0).astype(int)
            passed[nominal] = self.left_sets[row, category]
            missing[nominal] = ~inside | ~self.known_sets[row, category]
        return np.where(missing, self.missing_left[tests, np.newaxis], passed)

    def compares(self, features):
        """Tell which features all tests compare with thresholds, as they are.

        Parameters
        ----------
        features : ndarray of int
            Model features.

        Returns
        -------
        ndarray of bool
        """
        return ~np.isin(features, self.feature[self.categories >= 0])

    def intervals(self, feature):
        """Where the intervals meet that no test of a numeric feature tells apart.

        Returns
        -------
        ndarray of shape (n_intervals - 1,)
            Its distinct thresholds, increasing.

        Raises
        ------
        NoClosedForm
            If it is tested for categories.
        """
        own = self.feature == feature
        if (self.categories[own] >= 0).any():
            raise NoClosedForm(f"model feature {feature} has categories, not intervals")
        return np.unique(self.threshold[own])


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
    own : transformer or None
        What the model does with a table before its trees see it.

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
        # Its readers stand on this module.
        from sklime.exact.boosting_dumps import read_dump

        dump = read_dump(model, response)
        boxes, splits = _boxes(_join(dump.trees), dump.precision)
        return boxes, dump.splits(splits), dump.step
    boxes, splits = _boxes(nodes, np.float64 if kind in _HISTOGRAM else np.float32)
    # Histogram boosting encodes and reorders categorical columns in a step of its own.
    return boxes, splits, getattr(model, "_preprocessor", None)


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
    """Number splits and leaves apart."""
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
        precision,
    )
    return Boxes(number[children], number[is_root], nodes.value[~inner]), splits
