"""Model features as functions of single table columns.

The steps in front of a model are not inverted: each column's distinct training values are
pushed forward through them, so that any step that acts on one column at a time qualifies.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from sklime.exact.errors import NoClosedForm

# Rows pushed through the steps at a time.
_BLOCK = 65_536

# Distinct values, over all columns, that are worth pushing through: some seconds.
_MOST_VALUES = 500_000


@dataclass(frozen=True)
class FeatureMap:
    """Which table column each model feature comes from, and its values there.

    Parameters
    ----------
    owner : ndarray of shape (n_model_features,) of int
        The table column of each model feature; -1 for a constant one.
    values : list of n_columns ndarrays of shape (n_owned, n_values)
        The owned model features at each distinct value of the column.
    owned : list of n_columns ndarrays of int
        The model features of each column.
    constants : ndarray of shape (n_model_features,)
        Values of the features at the base row.
    """

    owner: np.ndarray
    values: list
    owned: list
    constants: np.ndarray

    def of(self, j, features):
        """Values of model features over the distinct values of their column `j`.

        Parameters
        ----------
        j : int
            The column.
        features : ndarray of shape (n,) of int
            Features that it owns.

        Returns
        -------
        ndarray of shape (n, n_values)
        """
        return self.values[j][np.searchsorted(self.owned[j], features)]


def push_forward(columns, table_format, transform):
    """Push each column's distinct values through the steps in front of a model.

    Parameters
    ----------
    columns : sequence of Column
        The table's columns, with their distinct training values.
    table_format : DenseFormat
        Writes encoded values as the table that the steps take.
    transform : callable
        From a table to the model's own float matrix.

    Returns
    -------
    FeatureMap

    Raises
    ------
    NoClosedForm
        If a model feature depends on more than one column, or there are too many values.
    """
    n_values = sum(len(column.values) for column in columns)
    if n_values > _MOST_VALUES:
        raise NoClosedForm(
            f"its {n_values:,} distinct training values take longer to push through the "
            "steps in front of the model than draws do"
        )
    base = np.array([column.values[0] for column in columns])
    constants = _dense(transform(table_format.decode(base[np.newaxis])))[0]
    owner = np.full(len(constants), -1)
    values, owned = [], []
    for j, column in enumerate(columns):
        pushed = _push_column(j, column.values, base, table_format, transform)
        varying = np.flatnonzero((~same_values(pushed, constants)).any(axis=0))
        taken = varying[owner[varying] >= 0]
        if len(taken):
            names = table_format.feature_names
            raise NoClosedForm(
                "a step in front of the model mixes columns: "
                f"{names[owner[taken[0]]]!r} and {names[j]!r} enter one model feature"
            )
        owner[varying] = j
        owned.append(varying)
        values.append(np.ascontiguousarray(pushed[:, varying].T))
    return FeatureMap(owner, values, owned, constants)


def _push_column(j, values, base, table_format, transform):
    parts = []
    for start in range(0, len(values), _BLOCK):
        own = values[start : start + _BLOCK]
        E = np.tile(base, (len(own), 1))
        E[:, j] = own
        parts.append(_dense(transform(table_format.decode(E))))
    return np.concatenate(parts)


def _dense(features):
    if sparse.issparse(features):
        features = features.toarray()
    if hasattr(features, "iloc"):
        # Only pandas knows how its own missing values become NaN.
        return features.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.asarray(features, dtype=np.float64)


def same_values(one, other):
    """Where two arrays agree, missing values included."""
    return (one == other) | (np.isnan(one) & np.isnan(other))
