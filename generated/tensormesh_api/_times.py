"""Timestamps of the wire (RFC 3339) as aware datetimes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ._model import mismatch


def read_time(value: Any, where: str) -> datetime:
    """An aware datetime from RFC 3339 text; what has no offset is UTC."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if not isinstance(value, str):
        mismatch(where, "a timestamp", value)
    from dateutil.parser import isoparse

    try:
        time = isoparse(value)
    except (ValueError, OverflowError):
        mismatch(where, "a timestamp", value)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def write_time(value: datetime) -> str:
    """RFC 3339 text of a datetime; what has no time zone is UTC, which is written as `Z`."""
    time = value if value.tzinfo else value.replace(tzinfo=UTC)
    precision = (
        "auto" if time.microsecond % 1000 else "milliseconds" if time.microsecond else "seconds"
    )
    return time.isoformat(timespec=precision).replace("+00:00", "Z")
