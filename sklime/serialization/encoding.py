"""Encoding of any value an explanation holds as plain JSON, and back, equal to the bit.

Strings, numbers, booleans, None, lists and dicts stand for themselves. All else is a dict
with one key, which begins with ``$`` and names what is written. Reading runs nothing: what
can be built is listed here, and in the modules for arrays, columns and scalars.
"""

import numpy as np
from scipy import sparse

from sklime.serialization.arrays import (
    decode_array,
    decode_csr,
    encode_array,
    encode_csr,
)
from sklime.serialization.frames import (
    decode_pandas,
    decode_polars,
    encode_pandas,
    encode_polars,
)
from sklime.serialization.scalars import decode_scalar, encode_scalar


def encode(value):
    """Encode a value as plain JSON.

    Parameters
    ----------
    value : object
        A number, string, date, time or None; an array, CSR matrix, Series or frame; or a
        list, tuple or dict of these.

    Returns
    -------
    None, bool, int, float, str, list or dict
        Lists and dicts hold the same; floats are finite.

    Raises
    ------
    TypeError
        If the value, or one inside of it, is of another type, or a key is no string.
    ValueError
        If a key begins with ``$``.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime.serialization.encoding import decode, encode
    >>> encode({"width": 2.0, "seeds": (1, 2)})
    {'width': 2.0, 'seeds': {'$tuple': [1, 2]}}
    >>> decode(encode([np.array([[1.0], [np.nan]], dtype="float32")]))
    [array([[ 1.], [nan]], dtype=float32)]
    """
    if isinstance(value, list):
        return [encode(item) for item in value]
    if isinstance(value, tuple):
        return {"$tuple": [encode(item) for item in value]}
    if isinstance(value, dict):
        return {_checked_key(key): encode(item) for key, item in value.items()}
    tag = _tag_of(value)
    return encode_scalar(value) if tag is None else {tag: _CODECS[tag][0](value)}


def decode(value):
    """Decode a value that `encode` wrote.

    Parameters
    ----------
    value : None, bool, int, float, str, list or dict
        From a JSON document.

    Raises
    ------
    ValueError
        If something in it stands for nothing.
    """
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    tag = next(iter(value), "")
    if not tag.startswith("$"):
        return {key: decode(item) for key, item in value.items()}
    if tag == "$tuple":
        return tuple(decode(value[tag]))
    return _CODECS[tag][1](value[tag]) if tag in _CODECS else decode_scalar(value)


def _only_column_of_pandas(content):
    return decode_pandas(content).iloc[:, 0]


def _only_column_of_polars(content):
    return decode_polars(content).to_series()


_CODECS = {
    "$array": (encode_array, decode_array),
    "$csr": (encode_csr, decode_csr),
    "$pandas.DataFrame": (encode_pandas, decode_pandas),
    "$pandas.Series": (encode_pandas, _only_column_of_pandas),
    "$polars.DataFrame": (encode_polars, decode_polars),
    "$polars.Series": (encode_polars, _only_column_of_polars),
}


def _tag_of(value):
    """Key under which a container is encoded; None for a scalar."""
    if isinstance(value, np.ndarray):
        return "$array"
    if sparse.issparse(value) and value.format == "csr":
        return "$csr"
    # By name, so that neither library is imported for those who do not use it.
    for base in type(value).__mro__:
        tag = f"${base.__module__.partition('.')[0]}.{base.__name__}"
        if tag in _CODECS:
            return tag
    return None


def _checked_key(key):
    if not isinstance(key, str):
        raise TypeError(f"the key {key!r} cannot be written as JSON: use strings")
    if key.startswith("$"):
        raise ValueError(f"the key {key!r} begins with '$', which marks what is encoded")
    return key
