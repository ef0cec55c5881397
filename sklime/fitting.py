"""Atomic fits: a failed fit leaves an estimator unfitted, with a message that says so."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from sklearn.callback import with_callbacks
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

Fit = TypeVar("Fit", bound=Callable[..., Any])


def atomic_fit(fit: Fit) -> Fit:
    """Decorator of `fit`: start from a clean estimator, and leave one after a failure.

    Returns
    -------
    callable
        Drops fitted attributes before the fit and after a failed one, which
        `check_fitted` then tells of. Called by the fit of a subclass, it drops them after
        a failed one only.
    """

    @wraps(fit)
    def whole(self, *args, **kwargs):
        if type(self).fit is whole:
            _drop_fitted(self)
        # What others, such as scikit-learn, note on an instance is theirs.
        others = vars(self).keys() - vars(self).get("_learnt", ())
        try:
            fitted = fit(self, *args, **kwargs)
        except BaseException as error:
            self._learnt = vars(self).keys() - others
            _drop_fitted(self)
            self._failure = type(error).__name__
            raise
        vars(self).pop("_failure", None)
        self._learnt = vars(self).keys() - others
        return fitted

    # A type of its own would lose the parameters.
    return cast(Fit, whole)


def tells_callbacks(fit: Fit) -> Fit:
    """Decorator of `fit`: tears scikit-learn's callbacks down after it, also if it fails.

    It stands below `atomic_fit`, which drops what is needed for that.
    """
    return cast(Fit, with_callbacks(fit))


def check_fitted(estimator: Any, attributes: str | None = None) -> None:
    """Check that an estimator is fitted; if not, say whether its last fit failed.

    Parameters
    ----------
    estimator : estimator
        With an atomic `fit`.
    attributes : str, optional
        As for scikit-learn's `check_is_fitted`.

    Raises
    ------
    NotFittedError
        If it is not.
    """
    try:
        check_is_fitted(estimator, attributes)
    except NotFittedError:
        failure = vars(estimator).get("_failure")
        if failure is None:
            raise
        raise NotFittedError(
            f"This {type(estimator).__name__} instance is not fitted, as its last fit "
            f"failed with {failure}: call 'fit' again before using this estimator."
        ) from None


def _drop_fitted(estimator):
    parameters = estimator.get_params(deep=False)
    learnt = {"_learnt", "_failure", *vars(estimator).get("_learnt", ())}
    for name in list(vars(estimator)):
        # By convention, as `check_is_fitted` has it.
        public = name.endswith("_") and not name.startswith("__")
        if name in learnt or (public and name not in parameters):
            delattr(estimator, name)
