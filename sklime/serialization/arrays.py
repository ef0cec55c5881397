"""Arrays of numpy and SciPy as plain JSON, and back, equal to the bit."""

import numpy as np
from scipy import sparse

from sklime.serialization.scalars import (
    decode_scalar,
    encode_scalar,
    spell_float,
)

_CSR = {"csr_array": sparse.csr_array, "csr_matrix": sparse.csr_matrix}


def nested_floats(array):
    """List floats; NaN becomes None, infinities the strings "Infinity" and "-Infinity".

    Returns
    -------
    list
        As deep as the array has dimensions.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime.serialization.arrays import nested_floats
    >>> nested_floats(np.array([[0.1, np.nan], [-np.inf, 2.0]]))
    [[0.1, None], ['-Infinity', 2.0]]
    """
    if np.isfinite(array).all():
        return array.tolist()
    spelled = array.astype(object)
    spelled[np.isnan(array)] = None
    infinite = np.isinf(array)
    spelled[infinite] = [spell_float(value) for value in array[infinite]]
    return spelled.tolist()


def encode_array(array):
    """Write an array with its dtype and shape.

    Parameters
    ----------
    array : ndarray
        Of booleans, numbers, strings, times or objects.

    Returns
    -------
    dict
        ``dtype``, ``shape`` and ``values``, a list as deep as the array has dimensions:
        floats as in `nested_floats`, times by ISO 8601, durations as ints in the unit of
        the dtype or "NaT", objects as in `encode_scalar`.

    Raises
    ------
    TypeError
        If the dtype has no such form.
    """
    kind, dtype = array.dtype.kind, str(array.dtype)
    if kind in "biuU":
        values = array.tolist()
        if kind == "U":
            _check_width(array.dtype, np.strings.str_len(array).ravel(), TypeError)
    elif kind == "f" and array.dtype.itemsize <= 8:
        values = nested_floats(array)
    elif kind == "M":
        values = np.datetime_as_string(array).tolist()
    elif kind == "m":
        values = np.where(np.isnat(array), "NaT", array.astype(int).astype(object)).tolist()
    elif kind == "T":
        dtype, values = "T", array.tolist()
    elif kind == "O":
        flat = np.empty(array.size, dtype=object)
        flat[:] = [encode_scalar(value) for value in array.ravel()]
        values = flat.reshape(array.shape).tolist()
    else:
        raise TypeError(f"an array of dtype {dtype} cannot be written as JSON: convert it")
    return {"dtype": dtype, "shape": list(array.shape), "values": values}


def decode_array(content):
    """Rebuild the array that `encode_array` wrote.

    Parameters
    ----------
    content : dict
        With ``dtype``, ``shape`` and ``values``.

    Raises
    ------
    ValueError
        If the values do not have that dtype and shape.
    """
    dtype, values = _checked_dtype(content["dtype"], content["values"]), content["values"]
    if dtype.kind == "O":
        encoded = np.array(values, dtype=object).ravel()
        array = np.empty(len(encoded), dtype=object)
        array[:] = [decode_scalar(value) for value in encoded]
    else:
        array = np.array(values, dtype=dtype)
    return array.reshape(content["shape"])


def _checked_dtype(name, values):
    """Dtype of an array in a document, if it is one that `encode_array` writes.

    Raises
    ------
    ValueError
        If it is not, or would take far more memory than the document does.
    """
    dtype = np.dtype(name)
    plain = dtype.kind in "biuUMmTO" or (dtype.kind == "f" and dtype.itemsize <= 8)
    if not plain:
        raise ValueError(f"dtype {name!r} is none that a document may name")
    if dtype.kind == "U":
        texts = np.array(values, dtype=object).ravel()
        lengths = np.array([len(own) if isinstance(own, str) else 0 for own in texts])
        _check_width(dtype, lengths, ValueError)
        longest = max(lengths, default=0)
        if dtype.itemsize > 256 * max(longest, 1) and dtype.itemsize * len(texts) > 2**16:
            # As wide as its values are, lest many such take more than the document.
            return np.dtype(f"U{max(longest, 1)}")
    return dtype


def _check_width(dtype, lengths, error):
    """Check that strings fill a share of the memory that they take in an array."""
    size = dtype.itemsize * len(lengths)
    if size > 2**22 and size > 400 * (lengths.sum() + 4 * len(lengths)):
        raise error(
            f"dtype {str(dtype)!r} is far wider than most of its values: make them an "
            "array of objects, of a length each"
        )


def encode_csr(matrix):
    """Write a CSR matrix as its kind, its shape and the three arrays it consists of."""
    parts = {name: encode_array(getattr(matrix, name)) for name in _PARTS}
    return {"class": type(matrix).__name__, "shape": list(matrix.shape), **parts}


def decode_csr(content):
    """Rebuild the CSR matrix that `encode_csr` wrote."""
    parts = tuple(decode_array(content[name]) for name in _PARTS)
    matrix = _CSR[content["class"]](parts, shape=content["shape"])
    matrix.check_format()
    return matrix


_PARTS = ("data", "indices", "indptr")
