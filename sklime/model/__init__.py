"""The wrapped model as a function from rows to finite numbers."""

from sklime.model.functions import FunctionClassifier, FunctionRegressor
from sklime.model.response import Response

__all__ = ["FunctionClassifier", "FunctionRegressor", "Response"]
