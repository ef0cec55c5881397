"""Links of binary classifiers: how their probabilities follow from their margins."""

import json
from dataclasses import dataclass

import numpy as np
from scipy.special import logit
from sklearn import ensemble, linear_model, svm

from sklime.exact.readers.layout import reads_models
from sklime.exceptions import NoClosedForm
from sklime.model.margins import is_from


@dataclass(frozen=True)
class Link:
    """Link of probabilities: the sigmoid of ``slope * margin``.

    Parameters
    ----------
    slope : float or None
        None: they are no sigmoid.
    constant : ndarray of shape (1,) or None
        What the margin adds to its trees; None where only its answers tell, or it has none.
    """

    slope: float | None = 1.0
    constant: np.ndarray | None = None


def margin_link(model):
    """Find the link of a binary classifier.

    Parameters
    ----------
    model : estimator

    Raises
    ------
    NoClosedForm
        If its trees test more than one column for certain, which is dear to see from them.
    """
    return _link(model, None)


@reads_models
def _link(model, response):
    kind = type(model)
    if kind in (svm.SVC, svm.NuSVC):
        return Link(None)
    if kind is linear_model.SGDClassifier:
        return Link(1.0 if model.loss == "log_loss" else None)
    if kind is ensemble.GradientBoostingClassifier:
        start = model._raw_predict_init(np.zeros((1, model.n_features_in_), np.float32))
        return Link(2.0 if model.loss == "exponential" else 1.0, start[0])
    if kind is ensemble.HistGradientBoostingClassifier:
        return Link(1.0, np.ravel(model._baseline_prediction))
    if is_from(model, "xgboost", "XGBClassifier"):
        _check_depth(model, "max_leaves")
        learner = json.loads(model.get_booster().save_config())["learner"]
        if not learner["objective"]["name"].startswith("binary:logi"):
            return Link(None)
        base = json.loads(learner["learner_model_param"]["base_score"])
        return Link(1.0, np.atleast_1d(logit(np.float64(np.float32(base)))))
    if is_from(model, "lightgbm", "LGBMClassifier"):
        _check_depth(model, "num_leaves")
        slope = float(model.get_params().get("sigmoid", 1.0))
        return Link(slope / _n_averaged(model.booster_), np.zeros(1))
    if is_from(model, "catboost", "CatBoostClassifier"):
        if model.get_tree_leaf_counts().max(initial=0) > 2:
            raise NoClosedForm("its trees may test several columns each")
        bias = np.ravel(model.get_scale_and_bias()[1])
        return Link(1.0 if len(bias) == 1 else None, bias)
    return Link()


def _n_averaged(booster):
    """Number of trees whose mean lightgbm takes the sigmoid of: 1 where it is their sum."""
    if not booster.dump_model(num_iteration=1)["average_output"]:
        return 1
    best = booster.best_iteration
    return best if best > 0 else booster.current_iteration()


def _check_depth(model, leaves):
    """Refuse boosted trees that are free to test several columns, without reading them."""
    own = model.get_params()
    single = own.get("max_depth") == 1 or own.get(leaves) == 2
    if not (single or own.get("interaction_constraints")):
        raise NoClosedForm("its trees may test several columns each")
