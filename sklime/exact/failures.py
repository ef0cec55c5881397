"""Unforeseen errors of closed forms, distinguished from errors of the model."""

from functools import wraps

from sklime.exceptions import ClosedFormFailed, NoClosedForm
from sklime.model.response import is_models_own


def reports_failures(evaluate):
    """Decorator: raise unforeseen errors of closed forms as `ClosedFormFailed`.

    Parameters
    ----------
    evaluate : callable
        Finds or evaluates a closed form.

    Returns
    -------
    callable
        Raises `ClosedFormFailed` from any error but `NoClosedForm` and what the model
        raised when it was queried.
    """

    @wraps(evaluate)
    def careful(*args):
        try:
            return evaluate(*args)
        except NoClosedForm:
            raise
        except Exception as error:
            if is_models_own(error):
                raise
            raise ClosedFormFailed(
                f"it failed unexpectedly, which is worth a report ({error!r})"
            ) from error

    return careful
