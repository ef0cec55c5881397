"""Checks of user input, with errors that name the parameter and the cure."""

from numbers import Integral

import numpy as np
from sklearn import get_config
from sklearn.utils.validation import (
    check_array,
    check_consistent_length,
)


def check_weights(sample_weight, X):
    """Check the weights of training rows; None stays None.

    Raises
    ------
    ValueError
        If they are not one finite, non-negative number a row, or all zero.
    """
    if sample_weight is None:
        return None
    weights = check_array(
        sample_weight, ensure_2d=False, dtype=np.float64, input_name="sample_weight"
    )
    try:
        check_consistent_length(X, weights)
    except ValueError as error:
        raise ValueError(f"sample_weight must have one entry a row: {error}") from None
    if weights.ndim != 1 or (weights < 0).any() or not 0.0 < weights.sum() < np.inf:
        raise ValueError(
            "sample_weight must be one non-negative number a row, not all of them zero, "
            "with a finite sum."
        )
    return weights


def check_option(component, name, options):
    """Check a parameter that is one of a few strings.

    Raises
    ------
    ValueError
        If it is none of `options`.
    """
    value = getattr(component, name)
    if not isinstance(value, str) or value not in options:
        raise ValueError(
            f"{name}={value!r} of {type(component).__name__} must be one of "
            f"{', '.join(map(repr, options))}."
        )


def is_count(n, least=1):
    """Whether `n` is an integer, no bool, of at least `least`."""
    return isinstance(n, Integral) and not isinstance(n, bool) and n >= least


def check_jobs(n_jobs):
    """Check a number of jobs, as joblib has it; None is its default.

    Raises
    ------
    ValueError
        If it is no integer, or 0.
    """
    if n_jobs is not None and (not isinstance(n_jobs, Integral) or n_jobs == 0):
        raise ValueError(
            f"n_jobs={n_jobs!r} must be a number of jobs, -1 for as many as there are "
            "cores, or None."
        )


def check_verbose(verbose):
    """Check how much is to be said of progress: 0 is nothing.

    Raises
    ------
    ValueError
        If it is no integer of at least 0, and no bool.
    """
    if not isinstance(verbose, (bool, np.bool_)) and not is_count(verbose, least=0):
        raise ValueError(
            f"verbose={verbose!r} must be 0, or 1 for bars that show progress."
        )


def check_count(name, n, least=1, *, component=None, otherwise=""):
    """Check a parameter that is a whole number.

    Raises
    ------
    ValueError
        If it is no integer of at least `least`; names the component that has the
        parameter, and `otherwise`, what else it may be.
    """
    if not is_count(n, least):
        owner = "" if component is None else f" of {type(component).__name__}"
        raise ValueError(
            f"{name}={n!r}{owner} must be an integer of at least {least}{otherwise}."
        )


# MiB that may always be taken: what is set lower is meant for blocks of rows.
_ALWAYS = 256


def check_memory(n_bytes, what, cure):
    """Check that something fits into scikit-learn's working memory, or into 256 MiB.

    Parameters
    ----------
    n_bytes : float
        The memory that it takes.
    what, cure : str
        What takes it, and what else to do, for the message.

    Raises
    ------
    ValueError
        If it does not.
    """
    limit = max(get_config()["working_memory"], _ALWAYS)
    if n_bytes > limit * 2**20:
        raise ValueError(
            f"{what} would take some {n_bytes / 2**30:.1f} GiB of memory, more than the "
            f"working_memory of {limit} MiB: {cure}, or raise it by "
            f"sklearn.set_config(working_memory={int(np.ceil(1.1 * n_bytes / 2**20))})."
        )


def listed(words, most=5):
    """First few of many words and the number of the others, for messages."""
    words = list(words)
    more = f" and {len(words) - most} more" if len(words) > most else ""
    return ", ".join(words[:most]) + more


def missing_extra(caller, package, extra):
    """Error for a missing package, which one of this library's extras brings.

    Parameters
    ----------
    caller, package, extra : str
        Who needs what, and the extra that brings it.

    Returns
    -------
    ImportError
        With the way to install it.
    """
    return ImportError(
        f'{caller} needs {package}: pip install ".[{extra}]" in the folder of sklime, as '
        f"its README does, or pip install sklime[{extra}] where an index has it"
    )
