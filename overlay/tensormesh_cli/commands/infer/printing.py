"""Prints what a model wrote, whole or as it is written."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from tensormesh_cli._app import App
    from tensormesh_cli.output import Table

# What a model writes must not steer the terminal: colours, titles, the cursor, the bell.
_CONTROLS = {
    code: "\N{REPLACEMENT CHARACTER}"
    for code in (*range(0x20), *range(0x7F, 0xA0))
    if chr(code) not in "\t\n"
}
_CONTROLS[ord("\r")] = ""


@dataclass(frozen=True)
class Manner:
    """How an answer is to be printed.

    Attributes:
        stream: As it is written.
        idle: Seconds of silence that a stream is allowed.
        usage: With the number of tokens on standard error.
    """

    stream: bool
    idle: float
    usage: bool


def printable(text: str) -> str:
    """Text as it goes to standard output: without control characters if that is a terminal."""
    return text.translate(_CONTROLS) if sys.stdout.isatty() else text


def show(
    app: App,
    data: Any,
    *,
    raw: bytes,
    text: Callable[[], str],
    table: Callable[[], Table] | None = None,
) -> None:
    """Print an answer in the mode that was asked for.

    Args:
        app: The run.
        data: The answer's JSON.
        raw: The answer as it came.
        text: Gives what the model wrote, which is printed as it is unless a terminal shows it.
        table: Gives its table; one that is made of the JSON by default.
    """
    options = app.options
    if options.output == "text" and options.query is None:
        with StreamPrinter() as printer:
            printer.write(text())
    else:
        made = table() if table is not None and options.output == "table" else None
        app.printer.emit(data, raw=raw, text=text, table=made)


class StreamPrinter:
    """Writes pieces of text at once, and sees to it that the last line is ended."""

    def __init__(self) -> None:
        self._is_line_open = False

    def write(self, piece: str) -> None:
        """Print a piece."""
        if piece:
            self._is_line_open = not piece.endswith("\n")
            sys.stdout.write(printable(piece))
            sys.stdout.flush()

    def line(self, text: str) -> None:
        """Print lines of their own; nothing for an empty text."""
        if text:
            self.end_line()
            self.write(f"{text}\n")

    def end_line(self) -> None:
        """End the line that is open, if one is."""
        if self._is_line_open:
            self.write("\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not isinstance(error, BrokenPipeError):
            self.end_line()
