"""Entries of tables as pages show them."""

import math
from decimal import Decimal
from numbers import Integral, Real

import numpy as np

from sklime.serialization.scalars import spell_float
from sklime.tables.time_objects import TIMES, time_text

# JavaScript holds no larger ints exactly.
_LARGEST_INT = 2**53
# Characters of a text that stands in a column of a table.
_LONGEST_CELL = 200


def cell_as_json(value):
    """One entry of a table, as JSON; None if it is missing."""
    import pandas as pd

    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, TIMES):
        return None if pd.isna(value) else time_text(value)
    if isinstance(value, Real | Decimal) and not isinstance(value, (bool, np.bool_)):
        if isinstance(value, Integral) and abs(value) <= _LARGEST_INT:
            return int(value)
        if math.isnan(value):
            return None
        # Not all numbers can be formatted.
        return float(f"{float(value):.5g}") if math.isfinite(value) else spell_float(value)
    return str(value)[:_LONGEST_CELL]
