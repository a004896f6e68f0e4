"""Data made readable without boxes: lines of `key: value`, and aligned columns."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich.cells import cell_len

from tensormesh_cli.output.columns import Column, Table
from tensormesh_cli.output.values import is_plain, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_GAP = "  "
# What moves a cursor or worse. Line ends and tabs are harmless.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_COLOR = re.compile(r"(\x1b\[[0-9;]*m)")


def clean(text: str, *, keep_colors: bool = False) -> str:
    """The text without characters that would act on a terminal instead of being seen."""
    if keep_colors:
        parts = _COLOR.split(text)
        parts[::2] = [_CONTROL.sub("", part) for part in parts[::2]]
        return "".join(parts)
    return _CONTROL.sub("", _COLOR.sub("", text))


def render(data: object, *, table: Table | None = None, width: int | None = None) -> str:
    """Data as people read it, with a line end; an empty text if there is nothing to say.

    Args:
        data: JSON data.
        table: how to show its main list; found by itself if None.
        width: columns that a line should not exceed; None if they do not matter.
    """
    if table is not None:
        lines = list(_table_lines(table, width))
    elif isinstance(data, dict):
        lines = list(_object_lines(data, width))
    elif isinstance(data, list):
        lines = list(_list_lines(data, width))
    else:
        lines = [clean(shown(data))] if data is not None else []
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _object_lines(data: dict[str, object], width: int | None) -> Iterator[str]:
    entries = list(_flat(data))
    longest = max((cell_len(name) for name, _ in entries), default=0) + 1
    first = True
    for name, value in entries:
        name = clean(name)
        if isinstance(value, list) and not all(is_plain(item) for item in value):
            if not first:
                yield ""
            if len(entries) > 1:
                yield f"{name}:"
            yield from _list_lines(value, width)
        elif isinstance(value, list) and not value and len(entries) == 1:
            yield "(none)"
        else:
            lines = clean(shown(value)).splitlines() or [""]
            yield _padded(f"{name}:", longest) + " " + lines[0]
            yield from (" " * (longest + 1) + line for line in lines[1:])
        first = False


def _flat(data: dict[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """The entries of an object and of those in it, by dotted names."""
    for key, value in data.items():
        if isinstance(value, dict) and value and not is_plain(value):
            yield from _flat(value, f"{prefix}{key}.")
        elif value is not None and value != {}:
            yield f"{prefix}{key}", value


def _list_lines(items: list[object], width: int | None) -> Iterator[str]:
    rows = [item for item in items if isinstance(item, dict)]
    if rows and len(rows) == len(items):
        yield from _table_lines(Table(columns_of(rows), rows), width)
        return
    for item in items:
        yield from clean(shown(item)).splitlines() or [""]


def columns_of(rows: Sequence[dict[str, object]]) -> list[Column]:
    """A column for each plain value that any of the rows has, in the order of their coming."""
    found: dict[str, list[object]] = {}
    for row in rows:
        for name, value in _flat(row):
            found.setdefault(name, []).append(value)
    return [
        Column(
            name,
            _at(name),
            align="right" if all(_is_number(value) for value in values) else "left",
        )
        for name, values in found.items()
    ]


class _at:
    """Takes a value by its dotted name: keys may hold dots themselves."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, row: dict[str, object]) -> object:
        return dict(_flat(row)).get(self._name)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _table_lines(table: Table, width: int | None) -> Iterator[str]:
    if table.title:
        yield clean(table.title)
    titles = [clean(column.title) for column in table.columns]
    rows = [
        [" ".join(clean(shown(column.value(row))).split()) for column in table.columns]
        for row in table.rows
    ]
    if rows:
        widths = [max(map(cell_len, cells)) for cells in zip(titles, *rows, strict=True)]
        total = sum(widths) + len(_GAP) * (len(widths) - 1)
        if width is not None and total > width:
            yield from _records(titles, rows)
        else:
            yield from _grid([title.upper() for title in titles], rows, widths, table.columns)
    else:
        yield "(none)"
    if table.footer:
        yield from clean(table.footer).splitlines()


def _grid(
    titles: list[str], rows: list[list[str]], widths: list[int], columns: Sequence[Column]
) -> Iterator[str]:
    for cells in [titles, *rows]:
        yield _GAP.join(
            _padded(cell, size, right=column.align == "right")
            for cell, size, column in zip(cells, widths, columns, strict=True)
        )


def _records(titles: list[str], rows: list[list[str]]) -> Iterator[str]:
    """One block of lines for each row: columns would not fit beside each other."""
    longest = max(map(cell_len, titles)) + 1
    for number, row in enumerate(rows):
        if number:
            yield ""
        for title, cell in zip(titles, row, strict=True):
            if cell:
                yield f"{_padded(f'{title}:', longest)} {cell}"


def _padded(text: str, size: int, *, right: bool = False) -> str:
    space = " " * max(size - cell_len(text), 0)
    return space + text if right else text + space
