"""Choose the columns of a list: those that identify entries first, and as many as fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.cells import cell_len

from tensormesh_api._command import CONTRACTS
from tensormesh_cli.output.columns import ByName, Column, Table, cell, flat, heading
from tensormesh_cli.output.fit import Cut
from tensormesh_cli.output.secrets import HIDDEN
from tensormesh_cli.output.values import UNSPECIFIED, is_plain, money_text, short_member, time_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tensormesh_cli.output.result import Screen

    Row = Mapping[str, Any]

_AROUND_A_LIST = {
    name
    for contract in CONTRACTS.values()
    for name in (contract.next, contract.page, contract.size, contract.total)
}

_NAMES = {"name", "model", "subject", "title", "message"}
_PARTS_OF_NAMES = {"firstname", "lastname"}
_PROSE = {"message", "description", "subject", "content", "log"}
# Minimum width of a text that is cut.
_SHORTEST_PROSE = 24

_ID, _NAME, _STATUS, _TYPE, _MONEY, _NUMBER, _TIME, _TEXT, _OTHER_ID, _INNER = range(10)


def list_of(data: Any, items: str | None = None) -> str | None:
    """Return the field of a response with its list, or None. `items` names it if known."""
    if not isinstance(data, dict):
        return None
    if items is not None and isinstance(data.get(items), list):
        return items
    lists = [name for name, value in data.items() if isinstance(value, list)]
    rest = data.keys() - set(lists)
    return lists[0] if len(lists) == 1 and rest <= _AROUND_A_LIST else None


def table_of(rows: Sequence[dict[str, Any]], screen: Screen) -> Table:
    """Return the entries of a list as a table that fits on the screen."""
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
        # Entries of a history are identified by their time.
        kinds[first] = _ID
    order = sorted(kinds, key=lambda name: kinds[name])
    columns = [_column(name, kinds[name]) for name in order]
    return Table(_fitting(columns, rows, screen, order), rows)


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
        # 64-bit numbers are sent as text.
        return value.isascii() and value.isdigit()
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _column(name: str, kind: int) -> Column:
    align = "right" if kind in (_MONEY, _NUMBER) else "left"
    return Column(heading(name), _Field(name), align=align)  # type: ignore[arg-type]


class _Field(ByName):
    """Get a value of a row by its dotted name. Members of enums lose their common prefix."""

    def __call__(self, row: Row) -> object:
        value = super().__call__(row)
        return short_member(self._name, value) if isinstance(value, str) else value


def _fitting(
    columns: Sequence[Column], rows: Sequence[Row], screen: Screen, names: Sequence[str]
) -> list[Column]:
    """Return the columns that fit, and the first one in any case."""
    if screen.width is None:
        return list(columns)
    # Borders need more room than gaps.
    gap, sides = (3, 4) if screen.boxed else (2, 0)
    chosen: list[Column] = []
    room = screen.width + gap - sides
    for name, column in zip(names, columns, strict=True):
        size = max([cell_len(column.title), *(cell_len(cell(column, row)) for row in rows)]) + gap
        if size <= room or not chosen:
            chosen.append(column)
            room -= size
        elif name in _PROSE and room - gap >= _SHORTEST_PROSE:
            chosen.append(Column(column.title, Cut(column, room - gap)))
            room = 0
    return chosen
