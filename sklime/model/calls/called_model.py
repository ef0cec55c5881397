"""A model whose methods are called as `Calls` says."""

from __future__ import annotations

from typing import Any

from sklearn.utils import get_tags

from sklime.base import Component, DocumentedEstimator
from sklime.model.wrapped import is_fitted

_METHODS = ("predict_proba", "decision_function", "predict")


class CalledModel(DocumentedEstimator):
    """Fitted model whose methods are called as `Calls` says; made by its `wrap`.

    It has those of ``predict_proba``, ``decision_function`` and ``predict`` that the model
    has, and the model's fitted attributes, such as ``classes_``; no ``fit``. It is cloned
    with the same model.

    Parameters
    ----------
    estimator : object
        The model.
    calls : Calls
        How it is called.

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> from sklime import Calls
    >>> line = LinearRegression().fit([[0.0], [1.0]], [0.0, 2.0])
    >>> model = Calls(max_rows=2).wrap(line)
    >>> model.predict([[2.0], [2.0], [3.0]])
    array([4., 4., 6.])
    """

    def __init__(self, estimator: Any, calls: Component) -> None:
        self.estimator = estimator
        self.calls = calls
        self._check()
        # One for each method, made at first use.
        self._callers: dict[str, Any] = {}

    def _check(self):
        name = type(self.estimator).__name__
        if not any(callable(getattr(self.estimator, own, None)) for own in _METHODS):
            raise TypeError(
                f"Calls.wrap takes a model with one of {_METHODS}, and {name} has none: a "
                "function goes into FunctionClassifier(function, calls=...) or "
                "FunctionRegressor(function, calls=...)"
            )
        if not is_fitted(self.estimator):
            raise TypeError(f"Calls.wrap takes a fitted model: fit this {name} first")

    def __getattr__(self, name: str) -> Any:
        # Only for what this object has not itself.
        if name in _METHODS:
            return self._caller(name)
        if name.startswith("_") or not name.endswith("_") or name == "estimator":
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        own = getattr(self.estimator, name)
        if any(hasattr(own, method) for method in _METHODS):
            # A model inside, which would be asked past the calls.
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        return own

    def _caller(self, method):
        function = getattr(self.estimator, method)
        if not callable(function):
            raise AttributeError(f"{type(self.estimator).__name__} has no {method}")
        if method not in self._callers or self._callers[method].calls is not self.calls:
            # Event loops and databases are imported where they are needed.
            from sklime.model.calls.caller import Caller

            owner = type(self.estimator).__name__
            self._callers[method] = Caller(function, self.calls, owner, method)
        return self._callers[method]

    def __getstate__(self) -> dict[str, Any]:
        # Callers are made anew: copies start with no row answered.
        return {name: own for name, own in vars(self).items() if name != "_callers"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _callers={})

    def __sklearn_is_fitted__(self):
        return True

    def __sklearn_clone__(self):
        return type(self)(self.estimator, self.calls)

    def __sklearn_tags__(self):
        if hasattr(self.estimator, "__sklearn_tags__"):
            tags = get_tags(self.estimator)
        else:
            tags = super().__sklearn_tags__()
        tags.requires_fit = False
        return tags
