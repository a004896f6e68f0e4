"""Make columns fit on the screen, by leaving some out or cutting one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

from tensormesh_cli.output.columns import Column, cell

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tensormesh_cli.output.result import Screen

_GAP, _BOXED_GAP, _SIDES = 2, 3, 4


def width_of(columns: Sequence[Column], rows: Sequence[object], *, boxed: bool) -> int:
    """Return the width of a table with these columns."""
    sizes = [
        max([cell_len(column.title), *(cell_len(cell(column, row)) for row in rows)])
        for column in columns
    ]
    between = (_BOXED_GAP if boxed else _GAP) * max(len(sizes) - 1, 0)
    return sum(sizes) + between + (_SIDES if boxed else 0)


def fitting(
    columns: Mapping[str, Column],
    rows: Sequence[object],
    screen: Screen,
    *,
    dispensable: Sequence[str],
) -> list[Column]:
    """Return the columns that fit on the screen.

    Args:
        columns: Columns by name.
        rows: Rows that they show.
        screen: The screen.
        dispensable: Names of columns that may be left out, the least important first.
    """
    left = dict(columns)
    for name in dispensable:
        width = width_of(list(left.values()), rows, boxed=screen.boxed)
        if screen.width is None or width <= screen.width:
            break
        left.pop(name, None)
    return list(left.values())


class Cut:
    """Text of a column, cut to a width."""

    def __init__(self, column: Column, width: int) -> None:
        self._column = column
        self._width = width

    def __call__(self, row: object) -> str:
        """Return the cell of a row."""
        text = cell(self._column, row)
        if cell_len(text) <= self._width:
            return text
        return f"{set_cell_size(text, self._width - 1).rstrip()}…"
