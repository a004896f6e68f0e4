"""Chooses the columns of a list: what tells the entries apart first, and as many as fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.cells import cell_len

from tensormesh_cli.commands.derived.fit import Cut
from tensormesh_cli.commands.derived.values import HIDDEN
from tensormesh_cli.output.columns import Column, Table, flat, heading
from tensormesh_cli.output.text import cell
from tensormesh_cli.output.values import UNSPECIFIED, is_plain, money_text, short_member, time_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Row = Mapping[str, Any]

_NAMES = {"name", "model", "subject", "title", "message"}
_PARTS_OF_NAMES = {"firstname", "lastname"}
_PROSE = {"message", "description", "subject", "content", "log"}
# A text that must be cut keeps at least so much.
_SHORTEST_PROSE = 24

_ID, _NAME, _STATUS, _TYPE, _MONEY, _NUMBER, _TIME, _TEXT, _OTHER_ID, _INNER = range(10)


def table_of(rows: Sequence[dict[str, Any]], width: int | None, *, gap: int = 2) -> Table:
    """A table of the entries of a list.

    Args:
        rows: the entries.
        width: columns of the terminal; None if they do not matter: then nothing is left out.
        gap: columns between two values.
    """
    flats = [dict(flat(row)) for row in rows]
    values: dict[str, list[Any]] = {}
    for row in flats:
        for name, value in row.items():
            values.setdefault(name, []).append(value)
    telling = {name: found for name, found in values.items() if not all(map(_is_empty, found))}
    own_id = next((name for name in telling if _is_id(name)), None)
    kinds = {name: _kind(name, found, own_id) for name, found in telling.items()}
    first = next(iter(kinds), None)
    if own_id is None and first is not None and kinds[first] == _TIME:
        # Entries of a history are told apart by their time.
        kinds[first] = _ID
    order = sorted(kinds, key=lambda name: kinds[name])
    columns = [_column(name, kinds[name]) for name in order]
    return Table(_fitting(columns, rows, width, gap, order), rows)


def _is_empty(value: Any) -> bool:
    if isinstance(value, str):
        return not value or value == HIDDEN or value.endswith(UNSPECIFIED)
    return value is None or value == [] or value == {}


def _is_id(name: str) -> bool:
    return name == "id" or name.endswith("Id")


def _kind(name: str, values: Sequence[Any], own_id: str | None) -> int:
    word = name.rpartition(".")[2]
    lower = word.lower()
    filled = [value for value in values if not _is_empty(value)]
    if name == own_id:
        return _ID
    if "." in name or not all(map(is_plain, filled)):
        return _INNER
    if _is_id(word):
        return _OTHER_ID
    if lower in _NAMES or (lower.endswith("name") and lower not in _PARTS_OF_NAMES):
        return _NAME
    if lower.endswith(("status", "state", "severity")):
        return _STATUS
    if lower.endswith(("type", "role")):
        return _TYPE
    return _kind_of_values(filled)


def _kind_of_values(values: Sequence[Any]) -> int:
    if all(isinstance(value, dict) and money_text(value) is not None for value in values):
        return _MONEY
    if all(_is_number(value) for value in values):
        return _NUMBER
    if all(isinstance(value, str) and time_text(value) is not None for value in values):
        return _TIME
    return _TEXT


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        # 64 bits come as text.
        return value.isascii() and value.isdigit()
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _column(name: str, kind: int) -> Column:
    align = "right" if kind in (_MONEY, _NUMBER) else "left"
    return Column(heading(name), _Field(name), align=align)  # type: ignore[arg-type]


class _Field:
    """A value of a row by its dotted name."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, row: Row) -> object:
        value = dict(flat(dict(row))).get(self._name)
        if isinstance(value, str):
            return short_member(self._name, value)
        if isinstance(value, list) and not all(is_plain(item) for item in value):
            return f"{len(value)} item{'s' if len(value) != 1 else ''}"
        return value


def _fitting(
    columns: Sequence[Column],
    rows: Sequence[Row],
    width: int | None,
    gap: int,
    names: Sequence[str],
) -> list[Column]:
    """The columns that fit, the first of them in any case."""
    if width is None:
        return list(columns)
    chosen: list[Column] = []
    # The lines around a box.
    room = width + gap - (4 if gap > 2 else 0)
    for name, column in zip(names, columns, strict=True):
        size = max([cell_len(column.title), *(cell_len(cell(column, row)) for row in rows)]) + gap
        if size <= room or not chosen:
            chosen.append(column)
            room -= size
        elif name in _PROSE and room - gap >= _SHORTEST_PROSE:
            chosen.append(Column(column.title, Cut(column, room - gap)))
            room = 0
    return chosen
