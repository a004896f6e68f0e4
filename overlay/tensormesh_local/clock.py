"""Clocks, and times as they are stored and written.

Stored times are integers: microseconds since 1970-01-01T00:00:00Z.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final, Protocol

SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_RFC_3339: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?"
    r"(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))",
    re.ASCII,
)


class Clock(Protocol):
    """Provides the time."""

    def now(self) -> datetime:
        """Return the time in UTC, with its time zone."""


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """Return the time in UTC, with its time zone."""
        return datetime.now(UTC)


class ManualClock:
    """A clock that only moves when it is advanced, for tests.

    Args:
        start: The first time; it needs a time zone.
    """

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """Return the time in UTC, with its time zone."""
        return self._now

    def advance(self, seconds: float = 0, **parts: float) -> None:
        """Advance the clock; ``parts`` are more arguments of :class:`datetime.timedelta`."""
        self._now += timedelta(seconds=seconds, **parts)


def to_micros(moment: datetime) -> int:
    """Return a time as it is stored."""
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """Return a stored time in UTC, with its time zone."""
    return _EPOCH + timedelta(microseconds=micros)


def format_time(micros: int | None) -> str | None:
    """Return a stored time in RFC 3339 with ``Z``, and a fraction only if there is one."""
    if micros is None:
        return None
    moment = from_micros(micros).replace(tzinfo=None)
    if not moment.microsecond:
        return moment.isoformat() + "Z"
    return moment.isoformat(timespec="microseconds").removesuffix("000") + "Z"


def parse_time(text: str) -> int:
    """Parse a time in RFC 3339. Digits beyond microseconds are dropped.

    Raises:
        ValueError: It is not a time in RFC 3339, or not within the years 1 to 9999.
    """
    match = _RFC_3339.fullmatch(text)
    if match is None:
        raise ValueError("not a time in RFC 3339")
    *date_and_time, fraction, sign, hours, minutes = match.groups()
    year, month, day, hour, minute, second = map(int, date_and_time)
    # A leap second is stored as the first second of the next minute.
    leap = second == 60
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    zone = timezone(-offset if sign == "-" else offset)
    micros = int((fraction or "")[:6].ljust(6, "0"))
    try:
        moment = datetime(year, month, day, hour, minute, 59 if leap else second, micros, zone)
        result = to_micros(moment) + (SECOND if leap else 0)
        from_micros(result)
    except OverflowError as error:
        raise ValueError("time out of range") from error
    return result
