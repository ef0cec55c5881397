"""Reader of ensembles that average members of any family, and of calibrated models."""

import numpy as np
from sklearn import ensemble
from sklearn.calibration import CalibratedClassifierCV
from sklearn.multiclass import OneVsRestClassifier

from sklime.exact.averages import Member, weighted_sum
from sklime.exact.readers.expansions import absorb
from sklime.exact.readers.layout import reads_models
from sklime.exact.readers.links import margin_link
from sklime.exact.readers.reading import PartResponse, as_margin, read_form, unwrap
from sklime.exact.sigmoid import SigmoidForm
from sklime.exceptions import NoClosedForm


@reads_models
def read(model, response):
    """Read an ensemble whose answers are an average of its members' answers.

    Parameters
    ----------
    model : estimator
        The last step of a pipeline, or the model itself.
    response : Response or PartResponse
        Tells which method and outputs are explained.

    Returns
    -------
    ClosedForm or None
        None: it is no such model.

    Raises
    ------
    NoClosedForm
        If a member has no closed form, or they are not averaged.
    """
    kind = type(model)
    if kind is CalibratedClassifierCV:
        return _calibrated(model, response)
    if kind is OneVsRestClassifier and response.method == "predict_proba":
        _check_two_classes(model, response)
        # Of two classes there is one model, whose probabilities they are.
        return _average(model.estimators_, [1.0], response)
    if kind in (ensemble.BaggingClassifier, ensemble.BaggingRegressor):
        return _bagged(model, response)
    if kind in (ensemble.VotingClassifier, ensemble.VotingRegressor):
        _check_averaged(model, response)
        weights = model._weights_not_none
        weights = np.ones(len(model.estimators_)) if weights is None else np.array(weights)
        return _average(model.estimators_, weights / weights.sum(), response)
    return None


def _check_averaged(model, response):
    if response.method == "predict" and response.classes is not None:
        raise NoClosedForm(f"{type(model).__name__}.predict gives votes, not an average")


def _average(estimators, weights, response, columns=None):
    """Weighted sum of members, of which each answers as the ensemble does."""
    columns = [None] * len(estimators) if columns is None else columns
    own = PartResponse(response.method, response.outputs, response.classes)
    members = []
    for one, weight, subset in zip(estimators, weights, columns, strict=True):
        inner, steps, _ = unwrap(one)
        form, steps = absorb(read_form(inner, own), steps)
        members.append(Member(form, float(weight), tuple(steps), subset))
    return weighted_sum(members)


def _bagged(model, response):
    _check_averaged(model, response)
    estimators, n_columns = model.estimators_, model.n_features_in_
    if response.method == "predict_proba":
        if not all(hasattr(one, "predict_proba") for one in estimators):
            raise NoClosedForm(
                f"{type(model).__name__} counts the votes of members that have no "
                'predict_proba: set response_method="decision_function"'
            )
    if response.classes is not None:
        if any(len(one.classes_) < len(model.classes_) for one in estimators):
            raise NoClosedForm("a member of the ensemble has not seen every class")
    everything = np.arange(n_columns)
    columns = [
        None if np.array_equal(own, everything) else np.asarray(own)
        for own in model.estimators_features_
    ]
    weights = np.full(len(estimators), 1.0 / len(estimators))
    return _average(estimators, weights, response, columns)


def _calibrated(model, response):
    """Average of the sigmoids that the folds have fitted to margins."""
    if response.method != "predict_proba":
        raise NoClosedForm(f"{type(model).__name__}.{response.method} is not an average")
    _check_two_classes(model, response)
    folds = model.calibrated_classifiers_
    members = [_fold(one, response, 1.0 / len(folds)) for one in folds]
    return weighted_sum(members)


def _check_two_classes(model, response):
    """Refuse probabilities that are normalised over several models, or are of labels."""
    if response.classes is None or len(response.outputs) != 2:
        raise NoClosedForm(
            f"{type(model).__name__}.predict_proba of {len(response.outputs)} classes is "
            "normalised, and has no closed form: explain margins, with "
            'response_method="decision_function", of the model inside where it has none'
        )


def _fold(calibrated, response, weight):
    """The sigmoid of one fold, in front of which its model's own steps stand."""
    if calibrated.method == "isotonic":
        raise NoClosedForm(
            'calibration by method="isotonic" gives steps of the margin, and no closed '
            'form: method="sigmoid" has one'
        )
    [calibrator] = calibrated.calibrators
    inner, steps, _ = unwrap(calibrated.estimator)
    by_margin = hasattr(calibrated.estimator, "decision_function")
    method = "decision_function" if by_margin else "predict_proba"
    outputs = response.outputs[1:] if by_margin else response.outputs
    form = read_form(inner, PartResponse(method, outputs, response.classes))
    several = (
        f"CalibratedClassifierCV calibrates {type(inner).__name__}, whose {method} is no "
        "sum over single columns: explain that model itself"
    )
    # Averaged probabilities of trees lack nothing.
    constant = margin_link(inner).constant if by_margin else np.zeros(2)
    margin = as_margin(form, constant, several)
    if margin is None:
        raise NoClosedForm(several)
    if calibrated.method == "sigmoid":
        sigmoid = SigmoidForm(margin, -float(calibrator.a_), -float(calibrator.b_))
    elif calibrated.method == "temperature" and by_margin:
        # The softmax of minus and plus the margin.
        sigmoid = SigmoidForm(margin, 2.0 * float(calibrator.beta_))
    else:
        raise NoClosedForm(f"calibration by method={calibrated.method!r} is not known")
    form, steps = absorb(sigmoid, steps)
    return Member(form, weight, tuple(steps))
