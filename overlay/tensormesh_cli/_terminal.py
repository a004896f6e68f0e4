"""The terminal: notes, prompts and progress on stderr, its width and its colours."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tensormesh_cli._errors import CliError, UsageFault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import TextIO

_USUAL_WIDTH = 80
_NARROWEST = 20
_STEP_SECONDS = 0.1
_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_PLAIN_FRAMES = "|/-\\"
_ERASE_LINE = "\r\033[K"


class Terminal:
    """Where the user sits, or a program that reads us.

    Args:
        stdin: standard input.
        stdout: standard output, for results only.
        stderr: standard error, for everything else.
        environ: the environment.
        quiet: leave out notes and progress.

    Attributes:
        interactive: whether a person can be asked: stdin and stderr are terminals.
        color: whether results may be coloured.
        width: columns to write in, 80 where nothing says.
        limit: columns that a line of results must not exceed, or None where they do not matter.
        quiet: whether notes and progress are left out.
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
        self._environ = environ
        self._spinner: _Spinner | None = None
        self.quiet = quiet
        self.interactive = _is_terminal(stdin) and _is_terminal(stderr)
        self.color = _is_terminal(stdout) and not (
            environ.get("NO_COLOR") or environ.get("TERM") == "dumb"
        )
        self.limit = _columns(stdout, environ)
        self.width = self.limit or _USUAL_WIDTH

    def note(self, text: str) -> None:
        """Tell something that may be missed. Left out with `--quiet`."""
        if not self.quiet:
            self._say(text)

    def warn(self, text: str) -> None:
        """Tell something that should not be missed."""
        self._say(f"Warning: {' '.join(text.split())}")

    def confirm(self, question: str, *, yes: bool, option: str = "--yes") -> None:
        """Ask whether to go on, and return if so.

        Args:
            question: what is asked, such as ``"Delete the model m-1?"``.
            yes: whether the user has said so already.
            option: the option that says so.

        Raises:
            UsageFault: there is nobody to ask.
            CliError: the answer was no.
        """
        if yes:
            return
        if not self.interactive:
            raise UsageFault(
                f"{question.rstrip('?')}: this needs a yes, and there is no terminal to ask on",
                hint=f"pass {option}",
            )
        answer = self.ask(f"{question} [y/N] ")
        if answer.strip().lower() not in ("y", "yes"):
            raise CliError("cancelled: nothing was changed", kind="cancelled")

    def ask(self, question: str) -> str:
        """Show a question on stderr and return the line that is typed, without its end.

        Raises:
            CliError: the input ended.
        """
        self._stderr.write(question)
        self._stderr.flush()
        line = self._stdin.readline()
        if not line:
            self._stderr.write("\n")
            raise CliError("cancelled: the input ended", kind="cancelled")
        return line.rstrip("\r\n")

    @contextmanager
    def progress(self, label: str) -> Iterator[Progress]:
        """Show that something goes on, if stderr is a terminal and `--quiet` is not given.

        Args:
            label: what goes on, such as ``"Waiting for the browser"``.
        """
        progress = Progress(label)
        usable = _is_terminal(self._stderr) and self._environ.get("TERM") != "dumb"
        if self.quiet or not usable or self._spinner is not None:
            yield progress
            return
        self._spinner = _Spinner(self._stderr, progress, self.width)
        try:
            yield progress
        finally:
            spinner, self._spinner = self._spinner, None
            spinner.stop()

    def _say(self, text: str) -> None:
        if self._spinner is not None:
            self._spinner.say(text)
        else:
            self._stderr.write(f"{text}\n")
            self._stderr.flush()


class Progress:
    """What is shown of something that goes on. Set `label` to tell how far it is.

    Attributes:
        label: what goes on.
    """

    def __init__(self, label: str) -> None:
        self.label = label


class _Spinner:
    def __init__(self, stream: TextIO, progress: Progress, width: int) -> None:
        self._stream = stream
        self._progress = progress
        self._width = width
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._drawn = False
        self._frames = _FRAMES if _can_write(stream, _FRAMES) else _PLAIN_FRAMES
        self._thread = threading.Thread(target=self._turn, daemon=True)
        self._thread.start()

    def _turn(self) -> None:
        step = 0
        # What is over at once shows nothing.
        while not self._stopped.wait(_STEP_SECONDS):
            frame = self._frames[step % len(self._frames)]
            step += 1
            with self._lock:
                if self._stopped.is_set():
                    return
                line = f"{frame} {self._progress.label}"[: self._width - 1]
                self._drawn = True
                self._write(f"{_ERASE_LINE}{line}")

    def say(self, text: str) -> None:
        with self._lock:
            self._erase()
            self._write(f"{text}\n")

    def stop(self) -> None:
        self._stopped.set()
        with self._lock:
            self._erase()
        self._thread.join()

    def _erase(self) -> None:
        # Nothing of ours may be there: the line may be the beginning of a result.
        if self._drawn:
            self._drawn = False
            self._write(_ERASE_LINE)

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:
        # It is closed.
        return False


def _can_write(stream: TextIO, text: str) -> bool:
    try:
        text.encode(stream.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return True


def _columns(stdout: TextIO, environ: Mapping[str, str]) -> int | None:
    """How wide a line of results may be; None where it ends in a file or a pipe."""
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
