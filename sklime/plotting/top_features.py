"""Top features, and the sum of the rest."""

import numpy as np


def strongest(values, max_features):
    """Columns with the largest mean absolute value, and the sum of the others.

    Parameters
    ----------
    values : ndarray of shape (n, d)
    max_features : int
        How many columns to pick at most; columns of zeros are only picked where all are.

    Returns
    -------
    columns : ndarray of int
        Positions of the picked columns, the strongest first.
    n_others : int
        Number of other columns that are not zero throughout.
    others : ndarray of shape (n,)
        Their sum.

    Raises
    ------
    ValueError
        If `max_features` is below 1, or there are no columns.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime.plotting.top_features import strongest
    >>> strongest(np.array([[1.0, 0.0, -3.0, 0.5]]), max_features=1)
    (array([2]), 2, array([1.5]))
    """
    if max_features < 1:
        raise ValueError(f"max_features={max_features!r} must be at least 1")
    if not values.shape[1]:
        raise ValueError("explanation has no features in these rows, nothing to show")
    means = np.abs(values).mean(axis=0)
    order = np.argsort(-means, kind="stable")
    n_active = np.count_nonzero(means) or len(order)
    columns, others = np.split(order[:n_active], [max_features])
    return columns, len(others), values[:, others].sum(axis=1)


def with_others(names, columns, n_others):
    """Names of the top columns, and of the sum of the others if there are any.

    Parameters
    ----------
    names : sequence of d objects
        Names of all columns.
    columns : array-like of int
        Positions of the picked ones.
    n_others : int
        How many columns the last name stands for.
    """
    picked = [str(names[j]) for j in columns]
    return picked + [f"{n_others:,} other{'s' * (n_others > 1)}, summed"] * (n_others > 0)
