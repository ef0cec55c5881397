"""Columns of a table, chosen as in scikit-learn's ColumnTransformer."""

import numpy as np

from sklime.tables.access import is_frame


def positions_of(columns, X, names, part):
    """Positions of chosen columns.

    Parameters
    ----------
    columns : str, int, sequence, slice, mask or callable
        A name or position, several of them, a slice of either, a mask over all columns, or
        a function of the table that gives one of these.
    X : table
        Checked.
    names : sequence of str
        Names of its columns.
    part : str
        Who takes them, for messages.

    Returns
    -------
    ndarray of int

    Raises
    ------
    TypeError, ValueError
        If there are no such columns.
    """
    if callable(columns):
        columns = columns(X)
    told = f"columns={columns!r} of part {part!r}"
    d = len(names)
    if isinstance(columns, slice):
        columns = _slice_of_positions(columns, names, told)
        return np.arange(d)[columns]
    chosen = [columns] if isinstance(columns, str) or np.ndim(columns) == 0 else [*columns]
    if not chosen:
        raise ValueError(f"{told} chooses no column: leave the part out.")
    if all(isinstance(one, (bool, np.bool_)) for one in chosen):
        if len(chosen) != d:
            raise ValueError(
                f"{told} is a mask of {len(chosen)} columns, the table has {d}."
            )
        if not any(chosen):
            raise ValueError(f"{told} chooses no column: leave the part out.")
        return np.flatnonzero(chosen)
    return np.array([_position(one, X, names, told) for one in chosen], dtype=int)


def _position(column, X, names, told):
    if isinstance(column, (int, np.integer)) and not isinstance(column, (bool, np.bool_)):
        if not -len(names) <= column < len(names):
            raise ValueError(
                f"{told} holds the position {column}; the table has {len(names)} columns."
            )
        return int(column) % len(names)
    if not isinstance(column, str):
        raise TypeError(
            f"{told} must be names, positions, a slice, a mask, or a function of the table "
            f"that gives one of these; it holds {column!r}."
        )
    if not is_frame(X):
        raise ValueError(
            f"{told} names a column, but the table is an array without names: give "
            "positions, or fit on a data frame."
        )
    if column not in names:
        known = ", ".join(map(repr, names))
        raise ValueError(f"{told} names no column of the table: it has {known}.")
    return names.index(column)


def _slice_of_positions(columns, names, told):
    """A slice of positions; one of names includes its end, as in pandas."""
    start, stop = columns.start, columns.stop
    if not (isinstance(start, str) or isinstance(stop, str)):
        return columns
    for name in (start, stop):
        if name is not None and name not in names:
            known = ", ".join(map(repr, names))
            raise ValueError(f"{told} names no column of the table: it has {known}.")
    first = None if start is None else names.index(start)
    last = None if stop is None else names.index(stop) + 1
    return slice(first, last, columns.step)
