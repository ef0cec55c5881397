"""Classes that a model predicts, where they are not those of its largest answers."""

import numpy as np
from sklearn.base import is_classifier

from sklime.exceptions import AnchorWarning, warn_caller
from sklime.model.functions import FunctionClassifier
from sklime.model.margins import has_method
from sklime.model.outputs import has_type

# Rows that both are compared on.
N_COMPARED = 256


def can_predict_otherwise(response):
    """Whether a model has a `predict` of its own, beside the answers that are asked for."""
    model = response.estimator
    return (
        response.method != "predict"
        and response.classes is not None
        and has_type(model, is_classifier)
        and not isinstance(model, FunctionClassifier)
        and has_method(model, "predict")
    )


def warn_of_other_classes(response, predict, tables):
    """Warn where `predict` gives other classes than the largest answers.

    Thresholds other than 0.5, and probabilities that are calibrated apart, do so.

    Parameters
    ----------
    response, predict : Response
        The model's answers, and its classes.
    tables : list of tables
        A few training rows.
    """
    largest, given = (
        np.concatenate([ask(own, what="training row").argmax(axis=1) for own in tables])
        for ask in (response, predict)
    )
    n_other = int((largest != given).sum())
    if n_other:
        name = type(response.estimator).__name__
        warn_caller(
            f"{name}.predict gives another class than the largest of {response.method} for "
            f'{n_other} of {len(largest)} training rows, and criterion="hard" counts the '
            'latter: set response_method="predict" for rules about the classes that '
            "predict gives.",
            AnchorWarning,
        )
