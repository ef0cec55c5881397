"""Explain the predictions of any model with LIME, whole tables at once."""

from sklime.cohorts import Cohorts
from sklime.explainer import LimeExplainer
from sklime.explanation import Explanation
from sklime.functions import FunctionClassifier, FunctionRegressor
from sklime.pick import SubmodularPick
from sklime.version import __version__

__all__ = [
    "Cohorts",
    "Explanation",
    "FunctionClassifier",
    "FunctionRegressor",
    "LimeExplainer",
    "SubmodularPick",
    "__version__",
]
