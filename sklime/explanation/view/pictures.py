"""JSON descriptions of texts, images and sequences, for pages."""

import base64
import io
import re

import numpy as np

from sklime.explanation.units import is_label_map, unit_of_characters
from sklime.explanation.view.cells import cell_as_json
from sklime.tables.access import cell_of, is_frame, row_of
from sklime.tables.schema import default_names

# Longest side of an image on the page, in pixels.
_LONGEST_SIDE = 192
# With so many units, whose outlines make a page heavy, it is three quarters of that.
_MANY_UNITS = 100
# Larger images are written as JPEG, which loses a little but is far smaller.
_LARGEST_PNG = 8_000


def picture_of(explanation, row):
    """Describe one row and the places of its units, as plain JSON.

    Parameters
    ----------
    row : int
        Position of the row.

    Returns
    -------
    dict or None
        None for rows of tables, and where the places of units are not known. Else its
        ``kind``, and what `text_picture`, `mixed_picture`, `image_picture` or
        `sequence_picture` give.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime.explanation.view.pictures import image_picture
    >>> picture = image_picture(np.zeros((2, 3)), np.array([[0, 0, 1], [2, 2, 1]]))
    >>> picture["areas"]
    ['m0 0h2', 'm2 0h1m-1 1h1', 'm0 1h2']
    """
    if explanation.unit_spans is None:
        return None
    spans, kind = explanation.unit_spans[row], explanation.kind
    data = row_of(explanation.data, row)
    if kind == "text":
        return {"kind": kind, **text_picture(str(data), spans)}
    if kind == "mixed":
        return {"kind": kind, **mixed_picture(explanation, row)}
    if not is_label_map(spans, data) or not spans.size:
        return None
    if kind == "image" and spans.ndim == 2:
        return {"kind": kind, **image_picture(np.asarray(data), spans)}
    if kind == "sequence":
        names, meta = explanation.feature_names, explanation.meta
        own = meta.get("features"), meta.get("steps")
        series = np.asarray(data, float)
        return {"kind": kind, **sequence_picture(series, spans, names, *own)}
    return None


def text_picture(text, spans):
    """Describe a text as pieces, cut where its units begin and end.

    Parameters
    ----------
    spans : sequence of array-like
        Of each unit one pair of offsets, or several.

    Returns
    -------
    dict
        ``pieces``, which make up the text, and their ``units``, -1 for none.

    Examples
    --------
    >>> from sklime.explanation.view.pictures import text_picture
    >>> text_picture("not bad", [(0, 3), (4, 7)])
    {'pieces': ['not', ' ', 'bad'], 'units': [0, -1, 1]}
    """
    owner = unit_of_characters(text, spans)
    starts = _run_starts(owner)
    stops = np.append(starts, len(text))[1:]
    pieces = [text[a:b] for a, b in zip(starts, stops, strict=True)]
    return {"pieces": pieces, "units": owner[starts].tolist()}


def mixed_picture(explanation, row):
    """Describe a row of columns, of which those of texts have words as units.

    Returns
    -------
    dict
        ``texts``, each with the ``name`` of its column and what `text_picture` gives;
        ``cells``, pairs of the names of the other columns and their values, as JSON.
    """
    data, units = explanation.data, explanation.unit_names[row]
    names = list(data.columns) if is_frame(data) else default_names(data.shape[1])
    cells = [cell_of(data, row, j) for j in range(len(names))]
    places = [np.reshape(own, (-1, 2)) for own in explanation.unit_spans[row]]
    words = _words_by_column(cells, names, units, places)
    texts = []
    for j, own in words.items():
        picture = text_picture(cells[j], [places[unit] for unit in own])
        numbered = np.append(own, -1)[picture["units"]].tolist()
        texts.append({"name": str(names[j]), **picture, "units": numbered})
    others = [j for j in range(len(cells)) if j not in words]
    rest = [[str(names[j]), cell_as_json(cells[j])] for j in others]
    return {"texts": texts, "cells": rest}


def _words_by_column(cells, columns, units, places):
    """Units that are words, by the column of the text in which they stand, in order."""
    found, column, last = {}, None, -1
    for unit, (name, own) in enumerate(zip(units, places, strict=True)):
        if not len(own):
            continue
        start, stop = own[0]

        def holds(j, start=start, stop=stop, name=name):
            if not isinstance(cells[j], str):
                return False
            # A word of two texts is told apart by its column.
            word = cells[j][start:stop]
            return str(name).lower() in (word.lower(), f"{columns[j]}: {word}".lower())

        # Words stand in the order of their text; a new text begins anew.
        if column is None or start <= last or not holds(column):
            others = (j for j in range(len(cells)) if j not in found and holds(j))
            column = next(others, column)
        last = start
        if column is not None:
            found.setdefault(column, []).append(unit)
    return found


def image_picture(image, labels):
    """Write an image as a data URI, and the areas of its units as paths of SVG.

    Parameters
    ----------
    image : ndarray of shape (H, W) or (H, W, C)
        Bytes, numbers between 0 and 1, or others, whose range is then stretched to that.
    labels : ndarray of int of shape (H, W)
        The unit of each pixel, -1 for none.

    Returns
    -------
    dict
        ``width`` and ``height`` in pixels, ``src``, and of each unit the ``areas``: a
        line along the upper edge of each horizontal stretch of pixels, to be moved half a
        pixel down and drawn one pixel wide; and ``centers``, a pixel amid each.
    """
    many = labels.max(initial=-1) >= _MANY_UNITS
    step = -(-max(labels.shape) // (_LONGEST_SIDE * 3 // 4 if many else _LONGEST_SIDE))
    labels = labels[step // 2 :: step, step // 2 :: step]
    height, width = labels.shape
    owner = labels.ravel()
    # A line ends where its unit or its row of pixels ends.
    starts = _run_starts(owner, np.arange(owner.size) // width)
    lengths = np.diff([*starts, owner.size])
    # Relative moves are short: a unit's next line begins near the end of its last.
    areas = [[] for _ in range(owner.max(initial=-1) + 1)]
    ends = [(0, 0)] * len(areas)
    for start, length in zip(starts.tolist(), lengths.tolist(), strict=True):
        if (unit := owner[start]) >= 0:
            y, x = divmod(start, width)
            areas[unit].append(f"m{x - ends[unit][0]} {y - ends[unit][1]}h{length}")
            ends[unit] = x + length, y
    return {
        "width": width,
        "height": height,
        "src": _data_uri(image, (width, height)),
        "areas": list(map("".join, areas)),
        "centers": [_center(labels == unit) for unit in range(len(areas))],
    }


def sequence_picture(series, labels, names, features=None, step_names=None):
    """Write the features of a sequence as lines of SVG, one lane each.

    Parameters
    ----------
    series : ndarray of shape (T,) or (T, F)
        Values; NaN breaks the line.
    labels : ndarray of int of shape (T,) or (T, F)
        The unit of each step, or each step and feature; -1 for none.
    names : sequence of str
        Names of the cells, step-major, from which those of features are taken where
        `features` are not given.
    features : sequence of F str, default=None
        Names of the features.
    step_names : sequence of T str, default=None
        Names of the steps.

    Returns
    -------
    dict
        ``steps``, how many there are, ``ends``, the names of the first and the last (None
        if unknown), and ``lanes``, each with the ``name`` of its
        feature, its range ``low`` and ``high``, the ``path`` of its line, a step one unit
        wide and a range of 100 high, and ``runs``: the unit and the first step of each
        stretch of one unit.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime.explanation.view.pictures import sequence_picture
    >>> sequence_picture(np.array([1.0, 5.0, 3.0]), np.array([0, 0, 1]), [])
    {'steps': 3, 'ends': None, 'lanes': [{'name': 'feature 0', 'low': 1.0, 'high': 5.0,
     'path': 'M0.5 100L0.5 100 1.5 0 2.5 50', 'runs': [[0, 0], [1, 2]]}]}
    """
    series = series.reshape(len(series), -1)
    steps, n_features = series.shape
    labels = np.broadcast_to(labels.reshape(steps, -1), series.shape)
    lanes = []
    for j in range(n_features):
        line, owner = series[:, j], labels[:, j]
        known = line[np.isfinite(line)]
        low, high = (known.min(), known.max()) if len(known) else (np.nan, np.nan)
        starts = _run_starts(owner)
        lane = {
            "name": features[j] if features else _lane_name(names, j, series.size),
            "low": float(f"{low:.4g}") if len(known) else None,
            "high": float(f"{high:.4g}") if len(known) else None,
            "path": _path(100 * (high - line) / ((high - low) or 1.0)),
            "runs": np.stack([owner[starts], starts], axis=1).tolist(),
        }
        lanes.append(lane)
    ends = [step_names[0], step_names[-1]] if step_names else None
    return {"steps": steps, "ends": ends, "lanes": lanes}


def _run_starts(*labels):
    """Positions at which one of parallel arrays differs from the position before."""
    changes = np.any([np.diff(own, prepend=own[:1] - 1) for own in labels], axis=0)
    return np.flatnonzero(changes)


def _center(area):
    """The pixel [x, y] of an area that is nearest to the middle of its pixels."""
    y, x = np.nonzero(area)
    if not len(x):
        return None
    nearest = np.argmin((x - x.mean()) ** 2 + (y - y.mean()) ** 2)
    return [int(x[nearest]), int(y[nearest])]


def _data_uri(image, size):
    """An image as PNG where that is small, else as JPEG."""
    from PIL import Image

    picture = Image.fromarray(as_bytes(image)).resize(size, Image.Resampling.BOX)
    for kind in ("png", "jpeg"):
        file = io.BytesIO()
        picture.save(file, kind, quality=70, optimize=True)
        if file.tell() <= _LARGEST_PNG:
            break
    content = base64.b64encode(file.getvalue()).decode("ascii")
    return f"data:image/{kind};base64,{content}"


def as_bytes(image):
    """Pixels as bytes: grey of shape (H, W) or colours of shape (H, W, 3)."""
    image = (
        np.nan_to_num(image.astype(float), nan=0.0) if image.dtype != np.uint8 else image
    )
    if image.ndim == 3:
        colours = image.shape[2] in (3, 4)
        image = image[..., :3] if colours else image.mean(axis=2)
    if image.dtype != np.uint8:
        low, high = min(0.0, image.min()), image.max()
        stretch = low < 0 or high > 1
        image = (image - low) / ((high - low) or 1.0) if stretch else image
        image = np.rint(255 * image).astype(np.uint8)
    return image


def _path(y):
    """The path through the middle of steps at these heights; NaN is a gap."""
    points = [f"{i + 0.5:g} {height:.3g}" for i, height in enumerate(y.tolist())]
    known = np.flatnonzero(np.isfinite(y))
    stretches = np.split(known, np.flatnonzero(np.diff(known) > 1) + 1)
    # The first point twice: a stretch of one is then a dot.
    return "".join(
        f"M{points[own[0]]}L{' '.join(points[i] for i in own)}"
        for own in stretches
        if len(own)
    )


def _lane_name(names, feature, n_cells):
    """The name of a feature, from that of its first cell, such as ``x0_t-9``."""
    if len(names) == n_cells:
        found = re.fullmatch(r"(.+)_t-\d+", str(names[feature]), flags=re.DOTALL)
        if found:
            return found[1]
    return f"feature {feature}"
