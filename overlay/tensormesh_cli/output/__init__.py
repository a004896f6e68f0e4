"""Prints results on stdout, in the mode that was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tensormesh_cli.output.columns import Column, Table

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

__all__ = ["Column", "Printer", "Table"]

STRUCTURED = ("json", "yaml", "raw")


class Printer:
    """Prints results.

    Args:
        mode: ``"text"``, ``"json"``, ``"yaml"``, ``"raw"`` or ``"table"``.
        stdout: where results go.
        quiet: leave out what is not essential.
        query: JMESPath expression that is applied to every result.
        width: columns that a line for people must not exceed; None if they do not matter.
        color: whether text for people may be coloured.

    Attributes:
        structured: whether the mode is one for programs.
    """

    def __init__(
        self,
        mode: str,
        stdout: TextIO,
        *,
        quiet: bool = False,
        query: str | None = None,
        width: int | None = None,
        color: bool = False,
    ) -> None:
        self.mode = mode
        self.stdout = stdout
        self.quiet = quiet
        self.query = query
        self.width = width
        self.color = color
        self.structured = mode in STRUCTURED

    def emit(
        self,
        data: object,
        *,
        raw: bytes | None = None,
        text: str | Callable[[], str] | None = None,
        table: Table | None = None,
    ) -> None:
        """Print one result. With `--query`, only what it selects of `data`, in any mode.

        Args:
            data: JSON data.
            raw: what the server sent, for the raw mode; `data` on one line by default.
            text: what people see in the text mode; `data` made readable by default.
            table: what they see in the table mode, and in the text mode if there is no `text`;
                the main list of `data` by default.

        Raises:
            UsageFault: the query is not valid.
            BrokenPipeError: nobody reads any more.
        """
        if self.query is not None:
            from tensormesh_cli.output.query import select

            data = select(self.query, data)
            raw = text = table = None
        if self.mode == "raw":
            self._raw(data, raw)
        elif self.mode == "json":
            from tensormesh_cli.output.json_ import dump

            self._structured(dump, data)
        elif self.mode == "yaml":
            from tensormesh_cli.output.yaml_ import dump as dump_yaml

            self._structured(dump_yaml, data)
        else:
            self._write(self._readable(data, text, table))

    def write(self, text: str) -> None:
        """Print a piece of text at once, as streams do. It has no line end of its own."""
        self.stdout.write(text)
        self.stdout.flush()

    def _readable(
        self, data: object, text: str | Callable[[], str] | None, table: Table | None
    ) -> str:
        from tensormesh_cli.output.text import render
        from tensormesh_cli.output.values import clean

        if self.mode == "table":
            from tensormesh_cli.output.table import draw, table_of

            table = table or table_of(data)
            if table is not None:
                return draw(
                    table,
                    width=self.width,
                    color=self.color,
                    encoding=self.stdout.encoding or "utf-8",
                )
        if text is not None:
            said = clean(text if isinstance(text, str) else text(), keep_colors=self.color)
            return said if not said or said.endswith("\n") else said + "\n"
        return render(data, table=table, width=self.width, color=self.color)

    def _raw(self, data: object, raw: bytes | None) -> None:
        if raw is None:
            from tensormesh_cli.output.json_ import compact

            if isinstance(data, str):
                # As it is: what a script asks for with --query is most often a text.
                self._write(f"{data}\n")
            else:
                self._structured(compact, data)
            return
        binary = getattr(self.stdout, "buffer", None)
        if binary is None:
            self._write(raw.decode("utf-8", "backslashreplace"))
            return
        self.stdout.flush()
        binary.write(raw)
        if not raw.endswith(b"\n") and self.stdout.isatty():
            binary.write(b"\n")
        binary.flush()

    def _write(self, text: str) -> None:
        self.stdout.write(text)

    def _structured(self, dump: Callable[..., str], data: object) -> None:
        text = dump(data, ascii_only=False)
        try:
            text.encode(self.stdout.encoding or "utf-8")
        except UnicodeEncodeError:
            # A character that the stream replaces would break the syntax.
            text = dump(data, ascii_only=True)
        self._write(text)
