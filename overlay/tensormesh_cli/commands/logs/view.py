"""Show log entries as lines."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tensormesh_cli.output import Column, Table
from tensormesh_cli.output.fit import Cut, width_of
from tensormesh_cli.output.lists import list_of
from tensormesh_cli.output.values import clean, short_member

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tensormesh_cli.output import Screen

_WIDTH = len("CRITICAL")
_COLORS = {"DEBUG": "2", "INFO": "32", "WARNING": "33", "ERROR": "31", "CRITICAL": "1;31"}


def view(body: Any, screen: Screen) -> str | Table | None:
    """Show a response as lines in text mode, as a table in table mode, newest entry last."""
    name = list_of(body, "entries")
    entries = body[name] if name is not None else []
    if not entries or not all(isinstance(entry, dict) for entry in entries):
        return None
    if screen.boxed:
        return _table(entries, screen)
    return "\n".join(line_of(entry, screen) for entry in reversed(entries))


def _table(entries: Sequence[Mapping[str, Any]], screen: Screen) -> Table:
    rows = list(reversed(entries))
    columns = [
        Column("time", lambda entry: _time(entry.get("timestamp"))[: -len(".000")]),
        Column("severity", _severity),
    ]
    if len({str(entry.get("replica")) for entry in entries}) > 1:
        columns.append(Column("replica", "replica"))
    message = Column("message", "message")
    if screen.width is not None:
        nothing = Column("", lambda _: "")
        room = screen.width - width_of([*columns, nothing], rows, boxed=True)
        message = Column("message", Cut(message, max(room, len(message.title))))
    return Table([*columns, message], rows)


def line_of(entry: Mapping[str, Any], screen: Screen) -> str:
    """Return an entry on one line: time in UTC, severity, message."""
    severity = _severity(entry)
    shown = f"{severity:{_WIDTH}}"
    if screen.color and severity in _COLORS:
        shown = f"\x1b[{_COLORS[severity]}m{shown}\x1b[0m"
    message = re.sub(r"\s*\n\s*", " | ", clean(str(entry.get("message") or "")).strip())
    return f"{_time(entry.get('timestamp'))}  {shown}  {message}"


def _severity(entry: Mapping[str, Any]) -> str:
    return short_member("severity", clean(str(entry.get("severity") or "")))


def _time(value: object) -> str:
    try:
        time = datetime.fromisoformat(str(value)).astimezone(UTC)
    except (ValueError, OverflowError):
        return clean(str(value or ""))
    return time.strftime("%Y-%m-%d %H:%M:%S.") + f"{time.microsecond // 1000:03}"
