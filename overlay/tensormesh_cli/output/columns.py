"""Tables as data."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from tensormesh_cli.output.values import clean, is_plain, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        title: Heading.
        path: Dotted path of the value in a row, or a function that returns it.
        align: `left` or `right`.
        style: Style for tables with borders, such as `green`.
    """

    title: str
    path: str | Callable[[Any], object]
    align: Literal["left", "right"] = "left"
    style: str | None = None

    def value(self, row: object) -> object:
        """Return the value of this column in a row, or None."""
        if not isinstance(self.path, str):
            return self.path(row)
        found = row
        for key in self.path.split("."):
            found = found.get(key) if isinstance(found, dict) else None
        return found


@dataclass(frozen=True)
class Table:
    """Rows for people.

    Attributes:
        columns: Columns from left to right.
        rows: Rows, as the columns expect them.
        title: Line above, or None.
        footer: Lines below, or None.
    """

    columns: Sequence[Column]
    rows: Sequence[Any] = field(default_factory=tuple)
    title: str | None = None
    footer: str | None = None


def cell(column: Column, row: object) -> str:
    """Return the value of a column in a row, on one line."""
    return re.sub(r"\s+", " ", clean(shown(column.value(row)))).strip()


def flat(data: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield the values of an object and of nested ones by dotted names, without null values."""
    for key, value in data.items():
        if isinstance(value, dict) and not is_plain(value):
            yield from flat(value, f"{prefix}{key}.")
        elif value is not None:
            yield f"{prefix}{key}", value


def columns_of(rows: Sequence[Mapping[str, object]]) -> list[Column]:
    """Return a column for each value that any row has, in order of appearance."""
    found: dict[str, bool] = {}
    for row in rows:
        for name, value in flat(row):
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            found[name] = number and found.get(name, True)
    return [
        Column(heading(name), ByName(name), align="right" if numbers else "left")
        for name, numbers in found.items()
    ]


def heading(name: str) -> str:
    """Return the words of a field name: `gpu spec gpu type` for `gpuSpec.gpuType`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[._-]", " ", name).lower()


class ByName:
    """Gets a value of a row by its dotted name. Keys may contain dots themselves."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, row: Mapping[str, object]) -> object:
        """Return the value of a row."""
        value = dict(flat(row)).get(self._name)
        if isinstance(value, list) and not all(is_plain(item) for item in value):
            return f"{len(value)} item{'s' if len(value) != 1 else ''}"
        return value
