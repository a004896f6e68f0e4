"""Render data without borders: lines of `key: value`, and aligned columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.cells import cell_len

from tensormesh_cli.output.columns import Table, cell, columns_of, flat
from tensormesh_cli.output.values import clean, is_plain, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tensormesh_cli.output.columns import Column
    from tensormesh_cli.output.result import Screen

_GAP = "  "
_NOTHING = "(none)"
_BOLD = "\x1b[1m"
_PLAIN = "\x1b[0m"


def render(data: object, screen: Screen) -> str:
    """Return JSON data as people read it, with a line end; empty if there is nothing to show."""
    view = _View(screen)
    if isinstance(data, dict):
        lines = list(view.of_object(data))
    elif isinstance(data, list):
        lines = list(view.of_list(data))
    elif data is None:
        lines = []
    else:
        lines = clean(shown(data)).splitlines()
    return _joined(lines)


def render_table(table: Table, screen: Screen) -> str:
    """Return a table without borders."""
    return _joined(_View(screen).of_table(table))


def labeled(rows: Mapping[str, Any], absent: str | None = None) -> str:
    """Return aligned lines with a label and a value each.

    Args:
        rows: Values by label.
        absent: What stands for a missing value. Lines without a value are left out by default.
    """
    width = max(map(len, rows)) + 2
    return "\n".join(
        f"{f'{label}:':{width}}{value or absent}"
        for label, value in rows.items()
        if value or absent is not None
    )


def _joined(lines: Iterable[str]) -> str:
    return "".join(f"{line.rstrip()}\n" for line in lines)


class _View:
    def __init__(self, screen: Screen) -> None:
        self._width = screen.width
        self._color = screen.color

    def of_object(self, data: dict[str, object]) -> Iterator[str]:
        """Yield a line for each value, and lists of objects as tables below their names."""
        entries = list(flat(data))
        plain = [(clean(name), value) for name, value in entries if not _is_long(value)]
        longest = max((cell_len(name) for name, _ in plain), default=0) + 1
        for name, value in plain:
            first, *others = clean(shown(value)).splitlines() or [""]
            if value == []:
                first = _NOTHING
            yield f"{_padded(f'{name}:', longest)} {first}"
            yield from (" " * (longest + 1) + line for line in others)
        for name, value in entries:
            if not _is_long(value):
                continue
            if plain:
                yield ""
            if len(entries) > 1:
                yield f"{clean(name)}:"
            assert isinstance(value, list)
            yield from self.of_list(value)

    def of_list(self, items: list[object]) -> Iterator[str]:
        """Yield a table of objects, or a line for each value."""
        rows = [item for item in items if isinstance(item, dict)]
        if len(rows) == len(items):
            yield from self.of_table(Table(columns_of(rows), rows))
            return
        for item in items:
            yield from clean(shown(item)).splitlines() or [""]

    def of_table(self, table: Table) -> Iterator[str]:
        """Yield aligned columns, or a block of lines for each row if they are too wide."""
        if table.title:
            yield clean(table.title)
        titles = [clean(column.title) for column in table.columns]
        rows = [[cell(column, row) for column in table.columns] for row in table.rows]
        if not rows:
            yield _NOTHING
        else:
            headings = [title.upper() for title in titles]
            widths = [max(map(cell_len, cells)) for cells in zip(headings, *rows, strict=True)]
            total = sum(widths) + len(_GAP) * (len(widths) - 1)
            if self._width is not None and total > self._width:
                yield from _records(titles, rows)
            else:
                yield self._heading(_line(headings, widths, table.columns))
                yield from (_line(row, widths, table.columns) for row in rows)
        if table.footer:
            yield from clean(table.footer).splitlines()

    def _heading(self, line: str) -> str:
        return f"{_BOLD}{line.rstrip()}{_PLAIN}" if self._color else line


def _is_long(value: object) -> bool:
    """Return whether a value is a list that does not fit on one line."""
    return isinstance(value, list) and not all(is_plain(item) for item in value)


def _line(cells: Sequence[str], widths: Sequence[int], columns: Sequence[Column]) -> str:
    return _GAP.join(
        _padded(text, size, right=column.align == "right")
        for text, size, column in zip(cells, widths, columns, strict=True)
    )


def _records(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    longest = max(map(cell_len, titles)) + 1
    for number, row in enumerate(rows):
        if number:
            yield ""
        for title, text in zip(titles, row, strict=True):
            if text:
                yield f"{_padded(f'{title}:', longest)} {text}"


def _padded(text: str, size: int, *, right: bool = False) -> str:
    space = " " * max(size - cell_len(text), 0)
    return space + text if right else text + space
