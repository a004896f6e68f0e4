"""What commands return. How it is printed is up to the `Emitter`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tensormesh_cli.output.columns import Table
    from tensormesh_cli.output.paging import Listing

    View = str | Table | Callable[[Any, "Screen"], str | Table | None]


@dataclass(frozen=True)
class Screen:
    """What a view is made for.

    Attributes:
        boxed: Whether tables have borders, as with `--output table`.
        width: Longest line, or None if length does not matter.
        color: Whether text may be colored.
        encoding: Encoding of the output.
    """

    boxed: bool = False
    width: int | None = None
    color: bool = False
    encoding: str = "utf-8"

    def can_show(self, text: str) -> bool:
        """Return whether the encoding has all characters of a text."""
        try:
            text.encode(self.encoding)
        except (LookupError, UnicodeEncodeError):
            return False
        return True


@dataclass(frozen=True)
class Result:
    """The result of a command.

    Attributes:
        body: JSON data, which programs get unchanged.
        raw: The body as the server sent it, or None.
        rows: Field of the body that contains the list, if known.
        view: What people see: a text, a table, or a function of the body and the screen that
            returns one. None stands for a view made of the body.
        verbatim: Whether the text is printed byte by byte, unless it goes to a terminal.
        changed: Whether the command may have changed something.
        listing: How to read the rest of the list, if the body is a page.
        warnings: What to warn about afterwards.
        remarks: Returns notes that only people need.
        notes: Notes to print last.
        exit_code: Exit status of the process.
    """

    body: Any
    raw: bytes | None = None
    rows: str | None = None
    view: View | None = None
    verbatim: bool = False
    changed: bool = False
    listing: Listing | None = None
    warnings: tuple[str, ...] = ()
    remarks: Callable[[], Iterable[str]] | None = None
    notes: tuple[str, ...] = ()
    exit_code: int = 0


@dataclass(frozen=True)
class Stream:
    """Text that is printed piece by piece, as it arrives."""

    pieces: Iterable[str]


@dataclass(frozen=True)
class Feed:
    """Entries that are printed one by one, as they arrive.

    Attributes:
        entries: JSON objects.
        view: Returns the line that people see of an entry.
    """

    entries: Iterable[Any]
    view: Callable[[Any, Screen], str]
