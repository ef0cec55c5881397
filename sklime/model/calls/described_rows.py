"""Positions of rows in words, for messages."""

import numpy as np

from sklime.validation import listed


def described_rows(positions, what="row", start=0):
    """Positions of rows in words: a range where they follow each other.

    Parameters
    ----------
    positions : array-like of int
        Ascending.
    what : str, default="row"
        What a row is called.
    start : int, default=0
        Position of the first of the rows that these are counted from.

    Examples
    --------
    >>> from sklime.model.calls.described_rows import described_rows
    >>> described_rows([0, 1, 2], "pool draw", start=64)
    'pool draws 64..66'
    """
    plural = f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"
    positions = np.asarray(positions) + start
    if len(positions) == 1:
        return f"{what} {positions[0]}"
    if len(positions) and positions[-1] - positions[0] == len(positions) - 1:
        return f"{plural} {positions[0]}..{positions[-1]}"
    return f"{plural} {listed(map(str, positions), 10)}"
