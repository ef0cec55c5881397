"""Refusals of readers: model layouts that they do not know."""

from functools import wraps

from sklime.exceptions import NoClosedForm


def reads_models(read):
    """Decorator of readers: errors on an unknown model layout become `NoClosedForm`.

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
