"""What is left of a pool where the model may answer no more of its draws."""

import numpy as np

from sklime.exceptions import RowLimitWarning, warn_caller

# Scrambles, or as large a share of draws without such, that a pool must have: their
# deviations from each other tell standard errors.
_LEAST_SCRAMBLES, _LEAST_SHARE = 2, 0.25


def answered_draws(limit, groups):
    """Number of draws that a pool keeps: those of the first scrambles, as a whole.

    Parameters
    ----------
    limit : RowLimitReached
        Tells which draws were answered.
    groups : ndarray of shape (n_draws,) of int, or None
        Scrambles of equal size, one after the other.

    Returns
    -------
    int

    Raises
    ------
    RowLimitReached
        If too few are left.
    """
    n = len(limit.answered)
    n_answered = n if limit.answered.all() else int(np.argmin(limit.answered))
    size = 1 if groups is None else n // (int(groups.max()) + 1)
    kept = size * (n_answered // size)
    least = max(2, _LEAST_SHARE * n) if groups is None else _LEAST_SCRAMBLES * size
    if kept < least:
        limit.add_note(
            f"Of {n} pool draws {n_answered} were answered, and an explanation needs "
            f"{int(np.ceil(least))} at least."
        )
        raise limit
    return kept


def warn_of_smaller_pool(kept, n_draws, limit):
    """Warn that a pool has fewer draws than it was asked for."""
    warn_caller(
        f"the pool keeps {kept} of {n_draws} draws, the scrambles that the model has "
        "answered as a whole, so that standard errors, explain(X, uncertainty=True), are "
        f"larger: {limit}",
        RowLimitWarning,
    )


def warn_of_stopped_growth(limit):
    """Warn that a pool does not grow as far as `tol` asks."""
    warn_caller(f"the pool does not grow until tol is met: {limit}", RowLimitWarning)
