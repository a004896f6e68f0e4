"""Commands of a session: lines that start with a slash."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tensormesh_cli._errors import UsageFault
from tensormesh_cli._suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable

    from tensormesh_cli.commands.infer.host import Host
    from tensormesh_cli.session.conversation import Conversation

HELP = (
    ("/help", "Show this help."),
    ("/model [NAME]", "Show or change the model."),
    ("/system [TEXT]", "Show, set or (with -) remove the instructions."),
    ("/reset", "Start a new conversation."),
    ("/save FILE", "Save the messages as JSON, for `tm infer chat --file FILE`."),
    ("/exit", "Leave. Ctrl-D does the same."),
    ("", ""),
    ("Enter", "Send. Esc Enter or a trailing backslash adds a line."),
    ("Ctrl-C", "Stop the response, or clear the line."),
    ("//...", "Send text that starts with a slash."),
)


class Session(Protocol):
    """What commands act on.

    Attributes:
        host: Where requests are sent.
        conversation: The conversation so far.
        saved: Files that `/save` has written.
    """

    host: Host
    conversation: Conversation
    saved: set[Path]

    def say(self, text: str) -> None:
        """Print a line that is not a response."""


def run_command(session: Session, line: str) -> None:
    """Run a line that starts with a slash.

    Raises:
        UsageFault: The command is unknown or failed.
    """
    name, _, argument = line.partition(" ")
    command = COMMANDS.get(name)
    if command is None:
        hint = did_you_mean(name, COMMANDS) or "/help lists the commands"
        raise UsageFault(f"unknown command {name}", hint=hint)
    command(session, argument.strip())


def _help(session: Session, _argument: str) -> None:
    width = max(len(name) for name, _ in HELP)
    for name, text in HELP:
        session.say(f"{name:{width}}  {text}".rstrip())


def _model(session: Session, name: str) -> None:
    conversation = session.conversation
    if name:
        conversation.model = session.host.model(name)
    session.say(f"Model: {conversation.model}")


def _system(session: Session, text: str) -> None:
    conversation = session.conversation
    if text:
        conversation.system = None if text == "-" else text
    session.say(f"Instructions: {conversation.system or 'none'}")


def _reset(session: Session, _argument: str) -> None:
    session.conversation.reset()
    session.say("Started a new conversation.")


def _save(session: Session, name: str) -> None:
    if not name:
        raise UsageFault("/save needs a file name")
    messages = session.conversation.messages
    if not messages:
        raise UsageFault("/save: there are no messages yet")
    content = json.dumps(messages, ensure_ascii=False, indent=2) + "\n"
    try:
        path = Path(name).expanduser()
        # Replace only files that this session has written.
        mode = os.O_TRUNC if path in session.saved else os.O_EXCL
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | mode, 0o600)
        with open(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(content)
    except FileExistsError:
        raise UsageFault(f"/save: {name} already exists, choose another name") from None
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageFault(f"/save: cannot write {name}: {reason}") from None
    session.saved.add(path)
    session.say(f"Saved {len(messages)} messages to {path}")


def _exit(_session: Session, _argument: str) -> None:
    raise EOFError


COMMANDS: dict[str, Callable[[Session, str], None]] = {
    "/help": _help,
    "/model": _model,
    "/system": _system,
    "/reset": _reset,
    "/save": _save,
    "/exit": _exit,
    "/quit": _exit,
}
