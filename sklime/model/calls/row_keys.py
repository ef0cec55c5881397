"""Keys of rows: equal for rows of equal values, whatever container they stand in.

Each value becomes 16 bytes: a number its float64, as long as that is exact, anything else a
hash of its kind and content; a row's key is a hash of these. A number that is missing is
NaN; -0.0 and 0.0 have different keys, as models can tell them apart. In a frame the names
of the columns belong to the row.
"""

import datetime
import hashlib
import numbers
from decimal import Decimal

import numpy as np
from scipy import sparse

from sklime.tables.access import is_frame

# Integers up to here are exact in float64.
_MOST_EXACT = 2**53

# Values of one image that are encoded at a time.
_PART = 2**18

_EPOCH = datetime.datetime(1970, 1, 1)
_NAN = np.float64(np.nan).view(np.uint64)


def row_keys(X, salt=b""):
    """Keys of the rows of a table, or of the samples in a list or an array.

    Parameters
    ----------
    X : {ndarray, frame, sparse matrix, Series, list} of n_rows rows
        Numbers, texts, dates, missing values, and arrays or lists of these.
    salt : bytes, default=b""
        What else the keys depend on.

    Returns
    -------
    list of bytes

    Raises
    ------
    TypeError
        If a value is of an unknown kind.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklime.model.calls.row_keys import row_keys
    >>> row_keys(np.array([[1, 2]])) == row_keys(np.array([[1.0, 2.0]]))
    True
    >>> frame = pd.DataFrame({"size": [1.0], "town": pd.Categorical(["Paris"])})
    >>> row_keys(frame) == row_keys(frame.astype({"size": int, "town": str}))
    True
    """
    if sparse.issparse(X):
        return _keys_of_sparse(X.tocsr(), salt)
    if is_frame(X) or hasattr(type(X), "column_names"):
        names, columns = _columns_of_frame(X)
        words = [_words_of_column(column) for column in columns]
        return _hashed(np.stack(words, axis=1), salt + _names(names))
    if hasattr(X, "to_list"):  # a Series
        X = X.to_list()
    if not isinstance(X, (list, tuple)):
        X = np.asarray(X)
        if X.dtype.kind != "O" and X.ndim > 2:
            return _keys_of_arrays(X, salt)
        if X.dtype.kind != "O" and X.ndim == 2:
            return _hashed(_words_of_array(X), salt)
        if X.ndim > 1:
            words = _words_of_objects(X.ravel().tolist()).reshape(len(X), -1, 2)
            return _hashed(words, salt)
    return _hashed(_words_of_objects(list(X))[:, np.newaxis], salt)


def _hashed(words, salt):
    """Hash rows of words, (n_rows, n_values, 2)."""
    start = hashlib.blake2b(salt, digest_size=16)
    keys = []
    for row in np.ascontiguousarray(words):
        own = start.copy()
        own.update(row)
        keys.append(own.digest())
    return keys


def _keys_of_arrays(X, salt):
    """Keys of images or series, (n_rows, ...), of which one may fill the memory."""
    salt, keys = salt + _shape(X.shape[1:]), []
    for row in X:
        own, values = hashlib.blake2b(salt, digest_size=16), row.reshape(-1)
        for start in range(0, len(values), _PART):
            own.update(_words_of_array(values[start : start + _PART]))
        keys.append(own.digest())
    return keys


def _names(names):
    """Salt of column names; numbers, which name nothing, count as none."""
    if not all(isinstance(name, str) for name in names):
        return b""
    return b"names" + b"".join(_with_length(name.encode()) for name in names)


def _columns_of_frame(X):
    """Names and columns of a frame of pandas, polars or Arrow."""
    import narwhals.stable.v2 as nw

    if hasattr(X, "iloc"):
        # Names may occur twice.
        columns = [X.iloc[:, j] for j in range(X.shape[1])]
        return list(X.columns), [nw.from_native(own, series_only=True) for own in columns]
    table = nw.from_native(X, eager_only=True)
    return table.columns, list(table.iter_columns())


def _words_of_column(column):
    """Words of one column of a frame, (n_rows, 2)."""
    dtype, own = column.dtype, column.to_native()
    plain = own.dtype if isinstance(getattr(own, "dtype", None), np.dtype) else None
    if plain is not None and plain.kind in "biuf":
        return _words_of_array(own.to_numpy())
    values = column.to_list()
    if plain is not None and plain.kind == "O":
        return _words_of_objects(values)
    missing = column.is_null().to_numpy()
    # None, NaN and NaT of a typed column are one missing value.
    instead = np.nan if dtype.is_numeric() or str(dtype) == "Boolean" else None
    if missing.any():
        values = [
            instead if gone else own for own, gone in zip(values, missing, strict=True)
        ]
    return _words_of_objects(values)


def _words_of_array(values):
    """Words of an array of any shape, of one dtype: (*shape, 2)."""
    kind, shape = values.dtype.kind, values.shape
    exact = kind in "bf" and values.dtype.itemsize <= 8
    if kind in "iu":
        exact = not values.size or (
            -_MOST_EXACT <= int(values.min()) and int(values.max()) <= _MOST_EXACT
        )
    if not exact:
        return _words_of_objects(list(values.ravel())).reshape(*shape, 2)
    words = np.zeros((*shape, 2), dtype=np.uint64)
    floats = values.astype(np.float64)
    words[..., 1] = np.where(np.isnan(floats), _NAN, floats.view(np.uint64))
    return words


def _words_of_objects(values):
    """Words of Python objects, (n_values, 2)."""
    words, known = np.zeros((len(values), 2), dtype=np.uint64), {}
    floats = words[:, 1].view(np.float64)
    for i, value in enumerate(values):
        number = value if type(value) is float else _exact_number(value)
        if number is not None:
            floats[i] = number if number == number else np.nan
            continue
        # Only texts are sure to be equal where Python says so.
        key = value if type(value) is str else None
        if key is None or key not in known:
            digest = hashlib.blake2b(_content(value), digest_size=16).digest()
            known[key] = np.frombuffer(digest, np.uint64) | np.uint64([1 << 63, 0])
        words[i] = known[key]
    return words


def _exact_number(value):
    """Number as a float, or None where the value is none, or no float is exactly it."""
    if isinstance(value, (bool, np.bool_)):
        return float(value)
    if isinstance(value, (float, np.floating)):
        number = float(value)
        return number if number == value or value != value else None
    if isinstance(value, (int, np.integer)) and not isinstance(value, np.timedelta64):
        return float(value) if abs(int(value)) <= _MOST_EXACT else None
    return None


def _content(value):
    """Kind and content of a value that is no number, as bytes."""
    if isinstance(value, str):
        return b"s" + value.encode(errors="surrogatepass")
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return b"missing"
    if isinstance(value, bytes):
        return b"b" + value
    if isinstance(value, (np.datetime64, np.timedelta64)):
        return _content_of_ticks(value)
    if isinstance(value, datetime.datetime):
        zone = b"" if value.tzinfo is None else str(value.tzinfo).encode()
        utc = value if value.tzinfo is None else value.astimezone(datetime.UTC)
        ticks = _nanoseconds(utc.replace(tzinfo=None) - _EPOCH)
        return b"t" + _with_length(zone) + str(ticks).encode()
    if isinstance(value, datetime.timedelta):
        return b"d" + str(_nanoseconds(value)).encode()
    if isinstance(value, (datetime.date, datetime.time)):
        return type(value).__name__.encode() + value.isoformat().encode()
    if isinstance(value, (numbers.Number, Decimal)):
        return b"n" + str(value).encode()
    if isinstance(value, (list, tuple)):
        return b"l" + b"".join(_with_length(_word(own)) for own in value)
    if isinstance(value, dict):
        return b"m" + _content(sorted(value.items()))
    if type(value).__module__.partition(".")[0] == "pandas":  # intervals and periods
        return b"p" + _with_length(type(value).__name__.encode()) + str(value).encode()
    if hasattr(value, "__array__") or hasattr(value, "__array_interface__"):
        array = np.asarray(value)
        if array.dtype.kind == "O":
            words = _words_of_objects(array.ravel().tolist())
        else:
            words = _words_of_array(array)
        return b"a" + _shape(array.shape) + words.tobytes()
    raise TypeError(
        f"a row holds {value!r:.80}, of type {type(value).__name__}, by which it cannot be "
        "known again: leave cache=None and max_rows=None in Calls, or give rows of "
        "numbers, texts, dates, arrays or lists"
    )


def _content_of_ticks(value):
    """Content of a date or duration of numpy: that of Python's, with nanoseconds."""
    if np.isnat(value):
        return b"missing"
    micro = value.astype(f"{type(value).__name__}[us]")
    more = int((value - micro).astype("timedelta64[ns]").astype(int))
    own = micro.item()
    if isinstance(own, int):  # beyond the years of Python
        return b"T" + str(value).encode()
    date = isinstance(own, datetime.datetime)
    ticks = _nanoseconds(own - _EPOCH if date else own) + more
    return (b"t" + _with_length(b"") if date else b"d") + str(ticks).encode()


def _nanoseconds(duration):
    own = 86_400 * duration.days + duration.seconds
    own = 1_000 * (1_000_000 * own + duration.microseconds)
    return own + getattr(duration, "nanoseconds", 0)


def _word(value):
    return _words_of_objects([value]).tobytes()


def _with_length(content):
    return len(content).to_bytes(8, "little") + content


def _shape(shape):
    return b"shape" + repr(tuple(shape)).encode()


def _keys_of_sparse(X, salt):
    """Keys of the rows of a CSR matrix, from the entries that are not 0."""
    X = X.copy()
    X.sum_duplicates()
    X.eliminate_zeros()
    values = _words_of_array(X.data)
    keys = []
    for start, stop in zip(X.indptr[:-1], X.indptr[1:], strict=True):
        own = hashlib.blake2b(salt + b"sparse", digest_size=16)
        own.update(X.indices[start:stop].astype(np.int64))
        own.update(np.ascontiguousarray(values[start:stop]))
        keys.append(own.digest())
    return keys
