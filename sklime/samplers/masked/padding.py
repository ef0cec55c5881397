"""Padding of series: steps in front or at the end that fill up to one length."""

from numbers import Real

import numpy as np

from sklime.exceptions import PaddingWarning, warn_caller

# Runs that look like padding: so many steps, in so many series, of so many lengths; and the
# share of the other steps that may have the same value.
_STEPS, _SHARE_OF_SERIES, _LENGTHS, _SHARE_WITHIN = 2, 0.1, 2, 0.01


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


def warn_of_padding(X):
    """Warn where series seem to be padded.

    Parameters
    ----------
    X : ndarray of shape (n, T) or (n, T, F)
        Training series, of which no padding is known.
    """
    cells = X.reshape(*X.shape[:2], -1)
    for place, step in (("end", -1), ("begin", 0)):
        found = _likely_padding(cells, step)
        if found is None:
            continue
        value, share = found
        written = "np.nan" if np.isnan(value) else f"{value:g}"
        warn_caller(
            f"{share:.0%} of the series {place} in steps of which all features are "
            f"{written}, in runs of several lengths, as if they were filled up to one "
            f"length; such steps are hidden like real ones. If they are padding, set "
            f"SequenceSampler(padding={written}); if not, filter this warning.",
            PaddingWarning,
        )
        return


def _likely_padding(cells, step):
    """Value of what seems to be padding at one side, and the share of series with it."""
    outer = cells[:, step]
    flat = (outer == outer[:, :1]).all(axis=1) | np.isnan(outer).all(axis=1)
    values, counts = np.unique(outer[flat, 0], return_counts=True)
    if not len(values):
        return None
    value = float(values[counts.argmax()])
    equal = np.isnan(cells) if np.isnan(value) else cells == value
    equal = equal.all(axis=2)[:, :: -1 if step else 1]
    run = np.logical_and.accumulate(equal, axis=1)
    lengths = run.sum(axis=1)
    # Series without any other step do not tell.
    padded = (lengths >= _STEPS) & (lengths < cells.shape[1])
    share = padded.mean()
    within = (equal & ~run)[lengths < cells.shape[1]].sum() / max(1, (~run).sum())
    several = len(np.unique(lengths[padded])) >= _LENGTHS
    several &= np.count_nonzero(padded) >= _LENGTHS
    likely = several and share >= _SHARE_OF_SERIES and within <= _SHARE_WITHIN
    return (value, share) if likely else None
