"""Attributions of those rows for which the model may still be asked enough."""

import numpy as np

from sklime.exceptions import RowLimitReached, RowLimitWarning, warn_caller
from sklime.explainer.diagnostics import Diagnostics
from sklime.explainer.pieces import Piece, explain_apart
from sklime.explainer.rows import rows_of
from sklime.explainer.runner import Runner
from sklime.tables.access import concat, n_rows, take_rows
from sklime.validation import listed


def explain_within_limit(fitted, task, X, limit):
    """Attributions of rows as far as the model answers; NaN, with a warning, of the others.

    What was answered before is remembered, so that asking again costs nothing: rows whose
    draws all have answers are explained together, others are found by halves.

    Parameters
    ----------
    fitted : FittedExplainer
    task : Task
    X : rows
        Checked.
    limit : RowLimitReached
        What explaining all of them together has raised.

    Returns
    -------
    ndarray or CSR matrix of shape (n_rows, n_columns)
    """
    runner = Runner(fitted, task, n_jobs=1)

    def attempt(where):
        rows = take_rows(X, where)
        explained = runner.inline(Piece(rows, where.start, fitted.own_answers(rows)))
        if explained.error is not None:
            raise explained.error
        return explained

    found, parts, missing = Diagnostics(), [], []
    for where, explained, error in explain_apart(attempt, slice(0, n_rows(X)), limit):
        if error is None:
            found += explained.found
            parts.append(explained.values)
        elif isinstance(error, RowLimitReached):
            missing.append(where.start)
            parts.append(_without_attributions(fitted, task, take_rows(X, where)))
        else:
            raise error
    fitted.warn(found)
    warn_caller(
        f"{len(missing)} row(s), {listed(map(str, missing), 10)}, have attributions of "
        f"NaN, as their draws were not all answered: {limit}",
        RowLimitWarning,
    )
    return concat(parts)


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


def _without_attributions(fitted, task, X):
    """Columns of `transform` for one row that was not explained: NaN where it has units."""
    rows, where = rows_of(fitted.sampler, X, X), slice(0, 1)
    block = rows.block(where)
    columns, _ = rows.features(where, block)
    n_explained = fitted.response.resolve(task.target).n_explained
    values = np.full((1, n_explained, len(columns)), np.nan)
    return rows.to_columns(where, block, values)
