"""One column of a dense table: its kind, its floats or values, and its codec.

A column is of one of the kinds "float", "integer", "boolean", "nominal" (strings and
categories) and "temporal" (dates and times), or is named by the type that no format takes.
"""

import datetime
import decimal
import numbers

import numpy as np

from sklime.tables.codecs import (
    ExtensionNumbers,
    Levels,
    Numbers,
    ObjectNumbers,
    PolarsNumbers,
    SparseValues,
)

_KINDS = {
    "f": "float",
    "i": "integer",
    "u": "integer",
    "b": "boolean",
    "U": "nominal",
    "M": "temporal",
    "m": "temporal",
}
_BOOLEAN = (bool, np.bool_)
_INTEGER = (*_BOOLEAN, numbers.Integral)
_REAL = (*_INTEGER, numbers.Real, decimal.Decimal)
_OBJECT_KINDS = {
    "boolean": _BOOLEAN,
    "integer": _INTEGER,
    "float": _REAL,
    "nominal": (*_REAL, str),
    "temporal": (
        *(datetime.date, datetime.time, datetime.timedelta),
        *(np.datetime64, np.timedelta64),
    ),
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
            return "temporal"
        return _kind_of_objects(self.series) if dtype.kind == "O" else kind_of(dtype)

    def floats(self):
        """Numbers as floats, NaN where missing."""
        return self.series.to_numpy(dtype=np.float64, na_value=np.nan)

    def values(self):
        """Values as they are, in a form that pandas.factorize takes."""
        return self.series.values

    def numbers(self):
        """Codec of the column if it is one of numbers."""
        return self._as_stored(self._numbers())

    def levels(self):
        """Codec of a nominal column."""
        return self._as_stored(self._levels())

    def _as_stored(self, codec):
        return codec if self.sparse is None else SparseValues(codec, self.sparse)

    def _numbers(self):
        dtype = self.series.dtype
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

    def _missing_marker(self):
        missing = self.series[self.series.isna()]
        return missing.iloc[0] if len(missing) else np.nan


def _kind_of_objects(series):
    """Kind of a column of Python objects, by the types of those not missing."""
    types = set(map(type, series.dropna().to_numpy()))
    if not types:
        return "float"
    for kind, classes in _OBJECT_KINDS.items():
        if all(issubclass(each, classes) for each in types):
            return kind
    supported = _OBJECT_KINDS["nominal"]
    return min(each.__name__ for each in types if not issubclass(each, supported))


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
        return "temporal" if dtype.is_temporal() else str(dtype)

    def floats(self):
        import polars

        return self.series.cast(polars.Float64).to_numpy()

    def values(self):
        return self.series.to_numpy()

    def numbers(self):
        return PolarsNumbers(self.series)

    def levels(self):
        observed = self.series.drop_nulls().unique().sort()
        objects = np.array(observed.to_list(), dtype=object)
        return Levels(objects, observed, observed.extend_constant(None, 1))
