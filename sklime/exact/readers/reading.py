"""Reading of fitted models: readers are tried in turn, and sigmoids of margins last."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import Pipeline

from sklime.exact.additive import AdditiveForm
from sklime.exact.form import ClosedForm
from sklime.exact.readers.links import margin_link
from sklime.exact.sigmoid import SigmoidForm
from sklime.exact.trees.additive_forest import AdditiveForest
from sklime.exact.trees.forest import Forest
from sklime.exceptions import NoClosedForm

READERS: list[Callable] = []


@dataclass(frozen=True)
class PartResponse:
    """Response of a part of a model, as far as readers look at it.

    Parameters
    ----------
    method : str
        Name of the method that is called.
    outputs, classes
        As of a `Response`.
    """

    method: str
    outputs: np.ndarray
    classes: np.ndarray | None


def unwrap(estimator):
    """Innermost model of pipelines and searches, the steps before it, and the wrappers."""
    steps, wrappers = [], []
    while True:
        outer = estimator
        if type(estimator) is Pipeline:
            steps += [step for _, step in estimator.steps[:-1] if step != "passthrough"]
            estimator = estimator.steps[-1][1]
        elif type(estimator) is FrozenEstimator:
            estimator = estimator.estimator
        elif type(estimator) in (GridSearchCV, RandomizedSearchCV):
            estimator = estimator.best_estimator_
        else:
            return estimator, [step for step in steps if step is not None], wrappers
        wrappers.append(outer)


def read_form(model, response):
    """Closed form of a model: of the first reader that knows it, or of a sigmoid.

    Parameters
    ----------
    model : estimator
        Without wrappers.
    response : Response or PartResponse
        Tells which method and outputs are explained.

    Raises
    ------
    NoClosedForm
        If there is none; the message says why.
    """
    try:
        form, reason = _from_readers(model, response), None
    except NoClosedForm as refused:
        form, reason = None, refused
    binary = response.classes is not None and len(response.outputs) == 2
    if form is None and binary and response.method == "predict_proba":
        form = _sigmoid(model, response, reason)
    if form is None:
        name = f"{type(model).__name__}.{response.method}"
        unknown = NoClosedForm(
            f"{name} is no known sum over columns or of products over them, and not a sum "
            "over the leaves of known trees"
        )
        raise unknown if reason is None else reason
    return form


def as_margin(form, constant, several_columns):
    """Read a form as a sum over columns, or None where it is no such sum.

    Parameters
    ----------
    form : ClosedForm
        Of a model's margin.
    constant : ndarray of shape (n_outputs,) or None
        What the model adds to trees, where it is known.
    several_columns : str
        What is wrong where its trees test several columns.
    """
    if isinstance(form, Forest):
        return AdditiveForest(form, constant, several_columns)
    return form if isinstance(form, AdditiveForm) else None


def check_methods(instances):
    """Refuse models with methods set on the instance, which a reader cannot know."""
    for one in instances:
        for name, value in vars(one).items():
            if callable(value) and callable(getattr(type(one), name, None)):
                raise NoClosedForm(
                    f"{type(one).__name__}.{name} is set on the instance, and is not what "
                    "its class does"
                )
        for part in _parts(one):
            model, _, wrappers = unwrap(part)
            check_methods([*wrappers, model])


def _from_readers(model, response):
    for read in READERS:
        form = read(model, response)
        if form is None:
            continue
        if not isinstance(form, ClosedForm):
            name = getattr(read, "__qualname__", repr(read))
            raise TypeError(
                f"reader {name} of sklime.exact.READERS must give an instance of a "
                f"ClosedForm, or None, and gave {form!r}"
            )
        return form
    return None


def _sigmoid(model, response, reason):
    """Form of the probabilities of a model whose margin is a sum over columns, or None."""
    try:
        link = margin_link(model)
        margin = PartResponse("decision_function", response.outputs[1:], response.classes)
        form = None if link.slope is None else _from_readers(model, margin)
    except NoClosedForm:
        return None
    several = f"{type(model).__name__}.{response.method} is a sigmoid of trees of several "
    several = f"{several}columns each" if reason is None else str(reason)
    additive = as_margin(form, link.constant, several)
    return None if additive is None else SigmoidForm(additive, link.slope)


def _parts(model):
    """Fitted models that a model is made of."""
    parts = getattr(model, "estimators_", ())
    parts = parts.ravel() if isinstance(parts, np.ndarray) else parts
    calibrated = getattr(model, "calibrated_classifiers_", ())
    return [*parts, *(one.estimator for one in calibrated)]
