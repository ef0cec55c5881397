"""Grid of values at which each column's effect is evaluated."""

import numpy as np

# Values beside the training ones at which a normal column is evaluated, and how many
# standard deviations of the draws beyond them: no draw goes further.
_N_BETWEEN, _REACH = 65, 7.0

# Rows put together from the points, and a seed of their own; draws of the law have another.
_N_TRIALS, _SEED, _SEED_OF_DRAWS = 256, 0, 1


def column_points(law):
    """Grid points of each column: training values, and others where its law draws them.

    Training values are all that is ever drawn but from normal laws. Steps that look linear
    at training values, such as the square of 0 and 1, need not be so between and beyond
    them.

    Returns
    -------
    list of n_columns ndarrays
        Sorted, NaN last where training rows had gaps that are drawn.
    """
    return [
        _reached(column, law.reach * column.scale) if column.normal else column.values
        for column in law.columns
    ]


def _reached(column, sd):
    """Grid points of a numeric column that a law may draw anywhere."""
    low, high = column.observed[[0, -1]]
    between = np.linspace(low - _REACH * sd, high + _REACH * sd, _N_BETWEEN)
    return np.union1d(column.observed, between) if high > low else column.observed


def trial_rows(columns, points):
    """Compose trial rows from grid points of different columns, as draws do.

    Half of the values are any of the column's points, alike; the others are the lowest, the
    highest, the most frequent and the missing one, where steps and models turn.

    Parameters
    ----------
    points : list of n_columns ndarrays
        As `column_points` gives them.

    Returns
    -------
    ndarray of shape (n_rows, n_columns) of int
        Positions in `points`.
    """
    rng = np.random.default_rng(_SEED)
    at = np.empty((_N_TRIALS, len(points)), dtype=np.intp)
    for j, (column, values) in enumerate(zip(columns, points, strict=True)):
        last = len(values) - 1
        highest = max(last - np.isnan(values[-1]), 0)
        mode = np.searchsorted(values, column.values[column.masses.argmax()])
        telling = rng.choice([0, highest, min(mode, last), last], _N_TRIALS)
        anywhere = rng.integers(last + 1, size=_N_TRIALS)
        at[:, j] = np.where(rng.random(_N_TRIALS) < 0.5, telling, anywhere)
    return at


def drawn_rows(law, points, n_rows):
    """Draw trial rows from the law of the draws, as positions on the grid.

    Whatever combination of values is frequent enough to matter there is among them.

    Parameters
    ----------
    points : list of n_columns ndarrays
        As `column_points` gives them.

    Returns
    -------
    ndarray of shape (n_rows, n_columns) of int
        Positions in `points`.
    """
    rng = np.random.default_rng(_SEED_OF_DRAWS)
    at = np.empty((n_rows, len(points)), dtype=np.int32)
    for j, (column, values) in enumerate(zip(law.columns, points, strict=True)):
        seen = column.marginal().components(rng.random(n_rows))
        if not column.normal:
            at[:, j] = seen
            continue
        # Rows that draws lie around are training rows.
        centre, sd = law.normal_of(j, column.standardise(column.values[seen]))
        drawn = centre + sd * rng.standard_normal(n_rows)
        at[:, j] = np.searchsorted(0.5 * (values[1:] + values[:-1]), drawn)
    return at
