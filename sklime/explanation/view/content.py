"""Content of an explanation's page, as plain JSON rounded to what is displayed."""

import numpy as np

from sklime.explanation.attribution import comparable_outputs, viewed
from sklime.explanation.class_probabilities import class_probabilities
from sklime.explanation.frames import values_of_units
from sklime.explanation.labels import row_names
from sklime.explanation.units import by_output, unit_mask, units_by_name
from sklime.explanation.view.cells import cell_as_json
from sklime.explanation.view.doubts import doubts
from sklime.explanation.view.notes import reading_notes
from sklime.explanation.view.pictures import picture_of
from sklime.serialization.arrays import nested_floats

# Classes whose probabilities a row shows.
_MOST_CLASSES = 10
# Units that the table of rows names.
_N_STRONGEST = 2
# Fields of an answer that are one number for each row and output.
_NUMBERS = {
    "prediction": "predictions",
    "local": "local_predictions",
    "score": "scores",
    "size": "effective_sample_sizes",
}


def page_content(explanation):
    """Describe an explanation for a page, as plain JSON.

    Returns
    -------
    dict
        ``outputs`` and ``labels``, the distinct outputs and conditions, which rows refer
        to by position; ``ranking``, what units are ranked by where rows are compared,
        "contribution" or "effect"; ``rows``, each with its ``name``, the ``labels`` of its
        units, their ``cells`` (None if features are no columns), a ``picture`` of the row
        (None for tables), its ``classes`` with their probabilities, as far as they are
        known, and ``answers``, one for each explained output: its position among the
        ``outputs``, ``prediction``, ``local`` prediction, ``score``, effective sample
        ``size``, and of the units their ``values``, ``margins`` (half the 95 % interval;
        None if unknown), and positions of those in doubt: ``thin``, of little support,
        ``unanswered``, which draws say nothing about, and ``unlisted``, of little support
        and 0; where ``values`` are effects but contributions are known, also
        ``strongest``, the positions and contributions of the units that contribute most;
        and where they are known ``neighbours``, R2 on the nearest training rows;
        ``phrase``, what a prediction is: "probability of ", or ""; and ``comparable``,
        whether outputs are on one scale, so that there is a highest prediction.
        Numbers have four significant digits; None stands for NaN.

    Examples
    --------
    >>> from sklime import Explanation
    >>> from sklime.explanation.view.content import page_content
    >>> explanation = Explanation(
    ...     [[1 / 3, -0.1]],
    ...     intercepts=[0.5],
    ...     predictions=[0.8],
    ...     local_predictions=[0.7],
    ...     scores=[0.9],
    ...     effective_sample_sizes=[512],
    ...     support=[[256, 256]],
    ...     data=[["good film"]],
    ...     feature_names=["good", "film"],
    ...     target_names=["yes"],
    ...     conditions=[["good", "film"]],
    ...     meta={"kind": "text"},
    ... )
    >>> page_content(explanation)["rows"][0]["answers"][0]["values"]
    [0.3333, -0.1]
    """
    e = explanation
    outputs, labels = {}, {}
    # A table's conditions are spelled out faster at once than row by row.
    conditions = e.conditions if e.unit_names is not None else np.asarray(e.conditions)
    parts = zip(
        row_names(e), conditions, _cells_by_row(e), _answers(e, outputs), strict=True
    )
    rows = [
        {
            "name": name,
            "labels": _positions(own, labels),
            "cells": cells,
            "picture": picture_of(e, i),
            "classes": _classes(e, i),
            "answers": answers,
        }
        for i, (name, own, cells, answers) in enumerate(parts)
    ]
    probability = e.meta.get("response_method") == "predict_proba"
    return {
        "outputs": [*outputs],
        "labels": [*labels],
        "ranking": viewed(e).attribution,
        "rows": rows,
        "phrase": "probability of " if probability else "",
        "drawn": e.meta.get("method") != "exact",
        "comparable": comparable_outputs(e),
    }


def page_header(explanation):
    """Describe what all rows of an explanation share, for the head of a page.

    Returns
    -------
    dict
        ``kind``, ``n_rows``, ``meta``, ``attribution``, what the values are;
        ``has_intervals``, whether they have standard errors; ``notes``, sentences for the
        reader.
    """
    return {
        "notes": reading_notes(explanation),
        "kind": explanation.kind,
        "n_rows": len(explanation),
        "meta": _without_markup(explanation.meta),
        "attribution": explanation.attribution,
        "has_intervals": explanation.standard_errors is not None,
    }


def _without_markup(value):
    """Values of `meta` in which no object brings HTML of its own."""
    if isinstance(value, dict):
        return {_without_markup(key): _without_markup(own) for key, own in value.items()}
    if isinstance(value, list | tuple):
        return list(map(_without_markup, value))
    if isinstance(value, str):
        return str.__str__(value)
    return str(value) if hasattr(value, "__html__") else value


def _positions(names, known):
    """Positions of names in a dict of distinct names, to which new ones are added."""
    return [known.setdefault(str(name), len(known)) for name in names]


def _cells_by_row(explanation):
    """Cells of each row as lists; None if rows have no columns."""
    names, columns = units_by_name(explanation)
    rows, units = np.nonzero(columns >= 0)
    cells = values_of_units(explanation, rows, names, columns[rows, units])
    # As lists, numpy's own dates would be ints.
    cells = cells if cells.dtype.kind in "Mm" else cells.tolist()
    cells = list(map(cell_as_json, cells))
    if all(cell is None for cell in cells):
        return [None] * len(explanation)
    counts = (columns >= 0).sum(axis=1).tolist()
    stops = np.cumsum(counts).tolist()
    return [cells[stop - count : stop] for stop, count in zip(stops, counts, strict=True)]


def _answers(explanation, outputs):
    """Responses and attributions of each row; adds the explained outputs to `outputs`."""
    e, mask = explanation, unit_mask(explanation)
    values = by_output(e.values)
    n, k, _ = values.shape
    targets = np.array(_positions(e.target_names, outputs), dtype=int)
    targets = np.broadcast_to(targets[:, None] if e.values.ndim == 2 else targets, (n, k))
    margins = np.full_like(values, np.nan)
    if e.standard_errors is not None:
        with np.errstate(invalid="ignore"):  # infinite attributions have no margin
            margins = by_output(e.confidence_intervals()[1] - e.values)
    doubtful = {name: own & mask[:, None] for name, own in doubts(e).items()}
    numbers = dict(_NUMBERS)
    if e.neighbour_scores is not None:
        numbers["neighbours"] = "neighbour_scores"
    fields = {
        "output": targets.tolist(),
        **{
            name: nested_floats(_rounded(getattr(e, field).reshape(n, k)))
            for name, field in numbers.items()
        },
        "values": nested_floats(_rounded(values)),
        "margins": nested_floats(_rounded(margins, digits=2)),
    }
    rows = []
    for i, count in enumerate(mask.sum(axis=1)):
        rows.append(
            [{name: field[i][j] for name, field in fields.items()} for j in range(k)]
        )
        for j, answer in enumerate(rows[-1]):
            answer["values"] = answer["values"][:count]
            known = e.standard_errors is not None
            answer["margins"] = answer["margins"][:count] if known else None
            for name, own in doubtful.items():
                answer[name] = np.flatnonzero(own[i, j]).tolist()
    contributions = viewed(e)
    if contributions.attribution != e.attribution:
        for answers, own in zip(rows, by_output(contributions.values), strict=True):
            for answer, values in zip(answers, own, strict=True):
                answer["strongest"] = _strongest(values[: len(answer["values"])])
    return rows


def _classes(explanation, row):
    """Names and probabilities of classes that one row has; of many the likeliest ones."""
    known = class_probabilities(explanation, row)
    if len(known) <= 2 and explanation.kind == "table":
        # The prediction says it all.
        return []
    if not np.isfinite([p for _, p in known]).all():
        # Of a row that the model was not asked about: the prediction says so.
        return []
    if len(known) > _MOST_CLASSES:
        known.sort(key=lambda own: -own[1])
        rest = known[_MOST_CLASSES - 1 :]
        known = known[: _MOST_CLASSES - 1]
        known.append((f"{len(rest):,} others", sum(p for _, p in rest)))
    return [[str(name), *_rounded(np.array([p])).tolist()] for name, p in known]


def _strongest(values):
    """Positions and values of the strongest units that are not 0; NaN comes first."""
    sizes = np.nan_to_num(np.abs(values), nan=np.inf)
    order = np.argsort(-sizes, kind="stable")[:_N_STRONGEST]
    order = order[values[order] != 0]
    return [
        list(pair)
        for pair in zip(order.tolist(), nested_floats(_rounded(values[order])), strict=True)
    ]


def _rounded(array, digits=4):
    """Floats rounded to `digits` significant digits."""
    return np.strings.mod(f"%.{digits}g", array).astype(float)
