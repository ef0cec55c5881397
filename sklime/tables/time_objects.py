"""Dates, durations and times of day that are Python objects: read as ticks, and back."""

import datetime

import numpy as np

from sklime.serialization.state import PlainState, from_words, in_words
from sklime.tables.times import DAY, MISSING, SECOND, Ticks, spell

_KINDS = {
    "date": datetime.date,
    "duration": datetime.timedelta,
    "time of day": datetime.time,
}
# The classes of single dates, durations and times of day.
TIMES = (*_KINDS.values(), np.datetime64, np.timedelta64)


def ticks_of_objects(kind, objects, missing):
    """Read dates, durations or times that are Python objects.

    Parameters
    ----------
    kind : str
        As for `Ticks`.
    objects : ndarray of shape (n_rows,), dtype object
        Of `datetime`, pandas or numpy.
    missing : ndarray of shape (n_rows,) of bool
        Where they are missing.

    Returns
    -------
    Ticks
    """
    held = list(map(_as_python, objects[~missing]))
    only_days = all(type(own) is datetime.date for own in held)
    finest = any(
        getattr(own, "nanosecond", 0) or getattr(own, "nanoseconds", 0) for own in held
    )
    unit = DAY if held and only_days else 1 if finest else 1000
    numbers = np.full(len(objects), MISSING)
    numbers[~missing] = [_nanoseconds(own) // unit for own in held]
    zone = next((own.tzinfo for own in held), None) if kind == "zoned date" else None
    return Ticks(kind, numbers, unit, zone)


class TimeObjects(PlainState):
    """The way back from ticks to Python objects, to those of training where known.

    Parameters
    ----------
    ticks : Ticks
        The training column.
    objects : ndarray of shape (n_rows,), dtype object
        The same as objects.
    marker : object
        Its missing value.
    """

    def __init__(self, ticks, objects, marker):
        self.known = dict(zip(ticks.numbers.tolist(), objects, strict=True))
        self.known[MISSING] = marker
        self.unit = ticks.unit
        self.example = next(iter(objects[ticks.numbers != MISSING]), None)

    def __getstate__(self):
        # As lists, which have words for all that times can be.
        known = list(self.known), in_words(list(self.known.values()))
        return super().__getstate__() | {"known": known}

    def __setstate__(self, state):
        numbers, objects = state["known"]
        known = dict(zip(numbers, from_words(objects), strict=True))
        super().__setstate__(state | {"known": known})

    def __call__(self, numbers):
        make = _maker(self.example, self.unit)
        column = np.empty(len(numbers), dtype=object)
        column[:] = [
            self.known[own] if own in self.known else make(own) for own in numbers.tolist()
        ]
        return column


def time_text(value):
    """Readable text of one date, duration or time of day.

    Parameters
    ----------
    value : instance of TIMES
        Not missing.

    Examples
    --------
    >>> import datetime
    >>> from sklime.tables.time_objects import time_text
    >>> time_text(datetime.datetime(2025, 10, 7)), time_text(datetime.timedelta(hours=100))
    ('2025-10-07', '4 days 04:00:00')
    """
    value = _as_python(value)
    if getattr(value, "tzinfo", None) is not None:
        # By its own clock.
        value = value.replace(tzinfo=None)
    kind = next(kind for kind, own in _KINDS.items() if isinstance(value, own))
    return spell(kind, _nanoseconds(value))


_EPOCH = datetime.datetime(1970, 1, 1)
_FIRST_DAY, _LAST_DAY = datetime.date.min.toordinal(), datetime.date.max.toordinal()


def _as_python(value):
    import pandas

    if isinstance(value, np.datetime64):
        return pandas.Timestamp(value)
    return pandas.Timedelta(value) if isinstance(value, np.timedelta64) else value


def _nanoseconds(value):
    finer = getattr(value, "nanosecond", 0)
    if isinstance(value, datetime.timedelta):
        whole, finer = value, getattr(value, "nanoseconds", 0)
    elif isinstance(value, datetime.time):
        whole = datetime.datetime.combine(_EPOCH, value.replace(tzinfo=None)) - _EPOCH
    elif isinstance(value, datetime.datetime):
        if finer:
            value = value.replace(nanosecond=0)
        naive = value if value.tzinfo is None else value.astimezone(datetime.UTC)
        whole = naive.replace(tzinfo=None) - _EPOCH
    else:
        whole = datetime.timedelta(value.toordinal() - _EPOCH.toordinal())
    return (
        (whole.days * 86_400 + whole.seconds) * SECOND + whole.microseconds * 1000 + finer
    )


def _maker(example, unit):
    """Give the function from a tick to an object like an example."""
    import pandas

    kind = type(example)

    def make_date(tick):
        day = tick * unit // DAY + _EPOCH.toordinal()
        return datetime.date.fromordinal(min(max(day, _FIRST_DAY), _LAST_DAY))

    def make_datetime(tick):
        last = (_LAST_DAY - _EPOCH.toordinal()) * DAY // 1000
        first = (_FIRST_DAY - _EPOCH.toordinal() + 1) * DAY // 1000
        since = datetime.timedelta(microseconds=min(max(tick * unit // 1000, first), last))
        if example.tzinfo is None:
            return _EPOCH + since
        return (_EPOCH.replace(tzinfo=datetime.UTC) + since).astimezone(example.tzinfo)

    def make_time(tick):
        day = datetime.timedelta(microseconds=min(max(tick * unit, 0), DAY - 1000) // 1000)
        return (_EPOCH + day).time().replace(tzinfo=example.tzinfo)

    def make_timestamp(tick):
        own = pandas.Timestamp(tick, unit="ns" if unit == 1 else "us")
        zone = getattr(example, "tzinfo", None)
        return own if zone is None else own.tz_localize("UTC").tz_convert(zone)

    if issubclass(kind, np.datetime64):
        return lambda tick: make_timestamp(tick).to_datetime64()
    if issubclass(kind, np.timedelta64):
        return lambda tick: np.timedelta64(tick, "ns" if unit == 1 else "us")
    if issubclass(kind, pandas.Timestamp):
        return make_timestamp
    if issubclass(kind, datetime.datetime):
        return make_datetime
    if issubclass(kind, datetime.date):
        return make_date
    if issubclass(kind, datetime.time):
        return make_time
    if issubclass(kind, pandas.Timedelta):
        return lambda tick: pandas.Timedelta(tick, unit="ns" if unit == 1 else "us")
    return lambda tick: datetime.timedelta(microseconds=tick * unit // 1000)
