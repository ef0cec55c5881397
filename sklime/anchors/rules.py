"""Rules: conditions on columns that can be read, tested on any table, and queried."""

from __future__ import annotations

import keyword
import numbers
import operator
import unicodedata
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sklime.tables.access import cell_of, is_frame, take_columns
from sklime.tables.containers import as_container
from sklime.tables.times import MISSING as MISSING_TICK
from sklime.tables.times import is_temporal
from sklime.tables.typing import Table

# What a condition asks of a value.
_KINDS = INTERVAL, VALUE, MISSING, UNIT = "interval", "value", "missing", "unit"

# What pandas takes for infinity before it looks for a column, also in backticks; categories
# of signs that no name in a query can have: control characters, and breaks of lines.
_CONSTANTS, _BREAKING = ("inf", "Inf"), ("Cc", "Zl", "Zp")

# A query that all rows pass, also those without a label.
_ANY_ROW = "index not in []"

# Kinds of columns whose values are compared for equality.
_NOMINAL = "nominal", "boolean"


@dataclass(frozen=True)
class Condition:
    """Condition on one column: an interval, a value, or that it is missing.

    Parameters
    ----------
    column : str
        Name of the column.
    position : int
        Its position in the table.
    text : str
        The condition in words, as explanations have it.
    kind : {"interval", "value", "missing", "unit"}
        What is asked for; "unit": that a unit of its own text, image or series is kept.
    lower, upper : object, default=None
        Of an interval ``lower < x <= upper``; None where it has no end there. Without
        both it asks for any value that is not missing.
    value : object, default=None
        The value.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime.anchors import Condition
    >>> young = Condition("age", 0, "age <= 30", "interval", upper=30.0)
    >>> young.holds(np.array([[12.0], [45.0]])), young.to_query()
    (array([ True, False]), 'age <= 30.0')
    """

    column: str
    position: int
    text: str
    kind: str
    lower: Any = None
    upper: Any = None
    value: Any = None

    def __post_init__(self):
        if self.kind not in _KINDS:
            raise ValueError(f"kind={self.kind!r} must be one of {', '.join(_KINDS)}")
        if not isinstance(self.position, numbers.Integral):
            raise TypeError(f"position={self.position!r} must be an int, counted from 0")

    def __str__(self) -> str:
        return self.text

    def holds(self, X: Table) -> NDArray[np.bool_]:
        """Tell for each row of a table whether it meets the condition.

        Parameters
        ----------
        X : array, frame or sparse matrix of shape (n_rows, n_features)
            With the columns of the training table: of frames they are found by name.

        Returns
        -------
        ndarray of shape (n_rows,) of bool
        """
        series, raw = _series(as_table(X, [self]), self)
        try:
            return self._holds(series, raw)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"the column {self.column!r} of X has other values than the condition "
                f"{self.text!r} is about ({error}): pass it as it was in training."
            ) from error

    def to_query(self) -> str:
        """Write the condition for `pandas.DataFrame.query`.

        Returns
        -------
        str

        Raises
        ------
        ValueError
            If pandas cannot quote the column's name: with a backtick or a control
            character such as a line break, "inf", or with letters that Python takes for
            others.
        """
        self.check_column("query")
        name = _quoted(self.column)
        if self.kind == MISSING:
            return f"{name}.isna()"
        if self.kind == VALUE:
            return f"{name} == {_literal(self.value)}"
        parts = []
        if self.lower is not None:
            parts.append(f"{name} > {_literal(self.lower)}")
        if self.upper is not None:
            parts.append(f"{name} <= {_literal(self.upper)}")
        return " and ".join(parts) or f"{name}.notna()"

    def _holds(self, series, raw):
        if self.kind == VALUE:
            return _equal(series, raw, self.value)
        missing = _missing(series)
        if self.kind == MISSING:
            return missing
        holds = ~missing
        if self.lower is not None:
            holds &= _compared(series, raw, operator.gt, self.lower)
        if self.upper is not None:
            holds &= _compared(series, raw, operator.le, self.upper)
        return holds

    def check_column(self, wish: str) -> None:
        """Check that this is about a column of a table, as `wish` needs."""
        if self.kind == UNIT:
            raise ValueError(
                f"cannot {wish} the condition {self.text!r}: it is about a unit of its own "
                "text, image or series, not about a column of a table."
            )


@dataclass(frozen=True)
class Rule:
    """Rule: conditions that are to hold together; none hold for every row.

    Parameters
    ----------
    conditions : tuple of Condition
        In the order in which the search added them.

    Examples
    --------
    >>> from sklime.anchors import Condition, Rule
    >>> young = Condition("age", 0, "age <= 30", "interval", upper=30.0)
    >>> print(Rule((young,)), "|", Rule(()))
    age <= 30 | (any row)
    """

    conditions: tuple[Condition, ...] = ()

    def __len__(self) -> int:
        return len(self.conditions)

    def __str__(self) -> str:
        return " and ".join(map(str, self.conditions)) or "(any row)"

    def covers(self, X: Table) -> NDArray[np.bool_]:
        """Tell for each row of a table whether it meets all conditions.

        Parameters
        ----------
        X : array, frame or sparse matrix of shape (n_rows, n_features)
            With the columns of the training table.

        Returns
        -------
        ndarray of shape (n_rows,) of bool
        """
        X = as_table(X, self.conditions)
        covered = np.ones(X.shape[0], dtype=bool)
        for condition in self.conditions:
            covered &= condition.holds(X)
        return covered

    def to_query(self) -> str:
        """Write the rule for `pandas.DataFrame.query`.

        Returns
        -------
        str
            Of no conditions a query that all rows pass.
        """
        parts = [condition.to_query() for condition in self.conditions]
        return " and ".join(f"({part})" for part in parts) or _ANY_ROW


class RuleWriter:
    """Writes rules of a sampler's columns as conditions.

    Parameters
    ----------
    sampler : TabularSampler
        Fitted, all columns by bins.
    """

    def __init__(self, sampler):
        self._format = sampler.format_
        self._columns = sampler.columns_
        self._known = {}

    def __getstate__(self):
        # Conditions are written anew; files take no positions as keys.
        return vars(self) | {"_known": {}}

    def rule(self, conditions):
        """Rule of conditions, ndarray of shape (length, 3).

        Each is a feature, and the first and the last bin that it asks for.
        """
        parts = []
        for own in map(tuple, conditions.tolist()):
            if own not in self._known:
                self._known[own] = tuple(self._conditions(*own))
            parts += self._known[own]
        return Rule(tuple(parts))

    def _conditions(self, j, low, high):
        column, table = self._columns[j], self._format
        at = table.input_columns(j)
        if not hasattr(column, "members"):
            name = str(table.feature_names[j])
            spell = (lambda x: table.describe(j, x), lambda *own: table.edge(j, *own))
            yield self._condition(column, low, high, name, at[0], spell, j, None)
            return
        members = zip(column.members, column.codes_of_members[low], at, strict=True)
        for k, ((member, own, position), (name, *spell)) in enumerate(
            zip(members, table.members(j), strict=True)
        ):
            code = int(own)
            yield self._condition(member, code, code, str(name), position, spell, j, k)

    def _condition(self, column, low, high, name, position, spell, j, member):
        texts, cuts = column.labels(name, *spell), getattr(column, "cuts", None)
        own = name, position, texts[low]
        if cuts is None:
            value = column.values[low]
            if np.isnan(value):
                return Condition(*own, MISSING)
            return Condition(*own, VALUE, value=self._native(j, member, position, value))
        if low >= column.n_bins:
            return Condition(*own, MISSING)
        own = name, position, column.range_label(name, low, high, *spell)
        lower, upper = (
            self._edge(column, cuts[k], j, member, position) if 0 <= k < len(cuts) else None
            for k in (low - 1, high)
        )
        return Condition(*own, INTERVAL, lower, upper)

    def _edge(self, column, cut, j, member, position):
        """A bin edge as numbers, or as times, which are whole ticks."""
        # The last training value below the edge says the same of all training values.
        below = column.observed[np.searchsorted(column.observed, cut, side="right") - 1]
        native = self._native(j, member, position, below)
        return float(cut) if isinstance(native, numbers.Real) else native

    def _native(self, j, member, position, value):
        """A value of a column as its table holds it."""
        row = np.array([column.values[0] for column in self._columns])
        row[j] = value
        if member is not None:
            row[j] = (self._columns[j].combinations[:, member] == value).argmax()
        return cell_of(self._format.decode(row[np.newaxis]), 0, position)


def as_table(X, conditions):
    """A table that conditions can be tested on: of lists an array.

    Raises
    ------
    ValueError
        If it has no rows and columns, or a condition is not about a column.
    """
    for condition in conditions:
        condition.check_column("tell which rows meet")
    if not hasattr(X, "shape"):
        X = np.asarray(X)
    if len(X.shape) != 2:
        raise ValueError(
            f"X must be a table of rows and columns, got the shape {tuple(X.shape)}: pass "
            "one row as a table of one, X[[i]] of an array or X.iloc[[i]] of a frame."
        )
    # Of several sparse formats no columns can be taken.
    return X.tocsc() if sparse.issparse(X) else X


def _series(X, condition):
    """The column of a table, as the library's own series and as its container has it."""
    if not is_frame(X) and condition.position >= X.shape[1]:
        raise ValueError(
            f"X has {X.shape[1]} column(s), and the condition {condition.text!r} is about "
            f"column {condition.position}, counted from 0: pass the columns of the "
            "training table."
        )
    if sparse.issparse(X):
        X = X[:, [condition.position]].toarray()
        return as_container(X).columns[0], X[:, 0]
    if not is_frame(X):
        X = np.asarray(X)[:, [condition.position]]
        return as_container(X).columns[0], X[:, 0]
    labels = {str(name): name for name in X.columns}
    if condition.column not in labels:
        raise ValueError(
            f"X has no column {condition.column!r}, which the condition "
            f"{condition.text!r} is about: pass the columns of the training table."
        )
    own = X[[labels[condition.column]]]
    return as_container(own).columns[0], take_columns(own, 0)


def _factors(series):
    """Numbers of a nominal column's values, -1 where missing, and the values."""
    import pandas

    codes, values = pandas.factorize(series.values())
    return codes, np.asarray(values, dtype=object)


def _missing(series):
    if series.kind in _NOMINAL:
        return _factors(series)[0] < 0
    if is_temporal(series.kind):
        return series.ticks().numbers == MISSING_TICK
    return np.isnan(series.floats())


def _equal(series, raw, value):
    if series.kind in _NOMINAL:
        codes, values = _factors(series)
        return np.array([*(own == value for own in values), False], dtype=bool)[codes]
    if is_temporal(series.kind):
        return _compared(series, raw, operator.eq, value)
    return series.floats() == float(value)


def _compared(series, raw, compare, edge):
    if not is_temporal(series.kind):
        return compare(series.floats(), edge)
    # Times are compared by their own library.
    observed = ~_missing(series)
    holds = np.zeros(len(observed), dtype=bool)
    is_polars = hasattr(raw, "filter") and not hasattr(raw, "iloc")
    some = raw.filter(observed) if is_polars else raw[observed]
    holds[observed] = np.asarray(compare(some, edge), dtype=bool)
    return holds


def _quoted(name):
    """A column's name in a query of pandas."""
    is_word = name.isidentifier() and not keyword.iskeyword(name)
    if why := _unquotable(name, is_word):
        raise ValueError(
            f"the column {name!r} {why}, which pandas.DataFrame.query cannot quote: "
            "rename it, or use covers(X)."
        )
    return name if is_word else f"`{name}`"


def _unquotable(name, is_word):
    """Why a query of pandas cannot name a column, or None."""
    if name in _CONSTANTS:
        return "has the name of a constant"
    # Python reads words in this normal form, while columns keep theirs.
    if is_word and unicodedata.normalize("NFKC", name) != name:
        return "has a letter that Python takes for another"
    if "`" in name:
        return "has a backtick in its name"
    if any(unicodedata.category(sign) in _BREAKING for sign in name):
        return "has a line break or another control character in its name"
    return None


def _literal(value):
    """A value as a query of pandas writes it."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (bool, int, float, str)):
        return repr(value)
    return repr(str(value))
