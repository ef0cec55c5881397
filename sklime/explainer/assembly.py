"""Assembly of blocks of explained rows into one Explanation."""

import numpy as np

from sklime.explanation import Explanation
from sklime.surrogates.surrogates import Surrogates
from sklime.tables.access import copy_rows


def assemble_explanation(blocks, rows, target, names, responses, outputs, meta):
    """Join surrogates into one Explanation.

    Parameters
    ----------
    blocks : sequence of (Surrogates, note)
        Of consecutive blocks of rows.
    rows : Rows
        The explained rows, which gave the notes.
    names : ndarray of shape (n_outputs,)
        All outputs of the model.
    responses : ndarray of shape (n_rows, n_outputs)
        The model's responses to the rows.
    outputs : ndarray of shape (n_rows, n_explained) of int
        The outputs explained for each row.
    meta : dict
        How the explanation was made.
    """
    fitted, notes = zip(*blocks, strict=True)
    fitted = Surrogates.padded(fitted)
    n, k, d = fitted.coef.shape
    per_unit = (n, k, d) if target.multiple else (n, d)
    per_output = per_unit[:-1]

    def every_output(array):
        return np.repeat(array[:, np.newaxis], k, axis=1)

    fields = rows.explanation_fields(notes)
    # What the caller does to these rows afterwards is no part of the explanation.
    fields["data"] = copy_rows(fields["data"])
    sizes, errors = every_output(fitted.effective_sample_sizes), fitted.standard_errors
    return Explanation(
        fitted.coef.reshape(per_unit),
        intercepts=fitted.intercepts.reshape(per_output),
        predictions=np.take_along_axis(responses, outputs, axis=1).reshape(per_output),
        local_predictions=fitted.local_predictions.reshape(per_output),
        scores=fitted.scores.reshape(per_output),
        effective_sample_sizes=sizes.reshape(per_output),
        support=every_output(fitted.support).reshape(per_unit),
        target_names=target.names if target.multiple else names[outputs[:, 0]],
        meta=meta,
        standard_errors=None if errors is None else errors.reshape(per_unit),
        **fields,
    )
