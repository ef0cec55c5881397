"""Readers of models of boosting libraries, found by class name without an import."""

import sys
from dataclasses import replace
from functools import partial
from types import MethodType

from sklime.exact.readers import catboost, lightgbm, xgboost
from sklime.exact.readers.layout import reads_models
from sklime.exceptions import NoClosedForm
from sklime.model.functions import FunctionClassifier, FunctionRegressor

# The methods of each class that can answer with a sum over leaves, and its reader.
_XGBOOST, _LIGHTGBM, _CATBOOST = xgboost.read, lightgbm.read, catboost.read
_MODELS = {
    ("xgboost.sklearn", "XGBRegressor"): (_XGBOOST, ["predict"]),
    ("xgboost.sklearn", "XGBRFRegressor"): (_XGBOOST, ["predict"]),
    ("xgboost.sklearn", "XGBClassifier"): (_XGBOOST, ["decision_function"]),
    ("xgboost.sklearn", "XGBRFClassifier"): (_XGBOOST, ["decision_function"]),
    ("xgboost.core", "Booster"): (_XGBOOST, ["predict", "decision_function"]),
    ("lightgbm.sklearn", "LGBMRegressor"): (_LIGHTGBM, ["predict"]),
    ("lightgbm.sklearn", "LGBMClassifier"): (_LIGHTGBM, ["decision_function"]),
    ("lightgbm.basic", "Booster"): (_LIGHTGBM, ["predict", "decision_function"]),
    ("catboost.core", "CatBoostRegressor"): (_CATBOOST, ["predict"]),
    ("catboost.core", "CatBoostRanker"): (_CATBOOST, ["predict"]),
    ("catboost.core", "CatBoostClassifier"): (_CATBOOST, ["decision_function"]),
    ("catboost.core", "CatBoost"): (_CATBOOST, ["predict", "decision_function"]),
}
# What `predict` takes to answer with margins.
_MARGIN = {
    _XGBOOST: {"output_margin": True},
    _LIGHTGBM: {"raw_score": True},
    _CATBOOST: {"prediction_type": "RawFormulaVal"},
}


@reads_models
def read(model, response):
    """Read a model of xgboost, lightgbm or catboost, up to a constant per output.

    Besides the models themselves, a `FunctionRegressor` or `FunctionClassifier` of
    ``functools.partial(model.predict, output_margin=True)``, for lightgbm
    ``raw_score=True``, for catboost ``prediction_type="RawFormulaVal"``, is known: the
    margins.

    Parameters
    ----------
    model : object
        The last step of a pipeline, or the model itself.
    response : Response
        Tells which method and outputs are explained.

    Returns
    -------
    Forest or None
        None: it is no such model.

    Raises
    ------
    NoClosedForm
        If its leaves are not summed on the explained scale.
    """
    booster, margin = _margins_of(model, response.method), True
    if booster is None:
        booster, margin = model, response.method == "decision_function"
    reader, methods = _known(booster)
    if reader is None:
        return None
    name = f"{type(booster).__name__}.{response.method}"
    if booster is model and response.method not in methods:
        ((keyword, value),) = _MARGIN[reader].items()
        cure = f"functools.partial(model.predict, {keyword}={value!r})"
        cure = f"explain FunctionRegressor({cure})"
        if "decision_function" in methods:
            cure = f'set response_method="decision_function", or {cure}'
        raise NoClosedForm(f"{name} is not a sum over leaves, but its margins are: {cure}")
    forest = reader(booster, margin)
    single = forest.trees[0].value.shape[1] == 1
    if response.method == "decision_function" and single and len(response.outputs) == 2:
        # A binary margin, as the outputs of both classes.
        both = [replace(tree, value=tree.value * [-1.0, 1.0]) for tree in forest.trees]
        return replace(forest, trees=both)
    return forest


def _margins_of(model, method):
    """Model whose margins an explained function gives, or None."""
    if type(model) not in (FunctionRegressor, FunctionClassifier):
        return None
    function = getattr(model, method)
    if type(function) is not partial or type(function.func) is not MethodType:
        return None
    booster = function.func.__self__
    reader, _ = _known(booster)
    own = reader is not None and function.func.__func__ is type(booster).predict
    if not own or function.args or function.keywords != _MARGIN[reader]:
        return None
    return booster


def _known(booster):
    """Reader and methods of a model's class, if it is exactly one of the known ones."""
    kind = type(booster)
    # A class of that module and name exists only once the library has been imported.
    if getattr(sys.modules.get(kind.__module__), kind.__name__, None) is not kind:
        return None, []
    return _MODELS.get((kind.__module__, kind.__name__), (None, []))
