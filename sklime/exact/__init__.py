"""LIME's limit in closed form: attributions without draws, for models that allow it."""

from sklime.exact.additive import AdditiveForm
from sklime.exact.closed_form import closed_form
from sklime.exact.form import ClosedForm, RebuiltModel
from sklime.exact.products import ProductForm
from sklime.exact.readers import READERS
from sklime.exact.sum_of_columns import SumOfColumns

__all__ = [
    "READERS",
    "AdditiveForm",
    "ClosedForm",
    "ProductForm",
    "RebuiltModel",
    "SumOfColumns",
    "closed_form",
]
