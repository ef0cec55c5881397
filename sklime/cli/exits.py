"""Exit codes of the commands, and the errors that end with them."""

from __future__ import annotations

import errno
import traceback
from enum import IntEnum


class Exit(IntEnum):
    """Exit codes: what a scheduler sees of a command that ended."""

    DONE = 0
    FAULT = 1  # of sklime itself
    USAGE = 2
    NOT_TRUSTED = 3
    DATA = 4  # they do not fit the model
    MODEL = 5  # it failed
    NOT_WRITTEN = 6
    INTERRUPTED = 130  # by SIGINT, and can be resumed
    TERMINATED = 143  # by SIGTERM, and can be resumed


class CommandError(Exception):
    """An error that ends a command: a message with the cure, and an exit code.

    Parameters
    ----------
    code : Exit
    message : str
    """

    def __init__(self, code: Exit, message: str) -> None:
        super().__init__(message)
        self.code = code


class Stopped(BaseException):
    """A signal that ends a command.

    Parameters
    ----------
    code : Exit
    """

    def __init__(self, code: Exit) -> None:
        super().__init__(code)
        self.code = code


# Where tables are read and described: what is raised there is about the data.
_ABOUT_DATA = ("sklime.tables.", "sklime.samplers.", "sklime.laws.")


def classified(error: Exception, *, fitting: bool = False) -> CommandError | None:
    """An error of an explainer as one that ends a command.

    Parameters
    ----------
    error : Exception
    fitting : bool, default=False
        Whether `fit` raised it, which also judges the options.

    Returns
    -------
    CommandError or None
        None for a fault of sklime, whose traceback is of use.
    """
    from sklime.model.response import is_models_own

    if isinstance(error, CommandError):
        return error
    told = [_in_words(error), *getattr(error, "__notes__", [])]
    message = ". ".join(own.removesuffix(".") for own in told) + "."
    if is_models_own(error) or _passed(error, "sklime.model.response", "_call"):
        return CommandError(Exit.MODEL, f"the model failed: {message}")
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return CommandError(Exit.NOT_WRITTEN, message)
    if not isinstance(error, (ValueError, TypeError)):
        return None
    about_data = not fitting or any(_passed(error, module) for module in _ABOUT_DATA)
    return CommandError(Exit.DATA if about_data else Exit.USAGE, message)


def _passed(error, module, function=None):
    """Whether an error came through a module, or one of its functions."""
    return any(
        str(frame.f_globals.get("__name__")).startswith(module)
        and function in (None, frame.f_code.co_name)
        for frame, _ in traceback.walk_tb(error.__traceback__)
    )


def _in_words(error):
    known = isinstance(error, (ValueError, TypeError, RuntimeError, OSError))
    told = str(error).strip() or repr(error)
    return told if known else f"{type(error).__name__}: {told}"
