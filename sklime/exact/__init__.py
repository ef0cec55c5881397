"""LIME's limit in closed form: attributions without draws, for models that allow it."""

from sklime.exact.closed_form import closed_form

__all__ = ["closed_form"]
