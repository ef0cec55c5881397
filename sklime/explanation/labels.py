"""Labels of rows: those of the index of the explained frame, else positions."""

from __future__ import annotations

import difflib
from collections.abc import Hashable
from numbers import Number
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from sklime.validation import listed

if TYPE_CHECKING:
    import pandas as pd

# What is indexed by rows: an explanation.
_Whole = TypeVar("_Whole")

# Close labels that an error names.
_N_CLOSEST = 3


def row_labels(explanation: Any) -> pd.Index:
    """Labels of the explained rows: those of a pandas index, else positions.

    Parameters
    ----------
    explanation : Explanation
        Explained rows of any kind.

    Returns
    -------
    pandas.Index of n labels
    """
    import pandas as pd

    data = explanation.data
    return data.index if hasattr(data, "iloc") else pd.RangeIndex(len(explanation))


def row_names(explanation: Any) -> list[str]:
    """Labels of the explained rows as pages and pictures write them.

    Parameters
    ----------
    explanation : Explanation
        Explained rows of any kind.

    Returns
    -------
    list of n str
    """
    labels = row_labels(explanation)
    if labels.nlevels > 1:
        return [", ".join(map(str, label)) for label in labels]
    return list(map(str, labels))


def row_position(row: Any, explanation: Any) -> int:
    """Position of one row, counted from the first.

    Parameters
    ----------
    row : int
        A position; negative ones count from the end.
    explanation : Explanation
        Whose row it is.

    Returns
    -------
    int

    Raises
    ------
    IndexError
        If there is no such row.
    TypeError
        If `row` is no int.
    """
    n = len(explanation)
    whole = isinstance(row, (int, np.integer)) and not isinstance(row, (bool, np.bool_))
    if whole and -n <= row < n:
        return range(n)[row]
    labels = row_labels(explanation).tolist()
    where = "a position, counted from 0; explanation.loc[label] finds rows by their labels"
    if isinstance(row, Hashable) and row in labels:
        where = (
            f"a position, counted from 0: the row with the label {row!r} is "
            f"row={labels.index(row)}, and explanation.loc[{row!r}] has the row, too"
        )
    if whole:
        raise IndexError(f"row={row!r} is out of range for {n} rows: it is {where}")
    if isinstance(row, (list, tuple, np.ndarray, slice)):
        where += ". It is one row; SummaryDisplay and HeatmapDisplay show many"
    raise TypeError(f"row={row!r} must be an int, {where}")


class RowsByLabel(Generic[_Whole]):
    """The rows of an explanation by the labels of its index, as ``loc`` in pandas.

    Parameters
    ----------
    explanation : Explanation
        Explained rows of any kind.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.linear_model import LinearRegression
    >>> from sklime import LimeExplainer
    >>> X = pd.DataFrame({"age": [1, 5, 3, 8]}, index=["ann", "bob", "cat", "dan"])
    >>> model = LinearRegression().fit(X, [1, 2, 3, 4])
    >>> explanation = LimeExplainer(model, random_state=0).fit(X).explain(X)
    >>> len(explanation.loc["bob"]), len(explanation.loc["bob":"dan"])
    (1, 3)
    """

    def __init__(self, explanation: _Whole) -> None:
        self._explanation = explanation

    def __getitem__(self, key: Any) -> _Whole:
        whole: Any = self._explanation
        labels = row_labels(whole)
        rows, rest = key, []
        # A tuple is a label of an index of several levels.
        whole_label = labels.nlevels > 1 and not isinstance(
            key[0] if isinstance(key, tuple) and key else key, (tuple, list, slice)
        )
        if isinstance(key, tuple) and not whole_label:
            rows, *rest = key
        part = whole[_positions(rows, labels)]
        return part[(slice(None), *rest)] if rest else part


def _positions(rows, labels):
    """Positions of the rows with these labels, in the order of the labels."""
    n = len(labels)
    if isinstance(rows, slice):
        for label in (rows.start, rows.stop):
            if label is not None and not labels.is_monotonic_increasing:
                _positions_of_one(label, labels)
        return np.arange(n)[labels.slice_indexer(rows.start, rows.stop, rows.step)]
    if isinstance(rows, (str, tuple)) or np.ndim(rows) == 0:
        return _positions_of_one(rows, labels)
    rows = rows if isinstance(rows, list) else list(np.asarray(rows))
    if rows and all(isinstance(own, (bool, np.bool_)) for own in rows):
        if len(rows) != n:
            raise IndexError(f"loc got a mask of {len(rows)} entries for {n} rows")
        return np.flatnonzero(rows)
    found = [_positions_of_one(label, labels) for label in rows]
    return np.concatenate(found) if found else np.empty(0, dtype=int)


def _positions_of_one(label, labels):
    import pandas as pd

    try:
        found = labels.get_loc(label)
    except (KeyError, TypeError, pd.errors.InvalidIndexError):
        raise _no_such_label(label, labels) from None
    return np.atleast_1d(np.arange(len(labels))[found])


def _no_such_label(label, labels):
    close = listed(map(repr, _closest(label, labels.tolist())))
    return KeyError(
        f"no row is labelled {label!r}: of the {len(labels)} labels of the explained rows, "
        f"the closest are {close}"
    )


def _closest(label, known):
    """Labels that are near in number, or else in spelling."""
    if isinstance(label, Number) and all(isinstance(own, Number) for own in known):
        return sorted(known, key=lambda own: abs(own - label))[:_N_CLOSEST]
    spelt = {str(own): own for own in known}
    close = difflib.get_close_matches(str(label), spelt, n=_N_CLOSEST, cutoff=0.0)
    return [spelt[own] for own in close]
