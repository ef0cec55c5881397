"""One column of a dense table: its kind, its floats or values, and its codec.

A column is of one of the kinds "float", "integer", "boolean", "nominal" (strings and
categories), "date", "zoned date" (with a time zone), "period", "duration" and
"time of day", or is named by the type that no format takes.
"""

import datetime
import decimal
import numbers

import numpy as np

from sklime.serialization.state import PlainState
from sklime.tables import arrow
from sklime.tables.codecs import (
    ExtensionNumbers,
    Levels,
    Numbers,
    ObjectNumbers,
    PolarsNumbers,
    SparseValues,
)
from sklime.tables.time_objects import TimeObjects, ticks_of_objects
from sklime.tables.times import DAY, MISSING, NANOSECONDS, Ticks, Times, is_temporal

_KINDS = {
    "f": "float",
    "i": "integer",
    "u": "integer",
    "b": "boolean",
    "U": "nominal",
    "M": "date",
    "m": "duration",
}
_POLARS_TIMES = {
    "Date": "date",
    "Datetime": "date",
    "Duration": "duration",
    "Time": "time of day",
}
# Days that 32 bits hold.
_POLARS_DAYS = (-(2**31), 2**31 - 1)
_BOOLEAN = (bool, np.bool_)
_INTEGER = (*_BOOLEAN, numbers.Integral)
_REAL = (*_INTEGER, numbers.Real, decimal.Decimal)
_OBJECT_KINDS = {
    "boolean": _BOOLEAN,
    "integer": _INTEGER,
    "float": _REAL,
    "nominal": (*_REAL, str),
    "date": (datetime.date, np.datetime64),
    "duration": (datetime.timedelta, np.timedelta64),
    "time of day": (datetime.time,),
}


def kind_of(dtype):
    """Kind of the columns of a dtype that has a `kind` as numpy's have."""
    return _KINDS.get(dtype.kind) or str(dtype)


class PandasSeries:
    """A column of a pandas DataFrame, or of an array.

    Parameters
    ----------
    series : pandas Series
        The column.
    """

    def __init__(self, series):
        import pandas

        # Values that stand for the many are values like all others.
        self.sparse = series.dtype if isinstance(series.dtype, pandas.SparseDtype) else None
        self.series = series if self.sparse is None else series.sparse.to_dense()

    @property
    def kind(self):
        """Kind of the column's values, such as "float" or "nominal"."""
        import pandas

        dtype = self.series.dtype
        if isinstance(dtype, (pandas.CategoricalDtype, pandas.StringDtype)):
            return "nominal"
        if isinstance(dtype, pandas.PeriodDtype):
            return "period"
        if isinstance(dtype, pandas.DatetimeTZDtype):
            return "zoned date"
        if isinstance(dtype, pandas.ArrowDtype):
            temporal = arrow.kind_of(dtype.pyarrow_dtype)
            if temporal is not None:
                return temporal
        return _kind_of_objects(self.series) if dtype.kind == "O" else kind_of(dtype)

    def floats(self):
        """Numbers as floats, NaN where missing."""
        return self.series.to_numpy(dtype=np.float64, na_value=np.nan)

    def ticks(self):
        """Dates or durations as `Ticks`; None where the column holds none."""
        kind, dtype = self.kind, self.series.dtype
        if not is_temporal(kind):
            return None
        if kind == "period":
            return Ticks(kind, self.series.array.asi8, dtype)
        if isinstance(dtype, np.dtype) and dtype.kind == "O":
            missing = self.series.isna().to_numpy()
            return ticks_of_objects(kind, self.series.to_numpy(), missing)
        if (
            not isinstance(dtype, np.dtype)
            and kind == "zoned date"
            and hasattr(dtype, "tz")
        ):
            numbers = self.series.array.asi8
            return Ticks(kind, numbers, NANOSECONDS[dtype.unit], dtype.tz)
        if not isinstance(dtype, np.dtype):
            return arrow.ticks(kind, self.series.array)
        unit = NANOSECONDS[np.datetime_data(dtype)[0]]
        return Ticks(kind, self.series.to_numpy().view(np.int64), unit)

    def values(self):
        """Values as they are, in a form that pandas.factorize takes."""
        return self.series.values

    def numbers(self):
        """Codec of the column if it is one of numbers, dates or durations."""
        return self._as_stored(self._numbers())

    def levels(self):
        """Codec of a nominal column."""
        return self._as_stored(self._levels())

    def _as_stored(self, codec):
        return codec if self.sparse is None else SparseValues(codec, self.sparse)

    def _numbers(self):
        dtype = self.series.dtype
        ticks = self.ticks()
        if ticks is not None:
            return Times(ticks, self._rebuild(ticks))
        if not isinstance(dtype, np.dtype):
            return ExtensionNumbers(dtype)
        if dtype.kind != "O":
            return Numbers(dtype)
        return ObjectNumbers(self.series.dropna().to_list(), self._missing_marker())

    def _levels(self):
        from pandas.api import extensions

        observed = self.series.dropna().unique()
        objects = np.asarray(observed, dtype=object)
        # A categorical sorts by the order of its categories.
        by = observed if hasattr(observed, "categories") else objects
        try:
            order = by.argsort()
        except TypeError:
            keys = [(type(value).__name__, value) for value in objects]
            order = sorted(range(len(keys)), key=keys.__getitem__)
        observed = observed[order]
        # Past the last level: the missing value of the dtype, NaN where it has none.
        choices = extensions.take(observed, [*range(len(order)), -1], allow_fill=True)
        if isinstance(choices, np.ndarray):
            choices[-1] = self._missing_marker()
        return Levels(objects[order], observed, choices)

    def _rebuild(self, ticks):
        """Give the way back from ticks to a column of this dtype."""
        import pandas

        dtype = self.series.dtype
        if isinstance(dtype, np.dtype) and dtype.kind == "O":
            marker = self._missing_marker(pandas.NaT)
            return TimeObjects(ticks, self.series.to_numpy(), marker)
        if isinstance(dtype, pandas.ArrowDtype):
            return arrow.Rebuilt(dtype.pyarrow_dtype)
        return _RebuiltPandas(dtype)

    def _missing_marker(self, default=np.nan):
        missing = self.series[self.series.isna()]
        return missing.iloc[0] if len(missing) else default


class _RebuiltPandas(PlainState):
    """The way back from ticks to a column of a dtype of pandas."""

    def __init__(self, dtype):
        self.dtype = dtype

    def __call__(self, numbers):
        import pandas

        dtype = self.dtype
        if isinstance(dtype, np.dtype):
            return numbers.view(dtype)
        if isinstance(dtype, pandas.PeriodDtype):
            return pandas.PeriodIndex.from_ordinals(numbers, freq=dtype.freq)
        utc = pandas.DatetimeIndex(numbers.view(f"M8[{dtype.unit}]")).tz_localize("UTC")
        return utc.tz_convert(dtype.tz)


def _kind_of_objects(series):
    """Kind of a column of Python objects, by the types of those not missing."""
    types = set(map(type, series.dropna().to_numpy()))
    if not types:
        return "float"
    for kind, classes in _OBJECT_KINDS.items():
        if all(issubclass(each, classes) for each in types):
            return _date_kind(series) if kind == "date" else kind
    supported = _OBJECT_KINDS["nominal"]
    odd = min(each.__name__ for each in types if not issubclass(each, supported))
    # Among others they are no column of dates.
    return f"datetime.{odd}" if is_temporal(odd) else odd


def _date_kind(series):
    """Kind of a column of dates as objects, which have a time zone or not."""
    zoned = {getattr(own, "tzinfo", None) is not None for own in series.dropna()}
    if len(zoned) > 1:
        return "dates with and without a time zone"
    return "zoned date" if True in zoned else "date"


class PolarsSeries:
    """A column of a polars DataFrame, with the methods of `PandasSeries`.

    Parameters
    ----------
    series : polars Series
        The column.
    """

    def __init__(self, series):
        self.series = series

    @property
    def kind(self):
        import polars

        dtype = self.series.dtype
        if dtype.is_integer():
            return "integer"
        if dtype.is_numeric() or dtype == polars.Null:
            return "float"
        if dtype in (polars.String, polars.Categorical, polars.Enum):
            return "nominal"
        if dtype == polars.Boolean:
            return "boolean"
        if dtype.is_temporal():
            zoned = getattr(dtype, "time_zone", None) is not None
            return "zoned date" if zoned else _POLARS_TIMES[dtype.base_type().__name__]
        return str(dtype)

    def floats(self):
        import polars

        return self.series.cast(polars.Float64).to_numpy()

    def ticks(self):
        kind, dtype = self.kind, self.series.dtype
        if not is_temporal(kind):
            return None
        days = dtype.base_type().__name__ == "Date"
        unit = "D" if days else getattr(dtype, "time_unit", "ns")
        numbers = self.series.to_physical().cast(int).fill_null(MISSING).to_numpy()
        zone = getattr(dtype, "time_zone", None)
        return Ticks(kind, numbers, NANOSECONDS[unit], zone)

    def values(self):
        return self.series.to_numpy()

    def numbers(self):
        ticks = self.ticks()
        if ticks is None:
            return PolarsNumbers(self.series)
        return Times(ticks, _RebuiltPolars(self.series.dtype))

    def levels(self):
        observed = self.series.drop_nulls().unique().sort()
        objects = np.array(observed.to_list(), dtype=object)
        return Levels(objects, observed, observed.extend_constant(None, 1))


class _RebuiltPolars(PlainState):
    """The way back from ticks to a column of a dtype of polars."""

    def __init__(self, dtype):
        self.dtype = dtype

    def __call__(self, numbers):
        import polars

        dtype, missing = self.dtype, numbers == MISSING
        if dtype == polars.Date:
            numbers = np.where(missing, numbers, np.clip(numbers, *_POLARS_DAYS))
        if dtype == polars.Time:
            numbers = np.where(missing, numbers, np.clip(numbers, 0, DAY - 1))
        column = polars.Series(np.where(missing, 0, numbers))
        physical = polars.Int32 if dtype == polars.Date else polars.Int64
        column = column.cast(physical).cast(dtype)
        return column.set(polars.Series(missing), None) if missing.any() else column
