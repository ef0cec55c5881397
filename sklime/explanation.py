"""The explanations of many rows: parallel arrays, sliced by row, feature and target."""

import difflib
import reprlib
from dataclasses import KW_ONLY, dataclass, replace

import numpy as np
from scipy.sparse import issparse
from scipy.special import ndtri, stdtrit

from sklime.conditions import TableConditions

# A coefficient that rests on fewer draws, in units of the mean weight, is doubtful.
THIN_SUPPORT = 10

_ALL = slice(None)
_PER_OUTPUT = (
    "intercepts",
    "predictions",
    "local_predictions",
    "scores",
    "effective_sample_sizes",
)
_PER_UNIT = ("values", "support", "standard_errors")
_RAGGED = ("conditions", "unit_names", "unit_spans")


@dataclass(eq=False, repr=False)
class Explanation:
    """Attributions of the features of many rows, and all that is needed to read them.

    An attribution is a coefficient of the row's linear surrogate, in the units of its
    interpretable features: for a binned column the effect of being in the row's own
    bin rather than outside it, for a standardised column the effect of one training
    standard deviation. Where each row explains its own output (``target="predicted"``,
    or ``"auto"`` with three classes or more), a column of `values` mixes classes: use
    ``target="all"`` or a class label before averaging or clustering rows.

    An explanation holds ``n`` rows and ``d`` features. With one target, also where each
    row has its own, an *output shape* is ``(n,)`` and a *unit shape* is ``(n, d)``; with
    ``target="all"`` they are ``(n, n_outputs)`` and ``(n, n_outputs, d)``. In ragged
    explanations each row has units of its own (the stored entries of a sparse row, say),
    listed in `unit_names`: ``d`` is then the number of units of the longest row.

    Index it as ``e[rows]``, ``e[features]``, ``e[rows, features]`` or, with
    ``target="all"``, ``e[rows, features, target]``. Rows are an int (which keeps a
    one-row explanation), a slice, a boolean mask or ints; features are a name or a list
    of names, in the order wanted, a repeated name standing for all features so named;
    ``:`` stands for everything. A target leaves an explanation of that output only. In a
    ragged explanation, features keep the units so named, in each row's own order. A name
    that is not there raises a KeyError.

    Parameters
    ----------
    values : ndarray of unit shape
        Attributions; 0 for features that were not selected. Ragged rows are padded with
        NaN to the longest.
    intercepts : ndarray of output shape
        Intercepts of the surrogates.
    predictions : ndarray of output shape
        What the model answers for the rows.
    local_predictions : ndarray of output shape
        What the surrogates answer for the rows.
    scores : ndarray of output shape
        Weighted R2 of the surrogates on their neighbourhoods, at most 1.
    effective_sample_sizes : ndarray of output shape
        How many equally weighted draws the weighted ones are worth.
    support : ndarray of unit shape
        Draws, in units of mean weight, on the rarer side of each interpretable feature.
    data : ndarray, pandas or polars DataFrame, or CSR, of shape (n, n_columns)
        The explained rows as they were given; ``n_columns`` is ``d`` unless ragged.
    feature_names : array-like of str of shape (n_columns,)
        Names of the columns of `data`; unique in ragged explanations.
    target_names : array-like of shape (n,) or (n_outputs,)
        The output that each row explains; with ``target="all"``, the outputs.
    conditions : sequence of n arrays of str
        What each feature or unit of a row says, for example ``"14.1 < radius <= 15.8"``.
    meta : dict
        How the explanation was made: method, parameters, versions, seed.
    standard_errors : ndarray of unit shape, default=None
        Standard errors of `values`.
    unit_names : list of n arrays of str, default=None
        The units of each row of a ragged explanation, by the names of their columns.
    unit_spans : list of n sequences, default=None
        Where each unit stands in its row, such as the offsets of a token.

    Raises
    ------
    ValueError
        If the shapes of two fields do not agree, or units are not among the features.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime.conditions import TableConditions
    >>> from sklime.explanation import Explanation
    >>> labels = [["age <= 30", "age > 30"], ["color = blue", "color = red"]]
    >>> e = Explanation(
    ...     np.array([[0.1, -0.4], [0.2, 0.0]]),
    ...     intercepts=np.array([0.5, 0.5]),
    ...     predictions=np.array([0.2, 0.7]),
    ...     local_predictions=np.array([0.2, 0.7]),
    ...     scores=np.array([0.9, 0.8]),
    ...     effective_sample_sizes=np.array([512.0, 512.0]),
    ...     support=np.full((2, 2), 256.0),
    ...     data=np.array([[25, 1], [41, 0]]),
    ...     feature_names=["age", "color"],
    ...     target_names=["yes", "yes"],
    ...     conditions=TableConditions([[0, 1], [1, 0]], labels),
    ...     meta={"method": "exact"},
    ... )
    >>> e
    Explanation(rows=2, features=2, targets=['yes'], method='exact')
    >>> e.as_list(0)
    [('color = red', -0.4), ('age <= 30', 0.1)]
    >>> e[e.predictions > 0.5, "age"].values
    array([[0.2]])
    """

    values: np.ndarray
    _: KW_ONLY
    intercepts: np.ndarray
    predictions: np.ndarray
    local_predictions: np.ndarray
    scores: np.ndarray
    effective_sample_sizes: np.ndarray
    support: np.ndarray
    data: object
    feature_names: np.ndarray
    target_names: np.ndarray
    conditions: object
    meta: dict
    standard_errors: np.ndarray | None = None
    unit_names: list | None = None
    unit_spans: list | None = None

    def __post_init__(self):
        for name in (*_PER_OUTPUT, "values", "support"):
            setattr(self, name, np.asarray(getattr(self, name), dtype=float))
        if self.standard_errors is not None:
            self.standard_errors = np.asarray(self.standard_errors, dtype=float)
        self.feature_names = np.asarray(self.feature_names, dtype=object)
        self.target_names = np.asarray(self.target_names, dtype=object)
        self.meta = dict(self.meta)
        if self.unit_names is not None:
            self.unit_names = _object_arrays(self.unit_names)
            self.conditions = _object_arrays(self.conditions)
        elif not isinstance(self.conditions, TableConditions):
            rows = _object_arrays(self.conditions)
            self.conditions = np.array(rows or np.empty((0, self.n_features)), dtype=object)
        self._check_shapes()
        self._check_units()

    @property
    def shape(self):
        """Shape of `values`."""
        return self.values.shape

    @property
    def low_support(self):
        """Whether `support` is below 10, of unit shape: such attributions are doubtful."""
        return self.support < THIN_SUPPORT

    @property
    def n_features(self):
        """Number of features: the columns of `data`."""
        return len(self.feature_names)

    def __len__(self):
        return len(self.values)

    def __iter__(self):
        return (self[row] for row in range(len(self)))

    def __repr__(self):
        targets = list(dict.fromkeys(map(str, self.target_names)))
        return (
            f"Explanation(rows={len(self)}, features={self.n_features}, "
            f"targets={reprlib.repr(targets)}, method={self.meta.get('method')!r})"
        )

    def __getitem__(self, key):
        if _are_names(key):
            key = (_ALL, key)
        elif not isinstance(key, tuple):
            key = (key,)
        if len(key) > 3:
            raise IndexError(f"an Explanation takes [rows, features, target], got {key!r}")
        rows, features, target = (*key, *[_ALL] * (3 - len(key)))
        part = self._take_rows(_row_positions(rows, len(self)))
        if not _is_all(features):
            part = part._take_features(features)
        if not _is_all(target):
            part = part._take_target(target)
        return part

    def as_list(self, row, target=None):
        """List the conditions of one row with their attributions, the strongest first.

        Parameters
        ----------
        row : int
            Position of the row; negative ones count from the end.
        target : object, default=None
            The output to list, one of `target_names`; required where all outputs are
            explained.

        Returns
        -------
        list of (str, float)
            Sorted by decreasing absolute attribution; exact zeros are left out.

        Raises
        ------
        IndexError
            If there is no such row.
        ValueError
            If all outputs are explained and `target` is not given.
        KeyError
            If `target` is not explained for this row.
        """
        if not -len(self) <= row < len(self):
            raise IndexError(f"row={row!r} is out of range for {len(self)} rows")
        row = range(len(self))[row]
        if self.values.ndim == 3:
            values = self.values[row, self._output_position(target)]
        elif target is None or target == self.target_names[row]:
            values = self.values[row]
        else:
            explained = str(self.target_names[row])
            raise KeyError(f"target={target!r}, but row {row} explains {explained!r}")
        conditions = self.conditions[row]
        order = np.argsort(-np.abs(values[: len(conditions)]), kind="stable")
        return [(str(conditions[j]), float(values[j])) for j in order if values[j] != 0]

    def confidence_intervals(self, level=0.95):
        r"""Bound each attribution by its error bars, :math:`b \pm q \, \mathrm{se}(b)`.

        The quantile :math:`q` is that of Student's t on ``meta["degrees_of_freedom"]``
        degrees of freedom, or of the normal law where there are none. Each interval
        holds by itself, not all of them at once.

        Parameters
        ----------
        level : float, default=0.95
            Share of intervals that hold LIME's limit for infinitely many draws, strictly
            between 0 and 1.

        Returns
        -------
        lower, upper : ndarrays of unit shape
            Both are the attribution itself where the standard error is 0, and NaN where
            it is NaN, as for features that were not selected.

        Raises
        ------
        ValueError
            If there are no standard errors, or `level` is not between 0 and 1.
        """
        if self.standard_errors is None:
            raise ValueError(
                "standard_errors is None: have them estimated by "
                "explain(X, uncertainty=True)"
            )
        if not 0 < level < 1:
            raise ValueError(f"level={level!r} must lie strictly between 0 and 1")
        tail, degrees = (1 + level) / 2, self.meta.get("degrees_of_freedom")
        quantile = ndtri(tail) if degrees is None else stdtrit(degrees, tail)
        margin = quantile * self.standard_errors
        return self.values - margin, self.values + margin

    def to_frame(self):
        """Lay the explanation out as a tidy table, one line per attribution.

        Returns
        -------
        pandas.DataFrame
            Columns ``row`` (int position), ``target``, ``feature``, ``condition``,
            ``value`` (what the row has there in `data`; object if the columns of `data`
            differ in kind), ``attribution`` and, if there are standard errors,
            ``standard_error``, ``lower`` and ``upper`` (the 95 % interval). Lines go by
            row, then target, then feature; zeros are kept, the padding of ragged rows is
            left out.
        """
        import pandas as pd

        values, present = self._by_output(self.values), self._unit_mask()
        line = row, output, unit = np.nonzero(np.broadcast_to(present, values.shape))
        if self.unit_names is None:
            column, conditions = unit, np.asarray(self.conditions)
        else:
            names = _padded(self.unit_names, self.shape[-1])
            column = pd.Index(self.feature_names).get_indexer(names[row, unit])
            conditions = _padded(self.conditions, self.shape[-1])
        columns = {
            "row": row,
            "target": self.target_names[row if self.values.ndim == 2 else output],
            "feature": self.feature_names[column],
            "condition": conditions[row, unit],
            "value": _cells(self.data, row, column),
            "attribution": values[line],
        }
        if self.standard_errors is not None:
            errors = {"standard_error": self.standard_errors}
            errors["lower"], errors["upper"] = self.confidence_intervals()
            columns |= {name: self._by_output(e)[line] for name, e in errors.items()}
        return pd.DataFrame(columns).infer_objects()

    def _take_rows(self, rows):
        if self.unit_names is None:
            n_units, parts = self.n_features, {"conditions": self.conditions[rows]}
        else:
            parts = self._each(_RAGGED, lambda own: [own[i] for i in rows])
            n_units = max(map(len, parts["unit_names"]), default=0)
        return replace(
            self,
            **parts,
            **self._each(_PER_OUTPUT, lambda array: array[rows]),
            **self._each(_PER_UNIT, lambda array: array[rows][..., :n_units]),
            data=_cut(self.data, rows=rows),
            target_names=self.target_names[rows if self.values.ndim == 2 else _ALL],
        )

    def _take_features(self, names):
        names = list(dict.fromkeys([names] if isinstance(names, str) else names))
        if not names:
            raise KeyError("no features: name one at least, or ':' for all")
        columns = np.concatenate([self._feature_positions(name) for name in names])
        if self.unit_names is None:
            parts = self._each(_PER_UNIT, lambda array: array[..., columns])
            parts["conditions"] = self.conditions[:, columns]
        else:
            parts = self._take_units(names)
        return replace(
            self,
            **parts,
            data=_cut(self.data, columns=columns),
            feature_names=self.feature_names[columns],
        )

    def _take_units(self, names):
        """Fields of a ragged explanation that go by unit, for the units so named."""
        kept = [np.flatnonzero(np.isin(own, names)) for own in self.unit_names]
        n_units = max(map(len, kept), default=0)

        def pack(array):
            packed = np.full((*array.shape[:-1], n_units), np.nan)
            for i, units in enumerate(kept):
                packed[i, ..., : len(units)] = array[i][..., units]
            return packed

        def pick(rows):
            return [[own[j] for j in units] for own, units in zip(rows, kept, strict=True)]

        return self._each(_PER_UNIT, pack) | self._each(_RAGGED, pick)

    def _take_target(self, target):
        if self.values.ndim == 2:
            raise IndexError(
                f"target={target!r} cannot be picked, as every row explains one target "
                "only; explain with target='all' to have them all"
            )
        output = self._output_position(target)
        return replace(
            self,
            **self._each(_PER_OUTPUT + _PER_UNIT, lambda array: array[:, output]),
            target_names=np.repeat(self.target_names[[output]], len(self)),
        )

    def _each(self, names, function):
        """Pass the fields so named through a function, but for those that are None."""
        fields = {name: getattr(self, name) for name in names}
        return {name: function(f) for name, f in fields.items() if f is not None}

    def _feature_positions(self, name):
        positions = np.flatnonzero(self.feature_names == name)
        if not len(positions):
            known = list(map(str, self.feature_names))
            closest = difflib.get_close_matches(str(name), known, n=1, cutoff=0.0)
            raise KeyError(
                f"no feature is named {name!r}: of the {len(known)} features, "
                f"the closest is {', '.join(closest)!r}"
            )
        return positions

    def _output_position(self, target):
        names = self.target_names.tolist()
        if target is None:
            raise ValueError(f"target=None among several outputs: name one of {names}")
        if target not in names:
            raise KeyError(f"target={target!r} is not explained: name one of {names}")
        return names.index(target)

    def _by_output(self, array):
        """View an array of unit shape with an axis for the outputs, even if only one."""
        return array[:, None] if array.ndim == 2 else array

    def _unit_mask(self):
        """Whether a place of `_by_output` holds a unit, not padding."""
        own = self.unit_names
        counts = [self.n_features] * len(self) if own is None else list(map(len, own))
        return np.arange(self.shape[-1]) < np.reshape(counts, (-1, 1, 1))

    def _check_shapes(self):
        if self.values.ndim not in (2, 3):
            raise ValueError(
                f"values has shape {self.shape}, "
                "expected (n, d) or, for all outputs, (n, n_outputs, d)"
            )
        n, *outputs, d = self.shape
        n_columns = d if self.unit_names is None else self.feature_names.size
        expected = dict.fromkeys(_PER_OUTPUT, (n, *outputs)) | {
            "feature_names": (n_columns,),
            "target_names": tuple(outputs) or (n,),
            "data": (n, n_columns),
            "conditions": (n, d) if self.unit_names is None else (n,),
            "unit_names": (n,),
            "unit_spans": (n,),
        }
        expected |= dict.fromkeys(_PER_UNIT, self.shape)
        for name, field in self._each(expected, lambda field: field).items():
            found = field.shape if hasattr(field, "shape") else (len(field),)
            if found != expected[name]:
                raise ValueError(
                    f"{name} has shape {found}, expected {expected[name]} "
                    f"to go with values of shape {self.shape}"
                )

    def _check_units(self):
        if self.unit_names is None:
            if self.unit_spans is not None:
                raise ValueError("unit_spans is given without unit_names: give both")
            return
        for name, rows in self._each(_RAGGED, lambda rows: rows).items():
            for i, (own, units) in enumerate(zip(rows, self.unit_names, strict=True)):
                if len(own) != len(units):
                    raise ValueError(
                        f"{name}[{i}] has shape {(len(own),)}, expected {(len(units),)}, "
                        f"the shape of unit_names[{i}]"
                    )
        longest = max(map(len, self.unit_names), default=0)
        padding = np.where(self._unit_mask(), np.nan, self._by_output(self.values))
        if longest > self.shape[-1] or not np.isnan(padding).all():
            raise ValueError(
                f"unit_names has up to {longest} units a row, values has shape "
                f"{self.shape}: pad its rows with NaN to the longest"
            )
        known = set(self.feature_names)
        unknown = set().union(*self.unit_names) - known
        if unknown or len(known) < self.n_features:
            raise ValueError(
                "feature_names must hold every unit, and none twice; "
                f"it has {self.n_features - len(known)} repeated names, "
                f"and lacks {reprlib.repr(sorted(unknown))}"
            )


def _are_names(key):
    """Whether an index part is a name, or a non-empty list or array of names."""
    if isinstance(key, str):
        return True
    if isinstance(key, (slice, tuple)) or np.ndim(key) != 1 or not len(key):
        return False
    return all(isinstance(name, str) for name in key)


def _is_all(part):
    return isinstance(part, slice) and part == _ALL


def _row_positions(rows, n):
    positions = None if _are_names(rows) else np.atleast_1d(np.arange(n)[rows])
    if positions is None or positions.ndim > 1:
        raise IndexError(
            f"rows={rows!r} must be an int, a slice, a boolean mask or ints; "
            "several features go in one list, as in e[['a', 'b']]"
        )
    return positions


def _object_arrays(rows):
    return [np.asarray(rows[i], dtype=object) for i in range(len(rows))]


def _padded(rows, width):
    padded = np.empty((len(rows), width), dtype=object)
    for i, own in enumerate(rows):
        padded[i, : len(own)] = own
    return padded


def _cut(data, rows=_ALL, columns=_ALL):
    if hasattr(data, "iloc"):
        return data.iloc[rows, columns]
    return data[rows][:, columns]


def _cells(data, rows, columns):
    """Entries of a table at row and column positions, numeric if all its columns are."""
    if hasattr(data, "iloc"):
        from pandas.api.types import is_numeric_dtype

        # pandas turns nullable numbers, and numbers with booleans, into objects.
        if all(map(is_numeric_dtype, data.dtypes)) and data.to_numpy().dtype == object:
            data = data.to_numpy(dtype=float, na_value=np.nan)
    if hasattr(data, "to_numpy"):
        data = data.to_numpy()
    cells = data[rows, columns]
    # SciPy answers an empty selection with a sparse array.
    return np.asarray(cells.toarray() if issparse(cells) else cells).ravel()
