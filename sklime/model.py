"""The wrapped model: taken as it is when fitted, else cloned and fitted."""

from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from sklime.blocks import copy_rows
from sklime.exceptions import warn_caller
from sklime.samplers.quasirandom import seeded


def is_fitted(estimator):
    """Whether a model is taken as it is.

    Parameters
    ----------
    estimator : object
        The model. Without `fit`, or from outside scikit-learn's conventions, it counts as
        fitted.

    Returns
    -------
    bool
    """
    if not hasattr(estimator, "fit") or not hasattr(estimator, "__sklearn_tags__"):
        return True
    try:
        check_is_fitted(estimator)
    except NotFittedError:
        return False
    return True


def takes_weights(estimator):
    """Whether a model's fit can be given `sample_weight`; warn where it would be left out.

    Parameters
    ----------
    estimator : object
        The model.

    Returns
    -------
    bool
        False for a fitted one, which is not fitted again.
    """
    if is_fitted(estimator):
        return False
    if has_fit_parameter(estimator, "sample_weight"):
        return True
    warn_caller(
        f"{type(estimator).__name__} does not take sample_weight in fit: the weights enter "
        "the training statistics only. Fit the model beforehand to weigh it.",
    )
    return False


def take_or_fit(estimator, X, y, fit_params, random_state):
    """Give a fitted model: the one given, or a clone fitted on ``(X, y)``.

    Parameters
    ----------
    estimator : object
        The model.
    X : table of shape (n_rows, n_features)
        Training rows.
    y : array-like of shape (n_rows,) or None
        Targets.
    fit_params : dict
        For the clone's `fit`.
    random_state : int, RandomState instance or None
        Seeds what the clone leaves open. None: from the system.

    Returns
    -------
    object
    """
    if is_fitted(estimator):
        return estimator
    model = seeded(clone(estimator), random_state)
    # Copies, as some models work in place, and the sampler learns from the same rows.
    return model.fit(copy_rows(X), copy_rows(y), **fit_params)
