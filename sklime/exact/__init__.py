"""LIME's limit in closed form: attributions without draws, for models that allow it."""

from sklime.exact.errors import ClosedFormFailed, NoClosedForm
from sklime.exact.qualify import closed_form

__all__ = ["ClosedFormFailed", "NoClosedForm", "closed_form"]
