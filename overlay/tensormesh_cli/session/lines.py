"""Reads what the user types: with editing and history, or plainly on a terminal without features.

Both raise `EOFError` for Ctrl-D and `KeyboardInterrupt` for Ctrl-C.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from tensormesh_cli._app import App

PROMPT = "> "
CONTINUED = ". "
HISTORY_NAME = "history"


class Reader(Protocol):
    """Reads questions and commands."""

    def read(self) -> str:
        """The next one, perhaps of several lines."""


class PlainReader:
    """Lines of any terminal. A backslash at the end of a line continues it."""

    def read(self) -> str:
        """The next text."""
        lines = [input(PROMPT)]
        while lines[-1].endswith("\\"):
            lines[-1] = lines[-1][:-1]
            lines.append(input(CONTINUED))
        return "\n".join(lines)


class EditingReader:
    """Lines with editing and history. Esc-Enter, and a backslash at the end, begin a new line.

    Args:
        history: File of what was typed before, or None to keep it in memory.
    """

    def __init__(self, history: Path | None) -> None:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.history import FileHistory, InMemoryHistory

        self._session: PromptSession[str] = PromptSession(
            history=InMemoryHistory() if history is None else FileHistory(str(history)),
            key_bindings=_bindings(),
            multiline=True,
            prompt_continuation=CONTINUED,
            enable_history_search=True,
        )

    def read(self) -> str:
        """The next text."""
        return self._session.prompt(PROMPT)


def open_reader(app: App) -> Reader:
    """What reads on this terminal."""
    if app.environ.get("TERM") in (None, "", "dumb"):
        return PlainReader()
    return EditingReader(prepare_history(app.settings.home))


def prepare_history(home: Path | None) -> Path | None:
    """The file of the history, for its owner only; None if there is no place to write one."""
    if home is None:
        return None
    path = home / HISTORY_NAME
    with suppress(OSError):
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
        # One that was there before may be open to others.
        path.chmod(0o600)
        return path
    return None


def _bindings() -> Any:
    from prompt_toolkit.key_binding import KeyBindings

    bindings = KeyBindings()

    @bindings.add("enter")
    def _enter(event: Any) -> None:
        buffer = event.current_buffer
        if buffer.document.is_cursor_at_the_end and buffer.text.endswith("\\"):
            buffer.delete_before_cursor()
            buffer.insert_text("\n")
        else:
            buffer.validate_and_handle()

    @bindings.add("escape", "enter")
    def _new_line(event: Any) -> None:
        event.current_buffer.insert_text("\n")

    return bindings
