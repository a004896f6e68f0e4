"""The loop of a session: read, ask, print."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tensormesh_cli.commands.infer.generation import stream
from tensormesh_cli.session.commands import run_command

if TYPE_CHECKING:
    from pathlib import Path

    from tensormesh_cli.commands.infer.generation import Generation, Streaming
    from tensormesh_cli.commands.infer.host import Host
    from tensormesh_cli.session.conversation import Conversation
    from tensormesh_cli.session.lines import Reader


class Session:
    """A conversation on a terminal.

    Args:
        host: Where to send requests.
        kind: The kind of request.
        conversation: The conversation so far.
        reader: Reads what the user types.
        streaming: How to send requests.

    Attributes:
        saved: Files that `/save` has written.
    """

    def __init__(
        self,
        host: Host,
        kind: Generation,
        conversation: Conversation,
        reader: Reader,
        streaming: Streaming,
    ) -> None:
        self.host = host
        self._kind = kind
        self.conversation = conversation
        self.saved: set[Path] = set()
        self._reader = reader
        self._streaming = streaming

    def run(self) -> None:
        """Run until the user leaves."""
        self.host.app.terminal.note(
            f"Model {self.conversation.model} ({self.host.surface})."
            " /help lists the commands, Ctrl-D leaves."
        )
        while True:
            try:
                line = self._reader.read().strip()
            except EOFError:
                return
            except KeyboardInterrupt:
                self.say("")
                continue
            if line and not self._do(line):
                return

    def say(self, text: str) -> None:
        """Print a line that is not a response."""
        self.host.app.emitter.write(f"{text}\n")

    def _do(self, line: str) -> bool:
        """Run a line. Return False to leave. Errors are printed and do not end the session."""
        try:
            if line.startswith("//"):
                self._ask(line[1:])
            elif line.startswith("/"):
                run_command(self, line)
            else:
                self._ask(line)
        except EOFError:
            return False
        except BrokenPipeError:
            raise
        except KeyboardInterrupt:
            self.say("")
        except Exception as error:
            self._tell(error)
        return True

    def _ask(self, question: str) -> None:
        """Ask, and print the response as it is written. Ctrl-C stops it, but keeps its text."""
        pieces: list[str] = []

        request = self.conversation.request(question)
        try:
            self.host.app.emitter.stream(
                stream(self.host, self._kind, request, self._streaming, pieces=pieces)
            )
        except KeyboardInterrupt:
            self.host.app.terminal.note("Stopped.")
        answer = "".join(pieces)
        if answer:
            self.conversation.add(question, answer)

    def _tell(self, error: Exception) -> None:
        """Print an error on one line."""
        from tensormesh_cli._errors import describe

        fault = describe(error)
        text = f"Error: {fault.message}"
        if fault.hint:
            text += f" ({fault.hint})"
        app = self.host.app
        sys.stderr.write(app.redactor.redact(text) + "\n")
        sys.stderr.flush()
