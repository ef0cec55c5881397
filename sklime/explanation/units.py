"""Units of an explanation: their columns in `values` and their places in the rows."""

import numpy as np


def by_output(array):
    """View an array of unit shape with an axis for the outputs, even if only one."""
    return array[:, np.newaxis] if array.ndim == 2 else array


def unit_mask(explanation):
    """Mask of `values` that is True at units and False at padding, of shape (n, d)."""
    n, d = len(explanation), explanation.shape[-1]
    own = explanation.unit_names
    counts = [d] * n if own is None else list(map(len, own))
    return np.arange(d) < np.reshape(counts, (-1, 1))


def units_by_name(explanation):
    """Column of each unit in a matrix with one column per unit name.

    Returns
    -------
    names : ndarray of shape (n_columns,)
        The features; in ragged explanations the names of units that some row has, in the
        order of the features, then of appearance.
    columns : ndarray of shape (n, d)
        The column of each unit; -1 for padding.
    """
    n, d = len(explanation), explanation.shape[-1]
    if explanation.unit_names is None:
        return explanation.feature_names, np.broadcast_to(np.arange(d), (n, d))
    found = [name for own in explanation.unit_names for name in own]
    positions = dict.fromkeys([*explanation.feature_names, *found])
    names = np.array([*positions, None], dtype=object)[:-1]
    positions = dict(zip(names, range(len(names)), strict=True))
    used, codes = np.unique(
        np.array([positions[name] for name in found], dtype=int), return_inverse=True
    )
    columns = np.full((n, d), -1)
    columns[unit_mask(explanation)] = codes
    return names[used], columns


def values_by_name(explanation, *, absent=np.nan):
    """Attributions with one column per name, units of one name in a row summed.

    Parameters
    ----------
    absent : float, default=NaN
        Value where a row has no such unit.

    Returns
    -------
    names : ndarray of shape (n_columns,)
        As `units_by_name` gives them.
    values : ndarray of shape (n, n_outputs, n_columns)
        One output if each row explains one target.
    """
    names, columns = units_by_name(explanation)
    values = by_output(explanation.values)
    if explanation.unit_names is None:
        return names, values
    row, unit = np.nonzero(columns >= 0)
    place = row, slice(None), columns[row, unit]
    wide = np.full((*values.shape[:2], len(names)), absent)
    wide[place] = 0.0
    np.add.at(wide, place, values[row, :, unit])
    return names, wide


def check_common_units(explanation):
    """Raise a ValueError where images are cut differently: units of one name share nothing.

    Parameters
    ----------
    explanation : Explanation
        Whose units are to be compared over rows.
    """
    maps = explanation.unit_spans
    if explanation.kind != "image" or maps is None:
        return
    for i, labels in enumerate(maps):
        if not np.array_equal(labels, maps[0]):
            raise ValueError(
                f"image {i} is cut differently from image 0, so that segments of one name "
                "are different places: show each with ImageDisplay, or explain with "
                'segmenter="grid" or (rows, columns), which cut images of one size alike'
            )


def is_label_map(spans, row):
    """Whether a row's spans are an array of its own shape that labels each place.

    The label is the position of the unit that the place, such as a pixel, belongs to; -1
    where there is none. Channels, being last, need no labels of their own.

    Parameters
    ----------
    spans : object
        What `unit_spans` holds for the row.
    row : object
        What `data` holds for it.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime.explanation.units import is_label_map
    >>> is_label_map(np.zeros((4, 6), dtype=int), np.zeros((4, 6, 3)))
    True
    >>> is_label_map(np.array([[0, 3], [4, 7]]), "not bad")
    False
    """
    shape = np.shape(row)
    if not isinstance(spans, np.ndarray) or not spans.ndim or not shape:
        return False
    # One feature a step may have an axis of its own, or none.
    return (*shape, 1)[: spans.ndim] == spans.shape


def unit_of_characters(text, spans):
    """The unit that each character of a text belongs to, -1 for none, ndarray of int."""
    unit = np.full(len(text), -1)
    for j, own in enumerate(spans):
        for start, stop in np.reshape(own, (-1, 2)):
            unit[start:stop] = j
    return unit


def pick_spans(spans, row, units):
    """Spans of selected units of a row, in the order given."""
    if not is_label_map(spans, row):
        return spans[units] if isinstance(spans, np.ndarray) else [spans[j] for j in units]
    labels = spans.astype(int)
    # One place more than there are labels, for -1 to point at.
    renumbered = np.full(max(labels.max(initial=-1), units.max(initial=-1)) + 2, -1)
    renumbered[units] = np.arange(len(units))
    return renumbered[labels]
