"""Codecs of dates, durations and times of day, written as floats that are exact.

A column is read as whole ticks of its own unit. Floats count the largest step that all
training values lie on, from the first of them, so that they are exact wherever floats can.
"""

import datetime
from dataclasses import dataclass
from math import gcd

import numpy as np

from sklime.serialization.state import PlainState

# The tick of a missing value, as in numpy and pandas, and the range of the others.
MISSING = np.iinfo(np.int64).min
_LOWEST, _HIGHEST = MISSING + 1, np.iinfo(np.int64).max

SECOND = 10**9
DAY = 86_400 * SECOND
# Nanoseconds in a tick.
NANOSECONDS = {"D": DAY, "s": SECOND, "ms": 10**6, "us": 10**3, "ns": 1}
# Texts end at one of these: the coarsest that tells values apart.
_RESOLUTIONS = {"D": DAY, "h": 3600 * SECOND, "m": 60 * SECOND, **NANOSECONDS}
_RESOLUTIONS = dict(sorted(_RESOLUTIONS.items(), key=lambda item: -item[1]))
_NAMES = {"date": "dates", "zoned date": "dates with a time zone", "duration": "durations"}
_NAMES |= {"time of day": "times of day", "period": "periods"}


@dataclass(frozen=True, eq=False)
class Ticks:
    """Column of dates, durations or times of day, as whole ticks.

    Parameters
    ----------
    kind : {"date", "zoned date", "duration", "time of day", "period"}
        What is counted: dates from 1970 on, in UTC if they have a time zone.
    numbers : ndarray of shape (n_rows,) of int64
        The ticks, `MISSING` where there is no value.
    unit : int or pandas PeriodDtype
        Nanoseconds in a tick, or the periods that are counted.
    zone : tzinfo, str or None, default=None
        The time zone in which dates are shown.
    """

    kind: str
    numbers: np.ndarray
    unit: object
    zone: object = None

    def within(self, unit):
        """Ticks in another unit: whole ones, and the rest of each as a share of one."""
        rest = np.zeros(len(self.numbers))
        if unit == self.unit:
            return self.numbers, rest
        missing = self.numbers == MISSING
        if not isinstance(unit, int) or not isinstance(self.unit, int):
            raise ValueError(f"{self.unit} where training had {unit}: use asfreq.")
        if self.unit > unit:
            # As Python's ints, which do not overflow.
            many = [own * (self.unit // unit) for own in self.numbers[~missing].tolist()]
            whole = self.numbers.copy()
            whole[~missing] = [min(max(own, _LOWEST), _HIGHEST) for own in many]
            return whole, rest
        ratio = unit // self.unit
        whole, finer = np.divmod(self.numbers, ratio)
        return np.where(missing, MISSING, whole), np.where(missing, 0.0, finer / ratio)


class Times(PlainState):
    """Codec of dates, durations or times of day.

    Parameters
    ----------
    ticks : Ticks
        The training column.
    rebuild : callable
        From ticks, `MISSING` where there is no value, to a column of the training dtype.
    """

    def __init__(self, ticks, rebuild):
        self.kind = ticks.kind
        self.unit = ticks.unit
        self.zone = ticks.zone
        self.rebuild = rebuild
        known = np.unique(ticks.numbers[ticks.numbers != MISSING])
        self.first = int(known[0]) if len(known) else 0
        # As Python's ints, whose differences do not overflow.
        self.step = gcd(*(own - self.first for own in known.tolist())) or 1
        self.known = None
        floats = self._floats(known, 0.0)
        if not np.array_equal(self._ticks(floats), known):
            # Finer than floats can count: each has a float that stands for it alone.
            for i in range(1, len(floats)):
                floats[i] = max(floats[i], np.nextafter(floats[i - 1], np.inf))
            self.known = known, floats

    def encode(self, column):
        """Floats of a column, NaN where it is missing."""
        ticks = column.ticks()
        if ticks is None:
            return column.floats()
        whole, rest = ticks.within(self.unit)
        missing = whole == MISSING
        floats = self._floats(np.where(missing, self.first, whole), rest)
        if self.known is not None:
            known, own = self.known
            at = np.minimum(np.searchsorted(known, whole), len(known) - 1)
            floats = np.where((known[at] == whole) & (rest == 0.0), own[at], floats)
        return np.where(missing, np.nan, floats)

    def decode(self, values):
        """Restore a column from its floats, rounded to whole ticks."""
        return self.rebuild(self._ticks(values))

    def text(self, value):
        """Readable text of one float that is not NaN, exact to the tick."""
        [tick] = self._ticks(np.array([value]))
        if not isinstance(self.unit, int):
            return self._spelled_period(tick)
        return spell(self.kind, self._shown(tick))

    def edge(self, cut, observed):
        """Text of a bin edge, as coarse as it can be with training values on their sides.

        A day may stand for all of its hours as well as for its first moment: no training
        value lies between the two.
        """
        above = np.searchsorted(observed, cut, side="right")
        below, above = self._ticks(observed[[above - 1, above]])
        [tick] = self._ticks(np.array([cut]))
        tick = max(below, min(tick, above - 1))
        if not isinstance(self.unit, int):
            return self._spelled_period(tick)
        below, own, above = map(self._shown, (below, tick, above))
        for resolution, size in _RESOLUTIONS.items():
            for candidate in (own // size * size, (own // size + 1) * size):
                # What is written may stand for its first moment or for all of it.
                written = _written(self.kind, resolution)
                if below <= candidate and candidate + written <= above:
                    return _spelled(self.kind, candidate, resolution)
        return _spelled(self.kind, own, "ns")

    def _floats(self, whole, rest):
        # Differences without a sign, as the ends of the range lie up to 2**64 apart.
        own, first = whole.view(np.uint64), np.array([self.first]).view(np.uint64)
        later = whole >= self.first
        apart = np.where(later, own - first, first - own)
        steps, left = np.divmod(apart, np.uint64(self.step))
        floats = steps + left / self.step
        return np.where(later, floats, -floats) + rest / self.step

    def _ticks(self, floats):
        missing = np.isnan(floats)
        steps = np.where(missing, 0.0, floats)
        moved = np.rint(np.clip(steps * self.step, -1e20, 1e20))
        if abs(self.first) + np.abs(moved).max(initial=0.0) < 2.0**62:
            ticks = moved.astype(np.int64) + self.first
        else:
            # As Python's ints, which do not overflow.
            exact = [int(own) + self.first for own in moved]
            ticks = np.array([min(max(own, _LOWEST), _HIGHEST) for own in exact], np.int64)
        if self.known is not None:
            known, own = self.known
            at = np.minimum(np.searchsorted(own, steps), len(own) - 1)
            ticks = np.where(own[at] == steps, known[at], ticks)
        return np.where(missing, MISSING, ticks)

    def _shown(self, tick):
        """Nanoseconds of a tick, by the clock of the column's time zone."""
        own = int(tick) * self.unit
        if self.zone is None:
            return own
        seconds, rest = divmod(own, SECOND)
        try:
            utc = datetime.datetime.fromtimestamp(0, datetime.UTC)
            local = utc + datetime.timedelta(seconds=seconds)
            offset = local.astimezone(_as_zone(self.zone)).utcoffset()
        except OverflowError:
            return own
        return (seconds + round(offset.total_seconds())) * SECOND + rest

    def _spelled_period(self, tick):
        import pandas

        return str(pandas.Period(ordinal=int(tick), freq=self.unit.freq))


def spell(kind, nanoseconds):
    """Readable text of a date, duration or time of day, no longer than it needs to be.

    Parameters
    ----------
    kind : str
        As for `Ticks`.
    nanoseconds : int
        By the clock of its time zone; dates count from 1970 on.
    """
    sizes = _RESOLUTIONS.items()
    return _spelled(
        kind, nanoseconds, next(name for name, own in sizes if not nanoseconds % own)
    )


def plural(kind):
    """What a column of a kind holds, for messages."""
    return _NAMES.get(kind, "numbers")


def is_temporal(kind):
    """Whether a kind of columns is one of dates, durations or times."""
    return kind in _NAMES


def _written(kind, resolution):
    """Nanoseconds that a text may stand for."""
    if kind == "duration":
        return 1
    return _RESOLUTIONS["m" if resolution == "h" else resolution]


def _as_zone(zone):
    import zoneinfo

    return zoneinfo.ZoneInfo(zone) if isinstance(zone, str) else zone


def _spelled(kind, nanoseconds, resolution):
    if kind in ("date", "zoned date"):
        resolution = "m" if resolution == "h" else resolution
        number = nanoseconds // _RESOLUTIONS[resolution]
        return str(np.datetime64(number, resolution)).replace("T", " ")
    days, rest = divmod(abs(nanoseconds), DAY)
    minutes, rest = divmod(rest, 60 * SECOND)
    seconds, fraction = divmod(rest, SECOND)
    clock = f"{minutes // 60:02}:{minutes % 60:02}"
    if rest or kind == "duration":
        clock += f":{seconds:02}"
    if fraction:
        clock += f".{fraction:09}".rstrip("0")
    if kind == "duration" and (days or not nanoseconds):
        shown = minutes or rest
        clock = f"{days} day{'s' * (days != 1)}" + (f" {clock}" if shown else "")
    return "-" * (nanoseconds < 0) + clock
