"""The explainer: parameters, `fit`, `transform`, `explain` and `score`."""

from sklime.explainer.explainer import LimeExplainer

__all__ = ["LimeExplainer"]
