"""Queries about own values, whose errors name the column that was asked about."""

from sklime.exceptions import RowLimitReached
from sklime.model.queries import predict_tables


def query_own_values(response, tables, columns, names):
    """Query the model about draws that hold values which training hardly or never had.

    Parameters
    ----------
    response : Response
        Queries the model.
    tables : list of tables
        The draws.
    columns : list of int or None
        The column of each table that holds the value; None: no column does.
    names : ndarray of shape (n_columns,) of str
        Names of all columns.

    Returns
    -------
    list of ndarray of shape (n_draws, n_outputs)
    """
    try:
        return predict_tables(response, tables, "own-value draw")
    except (RowLimitReached, ConnectionError, TimeoutError):
        # No column is to blame, and asking again costs.
        raise
    except Exception as error:
        if len(tables) > 1:
            # One by one, to name the column.
            return [
                query_own_values(response, [table], [column], names)[0]
                for table, column in zip(tables, columns, strict=True)
            ]
        if columns[0] is not None:
            error.add_note(
                f"All draws hold a value of column {names[columns[0]]!r} that training "
                'hardly or never had; a sampler with handle_unknown="error" or "ignore" '
                "asks for no such values."
            )
        raise
