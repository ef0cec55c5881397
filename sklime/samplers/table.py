"""The rows of a table written as one float matrix, and back as the model knows them.

Three ideas, one small class for each variant: a *table* gives columns and assembles them
(array, pandas, polars); a *column* says what it holds and gives its floats or its
values (pandas, polars; the columns of arrays are read as pandas ones); a *codec* is what
is remembered of a training column (numbers or levels).
"""

import datetime
import decimal
import numbers

import numpy as np


class TableFormat:
    """How the rows of a table are written as float64 and back.

    Numbers stay as they are, nominal columns become the index of their level, and what
    is missing is NaN. The way back restores names, order, dtypes and categories, so
    that a model always receives the kind of table it was trained on.

    Parameters
    ----------
    X : ndarray, pandas DataFrame or polars DataFrame of shape (n_samples, n_features)
        The training table.

    Attributes
    ----------
    n_features : int
        Number of columns.
    feature_names : ndarray of shape (n_features,), dtype object
        Column names as str; ``"x0"``, ``"x1"``, ... for arrays.
    nominal : ndarray of shape (n_features,), dtype bool
        Columns of levels: strings, categories and the boolean columns of frames, and
        columns of Python objects that hold strings. All others are numbers.

    Raises
    ------
    TypeError
        If `X` is no such table, or a column holds dates, times, complex numbers or
        objects other than strings and numbers.
    ValueError
        If `X` is not two-dimensional or column names occur twice.

    Examples
    --------
    >>> import pandas
    >>> X = pandas.DataFrame({"age": [31, 8], "pet": ["dog", "cat"]})
    >>> table_format = TableFormat(X)
    >>> table_format.encode(X)
    array([[31.,  1.],
           [ 8.,  0.]])
    >>> table_format.decode([[9.0, 1.0]])
       age  pet
    0    9  dog
    >>> table_format.level_name(1, 0.0)
    'cat'
    """

    def __init__(self, X):
        table = _table(X)
        kinds = table.kinds
        self.feature_names = np.array([str(name) for name in table.names], dtype=object)
        _check_names(self.feature_names)
        _check_kinds(self.feature_names, kinds)
        self.n_features = len(kinds)
        self.nominal = np.isin(kinds, table.nominal_kinds)
        self._codecs = table.codecs(self.nominal)
        self._empty = table.empty()

    def encode(self, X):
        """Write the rows of a table as floats.

        Parameters
        ----------
        X : ndarray, pandas DataFrame or polars DataFrame of shape (n_samples, n_features)
            Columns are taken by position; names are for the caller to check.

        Returns
        -------
        ndarray of shape (n_samples, n_features), dtype float64, C-contiguous
            Numbers, level indices from 0, NaN for missing values and -1 for a value
            that is not among the levels of its column.

        Raises
        ------
        TypeError
            If `X` or a column of it is of an unsupported type, as in the constructor.
        ValueError
            If the number of columns differs, strings stand where numbers are expected,
            or a number is infinite or an integer too large for a float.
        """
        table = _table(X)
        kinds = table.kinds
        if len(kinds) != self.n_features:
            raise ValueError(
                f"X has {len(kinds)} features, but {self.n_features} are expected as in "
                "training: pass the same columns in the same order."
            )
        _check_kinds(self.feature_names, kinds)
        strings = (np.array(kinds) == "nominal") & ~self.nominal
        if strings.any():
            raise ValueError(
                f"X holds strings or categories in {_listed(self.feature_names[strings])}, "
                "where training had numbers: pass the dtypes of the training table."
            )
        E = table.read(self._codecs)
        _check_numbers(self.feature_names, kinds, E)
        return E

    def decode(self, E):
        """Restore the table that the rows of a float matrix stand for.

        Numbers are cast to the training dtype unless that would change them: a column
        of integers that is given 0.5, or a missing value it cannot hold, stays float64.

        Parameters
        ----------
        E : array-like of shape (n_samples, n_features)
            Rows as `encode` writes them.

        Returns
        -------
        ndarray, pandas DataFrame or polars DataFrame of shape (n_samples, n_features)
            A table of the kind learnt; `E` itself where that was a float64 array.

        Raises
        ------
        ValueError
            If a nominal column holds a value that is no level index, such as the -1 of
            an unknown value.
        """
        return self._empty.write(np.asarray(E, dtype=np.float64), self._codecs)

    def level_name(self, j, value):
        """Give readable text for one encoded value.

        Parameters
        ----------
        j : int
            Column.
        value : float
            Value of that column as `encode` writes it.

        Returns
        -------
        str
            The level, or the shortest text of the number; ``"missing"`` for NaN and
            ``"unknown"`` for a value that is not among the levels.
        """
        return "missing" if np.isnan(value) else self._codecs[j].name(float(value))


def _listed(names):
    """Column names as they stand in an error message, ten at most."""
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    plural = "s " if len(names) > 1 else " "
    return "column" + plural + ", ".join(repr(str(name)) for name in names[:10]) + more


def _check_names(names):
    unique, counts = np.unique(names.astype(str), return_counts=True)
    if len(unique) < len(names):
        raise ValueError(
            f"X names {_listed(unique[counts > 1])} more than once: rename, so that "
            "every column can be told by its name."
        )


def _check_kinds(names, kinds):
    temporal = [name for name, kind in zip(names, kinds, strict=True) if kind == "temporal"]
    if temporal:
        raise TypeError(
            f"X holds dates or times in {_listed(temporal)}: drop them, or turn them into "
            "numbers, e.g. days since a date."
        )
    for name, kind in zip(names, kinds, strict=True):
        if kind not in ("float", "integer", "boolean", "nominal"):
            raise TypeError(
                f"float() argument must be a string or a real number, not {kind!r}: drop "
                f"{_listed([name])} of X, or turn it into numbers, booleans, strings or "
                "categories."
            )


def _check_numbers(names, kinds, E):
    if not np.isfinite(E).all():
        infinite = np.isinf(E).any(axis=0)
        if infinite.any():
            raise ValueError(
                f"X holds inf, an infinite value, in {_listed(names[infinite])}: replace "
                "it by NaN (missing) or by a large finite number."
            )
    integer = np.array(kinds) == "integer"
    if integer.any():
        # 2**53 itself may already be a rounded 2**53 + 1.
        lossy = integer.copy()
        lossy[integer] = (np.abs(E[:, integer]) >= 2.0**53).any(axis=0)
        if lossy.any():
            raise ValueError(
                f"X holds integers of 2**53 or more in {_listed(names[lossy])}, which lose "
                "digits as floats: leave identifiers out, or turn them into strings."
            )


# ----------------------------------------------------------------------------- tables


def _table(X):
    """Wrap a table in the class that reads and writes its kind."""
    if isinstance(X, np.ndarray):
        if X.ndim != 2:
            raise ValueError(
                f"Expected 2D array, got {X.ndim}D array instead. Reshape your data: X "
                "needs shape (n_samples, n_features)."
            )
        return _ObjectArray(X) if X.dtype.kind in "OUT" else _NumberArray(X)
    # By name, so that neither library is imported for those who do not use it.
    for base in type(X).__mro__:
        origin = base.__module__.partition(".")[0], base.__name__
        if origin == ("pandas", "DataFrame"):
            return _PandasTable(X)
        if origin == ("polars", "DataFrame"):
            return _PolarsTable(X)
    raise TypeError(
        "X must be a two-dimensional numpy array, a pandas DataFrame or a polars "
        f"DataFrame, got {type(X).__name__}: convert it, e.g. by numpy.asarray."
    )


class _Table:
    """Columns in one container; read and written one by one."""

    nominal_kinds = ("nominal", "boolean")

    def __init__(self, X):
        self.X = X

    @property
    def kinds(self):
        return [column.kind for column in self.columns]

    def codecs(self, nominal):
        return [
            column.levels() if is_nominal else column.numbers()
            for column, is_nominal in zip(self.columns, nominal, strict=True)
        ]

    def read(self, codecs):
        E = np.empty(self.X.shape)
        for j, (codec, column) in enumerate(zip(codecs, self.columns, strict=True)):
            E[:, j] = codec.encode(column)
        E += 0.0  # -0.0 becomes 0.0: equal values, equal bytes
        return E

    def write(self, E, codecs):
        # A copy with contiguous columns: fast to read, and nobody's view of E.
        columns = np.array(E.T, order="C")
        return self.assemble(
            [codec.decode(values) for codec, values in zip(codecs, columns, strict=True)]
        )


class _ObjectArray(_Table):
    """An array of strings or Python objects."""

    # A boolean array is a numeric one for scikit-learn, hence for us.
    nominal_kinds = ("nominal",)

    @property
    def names(self):
        return [f"x{j}" for j in range(self.X.shape[1])]

    @property
    def columns(self):
        import pandas

        X = self.X.astype(object, copy=False) if self.X.dtype.kind in "UT" else self.X
        # With its dtype, or pandas would guess at strings.
        series = [pandas.Series(x, dtype=x.dtype, copy=False) for x in X.T]
        return [_PandasColumn(x) for x in series]

    def empty(self):
        return type(self)(self.X[:0].copy())

    def assemble(self, columns):
        import pandas

        X = np.column_stack([np.asarray(column, dtype=object) for column in columns])
        # A string array has no missing value, only the text "nan".
        return X if pandas.isna(X).any() else X.astype(self.X.dtype, copy=False)


class _NumberArray(_ObjectArray):
    """An array of numbers or booleans, read and written as a whole."""

    @property
    def kinds(self):
        dtype = self.X.dtype
        return [_KINDS.get(dtype.kind, str(dtype))] * self.X.shape[1]

    def codecs(self, nominal):
        return [_Numbers(self.X.dtype)] * self.X.shape[1]

    def read(self, codecs):
        if any(isinstance(codec, _Levels) for codec in codecs):
            return super().read(codecs)
        return np.add(self.X, 0.0, dtype=np.float64, order="C")

    def write(self, E, codecs):
        return _cast(E, self.X.dtype)


class _PandasTable(_Table):
    @property
    def names(self):
        return list(self.X.columns)

    @property
    def columns(self):
        return [_PandasColumn(series) for _, series in self.X.items()]

    def empty(self):
        return type(self)(self.X.iloc[:0].copy())

    def assemble(self, columns):
        import pandas

        series = [pandas.Series(x, dtype=x.dtype, copy=False) for x in columns]
        X = pandas.DataFrame(dict(enumerate(series)), copy=False)
        X.columns = self.X.columns
        return X


class _PolarsTable(_Table):
    @property
    def names(self):
        return self.X.columns

    @property
    def columns(self):
        return [_PolarsColumn(series) for series in self.X.get_columns()]

    def empty(self):
        return type(self)(self.X.clear())

    def assemble(self, columns):
        import polars

        return polars.DataFrame(dict(zip(self.names, columns, strict=True)))


# ---------------------------------------------------------------------------- columns

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


def _kind_of_objects(series):
    """Kind of a column of Python objects, by the types of those not missing."""
    types = set(map(type, series.dropna()))
    if not types:
        return "float"
    for kind, classes in _OBJECT_KINDS.items():
        if all(issubclass(each, classes) for each in types):
            return kind
    supported = _OBJECT_KINDS["nominal"]
    return min(each.__name__ for each in types if not issubclass(each, supported))


class _PandasColumn:
    def __init__(self, series):
        self.series = series

    @property
    def kind(self):
        import pandas

        dtype = self.series.dtype
        if isinstance(dtype, (pandas.CategoricalDtype, pandas.StringDtype)):
            return "nominal"
        if isinstance(dtype, pandas.PeriodDtype):
            return "temporal"
        if isinstance(dtype, pandas.SparseDtype):
            return str(dtype)
        if dtype.kind == "O":
            return _kind_of_objects(self.series)
        return _KINDS.get(dtype.kind, str(dtype))

    def floats(self):
        return self.series.to_numpy(dtype=np.float64, na_value=np.nan)

    def values(self):
        return self.series

    def numbers(self):
        dtype = self.series.dtype
        if not isinstance(dtype, np.dtype):
            return _ExtensionNumbers(dtype)
        if dtype.kind != "O":
            return _Numbers(dtype)
        return _ObjectNumbers(self.series.dropna().to_list(), self.missing_marker())

    def levels(self):
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
            choices[-1] = self.missing_marker()
        return _Levels(objects[order], observed, choices)

    def missing_marker(self):
        missing = self.series[self.series.isna()]
        return missing.iloc[0] if len(missing) else np.nan


class _PolarsColumn:
    def __init__(self, series):
        self.series = series

    @property
    def kind(self):
        import polars

        dtype = self.series.dtype
        if dtype in (polars.String, polars.Categorical, polars.Enum):
            return "nominal"
        if dtype == polars.Boolean:
            return "boolean"
        if dtype.is_integer():
            return "integer"
        if dtype.is_numeric() or dtype == polars.Null:
            return "float"
        return "temporal" if dtype.is_temporal() else str(dtype)

    def floats(self):
        import polars

        return self.series.cast(polars.Float64).to_numpy()

    def values(self):
        return self.series.to_numpy()

    def numbers(self):
        return _PolarsNumbers(self.series)

    def levels(self):
        observed = self.series.drop_nulls().unique().sort()
        objects = np.array(observed.to_list(), dtype=object)
        return _Levels(objects, observed, observed.extend_constant(None, 1))


# ----------------------------------------------------------------------------- codecs


def _cast(values, dtype):
    """Floats as a numpy dtype, or as they are where that would change them."""
    if dtype.kind == "f":
        return values.astype(dtype, copy=False)
    with np.errstate(invalid="ignore"):
        cast = values.astype(dtype)
    return cast if np.array_equal(cast, values) else values


class _Numbers:
    """A column of numbers of a numpy dtype."""

    def __init__(self, dtype):
        self.dtype = dtype

    def encode(self, column):
        return column.floats()

    def decode(self, values):
        return _cast(values, self.dtype)

    def name(self, value):
        if value.is_integer() and abs(value) < 1e16:
            return f"{value:.0f}"
        # The shortest text depends on the precision: 0.1 in float32 is not 0.1 in float64.
        size = self.dtype.itemsize if self.dtype.kind == "f" else 8
        return str(np.dtype(f"f{size}").type(value))


class _ObjectNumbers(_Numbers):
    """A column of numbers as Python objects."""

    def __init__(self, observed, missing_marker):
        dtype = np.array(observed).dtype
        super().__init__(dtype if dtype.kind in "iub" else np.dtype(np.float64))
        self.missing_marker = missing_marker

    def decode(self, values):
        observed = ~np.isnan(values)
        column = np.full(len(values), self.missing_marker, dtype=object)
        column[observed] = super().decode(values[observed])
        return column


class _ExtensionNumbers(_Numbers):
    """A column of numbers of a pandas extension dtype, such as Int64 or pyarrow's."""

    def decode(self, values):
        import pandas

        floats = pandas.Series(values, copy=False)
        try:
            column = floats.astype(self.dtype)
        except (TypeError, ValueError, NotImplementedError):  # 0.5 is no integer
            return floats
        if self.dtype.kind == "f":
            return column
        back = _PandasColumn(column).floats()
        return column if np.array_equal(back, values, equal_nan=True) else floats


class _PolarsNumbers(_Numbers):
    """A column of numbers in polars."""

    def __init__(self, series):
        import polars

        super().__init__(np.dtype("f4" if series.dtype == polars.Float32 else "f8"))
        self.polars_dtype = series.dtype
        # NaN is a float for polars; nothing but null can be missing elsewhere.
        self.null = not series.dtype.is_float() or series.null_count() > 0

    def decode(self, values):
        import polars

        floats = polars.Series(values)
        if self.null:
            floats = floats.fill_nan(None)
        column = floats.cast(self.polars_dtype, strict=False)
        if self.polars_dtype.is_float():
            return column
        return column if column.cast(polars.Float64).equals(floats) else floats


class _Levels:
    """A nominal column: its levels as objects, and as columns of the training dtype.

    `observed` holds the levels, `choices` also the missing marker, as its last value.
    """

    def __init__(self, objects, observed, choices):
        import pandas

        self.index = pandas.Index(objects, dtype=object)
        self.observed = observed
        self.choices = choices

    def encode(self, column):
        import pandas

        codes, values = pandas.factorize(column.values())
        levels = self.index.get_indexer(pandas.Index(values, dtype=object))
        # A missing value has the code -1 and so takes the last.
        return np.append(levels.astype(np.float64), np.nan)[codes]

    def decode(self, values):
        missing = np.isnan(values)
        codes = np.where(missing, len(self.index), values).astype(np.intp)
        wrong = ~missing & ((codes != values) | (values < 0) | (values >= len(self.index)))
        if wrong.any():
            raise ValueError(
                f"{values[wrong][0]} is no level index: only 0 to {len(self.index) - 1} "
                "can be turned into a value seen in training; -1 is an unknown one."
            )
        return (self.choices if missing.any() else self.observed)[codes]

    def name(self, value):
        return "unknown" if value < 0 else str(self.index[int(value)])
