"""Tables for people, drawn to fit the terminal."""

from __future__ import annotations

from io import StringIO

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from tensormesh_cli.output.columns import Column, Table, columns_of, flat
from tensormesh_cli.output.text import cell
from tensormesh_cli.output.values import clean

_UNLIMITED = 10_000


def table_of(data: object) -> Table | None:
    """The table of the main list of some data; None if it is no data for a table.

    Args:
        data: JSON data: a list, an envelope of one, or an object.
    """
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


def draw(table: Table, *, width: int | None, color: bool, encoding: str = "utf-8") -> str:
    """A table as text.

    Args:
        table: what to draw.
        width: columns that a line must not exceed; long cells end in an ellipsis then. None if
            they do not matter.
        color: whether to use styles.
        encoding: of the stream that it goes to: not every one has lines and corners.
    """
    lines = box.ROUNDED if _has(encoding, "─│╭┼…") else box.ASCII2
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
        width=width or _UNLIMITED,
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
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


def _has(encoding: str, characters: str) -> bool:
    try:
        characters.encode(encoding)
    except (LookupError, UnicodeEncodeError):
        return False
    return True
