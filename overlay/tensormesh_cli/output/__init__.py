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
            UsageFault: the query does not fit `data`.
            CliError: the query selects nothing.
            BrokenPipeError: nobody reads any more.
        """
        if self.query is not None:
            data = self.select(data)
            raw = text = table = None
        self._put(self.render(data, raw=raw, text=text, table=table))

    def select(self, data: object) -> object:
        """Return what `--query` selects of a result. Raises what `emit` raises."""
        from tensormesh_cli.output.query import select

        assert self.query is not None
        return select(self.query, data)

    def render(
        self,
        data: object,
        *,
        raw: bytes | None = None,
        text: str | Callable[[], str] | None = None,
        table: Table | None = None,
    ) -> str | bytes:
        """Return what `emit` prints, without regard to `--query`."""
        if self.mode == "raw":
            return self._raw(data) if raw is None else raw
        if self.mode == "json":
            from tensormesh_cli.output.json_ import dump

            return self._structured(dump, data)
        if self.mode == "yaml":
            from tensormesh_cli.output.yaml_ import dump as dump_yaml

            return self._structured(dump_yaml, data)
        return self._readable(data, text, table)

    def write(self, content: str | bytes) -> None:
        """Print a piece of text, or a whole body, at once. A text has no line end of its own."""
        self._put(content)
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

    def _raw(self, data: object) -> str:
        from tensormesh_cli.output.json_ import compact

        # A text as it is: what a script asks for with --query is most often one.
        return f"{data}\n" if isinstance(data, str) else self._structured(compact, data)

    def _put(self, content: str | bytes) -> None:
        if isinstance(content, str):
            self.stdout.write(content)
            return
        binary = getattr(self.stdout, "buffer", None)
        if binary is None:
            self.stdout.write(content.decode("utf-8", "backslashreplace"))
            return
        self.stdout.flush()
        binary.write(content)
        if not content.endswith(b"\n") and self.stdout.isatty():
            binary.write(b"\n")
        binary.flush()

    def _structured(self, dump: Callable[..., str], data: object) -> str:
        text = dump(data, ascii_only=False)
        try:
            text.encode(self.stdout.encoding or "utf-8")
        except UnicodeEncodeError:
            # A character that the stream replaces would break the syntax.
            text = dump(data, ascii_only=True)
        return text
