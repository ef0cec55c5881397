"""Model queries: several tables at once, and only rows not yet predicted."""

import numpy as np
from sklearn.utils import gen_batches

from sklime.tables.access import block_bytes, concat, n_rows, take_rows


def predict_tables(response, tables, what):
    """Query the model about several tables in one call.

    Parameters
    ----------
    tables : list of tables
        All of one kind.
    what : str
        What their rows are, for messages.

    Returns
    -------
    list of ndarray of shape (n_rows_of_table, n_outputs)
    """
    heights = [n_rows(table) for table in tables]
    joined = tables[0] if len(tables) == 1 else concat(tables)
    # Joined tables are new; a single one may be kept by a sampler, for all we know.
    responses = response(joined, what=what, copy=len(tables) == 1)
    return np.split(responses, np.cumsum(heights)[:-1])


def predict_new_rows(response, tables, known, prefix_positions, what):
    """Query the model about the rows of tables whose responses are not yet known.

    Parameters
    ----------
    tables : list of tables
        All of one kind and height.
    known : list of ndarrays of shape (n_known, n_outputs), or None
        Earlier responses to some rows of each table.
    prefix_positions : ndarray of shape (n_known,) of int, or None
        Which rows these are; None: the tables share none with the earlier ones.
    what : str
        What the rows are, for messages.

    Returns
    -------
    list of ndarray of shape (n_rows_of_table, n_outputs)
    """
    if known is None or prefix_positions is None:
        return predict_tables(response, tables, what)
    new = np.ones(n_rows(tables[0]), dtype=bool)
    new[prefix_positions] = False
    positions = np.flatnonzero(new)
    responses = predict_tables(
        response, [take_rows(table, positions) for table in tables], what
    )
    found = []
    for old, own in zip(known, responses, strict=True):
        both = np.empty((len(new), own.shape[1]))
        both[positions], both[prefix_positions] = own, old
        found.append(both)
    return found


def predict_masked(response, kind, row, masks, what, fills=None):
    """Query the model about masked copies of a row, in blocks that fit into memory.

    Parameters
    ----------
    kind : RowKind
        Gives composed copies as the model takes them.
    masks : ndarray of shape (n_masks, n_units) of bool
        True where a unit is kept.
    what : str
        What the copies are, for messages.
    fills : ndarray of shape (n_masks, n_copies, n_units), default=None
        As for `Sample`.

    Returns
    -------
    ndarray of shape (n_masks, n_outputs)
    """
    responses = []
    for block in gen_batches(len(masks), _copies_at_once(row, fills)):
        own_fills = None if fills is None else fills[block]
        inputs, index = _composed(row, masks[block], own_fills)
        own = response(kind.copies(inputs), what=what, copy=False)
        responses.append(_by_mask(row, own, index))
    return np.concatenate(responses)


def predict_masked_rows(response, kind, rows, masks, what, fills=None):
    """Query the model about the same masks of several rows, few calls for all of them.

    Parameters
    ----------
    kind : RowKind
        As for `predict_masked`; of several rows, that of a table.
    rows : sequence of MaskedRow
        Of equally many units.
    masks, what, fills
        As for `predict_masked`.

    Returns
    -------
    list of ndarray of shape (n_masks, n_outputs)
    """
    at_once = max(1, _copies_at_once(rows[0], fills) // max(1, len(masks)))
    responses = []
    for some in gen_batches(len(rows), at_once):
        if len(rows[some]) == 1:
            responses.append(
                predict_masked(response, kind, rows[some][0], masks, what, fills)
            )
            continue
        composed = [_composed(row, masks, fills) for row in rows[some]]
        tables = [kind.copies(inputs) for inputs, _ in composed]
        answers = predict_tables(response, tables, what)
        for row, own, (_, index) in zip(rows[some], answers, composed, strict=True):
            responses.append(_by_mask(row, own, index))
    return responses


def _copies_at_once(row, fills):
    """How many masks of a row fit into memory, and are asked about together."""
    n_bytes = row.bytes_per_copy * (1 if fills is None else fills.shape[1])
    return max(1, block_bytes() // n_bytes)


def _composed(row, masks, fills):
    """Copies of a row, and where those of each mask are."""
    if fills is None:
        return row.compose_distinct(masks)
    inputs = row.compose_filled(masks, fills)
    return inputs, np.arange(n_rows(inputs)).reshape(fills.shape[:2])


def _by_mask(row, responses, index):
    """Responses to masks, the mean over their copies where they have several."""
    if len(responses) != index.max() + 1:
        raise ValueError(
            f"{type(row).__name__} gave {len(responses)} copies of a row for {len(index)} "
            f"masks, which need {index.max() + 1}: compose gives one for each mask."
        )
    own = responses[index]
    return own if index.ndim == 1 else own.mean(axis=1)
