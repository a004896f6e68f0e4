"""The terminal: notes, questions and progress on stderr, its width and its colors."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tensormesh_cli._errors import CliError, UsageFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import TextIO

_USUAL_WIDTH = 80
_NARROWEST = 20
_ERASE_LINE = "\r\033[K"


class Terminal:
    """The streams of the process.

    Args:
        stdin: Standard input.
        stdout: Standard output, for results only.
        stderr: Standard error, for everything else.
        environ: Environment variables.
        quiet: Whether to leave out notes and progress.

    Attributes:
        interactive: Whether a person can be asked: stdin and stderr are terminals.
        color: Whether results may be colored.
        width: Columns to write in, 80 if unknown.
        limit: Columns that a line of results may have, or None if that does not matter.
    """

    def __init__(
        self,
        stdin: TextIO,
        stdout: TextIO,
        stderr: TextIO,
        environ: Mapping[str, str],
        *,
        quiet: bool = False,
    ) -> None:
        self._stdin = stdin
        self._stderr = stderr
        self._can_draw = _is_terminal(stderr) and environ.get("TERM") != "dumb"
        self._drawn = ""
        self.quiet = quiet
        self.interactive = _is_terminal(stdin) and _is_terminal(stderr)
        self.color = _is_terminal(stdout) and not (
            environ.get("NO_COLOR") or environ.get("TERM") == "dumb"
        )
        self.limit = _columns(stdout, environ)
        self.width = self.limit or _USUAL_WIDTH

    def note(self, text: str) -> None:
        """Print a note. Left out with `--quiet`."""
        if not self.quiet:
            self._say(text)

    def warn(self, text: str) -> None:
        """Print a warning."""
        self._say(f"Warning: {' '.join(text.split())}")

    def confirm(self, question: str, *, yes: bool, option: str = "--yes") -> None:
        """Ask whether to go on. Return if the answer is yes.

        Args:
            question: The question, such as `Delete the model m-1?`.
            yes: Whether the user has confirmed already.
            option: The option that confirms.

        Raises:
            UsageFault: There is nobody to ask.
            CliError: The answer is no.
        """
        if yes:
            return
        if not self.interactive:
            raise UsageFault(
                f"{question.rstrip('?')}: confirmation needed, but there is no terminal",
                hint=f"pass {option}",
            )
        self._stderr.write(f"{question} [y/N] ")
        self._stderr.flush()
        answer = self._stdin.readline()
        if not answer:
            self._stderr.write("\n")
            raise CliError("cancelled: end of input", kind="cancelled")
        if answer.strip().lower() not in ("y", "yes"):
            raise CliError("cancelled: nothing was changed", kind="cancelled")

    @contextmanager
    def progress(self, label: str) -> Iterator[Callable[[str], None]]:
        """Show on the terminal what is going on, until the block ends.

        Args:
            label: What is going on, such as `Waiting for approval`.

        Yields:
            A function that changes the label.
        """
        if self.quiet or not self._can_draw or self._drawn:
            yield lambda _: None
            return
        try:
            self._draw(label)
            yield self._draw
        finally:
            self._draw("")

    def _draw(self, label: str) -> None:
        self._drawn = label[: self.width - 1]
        self._stderr.write(f"{_ERASE_LINE}{self._drawn}")
        self._stderr.flush()

    def _say(self, text: str) -> None:
        drawn = self._drawn
        if drawn:
            self._draw("")
        self._stderr.write(f"{text}\n")
        self._stderr.flush()
        if drawn:
            self._draw(drawn)


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:
        # It is closed.
        return False


def _columns(stdout: TextIO, environ: Mapping[str, str]) -> int | None:
    """Return the longest line of results, or None for a file or a pipe."""
    given = environ.get("COLUMNS", "")
    if given.isascii() and given.isdigit() and int(given) > 0:
        return max(int(given), _NARROWEST)
    if not _is_terminal(stdout):
        return None
    try:
        found = os.get_terminal_size(stdout.fileno()).columns
    except (OSError, ValueError):
        found = 0
    return max(found, _NARROWEST) if found else _USUAL_WIDTH
