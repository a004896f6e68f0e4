"""Read what the user types: with editing and history, or plainly on simple terminals.

Ctrl-D raises `EOFError`, Ctrl-C raises `KeyboardInterrupt`.
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
        """Return the next one, which may have several lines."""


class PlainReader:
    """Reads lines from any terminal. A trailing backslash continues a line."""

    def read(self) -> str:
        """Return the next text."""
        lines = [input(PROMPT)]
        while lines[-1].endswith("\\"):
            lines[-1] = lines[-1][:-1]
            lines.append(input(CONTINUED))
        return "\n".join(lines)


class EditingReader:
    """Reads lines with editing and history. Esc Enter or a trailing backslash adds a line.

    Args:
        history: File with earlier input, or None to keep it in memory.
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
        """Return the next text."""
        return self._session.prompt(PROMPT)


def open_reader(app: App) -> Reader:
    """Return a reader for this terminal."""
    if app.environ.get("TERM") in (None, "", "dumb"):
        return PlainReader()
    return EditingReader(prepare_history(app.settings.home))


def prepare_history(home: Path | None) -> Path | None:
    """Return the history file, readable only by its owner, or None if there is no place."""
    if home is None:
        return None
    path = home / HISTORY_NAME
    with suppress(OSError):
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
        # An existing file may be readable by others.
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
