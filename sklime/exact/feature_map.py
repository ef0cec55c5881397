"""Model features as functions of single table columns.

The steps in front of a model are not inverted: points of each column are pushed forward
through them, so that any step that acts on one column at a time qualifies.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from sklearn.utils import gen_batches

from sklime.exceptions import NoClosedForm
from sklime.model.response import models_own_errors
from sklime.tables.access import block_bytes

# Points, over all columns, that are worth pushing through, and numbers that the steps make
# of them: some seconds.
_MOST_POINTS, _MOST_PUSHED = 500_000, 2_000_000_000

# Numbers that are kept: 200 MB.
_MOST_KEPT = 25_000_000

# How far rounding may move a feature, as a share of its largest value, and how far a line
# may miss its points, as a share of their range.
_ROUNDING, _BEND = 1e-9, 1e-6


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
        If a model feature depends on more than one column, or there are too many values.
    """
    push = _Push(table_format, transform, np.array([values[0] for values in points]))
    n_points, n_features = sum(map(len, points)), len(push.constants)
    if n_points > _MOST_POINTS or n_points * n_features > _MOST_PUSHED:
        raise NoClosedForm(
            f"its {n_points:,} distinct training values take longer to push through the "
            f"steps in front of the model, to {n_features:,} features, than draws do"
        )
    owner = np.full(n_features, -1)
    values, owned = [], []
    for j, (varying, numbers) in enumerate(push.columns(points)):
        taken = varying[owner[varying] >= 0]
        if len(taken):
            names = table_format.feature_names
            raise NoClosedForm(
                "a step in front of the model mixes columns: "
                f"{names[owner[taken[0]]]!r} and {names[j]!r} enter one model feature"
            )
        owner[varying] = j
        owned.append(varying)
        values.append(numbers)
    features = FeatureMap(owner, values, owned, push.constants)
    for part in trials:
        for block in push.blocks(len(part)):
            own = [values[at] for values, at in zip(points, part[block].T, strict=True)]
            _check_trials(features.at(part[block]), push.dense(np.column_stack(own)).T)
    return features


class _Push:
    """Preprocessing steps as a function from encoded rows to dense model features."""

    def __init__(self, table_format, transform, base):
        self.table_format = table_format
        self.transform = transform
        self.base = base
        # A copy, as some steps work in place.
        self.constants = self.dense(np.array([base]))[0]
        self.n_kept = 0

    def columns(self, points):
        """Yield each column's varying model features, and their values at its grid points.

        Points of many columns are pushed through together, as a call of the steps costs
        more than a row does.
        """
        lengths = [len(own) for own in points]
        bounds = np.cumsum([0, *lengths])
        column, values = np.repeat(np.arange(len(points)), lengths), np.concatenate(points)
        parts = []
        for block in self.blocks(len(values)):
            E = np.tile(self.base, (block.stop - block.start, 1))
            E[np.arange(len(E)), column[block]] = values[block]
            pushed = self.dense(E)
            differs = ~equal_with_nan(pushed, self.constants)
            for j in range(column[block.start], column[block.stop - 1] + 1):
                first, last = max(bounds[j], block.start), min(bounds[j + 1], block.stop)
                own = slice(first - block.start, last - block.start)
                varying = np.flatnonzero(differs[own].any(axis=0))
                where = slice(first - bounds[j], last - bounds[j])
                parts.append((where, varying, pushed[own, varying].T))
                if last == bounds[j + 1]:
                    yield self._joined(parts, lengths[j])
                    parts = []

    def _joined(self, parts, n_points):
        """Varying features and values of one column, from its parts."""
        varying = np.unique(np.concatenate([own for _, own, _ in parts]))
        self.n_kept += len(varying) * n_points
        if self.n_kept > _MOST_KEPT:
            raise NoClosedForm(
                "the steps in front of the model make too many features of too many "
                f"distinct values to keep: {self.n_kept:,} numbers"
            )
        kept = np.tile(self.constants[varying, np.newaxis], n_points)
        for where, own, numbers in parts:
            kept[np.searchsorted(varying, own), where] = numbers
        return varying, kept

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
        if sparse.issparse(features):
            features = features.toarray()
        if hasattr(features, "iloc"):
            # Only pandas knows how its own missing values become NaN.
            return features.to_numpy(dtype=np.float64, na_value=np.nan)
        return np.asarray(features, dtype=np.float64)

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
