"""Bases of estimators: links to their documentation, and value semantics of components."""

from __future__ import annotations

import importlib
import os

import numpy as np
from sklearn.base import BaseEstimator

from sklime.exceptions import InconsistentVersionWarning, warn_caller
from sklime.serialization.state import PlainState
from sklime.version import __version__

# Where this documentation is published, as of https://docs.example.org/sklime; "": nowhere.
DOCUMENTATION = ""


class DocumentedEstimator(PlainState, BaseEstimator):
    """Base of estimators: links to their pages, and the version that wrote a pickle.

    What another version of sklime wrote is read with an `InconsistentVersionWarning`.

    HTML diagrams link to the estimator's page in the API reference. The links need the
    address of the documentation: that of the environment variable
    ``SKLIME_DOCUMENTATION``, for sites of one's own, or else where it is published. There
    are none without an address.

    Examples
    --------
    >>> import os
    >>> from sklime.samplers import MarginalSampler
    >>> os.environ["SKLIME_DOCUMENTATION"] = "https://docs.example.org/sklime"
    >>> MarginalSampler()._get_doc_link()
    'https://docs.example.org/sklime/api/sklime.samplers.MarginalSampler.html'
    >>> del os.environ["SKLIME_DOCUMENTATION"]
    """

    _doc_link_module = "sklime"

    def __getstate__(self):
        return super().__getstate__() | {"_sklime_version": __version__}

    def __setstate__(self, state):
        state = dict(state)
        written = state.pop("_sklime_version", None)
        super().__setstate__(state)
        if written != __version__:
            by = "an older sklime" if written is None else f"sklime {written}"
            # The same of all estimators in an explainer, so that it is shown once.
            warn_caller(
                f"what was written by {by} is read by sklime {__version__}: results may "
                "differ or fail. Fit again with this version, or read it with the one that "
                "wrote it.",
                InconsistentVersionWarning,
            )

    @property
    def _doc_link_template(self) -> str:
        address = os.environ.get("SKLIME_DOCUMENTATION") or DOCUMENTATION
        return f"{address.rstrip('/')}/api/{{public_name}}.html" if address else ""

    def _doc_link_url_param_generator(self) -> dict[str, str]:
        own = type(self)
        # The outermost package that shows the class is where it is documented.
        parts = own.__module__.split(".")
        packages = (".".join(parts[:k]) for k in range(1, len(parts) + 1))
        module = next(
            name
            for name in packages
            if getattr(importlib.import_module(name), own.__name__, None) is own
        )
        return {"public_name": f"{module}.{own.__name__}"}


class Component(DocumentedEstimator):
    """Base of the pluggable parts: equal when of one type with equal parameters.

    Fitted attributes play no part in the comparison, so a component read back from
    a pickle, or cloned by a grid search, equals the one it came from.

    Examples
    --------
    >>> from sklime.kernels import ExponentialKernel
    >>> ExponentialKernel(width=2.0) == ExponentialKernel(width=2.0)
    True
    """

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return _equal_parameters(self.get_params(deep=False), other.get_params(deep=False))

    def __hash__(self) -> int:
        # Parameters can be set, so only the type may enter: equal objects, equal hashes.
        return hash(type(self))


def _equal_parameters(one, other):
    """Compare two parameters for equality, looking into arrays, frames and estimators."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(
            _equal_parameters(one[k], other[k]) for k in one
        )
    if hasattr(one, "equals") or hasattr(other, "equals"):
        # Frames and their columns.
        return type(one) is type(other) and bool(one.equals(other))
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        one, other = np.asarray(one), np.asarray(other)
        # Missing values are equal, too.
        return one.shape == other.shape and bool(
            ((one == other) | ((one != one) & (other != other))).all()
        )
    if isinstance(one, (list, tuple)):
        return (
            type(one) is type(other)
            and len(one) == len(other)
            and all(map(_equal_parameters, one, other))
        )
    if isinstance(one, BaseEstimator) and type(one) is type(other):
        return _equal_parameters(one.get_params(deep=False), other.get_params(deep=False))
    if _is_plain(one) and type(one) is type(other):
        return _equal_parameters(vars(one), vars(other))
    return one is other or bool(one == other)


def _is_plain(value):
    """Whether an object is its settings, as scikit-learn's selectors of columns are."""
    own = getattr(value, "__dict__", None)
    if not own or type(value).__eq__ is not object.__eq__:
        return False
    plain = str, int, float, type, type(None), list, tuple
    return all(isinstance(held, plain) for held in own.values())
