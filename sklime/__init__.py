"""Explain the predictions of any model with LIME, whole tables at once."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from sklime.version import __version__

if TYPE_CHECKING:
    from sklime.anchors import AnchorExplainer, Anchors, RuleSet
    from sklime.cohorts import Cohorts
    from sklime.explainer.explainer import LimeExplainer
    from sklime.explanation import Explanation
    from sklime.model.calls import Calls
    from sklime.model.functions import FunctionClassifier, FunctionRegressor
    from sklime.pick import SubmodularPick

# All is imported at its first use: the command line reads its arguments before it loads
# scikit-learn, and many programs never need the half of it.
_LATE = {
    "AnchorExplainer": "sklime.anchors",
    "Anchors": "sklime.anchors",
    "Calls": "sklime.model.calls",
    "Cohorts": "sklime.cohorts",
    "Explanation": "sklime.explanation",
    "FunctionClassifier": "sklime.model.functions",
    "FunctionRegressor": "sklime.model.functions",
    "LimeExplainer": "sklime.explainer.explainer",
    "RuleSet": "sklime.anchors",
    "SubmodularPick": "sklime.pick",
}
_MODULES = {
    "distributed",
    "exceptions",
    "kernels",
    "metrics",
    "persistence",
    "plotting",
    "samplers",
    "selectors",
    "testing",
}

__all__ = [
    "AnchorExplainer",
    "Anchors",
    "Calls",
    "Cohorts",
    "Explanation",
    "FunctionClassifier",
    "FunctionRegressor",
    "LimeExplainer",
    "RuleSet",
    "SubmodularPick",
    "__version__",
]


def __getattr__(name: str) -> object:
    if name in _LATE:
        return getattr(importlib.import_module(_LATE[name]), name)
    if name in _MODULES:
        return importlib.import_module(f"sklime.{name}")
    raise AttributeError(f"module 'sklime' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATE, *_MODULES})
