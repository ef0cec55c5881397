"""Why a model has no closed form."""

from functools import wraps


class NoClosedForm(Exception):
    """There is no closed form for this model, sampler or kernel; the message says why."""


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
