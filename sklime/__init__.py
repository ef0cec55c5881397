"""Explain the predictions of any model with LIME, whole tables at once."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

# Not for its names: displays enter themselves where `Explanation.plot` looks.
from sklime import plotting  # noqa: F401
from sklime.explainer.explainer import LimeExplainer
from sklime.explanation import Explanation
from sklime.model.functions import FunctionClassifier, FunctionRegressor
from sklime.version import __version__

if TYPE_CHECKING:
    from sklime import distributed as distributed
    from sklime.anchors import AnchorExplainer, Anchors, RuleSet
    from sklime.cohorts import Cohorts
    from sklime.pick import SubmodularPick

# What many programs never need is imported at its first use.
_LATE = {
    "AnchorExplainer": "sklime.anchors",
    "Anchors": "sklime.anchors",
    "Cohorts": "sklime.cohorts",
    "RuleSet": "sklime.anchors",
    "SubmodularPick": "sklime.pick",
}

__all__ = [
    "AnchorExplainer",
    "Anchors",
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
    if name == "distributed":
        return importlib.import_module("sklime.distributed")
    if name in _LATE:
        return getattr(importlib.import_module(_LATE[name]), name)
    raise AttributeError(f"module 'sklime' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATE, "distributed"})
