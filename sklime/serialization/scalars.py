"""Scalars as plain JSON, and back.

Strings, booleans, ints, finite floats and None stand for themselves; any other value is a
dict with one key, which begins with ``$``.
"""

import datetime
import math
import re
from decimal import Decimal
from fractions import Fraction

import numpy as np

_PLAIN = (bool, int, str, type(None))
_EXACT = {own.__name__: own for own in (Decimal, Fraction)}
_ZONE = re.compile(r"(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9_+:/.-]*")
_FRACTION = re.compile(r"-?[0-9]+(/[0-9]+)?")
_NUMPY_TIME = re.compile(r"(datetime64|timedelta64)(\[\w+\])?")
_TIMES = {own.__name__: own for own in (datetime.datetime, datetime.date, datetime.time)}


def encode_scalar(value):
    """Encode a number, string, date, time, missing value or tuple of these as plain JSON.

    Parameters
    ----------
    value : object
        Of Python, numpy or pandas. Numbers of numpy become those of Python.

    Returns
    -------
    None, bool, int, float, str or dict

    Raises
    ------
    TypeError
        If the value is of another type.

    Examples
    --------
    >>> from sklime.serialization.scalars import encode_scalar
    >>> encode_scalar(1.5), encode_scalar(float("inf"))
    (1.5, {'$float': 'Infinity'})
    """
    if isinstance(value, np.generic) and value.dtype.kind in "biufU":
        value = value.item()
    if type(value) in _PLAIN:
        return value
    if type(value) is tuple:
        return {"$tuple": list(map(encode_scalar, value))}
    if type(value) is float:
        return value if math.isfinite(value) else {"$float": spell_float(value)}
    if type(value) in _TIMES.values():
        return {f"${type(value).__name__}": value.isoformat()}
    if type(value) is datetime.timedelta:
        return {"$timedelta": [value.days, value.seconds, value.microseconds]}
    if isinstance(value, np.datetime64 | np.timedelta64):
        return {f"${value.dtype}": None if np.isnat(value) else int(value.view(np.int64))}
    if type(value) in (Decimal, Fraction):
        return {f"${type(value).__name__}": str(value)}
    if type(value).__module__.partition(".")[0] == "pandas":
        return _encode_pandas_scalar(value)
    raise TypeError(
        f"{value!r} of type {type(value).__name__} cannot be written as JSON: explain a "
        "table of numbers, strings, dates and missing values"
    )


def decode_scalar(value):
    """Decode a scalar that `encode_scalar` wrote.

    Parameters
    ----------
    value : None, bool, int, float, str or dict
        From a JSON document.

    Raises
    ------
    ValueError
        If it stands for nothing.
    """
    if not isinstance(value, dict):
        return value
    ((tag, content),) = value.items()
    name = tag.removeprefix("$")
    if name == "float":
        return float(content)
    if name == "tuple":
        return tuple(map(decode_scalar, content))
    if name in _TIMES:
        return _TIMES[name].fromisoformat(content)
    if name == "timedelta":
        days, seconds, microseconds = content
        return datetime.timedelta(days, seconds, microseconds)
    if _NUMPY_TIME.fullmatch(name):
        # As a whole: after a comma, numpy reads shapes of any size.
        return np.array("NaT" if content is None else content, dtype=name)[()]
    if name in _EXACT:
        if name == "Fraction" and not _FRACTION.fullmatch(content):
            # An exponent would be written out.
            raise ValueError(f"{content!r} is no fraction")
        return _EXACT[name](content)
    import pandas as pd

    if name in ("NA", "NaT"):
        return getattr(pd, name)
    if name == "Timestamp":
        time, unit, zone = content
        own = pd.Timestamp(np.datetime64(time)).as_unit(unit)
        return own if zone is None else own.tz_localize("UTC").tz_convert(check_zone(zone))
    if name == "Period":
        ordinal, freq = content
        return pd.Period(ordinal=ordinal, freq=freq)
    if name == "Interval":
        left, right, closed = content
        return pd.Interval(decode_scalar(left), decode_scalar(right), closed=closed)
    if name == "Timedelta":
        nanoseconds, unit = content
        return pd.Timedelta(nanoseconds, unit="ns").as_unit(unit)
    raise ValueError(f"{tag!r} stands for no value")


def check_zone(zone):
    """Check the name of a time zone from a document, and give it back.

    Raises
    ------
    ValueError
        If it would have a file opened that is none of the zones.
    """
    # pandas takes "dateutil/" for the beginning of a path.
    if (
        not isinstance(zone, str)
        or zone.startswith("dateutil/")
        or not _ZONE.fullmatch(zone)
    ):
        raise ValueError(f"{zone!r} is no name of a time zone that a document may have")
    return zone


def spell_float(value):
    """Spell a float that JSON has no number for."""
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def _encode_pandas_scalar(value):
    import pandas as pd

    if value is pd.NA or value is pd.NaT:
        return {"$NA" if value is pd.NA else "$NaT": None}
    if isinstance(value, pd.Timestamp):
        zone = None if value.tz is None else str(value.tz)
        return {"$Timestamp": [str(value.to_datetime64()), value.unit, zone]}
    if isinstance(value, pd.Period):
        return {"$Period": [value.ordinal, value.freqstr]}
    if isinstance(value, pd.Interval):
        ends = [encode_scalar(value.left), encode_scalar(value.right)]
        return {"$Interval": [*ends, value.closed]}
    if isinstance(value, pd.Timedelta):
        return {"$Timedelta": [value.value, value.unit]}
    raise TypeError(
        f"{value!r} of type {type(value).__name__} cannot be written as JSON: turn it into "
        "a string first"
    )
