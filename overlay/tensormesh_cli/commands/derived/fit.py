"""Makes hand-picked columns fit: leaves some out, or cuts one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

from tensormesh_cli.output.columns import Column
from tensormesh_cli.output.text import cell

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_GAP, _BOXED_GAP, _SIDES = 2, 3, 4


def width_of(columns: Sequence[Column], rows: Sequence[object], *, boxed: bool) -> int:
    """How wide a table with these columns is.

    Args:
        columns: its columns.
        rows: its rows.
        boxed: whether it has lines between the columns and around them.
    """
    sizes = [
        max([cell_len(column.title), *(cell_len(cell(column, row)) for row in rows)])
        for column in columns
    ]
    between = (_BOXED_GAP if boxed else _GAP) * max(len(sizes) - 1, 0)
    return sum(sizes) + between + (_SIDES if boxed else 0)


def fitting(
    columns: Mapping[str, Column],
    rows: Sequence[object],
    width: int | None,
    *,
    dispensable: Sequence[str],
    boxed: bool,
) -> list[Column]:
    """The columns without those for which there is no room.

    Args:
        columns: by name, in their order.
        rows: what they show.
        width: columns of the terminal; None if they do not matter.
        dispensable: names of those that may be left out, in that order.
        boxed: whether the table has lines.
    """
    left = dict(columns)
    for name in dispensable:
        if width is None or width_of(list(left.values()), rows, boxed=boxed) <= width:
            break
        left.pop(name, None)
    return list(left.values())


class Cut:
    """The text of a column, cut to a width.

    Args:
        column: the column.
        width: how wide its text may be.
    """

    def __init__(self, column: Column, width: int) -> None:
        self._column = column
        self._width = width

    def __call__(self, row: object) -> str:
        text = cell(self._column, row)
        if cell_len(text) <= self._width:
            return text
        return f"{set_cell_size(text, self._width - 1).rstrip()}…"
