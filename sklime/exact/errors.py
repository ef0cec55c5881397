"""Why a model has no closed form, or one that fails."""

from functools import wraps

from sklime.response import is_models_own


class NoClosedForm(Exception):
    """There is no closed form for this model, sampler or kernel; the message says why."""


class ClosedFormFailed(NoClosedForm):
    """A closed form met an error that nobody foresaw: its cause."""


def reports_failures(evaluate):
    """Tell unforeseen errors of closed forms from those of the model itself.

    Parameters
    ----------
    evaluate : callable
        Finds or evaluates a closed form.

    Returns
    -------
    callable
        Raises `ClosedFormFailed` from any error but `NoClosedForm` and what the model
        raised when it was asked.
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


def reads_models(read):
    """Let a reader of fitted models refuse layouts that it does not know.

    Parameters
    ----------
    read : callable
        Takes a model and a response.

    Returns
    -------
    callable
        Raises `NoClosedForm` where attributes of the model are missing or of another kind.
    """

    @wraps(read)
    def careful(model, response):
        try:
            return read(model, response)
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise NoClosedForm(
                f"{type(model).__name__} has an unknown layout ({error!r})"
            ) from error

    return careful
