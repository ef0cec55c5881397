"""Static HTML of rows: what a template needs to show them without a script."""

import numpy as np

from sklime.page.numbers import point_aligned, spelled

# Attributions shown of a row; the page's script shows all of them.
_MOST_LINES = 10


def static_row(row, content):
    """Prepare one row for a template.

    Where a row explains all outputs, the one with the highest prediction is shown, or the
    first, where they are numbers of different units.

    Parameters
    ----------
    row : dict
        One of the ``rows`` of `content`.
    content : dict
        What `page_content` gives.

    Returns
    -------
    dict
        ``name``, ``output``, ``answer``, ``what`` the prediction is, and whether there are
        ``sizes`` of draws; ``lines``, the strongest attributions, ``hidden``, how many
        others are not 0, and ``unlisted``, the labels of doubtful ones that are;
        ``has_cells``; ``picture`` or None, and the ``scale`` of its shares; ``longest``,
        characters of a text. A line has its ``label``, ``cell``, ``value``, ``text``, which
        has the margin, too, and ``thin``, and in percent of the width of a bar, where it
        starts, ``left``, its ``width``, and where its error bar stands, ``error_left`` and
        ``error_width``.

    Examples
    --------
    >>> from sklime.page.static import static_row
    >>> answer = {"output": 0, "prediction": 0.8, "values": [0.1, -0.4, 0.0]}
    >>> answer |= {"margins": None, "thin": [], "unanswered": [], "unlisted": []}
    >>> row = {"name": "7", "labels": [0, 1, 2], "cells": None, "picture": None}
    >>> content = {"outputs": ["yes"], "labels": ["a", "b", "c"]}
    >>> content |= {"phrase": "", "drawn": True}
    >>> shown = static_row(row | {"answers": [answer]}, content)
    >>> [(line["label"], line["left"], line["width"]) for line in shown["lines"]]
    [('b', 0.0, 50.0), ('a', 50.0, 12.5)]
    """
    answer = row["answers"][0]
    if content.get("comparable", True):
        answer = max(row["answers"], key=_prediction)
    values = _floats(answer["values"])
    # What draws say nothing about is 0 for want of an answer.
    values[answer["unanswered"]] = np.nan
    margins = _floats(answer["margins"] or [None] * len(values))
    reach = np.abs(values) + np.nan_to_num(margins)
    scale = np.max(reach, where=np.isfinite(reach), initial=0.0) or 1.0
    # NaN sorts first.
    order = np.argsort(-np.nan_to_num(np.abs(values), nan=np.inf), kind="stable")
    order = order[values[order] != 0]
    numbers = [spelled(answer["values"][j], signed=True) for j in order[:_MOST_LINES]]
    texts = dict(zip(order.tolist(), point_aligned(numbers), strict=False))
    if answer["margins"]:
        known = [spelled(answer["margins"][j]) for j in order[:_MOST_LINES]]
        for j, margin in zip(order.tolist(), point_aligned(known), strict=False):
            texts[j] += f" ± {margin}"
    lines = []
    for j in order[:_MOST_LINES].tolist():
        share, error = (
            np.nan_to_num([values[j], margins[j]], posinf=scale) / scale
        ).tolist()
        share = max(-1.0, share)
        lines.append(
            {
                "label": content["labels"][row["labels"][j]],
                "cell": row["cells"] and row["cells"][j],
                "value": None if np.isnan(values[j]) else answer["values"][j],
                "text": texts[j],
                "thin": j in answer["thin"],
                "left": round(50 + 50 * min(share, 0.0), 1),
                "width": round(50 * abs(share), 1),
                "error_left": round(50 + 50 * (share - error), 1),
                "error_width": round(100 * error, 1),
            }
        )
    return {
        "scale": float(f"{scale:.4g}") if np.any(values) else None,
        "longest": max((len(own["text"]) for own in lines), default=0),
        "n_more": len(row["answers"]) - 1,
        "name": row["name"],
        "output": content["outputs"][answer["output"]],
        "answer": answer,
        "what": _what(content, answer),
        "sizes": content["drawn"],
        "unlisted": [content["labels"][row["labels"][j]] for j in answer["unlisted"]],
        "lines": lines,
        "hidden": len(order) - len(lines),
        "has_cells": row["cells"] is not None,
        "classes": row.get("classes", []),
        "picture": row["picture"] and _static_picture(row["picture"], values / scale),
    }


def _what(content, answer):
    phrase = content["phrase"]
    return f"{phrase}{content['outputs'][answer['output']]}:" if phrase else "prediction"


def _prediction(answer):
    return float("-inf") if answer["prediction"] is None else float(answer["prediction"])


def _floats(numbers):
    return np.array([np.nan if own is None else own for own in numbers], dtype=float)


def _static_picture(picture, shares):
    """Put the unit's share, between -1 and 1, beside each part of a picture."""
    # The last place is that of the unit -1, which is none.
    shares = [*np.clip(np.nan_to_num(shares), -1, 1).round(3).tolist(), 0.0]
    if picture["kind"] == "text":
        return picture | {"pieces": _static_pieces(picture, shares)}
    if picture["kind"] == "mixed":
        texts = [(own["name"], _static_pieces(own, shares)) for own in picture["texts"]]
        return picture | {"texts": texts}
    if picture["kind"] == "image":
        areas = zip(picture["areas"], picture["centers"], shares[:-1], strict=False)
        return picture | {"areas": [own for own in areas if own[1] and own[2]]}
    lanes = [_static_lane(lane, picture["steps"], shares) for lane in picture["lanes"]]
    lanes.sort(key=lambda lane: -lane["weight"])
    return picture | {"lanes": lanes[:_MOST_LINES]}


def _static_pieces(text, shares):
    pieces = zip(text["pieces"], text["units"], strict=True)
    return [(piece, shares[unit]) for piece, unit in pieces]


def _static_lane(lane, steps, shares):
    units, starts = np.array(lane["runs"]).T.tolist()
    stops = [*starts[1:], steps]
    bands = [
        (start, stop - start, shares[unit])
        for unit, start, stop in zip(units, starts, stops, strict=True)
        if shares[unit]
    ]
    weight = sum(width * abs(share) for _, width, share in bands)
    return lane | {"bands": bands, "weight": weight}
