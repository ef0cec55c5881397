"""Attributions of those rows for which the model may still be asked enough."""

from dataclasses import replace

import numpy as np

from sklime.exceptions import RowLimitReached, RowLimitWarning, warn_caller
from sklime.explainer.diagnostics import Diagnostics
from sklime.tables.access import n_rows, take_rows
from sklime.validation import listed


def explain_within_limit(explain, X):
    """Explain rows in parts that need no more answers than there are.

    What was answered before is remembered, so that parts cost nothing: rows whose draws all
    have answers are explained together, others are found by halves.

    Parameters
    ----------
    explain : callable
        Takes rows; gives their attributions, block by block, and `Diagnostics`. Raises
        `RowLimitReached`.
    X : rows
        All rows, as the user gave them.

    Returns
    -------
    parts : list of (slice, tuple of tables or None)
        Consecutive rows with their attributions; None for one row that has none.
    diagnostics : Diagnostics
        Of the rows that have attributions.
    """
    found, parts, left = Diagnostics(), [], [slice(0, n_rows(X))]
    while left:
        where = left.pop()
        middle = (where.start + where.stop) // 2
        try:
            attributions, own = explain(take_rows(X, where))
        except RowLimitReached:
            if middle == where.start:
                parts.append((where, None))
            else:
                left += [slice(middle, where.stop), slice(where.start, middle)]
            continue
        moved = tuple(where.start + i for i in own.unconverged)
        found = found + replace(own, unconverged=moved)
        parts.append((where, attributions))
    return parts, found


def predictions_within_limit(rows, response):
    """The model's responses to the explained rows; NaN, with a warning, beyond the limit.

    Parameters
    ----------
    rows : Rows
        The rows.
    response : Response
        The model.

    Returns
    -------
    ndarray of shape (n_rows, n_outputs)
    """
    try:
        return rows.predictions(response)
    except RowLimitReached as limit:
        answers = np.full((len(rows), len(response.outputs)), np.nan)
        for i in range(len(rows)):
            [table] = rows.kind.tables(take_rows(rows.X, slice(i, i + 1)))
            try:
                answers[i] = response(table)
            except RowLimitReached:
                pass
        missing = np.flatnonzero(np.isnan(answers).any(axis=1))
        warn_caller(
            f"the predictions of row(s) {listed(map(str, missing), 10)} are NaN: {limit}",
            RowLimitWarning,
        )
        return answers


def without_attributions(rows, target):
    """Columns of `transform` for one row that was not explained: NaN.

    Parameters
    ----------
    rows : Rows
        The row.
    target : Target
        The explained outputs.
    """
    where = slice(0, 1)
    block = rows.block(where)
    columns, _ = rows.features(where, block)
    n_explained = 1 if target.needs_predictions else len(target.fixed)
    return rows.to_columns(where, block, np.full((1, n_explained, len(columns)), np.nan))


def warn_of_rows(positions, limit):
    """Warn of rows that have no attributions.

    Parameters
    ----------
    positions : list of int
        The rows.
    limit : RowLimitReached
        Why.
    """
    warn_caller(
        f"{len(positions)} row(s), {listed(map(str, positions), 10)}, have attributions of "
        f"NaN, as their draws were not all answered: {limit}",
        RowLimitWarning,
    )
