"""Dense tables, arrays and data frames: every row is described by all columns."""

import numpy as np

from sklime.tables.containers import PandasFrame, as_container
from sklime.tables.format import TableFormat
from sklime.tables.times import is_temporal, plural
from sklime.validation import listed


class DenseFormat(TableFormat):
    """Format of dense tables: rows of an array or data frame as float64 and back.

    Numbers stay as they are, nominal columns become the index of their level, dates and
    durations the steps since the first training value, and what is missing is NaN. The way
    back restores names, order, dtypes and categories, so that a model always receives the
    kind of table it was trained on.

    Parameters
    ----------
    X : ndarray, pandas DataFrame or polars DataFrame of shape (n_rows, n_features)
        The training table.

    Attributes
    ----------
    n_features : int
        Number of columns.
    feature_names : ndarray of shape (n_features,), dtype object
        Column names as str; ``"x0"``, ``"x1"``, ... for arrays.
    nominal : ndarray of shape (n_features,), dtype bool
        Columns of levels: strings, categories and the boolean columns of frames, and
        columns of Python objects that hold strings. All others are numbers, dates or
        durations.
    kinds : list of str
        What each column holds, such as "integer" or "date".
    maybe_integer : ndarray of shape (n_features,), dtype bool
        Columns of floats that hold integers if some are missing and all others are whole.

    Raises
    ------
    TypeError
        If `X` is no such table, or a column holds complex numbers or objects other than
        strings, numbers, dates, times and durations.
    ValueError
        If `X` is not two-dimensional or column names occur twice.

    Examples
    --------
    >>> import pandas
    >>> from sklime.tables.dense import DenseFormat
    >>> X = pandas.DataFrame({"age": [31, 8], "pet": ["dog", "cat"]})
    >>> dense_format = DenseFormat(X)
    >>> dense_format.encode(X)
    array([[31.,  1.],
           [ 8.,  0.]])
    >>> dense_format.decode([[9.0, 1.0]])
       age  pet
    0    9  dog
    >>> dense_format.describe(1, 0.0)
    'cat'
    """

    def __init__(self, X):
        table = as_container(X)
        kinds = table.kinds
        self.feature_names = np.array([str(name) for name in table.names], dtype=object)
        _check_names(self.feature_names)
        _check_kinds(self.feature_names, kinds)
        self.n_features = len(kinds)
        self.nominal = np.isin(kinds, table.nominal_kinds)
        self.kinds = kinds
        # pandas makes floats of integers among which one is missing.
        self.maybe_integer = (np.array(kinds) == "float") & isinstance(table, PandasFrame)
        self._codecs = table.codecs(self.nominal)
        self._empty = table.empty()

    def encode(self, X):
        """Write the rows of a table as floats.

        Parameters
        ----------
        X : ndarray, pandas DataFrame or polars DataFrame of shape (n_rows, n_features)
            Columns are taken by position; names are for the caller to check.

        Returns
        -------
        ndarray of shape (n_rows, n_features), dtype float64, C-contiguous
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
        table = as_container(X)
        kinds = table.kinds
        if len(kinds) != self.n_features:
            raise ValueError(
                f"X has {len(kinds)} features, but {self.n_features} are expected as in "
                "training: pass the same columns in the same order."
            )
        _check_kinds(self.feature_names, kinds)
        self._check_as_in_training(table, kinds)
        E = table.read(self._codecs)
        _check_numbers(self.feature_names, kinds, E)
        return E

    def decode(self, E):
        """Restore a table from its float matrix.

        Numbers are cast to the training dtype unless that would change them: a column
        of integers that is given 0.5, or a missing value it cannot hold, stays float64.

        Parameters
        ----------
        E : array-like of shape (n_rows, n_features)
            Rows as `encode` writes them.

        Returns
        -------
        ndarray, pandas DataFrame or polars DataFrame of shape (n_rows, n_features)
            A table of the kind learnt; `E` itself where that was a float64 array.

        Raises
        ------
        ValueError
            If a nominal column holds a value that is no level index, such as the -1 of
            an unknown value.
        """
        return self._empty.write(np.asarray(E, dtype=np.float64), self._codecs)

    def describe(self, j, value):
        """Readable text of one encoded value.

        Parameters
        ----------
        value : float
            Value of that column as `encode` writes it.

        Returns
        -------
        str
            The level, or the shortest text of the number; ``"missing (NaN)"``, and
            ``"unknown"`` for a value that is not among the levels.
        """
        return "missing (NaN)" if np.isnan(value) else self._codecs[j].text(float(value))

    def edge(self, j, cut, observed):
        """Readable text of a bin edge, as short as training values allow.

        Parameters
        ----------
        cut : float
            The edge.
        observed : ndarray of shape (n_values,)
            Sorted encoded values, which keep their sides.

        Returns
        -------
        str
        """
        return self._codecs[j].edge(cut, observed)

    @property
    def integer(self):
        """Columns of an integer dtype, ndarray of bool."""
        return np.array(self.kinds) == "integer"

    @property
    def numeric(self):
        """Columns that hold numbers for whoever reads the table, ndarray of bool."""
        temporal = np.array(list(map(is_temporal, self.kinds)), dtype=bool)
        return ~self.nominal & ~temporal

    @property
    def counted(self):
        """Columns of numbers or booleans, ndarray of bool."""
        return np.isin(self.kinds, ("boolean", "integer", "float"))

    def columns(self, X, build, categorical):
        return tuple(map(build, self.encode(X).T, self.feature_names, categorical))

    def rows(self, X, columns):
        for e in self.encode(X):
            yield columns, e[np.newaxis], self

    def units(self, X):
        return None

    def varies(self, columns):
        return np.array([len(column.values) > 1 for column in columns])

    def restore(self, X):
        E = self.encode(X)
        unknown = (E[:, self.nominal] < 0).any()
        return X if unknown else self.decode(E)

    def typical_units(self, X):
        return self.n_features

    def _check_as_in_training(self, table, kinds):
        """Refuse strings and dates in columns where training had something else."""
        if kinds == self.kinds:
            return
        strings = (np.array(kinds) == "nominal") & ~self.nominal
        if strings.any():
            [first] = np.flatnonzero(strings)[:1]
            cure = "pass the dtypes of the training table"
            if is_temporal(self.kinds[first]):
                cure += ", as pandas.to_datetime and to_timedelta make them"
            raise ValueError(
                "X holds strings or categories in "
                f"{_columns(self.feature_names[strings])}, where training had "
                f"{plural(self.kinds[first])}: {cure}."
            )
        for j, (known, own) in enumerate(zip(self.kinds, kinds, strict=True)):
            if (
                known == own
                or self.nominal[j]
                or not (is_temporal(known) or is_temporal(own))
            ):
                continue
            if not is_temporal(own) and np.isnan(table.columns[j].floats()).all():
                continue
            raise ValueError(
                f"X holds {plural(own)} in {_columns(self.feature_names[[j]])}, where "
                f"training had {plural(known)}: pass the dtypes of the training table."
            )


def _columns(names):
    """Column names in an error message, ten at most."""
    plural = "s" if len(names) > 1 else ""
    return f"column{plural} {listed(map(repr, map(str, names)), 10)}"


def _check_names(names):
    unique, counts = np.unique(names.astype(str), return_counts=True)
    if len(unique) < len(names):
        raise ValueError(
            f"X names {_columns(unique[counts > 1])} more than once: rename, so that "
            "every column can be told by its name."
        )


def _check_kinds(names, kinds):
    for name, kind in zip(names, kinds, strict=True):
        if kind not in ("float", "integer", "boolean", "nominal") and not is_temporal(kind):
            raise TypeError(
                f"float() argument must be a string or a real number, not {kind!r}: drop "
                f"{_columns([name])} of X, or turn it into numbers, booleans, strings, "
                "categories or dates."
            )


def _check_numbers(names, kinds, E):
    infinite = np.isinf(E)
    if infinite.any():
        raise ValueError(
            f"X holds inf, an infinite value, in {_columns(names[infinite.any(axis=0)])}: "
            "replace it by NaN (missing) or by a large finite number."
        )
    integers = np.flatnonzero(np.array(kinds) == "integer")
    # 2**53 itself may already be a rounded 2**53 + 1.
    lossy = integers[(np.abs(E[:, integers]) >= 2.0**53).any(axis=0)]
    if len(lossy):
        raise ValueError(
            f"X holds integers of 2**53 or more in {_columns(names[lossy])}, which lose "
            "digits as floats: leave identifiers out, or turn them into strings."
        )
