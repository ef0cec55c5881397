"""Margins of gradient boosting libraries, and queries of models by method name.

Classifiers of xgboost and catboost, and the boosters inside, have no ``decision_function``
but give the same margins by an argument of ``predict``.
"""

import sys
from functools import partial

from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

# The classes with margins, and what their `predict` takes to answer with them.
_XGBOOST, _LIGHTGBM = {"output_margin": True}, {"raw_score": True}
_CATBOOST = {"prediction_type": "RawFormulaVal"}
_MARGINS = [
    ("xgboost", "XGBClassifier", _XGBOOST),
    ("xgboost", "Booster", _XGBOOST),
    ("lightgbm", "LGBMClassifier", _LIGHTGBM),
    ("lightgbm", "Booster", _LIGHTGBM),
    ("catboost", "CatBoostClassifier", _CATBOOST),
    ("catboost", "CatBoost", _CATBOOST),
]


def has_method(estimator, method):
    """Whether a model answers to a method, or gives margins for ``decision_function``."""
    if callable(getattr(estimator, method, None)):
        return True
    return method == "decision_function" and _margins(estimator) is not None


def call_method(estimator, method, X):
    """Query a model by a method that it has.

    Parameters
    ----------
    method : {"predict_proba", "decision_function", "predict"}
    X : table of shape (n_rows, n_features)
        In the container that the model takes.
    """
    function = getattr(estimator, method, None)
    if function is None:
        function = _margins(estimator)
    elif is_from(estimator, "xgboost", "Booster"):
        return _ask_booster(estimator, X, {})
    return function(X)


def predict_keyword_of(estimator):
    """How the `predict` of a library's models is called for margins, or None."""
    library = type(estimator).__module__.partition(".")[0]
    for own, _, keywords in _MARGINS:
        if own == library:
            return ", ".join(f"{name}={value!r}" for name, value in keywords.items())
    return None


def margin_keywords(estimator):
    """What `predict` takes to answer with margins, or None where there are none."""
    for library, name, keywords in _MARGINS:
        # Its regressors are instances of CatBoost, too.
        exactly = (library, name) == ("catboost", "CatBoost")
        if is_from(estimator, library, name, exactly=exactly):
            return keywords
    return None


def is_from(estimator, library, name, *, exactly=False):
    """Whether a model is an instance of a library's class, without an import."""
    kind = getattr(sys.modules.get(library), name, None)
    if not isinstance(kind, type):
        return False
    return type(estimator) is kind if exactly else isinstance(estimator, kind)


def _margins(estimator):
    """Function from tables to margins, of a model or of wrappers around one, or None."""
    if isinstance(estimator, FrozenEstimator):
        return _margins(estimator.estimator)
    if hasattr(estimator, "best_estimator_"):
        return _margins(estimator.best_estimator_)
    if isinstance(estimator, Pipeline):
        # Its own `predict` hands keywords on to pipelines and models, not to searches.
        function = _margins(estimator.steps[-1][1])
        return None if function is None else partial(_ask_behind, estimator, function)
    keywords = margin_keywords(estimator)
    if keywords is None:
        return None
    if is_from(estimator, "xgboost", "Booster"):
        return partial(_ask_booster, estimator, keywords=keywords)
    return partial(estimator.predict, **keywords)


def _ask_behind(pipeline, function, X):
    """Query a function about what the steps of a pipeline but the last make of a table."""
    for _, step in pipeline.steps[:-1]:
        if step is not None and step != "passthrough":
            X = step.transform(X)
    return function(X)


def _ask_booster(booster, X, keywords):
    """Query an xgboost Booster, which takes tables in a container of its own."""
    from xgboost import DMatrix

    names = None if hasattr(X, "columns") else booster.feature_names
    types = None if hasattr(X, "columns") else booster.feature_types
    matrix = DMatrix(X, feature_names=names, feature_types=types, enable_categorical=True)
    return booster.predict(matrix, **keywords)
