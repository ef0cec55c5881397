"""Model features as functions of single table columns.

The steps in front of a model are not inverted: points of each column are pushed forward
through them, so that any step that acts on one column at a time qualifies.
"""

from dataclasses import dataclass
from time import perf_counter

import numpy as np
from scipy import sparse
from sklearn.utils import gen_batches

from sklime.exceptions import NoClosedForm
from sklime.model.response import models_own_errors
from sklime.tables.access import block_bytes

# Points, over all columns, that are worth pushing through, and numbers that the steps make
# of them: some seconds.
_MOST_POINTS, _MOST_PUSHED = 500_000, 2_000_000_000

# Seconds that the steps may take for all points, and rows that tell what one takes: many
# where few say that it is too long.
_MOST_SECONDS, _N_TIMED = 10.0, (16, 256)

# Numbers that are kept: 200 MB.
_MOST_KEPT = 25_000_000

# How far rounding may move a feature, as a share of its largest value, and how far a line
# may miss its points, as a share of their range.
_ROUNDING, _BEND = 1e-9, 1e-6


class Steps:
    """Steps in front of a model, as one function from tables.

    Parameters
    ----------
    response : Response
        Of the model; gives a table in the container that the first step takes.
    steps : list of transformers
    """

    def __init__(self, response, steps):
        self.response, self.steps = response, steps

    def __call__(self, table):
        """What the steps make of a table."""
        table = self.response.present(table)
        for step in self.steps:
            table = step.transform(table)
        return table

    def as_matrix(self, table):
        """Model features of a table, (n_rows, n_model_features)."""
        return dense(self(table))


@dataclass(frozen=True)
class FeatureMap:
    """Map of model features: the table column behind each, and its values on the grid.

    Parameters
    ----------
    owner : ndarray of shape (n_model_features,) of int
        The table column of each model feature; -1 for a constant one.
    values : list of n_columns ndarrays of shape (n_owned, n_points)
        The owned model features at each point of the column.
    owned : list of n_columns ndarrays of int
        The model features of each column.
    constants : ndarray of shape (n_model_features,)
        Values of the features at the base row.
    """

    owner: np.ndarray
    values: list
    owned: list
    constants: np.ndarray

    def check_width(self, n_features, *, exactly=False):
        """Check the number of features against what the model reads.

        Raises
        ------
        NoClosedForm
            If there are fewer, or others where there must be exactly so many.
        """
        own = len(self.owner)
        if n_features > own or (exactly and n_features < own):
            raise NoClosedForm(f"it reads {n_features} features where its steps give {own}")

    def of(self, j, features):
        """Values of the model features that column `j` gives, at the column's grid points.

        Parameters
        ----------
        features : ndarray of shape (n,) of int
            Features that it owns.

        Returns
        -------
        ndarray of shape (n, n_points)
        """
        return self.values[j][np.searchsorted(self.owned[j], features)]

    def select(self, features):
        """Map of some of the features, in another order.

        Parameters
        ----------
        features : ndarray of shape (n_features,) of int
        """
        owner = self.owner[features]
        owned = [np.flatnonzero(owner == j) for j in range(len(self.values))]
        values = [self.of(j, features[own]) for j, own in enumerate(owned)]
        return FeatureMap(owner, values, owned, self.constants[features])

    def at(self, positions):
        """Model features of rows.

        Parameters
        ----------
        positions : ndarray of shape (n_rows, n_columns) of int
            Which of its column's points each entry is.

        Returns
        -------
        ndarray of shape (n_model_features, n_rows)
        """
        rows = np.tile(self.constants[:, np.newaxis], len(positions))
        for values, owned, own in zip(self.values, self.owned, positions.T, strict=True):
            rows[owned] = values[:, own]
        return rows


def push_forward(points, trials, table_format, transform):
    """Transform the grid points of each column by the preprocessing steps of a model.

    That a step mixes columns may show only where several of them differ from the base row,
    in rare values, or in one combination of values: so rows of many kinds are compared with
    what the columns make of them one by one.

    Parameters
    ----------
    points : list of n_columns ndarrays
        Encoded values of each column.
    trials : list of ndarrays of shape (n_trials, n_columns) of int
        Rows put together from the points.
    table_format : DenseFormat
        Writes encoded values as the table that the steps take.
    transform : callable
        From a table to the model's own float matrix.

    Raises
    ------
    NoClosedForm
        If a model feature depends on more than one column, or there are too many values, or
        the steps take too long for them.
    """
    push = _Push(points, table_format, transform)
    # Every value of every column stands in both, each time beside other values.
    first, second = (_together(points, seed) for seed in (0, 1))
    push.check_size(len(first))
    push.check_time(first, 3 * len(first) + sum(map(len, trials)))
    features = push.tables(second, push.owners(first))
    for part in [first, *trials]:
        for block in push.blocks(len(part)):
            _check_trials(features.at(part[block]), push.rows(part[block]).T)
    return features


def _together(points, seed):
    """Rows in which all columns go through their points together, in random order.

    Returns
    -------
    ndarray of shape (n_rows, n_columns) of int
        Positions in `points`; as many rows as the longest column has points.
    """
    rng, n = np.random.default_rng(seed), max(map(len, points))
    return np.column_stack([np.resize(rng.permutation(len(own)), n) for own in points])


class _Push:
    """Preprocessing steps as a function from rows of grid points to model features."""

    def __init__(self, points, table_format, transform):
        self.points = points
        self.table_format = table_format
        self.transform = transform
        self.base = np.array([values[0] for values in points])
        # A copy, as some steps work in place.
        self.constants = self.dense(np.array([self.base]))[0]

    def check_size(self, n_rows):
        """Refuse more values than draws take less time for."""
        n_points, n_features = sum(map(len, self.points)), len(self.constants)
        if n_points > _MOST_POINTS or n_rows * n_features > _MOST_PUSHED:
            raise NoClosedForm(
                f"its {n_points:,} distinct training values take longer to push through "
                f"the steps in front of the model, to {n_features:,} features, than draws"
            )

    def check_time(self, at, n_rows):
        """Refuse steps that take long for so many rows, judged by a few, of those `at`."""
        for n_timed in _N_TIMED:
            seconds = n_rows * self._seconds_a_row(at[:n_timed])
            if seconds <= _MOST_SECONDS:
                return
        raise NoClosedForm(
            f"the steps in front of the model would take about {seconds:.0f} s for its "
            f"training values, more than {_MOST_SECONDS:.0f} s"
        )

    def _seconds_a_row(self, at):
        """Time that rows take, beyond that of a call with one row."""
        times = []
        for rows in (at[:1], at):
            start = perf_counter()
            self.rows(rows)
            times.append(perf_counter() - start)
        return (times[1] - times[0]) / max(len(at) - 1, 1)

    def owners(self, at):
        """Column of each model feature, -1 for constant ones.

        Parameters
        ----------
        at : ndarray of shape (n_rows, n_columns) of int
            Rows in which all values of all columns stand.
        """
        n_features, d = len(self.constants), len(self.points)
        moves_in = np.full(n_features, -1)
        for block in self.blocks(len(at)):
            moves = self._moves(self.rows(at[block]))
            new = (moves_in < 0) & moves.any(axis=0)
            moves_in[new] = block.start + moves[:, new].argmax(axis=0)
        owner, n_pushed = np.full(n_features, -1), 0
        while (sought := (moves_in >= 0) & (owner < 0)).any():
            # A row tells the columns of all features that move in it: value by value.
            height = next(iter(self.blocks(d * len(at)))).stop
            rows = np.unique(moves_in[sought])[: max(1, height // d)]
            n_pushed += len(rows) * d
            self.check_size(n_pushed)
            self.check_time(at, n_pushed)
            owner = self._owners_in(at[rows], owner)
            if (owner[sought & np.isin(moves_in, rows)] < 0).any():
                raise NoClosedForm(
                    "a step in front of the model mixes columns: a model feature differs "
                    "where several of them do, and with none of them alone"
                )
        return owner

    def _owners_in(self, at, owner):
        """Columns of the features that move with single values of some rows."""
        d = len(self.points)
        row, column = (own.ravel() for own in np.indices(at.shape))
        lowest = np.where(owner < 0, d, owner)
        highest = owner.copy()
        for block in self.blocks(len(row)):
            j = column[block]
            E = np.tile(self.base, (len(j), 1))
            E[np.arange(len(j)), j] = [
                self.points[own][place]
                for own, place in zip(j, at[row[block], j], strict=True)
            ]
            moved, feature = np.nonzero(self._moves(self.dense(E)))
            np.minimum.at(lowest, feature, j[moved])
            np.maximum.at(highest, feature, j[moved])
        mixed = np.flatnonzero((highest >= 0) & (lowest < highest))
        if len(mixed):
            names, k = self.table_format.feature_names, mixed[0]
            raise NoClosedForm(
                "a step in front of the model mixes columns: "
                f"{names[lowest[k]]!r} and {names[highest[k]]!r} enter one model feature"
            )
        return highest

    def tables(self, at, owner):
        """Map of the features, from rows in which all values of all columns stand.

        Parameters
        ----------
        at : ndarray of shape (n_rows, n_columns) of int
            The rows.
        owner : ndarray of shape (n_model_features,) of int
            Column of each feature; -1 for constant ones.
        """
        owned = [np.flatnonzero(owner == j) for j in range(len(self.points))]
        n_kept = sum(len(own) * len(p) for own, p in zip(owned, self.points, strict=True))
        if n_kept > _MOST_KEPT:
            raise NoClosedForm(
                "the steps in front of the model make too many features of too many "
                f"distinct values to keep: {n_kept:,} numbers"
            )
        values = [
            np.empty((len(own), len(p))) for own, p in zip(owned, self.points, strict=True)
        ]
        for block in self.blocks(len(at)):
            pushed = self.rows(at[block])
            for own, kept, places in zip(owned, values, at[block].T, strict=True):
                kept[:, places] = pushed[:, own].T
        return FeatureMap(owner, values, owned, self.constants)

    def rows(self, at):
        """Model features of rows of grid points, (n_rows, n_model_features)."""
        columns = zip(self.points, at.T, strict=True)
        return self.dense(np.column_stack([values[own] for values, own in columns]))

    def _moves(self, pushed):
        """Which features differ from those of the base row."""
        return ~equal_with_nan(pushed, self.constants)

    def dense(self, E):
        """Model features of rows, as an array."""
        table = self.table_format.decode(E)
        try:
            with models_own_errors(), np.errstate(all="ignore"):
                features = self.transform(table)
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise NoClosedForm(
                "a step in front of the model does not take rows put together from "
                f"training values ({error!r})"
            ) from error
        return dense(features)

    def blocks(self, n_rows):
        """Yield blocks of rows whose features fit into a sixteenth of the memory."""
        return gen_batches(
            n_rows, max(1, block_bytes() // (8 * max(len(self.constants), 1)))
        )


def _check_trials(assembled, pushed):
    """Check features of trial rows, (n_model_features, n_rows), against the map."""
    with np.errstate(invalid="ignore"):
        missed = np.abs(pushed - assembled)
    size = np.nan_to_num(np.abs(pushed)).max(axis=1, keepdims=True)
    if not (equal_with_nan(pushed, assembled) | (missed <= _ROUNDING * size)).all():
        raise NoClosedForm(
            "a step in front of the model mixes columns: what it makes of a row is not "
            "what it makes of the row's values one by one"
        )


def dense(features):
    """Features that a step gives in any container, as an array."""
    if sparse.issparse(features):
        features = features.toarray()
    if hasattr(features, "iloc"):
        # Only pandas knows how its own missing values become NaN.
        return features.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.asarray(features, dtype=np.float64)


def line_through(points, values):
    """Intercepts and slopes of functions of one column that are linear.

    Parameters
    ----------
    points : ndarray of shape (n_points,)
        Values of the column, increasing.
    values : ndarray of shape (n_points, n_functions)

    Returns
    -------
    origin, slope : ndarray of shape (n_functions,)
        The functions are ``origin + slope * x``; of slope 1 where the column has one value.

    Raises
    ------
    NoClosedForm
        If one of them is no line.
    """
    width = points[-1] - points[0]
    slope = (values[-1] - values[0]) / width if width else np.ones(values.shape[1])
    origin = values[0] - slope * points[0]
    missed = np.abs(origin + np.outer(points, slope) - values).max(axis=0)
    allowed = _BEND * np.ptp(values, axis=0) + 1e-12 * np.abs(values).max(axis=0)
    # `not (a <= b)`, so that NaN fails the check.
    if not (missed <= allowed).all():
        raise NoClosedForm(
            "a step in front of the model is not linear, also between and beyond the "
            "training values, and bends normal laws"
        )
    return origin, slope


def equal_with_nan(one, other):
    """Elementwise equality of two arrays, in which NaN equals NaN."""
    return (one == other) | (np.isnan(one) & np.isnan(other))
