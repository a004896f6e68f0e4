"""Draw tables with borders, fitted to the terminal."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from tensormesh_cli.output.columns import Column, Table, cell, columns_of, flat
from tensormesh_cli.output.values import clean

if TYPE_CHECKING:
    from tensormesh_cli.output.result import Screen

_UNLIMITED = 10_000


def main_table(data: object) -> Table | None:
    """Return the main list of JSON data, or its values, as a table. None for a scalar."""
    rows = _main_list(data)
    if rows is not None:
        objects = [row for row in rows if isinstance(row, dict)]
        if rows and len(objects) == len(rows):
            return Table(columns_of(objects), objects)
        return Table([Column("value", lambda row: row)], rows)
    if isinstance(data, dict):
        return Table(
            [Column("field", lambda entry: entry[0]), Column("value", lambda entry: entry[1])],
            list(flat(data)),
        )
    return None


def _main_list(data: object) -> list[object] | None:
    if isinstance(data, list):
        return data
    if not isinstance(data, dict):
        return None
    lists = [value for value in data.values() if isinstance(value, list)]
    if len(lists) != 1:
        return None
    # A list of plain values is an attribute of the object, such as the scopes of an API key.
    is_main = len(data) == 1 or any(isinstance(item, dict) for item in lists[0])
    return lists[0] if is_main else None


def draw(table: Table, screen: Screen) -> str:
    """Return a table with borders. Cells that are too long for the screen end in an ellipsis."""
    lines = box.ROUNDED if screen.can_show("─│╭┼…") else box.ASCII2
    drawn = RichTable(box=lines, title=table.title, title_justify="left", caption=None)
    for column in table.columns:
        drawn.add_column(
            Text(clean(column.title)),
            justify=column.align,
            style=column.style or "",
            overflow="ellipsis",
            no_wrap=True,
        )
    for row in table.rows:
        drawn.add_row(*(Text(cell(column, row)) for column in table.columns))
    out = StringIO()
    console = Console(
        file=out,
        width=screen.width or _UNLIMITED,
        force_terminal=screen.color,
        color_system="standard" if screen.color else None,
        no_color=not screen.color,
        highlight=False,
        emoji=False,
        markup=False,
        legacy_windows=False,
    )
    console.print(drawn)
    text = out.getvalue()
    if lines is box.ASCII2:
        text = text.replace("…", "~")
    rows = [line.rstrip() for line in text.splitlines()]
    if table.footer:
        rows.extend(clean(table.footer).splitlines())
    return "".join(f"{row}\n" for row in rows)
