"""What a table is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


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
