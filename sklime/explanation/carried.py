"""What a tidy frame carries beside its lines, so that it can be read back whole."""

import json

import numpy as np

from sklime.serialization.equality import identical

# The entry of `DataFrame.attrs`: a JSON document, as parquet files keep no other attrs.
_KEY = "sklime.Explanation"


def carry(frame, explanation):
    """Put an explanation among the attributes of its tidy frame, where JSON can hold it."""
    try:
        frame.attrs[_KEY] = json.dumps(explanation.to_dict())
    except TypeError:
        # Objects in `data` or `meta`: the lines are all there is.
        return


def carried(frame, cls):
    """Give the explanation that a frame carries, of the rows that it has lines of.

    Returns
    -------
    Explanation or None
        None where the frame carries none, or its lines say anything else.
    """
    document = frame.attrs.get(_KEY)
    if document is None or not len(frame):
        return None
    try:
        # Not by from_json, which opens files: frames are read from files of strangers.
        whole = cls.from_dict(json.loads(document))
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(
            f"frame.attrs[{_KEY!r}] holds no document of an explanation; without it, the "
            f"lines alone are read: {error}"
        ) from error
    every = whole._tidy_frame()
    lines = every[every["row"].isin(frame["row"])]
    if len(lines) != len(frame) or not set(lines.columns) <= set(frame.columns):
        return None
    try:
        places = _keys(lines).get_indexer(_keys(frame))
    except TypeError:
        # Cells such as lists name no line.
        return None
    if len(np.unique(places)) < len(lines) or places.min() < 0:
        return None
    for name in lines.columns:
        told, held = frame[name].to_numpy(), lines[name].to_numpy()[places]
        if not identical(told, held):
            return None
    # Rows without a unit, such as empty texts, have no line.
    return whole if len(lines) == len(every) else whole[np.unique(frame["row"])]


def _keys(frame):
    """Row, target and feature of each line; features may share a name."""
    import pandas as pd

    names = ["row", "target", "feature"]
    repeats = frame.groupby(names, dropna=False, sort=False).cumcount()
    return pd.MultiIndex.from_arrays([*(frame[name] for name in names), repeats])
