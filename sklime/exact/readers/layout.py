"""Why a model has no closed form, or one that fails."""

from functools import wraps

from sklime.exceptions import NoClosedForm


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
