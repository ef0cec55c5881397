"""Explain the predictions of any model with LIME, whole tables at once."""

from sklime.explainer import LimeExplainer
from sklime.explanation import Explanation
from sklime.functions import FunctionClassifier, FunctionRegressor
from sklime.version import __version__

__all__ = [
    "Explanation",
    "FunctionClassifier",
    "FunctionRegressor",
    "LimeExplainer",
    "__version__",
]
