"""Dates, durations and times of day as numbers on an axis."""

import numpy as np

from sklime.tables.series import PandasSeries
from sklime.tables.times import DAY, MISSING, SECOND, is_temporal

# Units of durations, the largest that the longest exceeds twice is shown.
_UNITS = {"days": DAY, "hours": 3600 * SECOND, "minutes": 60 * SECOND, "seconds": SECOND}


def as_numbers(values):
    """Read a Series of dates, durations or times as floats.

    Parameters
    ----------
    values : pandas Series
        The values.

    Returns
    -------
    numbers : ndarray of float, or None
        Dates as matplotlib counts them, in days from 1970 on; durations in `unit`. NaN
        where they are missing; None: the values are of another kind.
    unit : str
        "date", or the unit of durations.
    zone : tzinfo or None
        The time zone of dates.
    """
    kind = PandasSeries(values).kind
    if not is_temporal(kind):
        return None, None, None
    if kind == "period":
        values, kind = values.dt.to_timestamp(), "date"
    ticks = PandasSeries(values).ticks()
    known = ticks.numbers != MISSING
    nanoseconds = np.where(known, ticks.numbers.astype(float) * ticks.unit, np.nan)
    if kind in ("date", "zoned date"):
        return nanoseconds / DAY, "date", ticks.zone
    longest = np.abs(nanoseconds[known]).max(initial=0.0)
    large = (name for name, size in _UNITS.items() if longest > 2 * size)
    unit = next(large, "seconds")
    return nanoseconds / _UNITS[unit], unit, None


def label_dates(ax, zone):
    """Write the numbers of an x axis as dates."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(tz=zone, maxticks=7)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=zone))
