"""Columns of pandas that Arrow backs: dates and durations as ticks, and back."""

import numpy as np

from sklime.serialization.state import PlainState
from sklime.tables.times import DAY, MISSING, NANOSECONDS, Ticks


def kind_of(arrow_type):
    """Kind of a column of dates, durations or times of day; None: of something else."""
    from pyarrow import types

    if types.is_timestamp(arrow_type):
        return "date" if arrow_type.tz is None else "zoned date"
    if types.is_date(arrow_type):
        return "date"
    if types.is_duration(arrow_type):
        return "duration"
    if types.is_time(arrow_type):
        return "time of day"
    return None


def ticks(kind, array):
    """Read an extension array of dates, durations or times of day as `Ticks`."""
    import pyarrow

    arrow_type = array.dtype.pyarrow_dtype
    # Whatever chunks it comes in, and those that have 32 bits through these.
    held = pyarrow.array(array, type=arrow_type)
    held = held.combine_chunks() if hasattr(held, "combine_chunks") else held
    if arrow_type.bit_width == 32:
        held = held.cast(pyarrow.int32())
    numbers = held.cast(pyarrow.int64()).fill_null(MISSING).to_numpy(zero_copy_only=False)
    zone = arrow_type.tz if kind == "zoned date" else None
    return Ticks(kind, np.asarray(numbers), NANOSECONDS[_unit(arrow_type)], zone)


class Rebuilt(PlainState):
    """The way back from ticks to an extension array of a type of Arrow.

    Parameters
    ----------
    arrow_type : pyarrow DataType
        The type.
    """

    def __init__(self, arrow_type):
        self.arrow_type = arrow_type

    def __call__(self, numbers):
        import pandas
        import pyarrow
        from pyarrow import types

        missing, own = numbers == MISSING, self.arrow_type
        if types.is_time(own):
            numbers = np.clip(numbers, 0, DAY // NANOSECONDS[own.unit] - 1)
        if own.bit_width == 32:
            numbers = np.clip(numbers, -(2**31), 2**31 - 1).astype(np.int32)
        if types.is_date64(own):
            # Milliseconds, of whole days.
            numbers = numbers // 86_400_000 * 86_400_000
        array = pyarrow.array(numbers, mask=missing).cast(own)
        return pandas.arrays.ArrowExtensionArray(array)


def _unit(arrow_type):
    from pyarrow import types

    if types.is_date(arrow_type):
        return "D" if arrow_type.bit_width == 32 else "ms"
    return arrow_type.unit
