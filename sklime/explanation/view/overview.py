"""Overview of all rows for a page: mean absolute contributions, and a beeswarm."""

import numpy as np

from sklime.explanation.attribution import comparable_outputs, viewed
from sklime.explanation.units import values_by_name
from sklime.explanation.view.beeswarm import beeswarm_offsets
from sklime.explanation.view.ranks import value_ranks
from sklime.page.numbers import aligned

# Features with a line of their own, rows with dots, outputs with a column of bars.
_MOST_FEATURES, _MOST_DOTS, _MOST_OUTPUTS = 10, 2000, 4
# Steps of the colour of a value, from low to high.
_N_COLOURS = 5
# A lane of dots is so wide and so high, in units of its picture.
_WIDTH, _HEIGHT = 1000, 100
# Width of a character of a label below the narrowest lane, in percent.
_CHARACTER = 3.2


def overview(explanation):
    """Describe all rows at once, as plain JSON.

    Returns
    -------
    dict or None
        None for images, whose units differ from row to row, and for fewer than two rows.
        ``attribution``, what is drawn: contributions where they are known, else effects;
        ``outputs``, the headings of columns of bars; ``lines``, the strongest features,
        each with its ``name``, its ``bars``, one for each output, as a ``text`` and a
        ``share`` of the longest in percent, and where one output is explained its
        ``dots``: SVG paths by colour, 0 for low values to 4 for high ones, -1 for values
        that are missing or no numbers; ``n_others``, how many features there are besides;
        ``n_dots``, the rows that have dots, ``coloured`` or all grey; ``ends`` of the
        lanes, as text, and ``zero``, where 0 stands in percent, with ``zero_fits``, whether
        it has room between them.
    """
    if explanation.kind == "image" or len(explanation) < 2:
        return None
    explanation = viewed(explanation)
    names, values = values_by_name(explanation, absent=0.0)
    values = np.where(np.isfinite(values), values, np.nan)
    known = np.isfinite(values).any(axis=(0, 1)) if values.size else np.zeros(0, bool)
    if not known.any():
        return None
    counts = np.maximum(np.isfinite(values).sum(axis=0), 1)
    means = np.nansum(np.abs(values), axis=0) / counts
    order = np.argsort(-means.mean(axis=0), kind="stable")
    order = order[means[:, order].any(axis=0)]
    shown = order[:_MOST_FEATURES]
    if not len(shown):
        return None
    each = values.shape[1] <= _MOST_OUTPUTS
    bars = (means if each else means.mean(axis=0, keepdims=True))[:, shown]
    # Numbers that have units of their own have scales and decimals of their own, too.
    own_scales = each and not comparable_outputs(explanation)
    lists = bars if own_scales else bars.reshape(1, -1)
    texts = np.reshape([aligned(own, signed=False) for own in lists], bars.shape)
    longest = np.broadcast_to(
        bars.max(axis=1 if own_scales else None, keepdims=True, initial=1e-300), bars.shape
    )
    lines = [
        {
            "name": str(names[j]),
            "bars": [
                {
                    "text": str(texts[k, i]),
                    "share": round(100 * bars[k, i] / longest[k, i], 1),
                }
                for k in range(len(bars))
            ],
            "dots": None,
        }
        for i, j in enumerate(shown)
    ]
    found = {
        "attribution": explanation.attribution,
        "outputs": _headings(explanation, each),
        "lines": lines,
        "n_others": len(order) - len(shown),
        "n_dots": 0,
    }
    if explanation.values.ndim == 2:
        found |= _with_dots(explanation, lines, values[:, 0], shown)
    return found


def _headings(explanation, each):
    names = list(dict.fromkeys(map(str, explanation.target_names)))
    if explanation.values.ndim == 2:
        return [names[0] if len(names) == 1 else f"each row's own of {len(names)} outputs"]
    return names if each else [f"mean over {len(names)} outputs"]


def _with_dots(explanation, lines, values, shown):
    """Add the dots to the lines; tell how many rows have some, and of their scale."""
    n = len(values)
    drawn = np.unique(np.linspace(0, n - 1, min(n, _MOST_DOTS)).astype(int))
    picked = np.nan_to_num(values[np.ix_(drawn, shown)])
    low, high = min(0.0, picked.min()), max(0.0, picked.max())
    scale = (high - low) or 1.0
    for line, j, own in zip(lines, shown.tolist(), picked.T, strict=True):
        places = np.rint(_WIDTH * (own - low) / scale).astype(int)
        heights = np.rint(_HEIGHT * (0.5 + beeswarm_offsets(own, scale))).astype(int)
        colours = np.full(len(drawn), -1)
        if explanation.unit_names is None:
            colours = _colours(explanation.data, j)[drawn]
        line["dots"] = {
            int(colour): "".join(
                f"M{x} {y}h0"
                for x, y in dict.fromkeys(
                    zip(places[at].tolist(), heights[at].tolist(), strict=True)
                )
            )
            for colour in np.unique(colours)
            for at in [colours == colour]
        }
    coloured = any(colour >= 0 for line in lines for colour in line["dots"])
    ends = [
        text if end else "0"
        for end, text in zip([low, high], aligned([low, high]), strict=True)
    ]
    zero = round(100 * -low / scale, 1)
    taken = [_CHARACTER * (len(text) + 1.5) for text in ends]
    return {
        "n_dots": len(drawn),
        "coloured": coloured,
        "ends": ends,
        "zero": zero,
        "zero_fits": taken[0] < zero < 100.0 - taken[1],
    }


def _colours(data, j):
    """Colour of each value of a column: its rank in five steps; -1 if it is no number."""
    ranks = value_ranks(data, j)
    steps = np.minimum(np.nan_to_num(ranks, nan=-1.0) * _N_COLOURS, _N_COLOURS - 1)
    return np.where(np.isnan(ranks), -1, np.floor(steps)).astype(int)
