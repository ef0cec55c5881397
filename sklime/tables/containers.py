"""Containers of dense tables: arrays and frames, read as floats and restored."""

from functools import cached_property

import numpy as np
from scipy.sparse import issparse

from sklime.serialization.state import PlainState
from sklime.tables.codecs import Levels, Numbers, cast
from sklime.tables.schema import default_names
from sklime.tables.series import PandasSeries, PolarsSeries, kind_of


def as_container(X):
    """Wrap a table in the class of its container.

    Parameters
    ----------
    X : ndarray, pandas DataFrame or polars DataFrame of shape (n_rows, n_features)

    Raises
    ------
    TypeError
        If `X` is no such table.
    ValueError
        If it is an array of another number of dimensions.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime.tables.containers import as_container
    >>> as_container(np.array([["dog", 3], ["cat", 1]], dtype=object)).kinds
    ['nominal', 'integer']
    """
    if isinstance(X, np.ndarray):
        if X.ndim != 2:
            raise ValueError(
                f"Expected 2D array, got {X.ndim}D array instead. Reshape your data: X "
                "needs shape (n_samples, n_features)."
            )
        if X.dtype.kind in "Mm":
            return TimeArray(X)
        return ObjectArray(X) if X.dtype.kind in "OUT" else NumberArray(X)
    # By name, so that neither library is imported for those who do not use it.
    for base in type(X).__mro__:
        origin = base.__module__.partition(".")[0], base.__name__
        if origin == ("pandas", "DataFrame"):
            numbers = all(isinstance(t, np.dtype) and t.kind in "fiu" for t in X.dtypes)
            return NumberFrame(X) if numbers else PandasFrame(X)
        if origin == ("polars", "DataFrame"):
            return PolarsFrame(X)
    if issparse(X):
        raise TypeError(
            f"X is a sparse table ({type(X).__name__}), where a dense one is needed: pass "
            "X.toarray()."
        )
    raise TypeError(
        "X must be a two-dimensional numpy array, a pandas DataFrame or a polars "
        f"DataFrame, got {type(X).__name__}: convert it, e.g. by numpy.asarray."
    )


class Container(PlainState):
    """Base of the containers: columns that are read and written one by one.

    Subclasses have `names` and `columns`, copy themselves without rows by `empty`, and
    make a table of theirs from a list of columns by `assemble`.

    Parameters
    ----------
    X : ndarray, pandas DataFrame or polars DataFrame of shape (n_rows, n_features)
        The table.
    """

    # The kinds of columns that have levels.
    nominal_kinds: tuple[str, ...] = ("nominal", "boolean")

    def __init__(self, X):
        self.X = X

    def __getstate__(self):
        # Its columns are derived from it.
        return {name: own for name, own in super().__getstate__().items() if name == "X"}

    @property
    def kinds(self):
        """Kind of each column, as defined in `sklime.tables.series`."""
        return [column.kind for column in self.columns]

    def codecs(self, nominal):
        """Learn each column's codec: levels where `nominal`, else numbers."""
        return [
            column.levels() if is_nominal else column.numbers()
            for column, is_nominal in zip(self.columns, nominal, strict=True)
        ]

    def read(self, codecs):
        """Write the rows as a C-contiguous float matrix."""
        E = np.empty(self.X.shape)
        for j, (codec, column) in enumerate(zip(codecs, self.columns, strict=True)):
            E[:, j] = codec.encode(column)
        return _without_negative_zeros(E)

    def write(self, E, codecs):
        """Restore a table of this container from a float matrix."""
        # A copy with contiguous columns: fast to read, and nobody's view of E.
        columns = np.array(E.T, order="C")
        return self.assemble(
            [codec.decode(values) for codec, values in zip(codecs, columns, strict=True)]
        )


class _NumberTable(Container):
    """A table of numpy numbers, read as a whole: much faster where rows are few.

    Subclasses have the `dtypes` of their columns, and `floats`.
    """

    @property
    def kinds(self):
        return [kind_of(dtype) for dtype in self.dtypes]

    def codecs(self, nominal):
        return [Numbers(dtype) for dtype in self.dtypes]

    def read(self, codecs):
        # Numbers may stand where training had levels, such as those of a category.
        if any(isinstance(codec, Levels) for codec in codecs):
            return super().read(codecs)
        return _without_negative_zeros(self.floats())


class ObjectArray(Container):
    """An array of strings or Python objects."""

    # A boolean array is a numeric one for scikit-learn, hence for us.
    nominal_kinds = ("nominal",)

    @property
    def names(self):
        return default_names(self.X.shape[1])

    @cached_property
    def columns(self):
        import pandas

        X = self.X.astype(object, copy=False) if self.X.dtype.kind in "UT" else self.X
        # With its dtype, or pandas would guess at strings.
        return [PandasSeries(pandas.Series(x, dtype=x.dtype, copy=False)) for x in X.T]

    def empty(self):
        return type(self)(self.X[:0].copy())

    def assemble(self, columns):
        import pandas

        X = np.column_stack([np.asarray(column, dtype=object) for column in columns])
        # A string array has no missing value, only the text "nan".
        return X if pandas.isna(X).any() else X.astype(self.X.dtype, copy=False)


class TimeArray(ObjectArray):
    """An array of dates or durations."""

    @cached_property
    def columns(self):
        import pandas

        # pandas chooses the unit, as it does not have all.
        return [PandasSeries(pandas.Series(x.copy())) for x in self.X.T]

    @property
    def kinds(self):
        # Months and years are no numbers of days.
        calendar = self.X.dtype in ("m8[M]", "m8[Y]")
        return [str(self.X.dtype)] * self.X.shape[1] if calendar else super().kinds

    def assemble(self, columns):
        return np.column_stack(columns).astype(self.X.dtype)


class NumberArray(_NumberTable, ObjectArray):
    """An array of numbers or booleans."""

    @property
    def dtypes(self):
        return [self.X.dtype] * self.X.shape[1]

    def floats(self):
        return self.X

    def write(self, E, codecs):
        return cast(E, self.X.dtype)


class PandasFrame(Container):
    """A pandas DataFrame."""

    @property
    def names(self):
        return list(self.X.columns)

    @cached_property
    def columns(self):
        return [PandasSeries(series) for _, series in self.X.items()]

    def empty(self):
        return type(self)(self.X.iloc[:0].copy())

    def assemble(self, columns):
        import pandas

        # Objects with their dtype, or pandas would guess at strings.
        columns = [
            pandas.Series(x, dtype=object, copy=False) if x.dtype == object else x
            for x in columns
        ]
        # The copy joins the columns of one dtype in one block, which models read faster.
        X = pandas.DataFrame(dict(enumerate(columns)), copy=True)
        X.columns = self.X.columns
        return X


class NumberFrame(_NumberTable, PandasFrame):
    """A pandas DataFrame of which all columns hold numpy numbers."""

    @property
    def dtypes(self):
        return list(self.X.dtypes)

    def floats(self):
        return self.X.to_numpy(np.float64)


class PolarsFrame(Container):
    """A polars DataFrame."""

    @property
    def names(self):
        return self.X.columns

    @cached_property
    def columns(self):
        return [PolarsSeries(series) for series in self.X.get_columns()]

    def empty(self):
        return type(self)(self.X.clear())

    def assemble(self, columns):
        import polars

        return polars.DataFrame(dict(zip(self.names, columns, strict=True)))


def _without_negative_zeros(values):
    """Values in a new matrix of floats, in which equal values have equal bytes."""
    return np.add(values, 0.0, dtype=np.float64, order="C")
