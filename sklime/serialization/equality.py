"""Equality of values to the bit, containers included."""

import numpy as np
from scipy import sparse


def identical(a, b):
    """Compare values of any kind that explanations hold; NaN equals NaN.

    Parameters
    ----------
    a, b : object
        Numbers, strings, lists, dicts, arrays, CSR matrices, pandas or polars objects.
        Containers are equal only if of one kind; tuples count as lists, numpy's numbers
        as Python's.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime.serialization.equality import identical
    >>> identical([np.array([1.0, np.nan]), "a"], [np.array([1.0, np.nan]), "a"])
    True
    >>> identical(0.0, -0.0), identical(1, True), identical(np.zeros(1), np.zeros((1, 1)))
    (False, False, False)
    """
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(identical, a, b))
    a, b = (value.item() if isinstance(value, np.generic) else value for value in (a, b))
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(identical(a[key], b[key]) for key in a)
    if sparse.issparse(a):
        return a.shape == b.shape and all(
            identical(getattr(a, part), getattr(b, part))
            for part in ("indptr", "indices", "data")
        )
    if hasattr(a, "columns") and hasattr(a, "dtypes"):
        return _same_frames(a, b)
    if hasattr(a, "equals"):
        return _same_series(a, b)
    if isinstance(a, np.ndarray):
        return _same_arrays(a, b)
    if isinstance(a, float):
        return _same_arrays(np.asarray(a), np.asarray(b))
    # pandas' missing values equal nothing, but are one object each.
    return a is b or bool(a == b)


def _same_arrays(a, b):
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    if a.dtype == object:
        return all(map(identical, a.ravel(), b.ravel()))
    if a.dtype.kind != "f":
        return np.array_equal(a, b, equal_nan=a.dtype.kind in "mM")
    alike = (a == b) & (np.signbit(a) == np.signbit(b))
    return bool(np.all(alike | (np.isnan(a) & np.isnan(b))))


def _same_frames(a, b):
    if not identical(list(a.columns), list(b.columns)):
        return False
    if hasattr(a, "iloc"):
        return _same_index(a.index, b.index) and all(
            _same_series(a.iloc[:, j], b.iloc[:, j]) for j in range(a.shape[1])
        )
    return len(a) == len(b) and all(map(_same_series, a.get_columns(), b.get_columns()))


def _same_index(a, b):
    return list(a.names) == list(b.names) and a.equals(b)


def _same_series(a, b):
    """Compare series of pandas or polars; floats and objects more strictly than they do."""
    if a.dtype != b.dtype or not identical(a.name, b.name) or len(a) != len(b):
        return False
    if hasattr(a, "index") and not _same_index(a.index, b.index):
        return False
    if isinstance(a.dtype, np.dtype):
        return _same_arrays(a.to_numpy(), b.to_numpy())
    if str(a.dtype).startswith("dictionary<"):
        # Arrow compares all words of the dictionaries, whether they occur or not.
        return identical(a.to_list(), b.to_list())
    return a.equals(b)
