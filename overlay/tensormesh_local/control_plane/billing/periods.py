"""Billing periods and calendar months."""

from __future__ import annotations

from bisect import bisect_left
from calendar import monthrange
from datetime import datetime, timedelta
from typing import Final

from tensormesh_local.clock import from_micros, to_micros

_SPANS: Final = {
    "BILLING_PERIOD_HOURLY": timedelta(hours=1),
    "BILLING_PERIOD_DAILY": timedelta(days=1),
}
_MONTHS: Final = {"BILLING_PERIOD_YEARLY": 12}


def month_of(moment: int) -> tuple[int, int]:
    """Return the start and the end of the calendar month (UTC) of a time, in microseconds."""
    start = from_micros(moment).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    following = (start.month % 12) + 1
    end = start.replace(year=start.year + (following == 1), month=following)
    return to_micros(start), to_micros(end)


def after_periods(start: int, period: str, count: int) -> int:
    """Return the end of ``count`` periods that start at a time, in microseconds.

    Months are calendar months: a month after 31 January is the end of February. An unspecified
    period is a month.

    Raises:
        ValueError: The end is after the year 9999.
    """
    moment = from_micros(start)
    try:
        if period in _SPANS:
            return to_micros(moment + _SPANS[period] * count)
        return to_micros(_add_months(moment, _MONTHS.get(period, 1) * count))
    except OverflowError as error:
        raise ValueError("time out of range") from error


def periods_until(start: int, end: int, period: str, limit: int) -> int:
    """Return how many periods from ``start`` reach ``end``, at most ``limit``."""
    return bisect_left(range(limit), True, key=lambda count: _reaches(start, end, period, count))


def _reaches(start: int, end: int, period: str, count: int) -> bool:
    try:
        return after_periods(start, period, count) >= end
    except ValueError:
        # Times after the year 9999 are after everything.
        return True


def _add_months(moment: datetime, months: int) -> datetime:
    years, month = divmod(moment.month - 1 + months, 12)
    year = moment.year + years
    if year > 9999:
        raise ValueError("time out of range")
    day = min(moment.day, monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)
