"""Padding of series: steps in front or at the end that fill up to one length."""

from numbers import Real

import numpy as np


def check_padding(padding):
    """Raise a ValueError where the padding value is no number, NaN or None."""
    if padding is None:
        return
    if not isinstance(padding, Real) or isinstance(padding, bool) or np.isinf(padding):
        raise ValueError(
            f"padding={padding!r} of SequenceSampler must be the number, or NaN, that "
            "fills shorter series up, or None."
        )


def find_padding(X, padding):
    """Mark the steps that are padding in each series.

    Parameters
    ----------
    X : ndarray of shape (n, T) or (n, T, F)
        Series.
    padding : float or None
        The value that all features of such steps have. None: no step is padding.

    Returns
    -------
    ndarray of shape (n, T) of bool

    Examples
    --------
    >>> import numpy as np
    >>> from sklime.samplers.masked.padding import find_padding
    >>> find_padding(np.array([[0, 0, 2, 0, 3]]), 0)
    array([[ True,  True, False, False, False]])
    """
    cells = X.reshape(*X.shape[:2], -1)
    if padding is None:
        return np.zeros(cells.shape[:2], dtype=bool)
    equal = np.isnan(cells) if np.isnan(padding) else cells == padding
    step = equal.all(axis=2)
    front = np.logical_and.accumulate(step, axis=1)
    end = np.logical_and.accumulate(step[:, ::-1], axis=1)[:, ::-1]
    return front | end
