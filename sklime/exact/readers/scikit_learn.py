"""Reader of scikit-learn's tree models."""

import numpy as np
from sklearn import ensemble, tree
from sklearn.dummy import DummyClassifier, DummyRegressor

from sklime.exact.readers.layout import reads_models
from sklime.exact.trees.forest import Forest
from sklime.exact.trees.nodes import Nodes
from sklime.exact.trees.sum_of_trees import check_number_of_nodes
from sklime.exceptions import NoClosedForm

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
# Ensembles of trees whose answers are no sums over leaves.
_NO_SUMS = {
    ensemble.AdaBoostRegressor: (
        "is the weighted median of what its members predict, not a sum over leaves"
    ),
    ensemble.IsolationForest: (
        "is 2 to the power of minus a row's mean depth in its trees, not a sum over leaves"
    ),
}
# What gradient boosting may start with; "zero" is a string.
_CONSTANT = (DummyClassifier, DummyRegressor, str)

# Losses of histogram boosting whose predictions are exponentials of the margins.
_LOG_LINK = ("gamma", "poisson")


@reads_models
def read(model, response):
    """Read a tree model of scikit-learn.

    Parameters
    ----------
    model : estimator
        The last step of a pipeline, or the model itself.
    response : Response
        Tells which method and outputs are explained.

    Returns
    -------
    Forest or None
        None: it is no tree model of scikit-learn.

    Raises
    ------
    NoClosedForm
        If its trees are not summed on the explained scale.
    """
    kind = type(model)
    if kind in _NO_SUMS:
        raise NoClosedForm(f"{kind.__name__}.{response.method} {_NO_SUMS[kind]}")
    if kind is ensemble.AdaBoostClassifier:
        return _votes(model, response)
    if kind in _SINGLE:
        return _averaged([model], [None], response)
    if kind in _AVERAGED:
        return _averaged(model.estimators_, [None] * len(model.estimators_), response)
    if kind in _BAGGED and all(type(one) in _SINGLE for one in model.estimators_):
        return _averaged(model.estimators_, model.estimators_features_, response, model)
    if kind in _BOOSTED:
        _check_margin(model, response)
        return _boosted(model, response)
    if kind in _HISTOGRAM:
        _check_margin(model, response)
        return _histogram(model, response)
    return None


def _check_margin(model, response):
    """Refuse boosting whose margin is more than a sum of trees."""
    name = type(model).__name__
    if type(model) in _BOOSTED and type(model.init_) not in _CONSTANT:
        raise NoClosedForm(
            f"{name} adds its trees to the answers of init={model.init_!r}, which no sum "
            "over leaves holds"
        )
    if response.classes is not None and response.method != "decision_function":
        raise NoClosedForm(
            f"{name}.{response.method} is not a sum over leaves, but its margins are: set "
            'response_method="decision_function"'
        )
    if type(model) in _HISTOGRAM and model.loss in _LOG_LINK:
        raise NoClosedForm(
            f"{name} with loss={model.loss!r} has a log link: its predictions are "
            "exponentials of sums"
        )


def _averaged(trees, subsets, response, bag=None):
    """Nodes of trees whose responses are averaged."""
    check_number_of_nodes(sum(one.tree_.node_count for one in trees))
    parts = []
    for one, subset in zip(trees, subsets, strict=True):
        inner = one.tree_
        value = _answers(inner.value, one, response, bag) / len(trees)
        parts.append(_of_sklearn(inner, value, subset))
    return Forest(parts, np.float32)


def _answers(value, one, response, bag):
    """Leaf values of a scikit-learn tree, for the explained outputs.

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
    responses = np.zeros((len(value), len(response.outputs)))
    responses[:, np.asarray(one.classes_, dtype=int)] = probabilities
    return responses


def _boosted(model, response):
    """Nodes of scikit-learn's gradient boosting, on the margin."""
    check_number_of_nodes(sum(o.tree_.node_count for o in model.estimators_.flat))
    parts, n_outputs = [], model.estimators_.shape[1]
    for stage in model.estimators_:
        for k, one in enumerate(stage):
            value = np.zeros((one.tree_.node_count, n_outputs))
            value[:, k] = model.learning_rate * one.tree_.value[:, 0, 0]
            parts.append(_of_sklearn(one.tree_, _two_sided(value, response), None))
    return Forest(parts, np.float32)


def _votes(model, response):
    """Nodes of AdaBoost's trees, each of which votes for one class."""
    name = type(model).__name__
    if response.method != "decision_function":
        raise NoClosedForm(
            f"{name}.{response.method} is not a sum over leaves, but its weighted votes "
            'are: set response_method="decision_function"'
        )
    if not all(type(one) in _SINGLE for one in model.estimators_):
        raise NoClosedForm(f"{name} adds up votes of estimators other than trees")
    check_number_of_nodes(sum(one.tree_.node_count for one in model.estimators_))
    weights = model.estimator_weights_[: len(model.estimators_)]
    parts, n_classes = [], len(model.classes_)
    for one, weight in zip(model.estimators_, weights / weights.sum(), strict=True):
        voted = one.classes_[one.tree_.value[:, 0].argmax(axis=1)]
        mine = voted[:, np.newaxis] == model.classes_
        value = np.where(mine, weight, -weight / (n_classes - 1))
        if n_classes == 2:
            value = (value[:, 1:] - value[:, :1]) * [-1.0, 1.0]
        parts.append(_of_sklearn(one.tree_, value, None))
    return Forest(parts, np.float32)


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
    # It encodes and reorders categorical columns in a step of its own.
    return Forest(parts, np.float64, step=model._preprocessor)


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
    """Margins of both classes from a binary margin."""
    if value.shape[1] == 1 and len(response.outputs) == 2:
        return value * [-1.0, 1.0]
    return value


def _unpacked(bitsets):
    """Boolean matrix (n, 256) from bitsets of eight 32-bit words."""
    words = np.atleast_2d(bitsets).astype("<u4")
    bits = np.unpackbits(words.view(np.uint8), axis=1, bitorder="little")
    return bits.reshape(-1, 256).astype(bool) if bits.size else np.empty((0, 256), bool)
