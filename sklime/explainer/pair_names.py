"""Names of pairs that `explain` is asked for: checked, and found among columns."""

from difflib import get_close_matches
from numbers import Integral

import numpy as np


def listed_pairs(interactions, what):
    """Pairs as a list of tuples of two; a pair that is none is an error."""
    wrong = isinstance(interactions, str | bytes | dict) or not np.iterable(interactions)
    pairs = [] if wrong else list(interactions)
    if wrong or any(not np.iterable(pair) or isinstance(pair, str) for pair in pairs):
        raise ValueError(
            f"interactions={interactions!r} must be None, True, or a list of pairs of "
            f"{what}s, such as interactions=[('age', 'income')]"
        )
    pairs = list(map(tuple, pairs))
    if not pairs:
        raise ValueError(
            f"interactions={interactions!r} names no pair: interactions=True looks at all, "
            "None at none"
        )
    for pair in pairs:
        if len(pair) != 2:
            raise ValueError(
                f"interactions holds {pair!r}, which are {len(pair)} {what}s: name two in "
                "each pair, as in interactions=[('age', 'income')]"
            )
    return pairs


def column_positions(pairs, rows):
    """Positions of the columns of pairs; each pair of different columns, once."""
    names = {name: j for j, name in enumerate(rows.names)}
    # A frame's own labels need not be strings, and columns of groups are no features.
    labels = getattr(rows.given, "columns", ())
    labels = {label: names[str(label)] for label in labels if str(label) in names}
    found = np.array([[_position_of(own, names, labels) for own in pair] for pair in pairs])
    check_pairs(pairs, found.tolist(), "column")
    return found


def check_pairs(pairs, found, what):
    """Raise a ValueError for a feature with itself, or two pairs of the same features."""
    known = {}
    for pair, (one, other) in zip(pairs, found, strict=True):
        if one == other:
            raise ValueError(
                f"interactions holds {pair!r}, a {what} with itself: name two {what}s"
            )
        if before := known.get(frozenset((one, other))):
            raise ValueError(
                f"interactions holds {before!r} and {pair!r}, which are the same two "
                f"{what}s: name each pair once"
            )
        known[frozenset((one, other))] = pair


def _position_of(name, names, labels):
    """Position of a column by its name, its label in the frame, or its position."""
    for known in (names, labels):
        try:
            if name in known:
                return known[name]
        except TypeError:
            # What cannot be a key is no label.
            break
    if isinstance(name, Integral) and not isinstance(name, bool):
        if 0 <= name < len(names):
            return int(name)
        raise ValueError(
            f"interactions holds column {name}, and the table has {len(names)}: "
            f"positions go from 0 to {len(names) - 1}"
        )
    [close] = get_close_matches(str(name), map(str, names), n=1, cutoff=0.0)
    raise ValueError(
        f"interactions holds {name!r}, which is no column of the table: of its "
        f"{len(names)} columns, the closest is {close!r}"
    )


def check_name(name, known):
    """Raise a ValueError where no row has a unit of this name."""
    if isinstance(name, str) and name in known:
        return
    if not known:
        raise ValueError(f"interactions holds {name!r}, and no row has any unit")
    [close] = get_close_matches(str(name), known, n=1, cutoff=0.0)
    raise ValueError(
        f"interactions holds {name!r}, which is no unit of these rows: name units as in "
        f"unit_names; of their {len(known)} names, the closest is {close!r}"
    )
