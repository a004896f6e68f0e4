"""Log entries as lines for people."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tensormesh_cli.commands.derived.fit import Cut, width_of
from tensormesh_cli.output import Column, Table
from tensormesh_cli.output.values import clean, short_member

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tensormesh_api._command import Command
    from tensormesh_cli._app import App

_WIDTH = len("CRITICAL")
_COLORS = {"DEBUG": "2", "INFO": "32", "WARNING": "33", "ERROR": "31", "CRITICAL": "1;31"}


def print_entries(app: App, command: Command, data: Any, raw: bytes | None) -> None:
    """Print an answer with log entries: as lines in the text mode, the newest last."""
    from tensormesh_cli.commands.derived.show import list_of, print_answer

    items = list_of(data, command.pages.items if command.pages else None)
    entries = data[items] if items is not None else []
    printer = app.printer
    are_entries = entries and all(isinstance(entry, dict) for entry in entries)
    if printer.structured or printer.query is not None or not are_entries:
        print_answer(app, command, data, raw)
        return
    if printer.mode == "table":
        printer.emit(data, table=_table(entries, printer.width))
        return
    lines = [line_of(entry, color=printer.color) for entry in reversed(entries)]
    printer.emit(data, text="\n".join(lines))


def _table(entries: Sequence[Mapping[str, Any]], width: int | None) -> Table:
    rows = list(reversed(entries))
    columns = [
        Column("time", lambda entry: _time(entry.get("timestamp"))[: -len(".000")]),
        Column("severity", _severity),
    ]
    if len({entry.get("replica") for entry in entries}) > 1:
        columns.append(Column("replica", "replica"))
    message = Column("message", "message")
    if width is not None:
        nothing = Column("", lambda _: "")
        room = width - width_of([*columns, nothing], rows, boxed=True)
        message = Column("message", Cut(message, max(room, len(message.title))))
    return Table([*columns, message], rows)


def line_of(entry: Mapping[str, Any], *, color: bool) -> str:
    """An entry on one line: time in UTC, severity, message.

    Args:
        entry: an entry as the API gives it.
        color: whether the severity is coloured.
    """
    severity = _severity(entry)
    shown = f"{severity:{_WIDTH}}"
    if color and severity in _COLORS:
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
