"""Fitted state of a model: whether it was fitted again after an explainer's fit."""

import zlib
from functools import partial
from types import FunctionType

import numpy as np

from sklime.model.margins import is_from

# Where models keep what fit learns, beside attributes that end in "_".
_LEARNT = ("_Booster", "_fit_X", "_predictors", "_y")

# Numbers of an array, and items of a list, that are compared.
_N_NUMBERS = 4096
_N_ITEMS = 64


class FittedState:
    """Fitted attributes of a model and of the estimators in it, as they are now.

    They are compared without a query to the model: arrays by their numbers, other objects
    by identity. What has no `fit` has none, and is never told to have changed.

    Parameters
    ----------
    model : object
        A fitted model, or a function that calls one.

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> from sklime.model.refits import FittedState
    >>> model = LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])
    >>> state = FittedState(model)
    >>> state.differs(model)
    False
    >>> state.differs(model.fit([[0.0], [1.0]], [0.0, 2.0]))
    True
    """

    def __init__(self, model):
        self._known = dict(_fitted_attributes(model))

    def __getstate__(self):
        # Copies of objects have other identities, and were not fitted again yet.
        return {"_known": {}}

    def differs(self, model):
        """Whether what was learnt then has changed since."""
        return bool(self._changes(model))

    def leave_out_changes(self, model):
        """Leave out what has changed since, as by queries: it is no sign of a fit."""
        for place in self._changes(model):
            del self._known[place]

    def _changes(self, model):
        now = dict(_fitted_attributes(model)) if self._known else {}
        known = self._known.items()
        return [place for place, value in known if _differ(value, now.get(place))]


def _fitted_attributes(model):
    """Pairs of a place within a model and what fit left there, in comparable form."""
    for path, estimator in _estimators(model, (), set()):
        if is_from(estimator, "catboost", "CatBoost"):
            yield path, _Exact([estimator.get_metadata().get("model_guid")])
        for name, value in vars(estimator).items():
            public = name.endswith("_") and not name.startswith("_")
            comparable = _comparable(value) if public or name in _LEARNT else None
            if comparable is not None:
                yield (*path, name), comparable


def _estimators(value, path, seen):
    """Estimators in a model that a fit of the whole fits in place, each with its path."""
    if isinstance(value, partial):
        value = value.func
    value = getattr(value, "__self__", value)
    if id(value) in seen or isinstance(value, type):
        return
    seen.add(id(value))
    inner = {}
    if isinstance(value, (list, tuple)):
        inner = dict(enumerate(value[:_N_ITEMS]))
    elif isinstance(value, FunctionType):
        inner = _named_in(value)
    elif hasattr(value, "__dict__") and hasattr(value, "fit"):
        yield path, value
        # What ends in "_" is new after a fit, however deep.
        inner = {name: own for name, own in vars(value).items() if not name.endswith("_")}
    elif hasattr(value, "__dict__") and hasattr(value, "predict"):
        inner = vars(value)
    for name, own in list(inner.items()):
        yield from _estimators(own, (*path, name), seen)


def _named_in(function):
    """What a function names outside of itself: in its closure, or globally."""
    named = {
        name: function.__globals__[name]
        for name in function.__code__.co_names
        if name in function.__globals__
    }
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    for name, cell in cells:
        try:
            named[name] = cell.cell_contents
        except ValueError:  # not assigned yet
            continue
    # Other functions lead too far.
    return {name: own for name, own in named.items() if not isinstance(own, FunctionType)}


class _Exact(tuple):
    """Values that are the same where they are equal."""


def _comparable(value):
    """What an attribute is compared by; None for what fit need not change."""
    if isinstance(value, np.ndarray):
        some = value.reshape(-1)[:: max(1, value.size // _N_NUMBERS)]
        check = None if value.dtype.hasobject else zlib.crc32(np.ascontiguousarray(some))
        return _Exact([value.shape, value.dtype.str, check])
    if isinstance(value, (list, tuple)):
        # Others than models may be records of calls, which grow.
        models = any(hasattr(item, "predict") for item in value)
        items = [_comparable(item) for item in value[:_N_ITEMS]]
        return [len(value) if models else None, *items]
    if isinstance(value, dict):
        items = list(value.values())[:_N_ITEMS]
        return [None, _Exact([len(value)]), *map(_comparable, items)]
    numbers = (int, float, complex, str, bytes, np.generic)
    # Numbers may count calls.
    return None if isinstance(value, numbers) else value


def _differ(before, now):
    if isinstance(before, _Exact):
        return before != now
    if isinstance(before, list):
        if not isinstance(now, list) or len(now) < len(before) or before[0] != now[0]:
            return True
        return any(map(_differ, before[1:], now[1:]))
    return before is not now
