"""Assembly of blocks of explained rows into one Explanation."""

import numpy as np

from sklime.explanation import Explanation
from sklime.surrogates.surrogates import Surrogates
from sklime.tables.access import copy_rows


def assemble_explanation(blocks, rows, target, names, responses, outputs, meta, pairs=None):
    """Join surrogates into one Explanation.

    Parameters
    ----------
    blocks : sequence of (Surrogates, note, neighbour scores or None, told pairs or None)
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
    pairs : ToldPairs, default=None
        The interactions that were asked for.
    """
    fitted, notes, judged, _ = zip(*blocks, strict=True)
    positions = rows.positions(notes)
    if positions is not None:
        n_shared = len(notes[0][0])
        fitted = [
            part.spread(own, n_shared) for part, own in zip(fitted, positions, strict=True)
        ]
    fitted = Surrogates.padded(fitted)
    n, k, d = fitted.coef.shape
    per_unit = (n, k, d) if target.multiple else (n, d)
    per_output = per_unit[:-1]

    def every_output(array):
        return np.repeat(array[:, np.newaxis], k, axis=1)

    def per_feature(array):
        return every_output(array).reshape(per_unit)

    fields = rows.explanation_fields(notes)
    if pairs is not None:
        told, at_rows = pairs.contrasts, pairs.contrasts.at_rows
        if at_rows is not None:
            at_rows = every_output(at_rows).reshape(*per_output, -1)
        fields |= {
            "interactions": told.coef.reshape(*per_output, -1),
            "interaction_pairs": pairs.names,
            "interaction_standard_errors": told.errors.reshape(*per_output, -1),
            "interaction_positions": at_rows,
        }
    # What the caller does to these rows afterwards is no part of the explanation.
    fields["data"] = copy_rows(fields["data"])
    sizes, errors = every_output(fitted.effective_sample_sizes), fitted.standard_errors
    if errors is not None:
        # An error that draws do not tell is no number.
        errors = np.where(np.isinf(errors), np.nan, errors)
    return Explanation(
        fitted.coef.reshape(per_unit),
        intercepts=fitted.intercepts.reshape(per_output),
        predictions=np.take_along_axis(responses, outputs, axis=1).reshape(per_output),
        local_predictions=fitted.local_predictions.reshape(per_output),
        scores=fitted.scores.reshape(per_output),
        effective_sample_sizes=sizes.reshape(per_output),
        support=per_feature(fitted.support),
        target_names=target.names if target.multiple else names[outputs[:, 0]],
        meta=meta,
        standard_errors=None if errors is None else errors.reshape(per_unit),
        feature_means=per_feature(fitted.feature_means),
        baselines=fitted.baselines.reshape(per_output),
        positions=per_feature(fitted.positions) if rows.standardised else None,
        neighbour_scores=None
        if judged[0] is None
        else np.concatenate(judged).reshape(per_output),
        class_probabilities=None if target.multiple else _of_classes(responses, meta),
        **fields,
    )


def _of_classes(responses, meta):
    """Probabilities of all classes, where the explained one does not tell the others."""
    several = meta["response_method"] == "predict_proba" and len(meta["classes"]) > 2
    return np.array(responses, dtype=float) if several else None
