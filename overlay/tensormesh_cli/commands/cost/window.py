"""The time range of a cost report."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from tensormesh_cli._errors import UsageFault
from tensormesh_cli.commands.derived.values import read_time

WINDOWS = {"24h": timedelta(hours=24), "7d": timedelta(days=7), "30d": timedelta(days=30)}
USUAL = "30d"
_MONTH = re.compile(r"(\d{4})-(\d\d)\Z", re.ASCII)


class Window(NamedTuple):
    """A time range.

    Attributes:
        start: Start, inclusive; aware, UTC.
        end: End, exclusive; aware, UTC.
    """

    start: datetime
    end: datetime

    @property
    def is_whole_months(self) -> bool:
        """Whether it consists of whole calendar months."""
        return self.start == first_of_month(self.start) and self.end == first_of_month(self.end)

    @property
    def is_whole_days(self) -> bool:
        """Whether it consists of whole days."""
        return all((time - _midnight(time)) == timedelta() for time in self)

    @property
    def months(self) -> Window:
        """The calendar months that it touches."""
        last = first_of_month(self.end)
        return Window(
            first_of_month(self.start), last if last == self.end else next_month(self.end)
        )


def choose(
    *, window: str | None, month: str | None, start: str | None, end: str | None, now: datetime
) -> Window:
    """Return the time range that the options name.

    Args:
        window: One of `WINDOWS`, which ends now.
        month: A calendar month, such as `2026-05`.
        start: Start.
        end: End, by default now.
        now: The current time; aware, UTC.

    Raises:
        UsageFault: Options cannot be used together, or one is invalid.
    """
    given = [name for name, value in (("--window", window), ("--month", month)) if value]
    if start or end:
        given.append("--start" if start else "--end")
    if len(given) > 1:
        raise UsageFault(
            f"{given[0]} and {given[1]} cannot be used together", hint="pass only one of them"
        )
    if month:
        return _of_month(month)
    if end and not start:
        raise UsageFault("--end needs --start", hint="pass --start too, such as --start 2026-05-01")
    if start:
        return _of_range(start, end, now)
    return Window(now - WINDOWS[window or USUAL], now)


def first_of_month(time: datetime) -> datetime:
    """Return the start of the month."""
    return _midnight(time).replace(day=1)


def next_month(time: datetime) -> datetime:
    """Return the start of the next month."""
    from dateutil.relativedelta import relativedelta

    return first_of_month(time) + relativedelta(months=1)


def _midnight(time: datetime) -> datetime:
    return time.replace(hour=0, minute=0, second=0, microsecond=0)


def _of_month(month: str) -> Window:
    found = _MONTH.match(month)
    try:
        if found is None:
            raise ValueError
        start = datetime(int(found[1]), int(found[2]), 1, tzinfo=UTC)
        return Window(start, next_month(start))
    except (ValueError, OverflowError):
        raise UsageFault(f"invalid --month {month!r}", hint="write it as 2026-05") from None


def _of_range(start: str, end: str | None, now: datetime) -> Window:
    window = Window(read_time(start, "--start"), read_time(end, "--end") if end else now)
    if window.start >= window.end:
        until = "--end" if end else "now"
        raise UsageFault(f"--start {start!r} is not before {until}")
    return window
