"""Print results. Nothing else knows output modes, `--query` and masking."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from tensormesh_cli._errors import CliError, UsageFault, describe
from tensormesh_cli.output.result import Feed, Screen, Stream
from tensormesh_cli.output.values import clean, is_plain, shown, unwrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TextIO

    from tensormesh_cli._terminal import Terminal
    from tensormesh_cli.output.columns import Table
    from tensormesh_cli.output.result import Result

STRUCTURED = ("json", "yaml", "raw")


class Emitter:
    """Prints what commands return.

    Args:
        mode: `text`, `json`, `yaml`, `raw` or `table`.
        stdout: Where results go.
        terminal: Where notes and warnings go.
        query: JMESPath expression that selects a part of every result.
        screen: What views are made for, by default the terminal.
    """

    def __init__(
        self,
        mode: str,
        stdout: TextIO,
        terminal: Terminal,
        *,
        query: str | None = None,
        screen: Screen | None = None,
    ) -> None:
        self._mode = mode
        self._stdout = stdout
        self._terminal = terminal
        self._query = query
        self._structured = mode in STRUCTURED
        self._screen = screen or Screen(
            mode == "table", terminal.limit, terminal.color, stdout.encoding or "utf-8"
        )

    def emit(self, result: Result | Stream | Feed | None) -> int:
        """Print a result. Return the exit status of the process.

        Raises:
            UsageFault: The query does not fit the result.
            CliError: The query matches nothing.
            OSError: The output cannot be written.
        """
        if result is None:
            return 0
        if isinstance(result, Stream):
            self.stream(result.pieces)
            return 0
        if isinstance(result, Feed):
            for entry in result.entries:
                self.write(self._entry(entry, result.view))
            return 0
        self._print(result)
        for warning in result.warnings:
            self._terminal.warn(warning)
        remarks = [] if self._structured or result.remarks is None else result.remarks()
        for note in (*remarks, *result.notes):
            self._terminal.note(note)
        return result.exit_code

    def require(self, *modes: str, option: str) -> None:
        """Raise `UsageFault` unless an option supports the output mode.

        Only options that support JSON support `--query`.
        """
        found = f"--output {self._mode}"
        if self._mode in modes:
            if self._query is None or "json" in modes:
                return
            found = "--query"
        *first, last = modes
        supported = f"{', '.join(first)} or {last}" if first else last
        raise UsageFault(
            f"{option} supports only --output {supported}, not {found}",
            hint="choose a supported output mode" + (" and drop --query" if self._query else ""),
        )

    @property
    def can_converse(self) -> bool:
        """Whether the output is a terminal in text mode."""
        return self._mode == "text" and self._query is None and self._stdout.isatty()

    def write(self, text: str) -> None:
        """Print text at once."""
        self._stdout.write(text)
        self._stdout.flush()

    def stream(self, pieces: Iterable[str]) -> None:
        """Print pieces of text as they arrive, and end the last line."""
        is_line_open = False
        try:
            for piece in pieces:
                if piece:
                    is_line_open = not piece.endswith("\n")
                    self.write(self._verbatim(piece))
        except BrokenPipeError:
            is_line_open = False
            raise
        finally:
            if is_line_open:
                self.write("\n")

    def _print(self, result: Result) -> None:
        body = result.body
        raw = result.raw
        if result.listing is not None and result.listing.read_all:
            body, raw = result.listing.merged(body, self._terminal), None
        if result.changed:
            from tensormesh_cli.output.secrets import secrets_shown_once

            secrets = secrets_shown_once(body)
            if secrets:
                self._print_once(result, body, secrets)
                return
        if self._query is not None:
            self._put(self._plain(self._select(body)))
            return
        self._put(self._whole(result, body, raw))
        if result.listing is not None and not self._structured:
            more = result.listing.more(body)
            if more:
                self._terminal.note(more)

    def _print_once(self, result: Result, body: Any, secrets: list[str]) -> None:
        """Print secrets that no later response repeats, whatever the query and the width."""
        from tensormesh_cli.output.secrets import has_all

        fault: CliError | None = None
        content: str | bytes | None = None
        if self._query is not None:
            try:
                selected = self._select(body)
            except CliError as error:
                selected, fault = None, error
            if has_all(selected, secrets):
                content = self._plain(selected)
            else:
                self._terminal.warn(
                    "--query omits the secret, which is shown only once: here is the whole result"
                )
        note = content is None and not self._structured
        if content is None:
            content = self._whole(result, body, result.raw)
        if not self._structured and isinstance(content, str):
            # Tables cut text that is too long for the terminal.
            missing = [clean(secret) for secret in secrets if clean(secret) not in content]
            content += "".join(f"{secret}\n" for secret in missing)
        self._put_safely(content)
        if fault is not None:
            raise fault
        if note:
            self._terminal.note("The secret is shown only once: save it now.")

    def _select(self, body: Any) -> Any:
        from tensormesh_cli.output.query import select

        assert self._query is not None
        return select(self._query, body)

    def _whole(self, result: Result, body: Any, raw: bytes | None) -> str | bytes:
        if self._mode == "raw" and raw is not None:
            return raw
        if self._structured:
            return self._plain(body)
        view = result.view(body, self._screen) if callable(result.view) else result.view
        if isinstance(view, str):
            if not self._screen.boxed:
                return _ended(
                    self._verbatim(view)
                    if result.verbatim
                    else clean(view, keep_colors=self._screen.color)
                )
            view = None
        return self._default(result, body) if view is None else self._table(view)

    def _default(self, result: Result, body: Any) -> str:
        """Return what people see of a result without a view."""
        from tensormesh_cli.output.lists import list_of, table_of
        from tensormesh_cli.output.secrets import ALWAYS_HIDDEN, without_secrets

        inner = unwrapped(body)
        if inner is None or inner == {}:
            self._terminal.note("Done." if result.changed else "Nothing to show.")
            return ""
        name = list_of(body, result.rows)
        if name is not None and not body[name]:
            from tensormesh_cli.output.columns import heading

            self._terminal.note(f"No {heading(name)}.")
            return ""
        if name is not None and all(isinstance(row, dict) for row in body[name]):
            return self._table(table_of(without_secrets(body[name], ALWAYS_HIDDEN), self._screen))
        if is_plain(inner) and not self._screen.boxed:
            return _ended(clean(shown(inner)))
        # Show the name of an amount of money, too.
        return self._plain(body if is_plain(inner) else without_secrets(inner, ALWAYS_HIDDEN))

    def _plain(self, data: Any) -> str:
        """Return data in the format of the mode."""
        from tensormesh_cli.output import formats

        if self._mode == "json":
            return self._encodable(formats.to_json, data)
        if self._mode == "yaml":
            return self._encodable(formats.to_yaml, data)
        if self._mode == "raw":
            # Scripts that select a text want it without quotes.
            if isinstance(data, str):
                return f"{data}\n"
            return self._encodable(formats.to_json_line, data)
        if self._screen.boxed:
            from tensormesh_cli.output.table import main_table

            table = main_table(data)
            if table is not None:
                return self._table(table)
        from tensormesh_cli.output.text import render

        return render(data, self._screen)

    def _table(self, table: Table) -> str:
        if self._screen.boxed:
            from tensormesh_cli.output.table import draw

            return draw(table, self._screen)
        from tensormesh_cli.output.text import render_table

        return render_table(table, self._screen)

    def _entry(self, entry: Any, view: Callable[[Any, Screen], str]) -> str:
        data = entry
        if self._query is not None:
            from tensormesh_cli.output.query import evaluate

            data = evaluate(self._query, entry)
        if self._structured:
            from tensormesh_cli.output.formats import to_json_line

            return self._encodable(to_json_line, data)
        return self._plain(data) if self._query is not None else f"{view(entry, self._screen)}\n"

    def _encodable(self, dump: Callable[..., str], data: Any) -> str:
        text = dump(data, ascii_only=False)
        # A character that the stream replaces would break the syntax.
        return text if self._screen.can_show(text) else dump(data, ascii_only=True)

    def _verbatim(self, text: str) -> str:
        # What a model writes must not control a terminal: colors, titles, the cursor, the bell.
        return clean(text) if self._stdout.isatty() else text

    def _put(self, content: str | bytes) -> None:
        if isinstance(content, str):
            self._stdout.write(content)
            return
        binary = getattr(self._stdout, "buffer", None)
        if binary is None:
            self._stdout.write(content.decode("utf-8", "backslashreplace"))
            return
        self._stdout.flush()
        binary.write(content)
        if not content.endswith(b"\n") and self._stdout.isatty():
            binary.write(b"\n")
        binary.flush()

    def _put_safely(self, content: str | bytes) -> None:
        try:
            self._put(content)
            self._stdout.flush()
        except OSError as error:
            self._terminal.warn(
                "cannot write to stdout: printing the result here, because it is shown only once"
            )
            text = content if isinstance(content, str) else content.decode("utf-8", "replace")
            sys.stderr.write(_ended(text))
            # Here even a closed pipe is a failure.
            raise CliError(describe(error).message, kind="output") from error


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else f"{text}\n"
