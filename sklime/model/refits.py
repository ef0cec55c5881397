"""Fitted state of a model: whether it was fitted again after an explainer's fit."""

from operator import is_

# What boosting libraries learn anew in fit, beside attributes that end in "_".
_LEARNT = ("_Booster", "_learning_rate")


class FittedState:
    """Fitted attributes of a model and of the estimators in it, as they are now.

    A fit replaces them, so that they are compared by identity, without a query to the
    model; lists by that of their items. What has no `fit` has none, and is never told to
    have changed; nor are models told that functions call.

    Parameters
    ----------
    model : object
        A fitted model, or one that calls a fitted one.

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
        return [place for place, objects in known if not _same(objects, now.get(place))]


def _fitted_attributes(model):
    """Pairs of a place within a model and the objects that fit left there, in a list."""
    for path, estimator in _estimators(model, (), set()):
        for name, value in vars(estimator).items():
            public = name.endswith("_") and not name.startswith("_")
            if public or name in _LEARNT:
                items = value if isinstance(value, (list, tuple)) else [value]
                yield (*path, name), list(items)


def _estimators(value, path, seen):
    """Estimators in a model that a fit of the whole fits in place, each with its path."""
    value = getattr(value, "__self__", value)  # of its method
    if id(value) in seen or isinstance(value, type):
        return
    seen.add(id(value))
    inner = {}
    if isinstance(value, (list, tuple)):
        inner = dict(enumerate(value))
    elif hasattr(value, "__dict__") and hasattr(value, "fit"):
        yield path, value
        # What ends in "_" is new after a fit, however deep.
        inner = {name: own for name, own in vars(value).items() if not name.endswith("_")}
    elif hasattr(value, "__dict__") and hasattr(value, "predict"):
        inner = vars(value)
    for name, own in list(inner.items()):
        yield from _estimators(own, (*path, name), seen)


def _same(before, now):
    """Whether two lists hold the same objects."""
    if now is None or len(before) != len(now):
        return False
    return all(map(is_, before, now))
