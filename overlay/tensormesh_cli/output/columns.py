"""What a table is made of."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from tensormesh_cli.output.values import is_plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        title: its heading.
        path: where its value is in a row, such as ``"spec.gpuType"``; or what makes it of a row.
        align: ``"left"`` or ``"right"``.
        style: a style of rich for table mode, such as ``"bold"`` or ``"green"``.
    """

    title: str
    path: str | Callable[[Any], object]
    align: Literal["left", "right"] = "left"
    style: str | None = None

    def value(self, row: object) -> object:
        """The value of this column in a row; None if the row has none."""
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
        columns: from left to right.
        rows: what each column takes its value of.
        title: a line above, or None.
        footer: lines below, or None.
    """

    columns: Sequence[Column]
    rows: Sequence[Any] = field(default_factory=tuple)
    title: str | None = None
    footer: str | None = None


def flat(data: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """The values of an object and of those in it, by dotted names; without what is absent."""
    for key, value in data.items():
        if isinstance(value, dict) and not is_plain(value):
            yield from flat(value, f"{prefix}{key}.")
        elif value is not None:
            yield f"{prefix}{key}", value


def columns_of(rows: Sequence[Mapping[str, object]]) -> list[Column]:
    """A column for each value that any of the rows has, in the order of their coming."""
    found: dict[str, bool] = {}
    for row in rows:
        for name, value in flat(row):
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            found[name] = number and found.get(name, True)
    return [
        Column(heading(name), _Value(name), align="right" if numbers else "left")
        for name, numbers in found.items()
    ]


def heading(name: str) -> str:
    """The words of a field's name: `gpuSpec.gpuType` becomes `gpu spec gpu type`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[._-]", " ", name).lower()


class _Value:
    """Takes a value of a row by its dotted name. Keys may hold dots themselves."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, row: Mapping[str, object]) -> object:
        value = dict(flat(row)).get(self._name)
        if isinstance(value, list) and not all(is_plain(item) for item in value):
            return f"{len(value)} item{'s' if len(value) != 1 else ''}"
        return value
