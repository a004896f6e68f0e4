"""Reads what a request is made of: `--json`, `--file`, standard input.

Every error names where the text came from, what is wrong with it, and what was expected.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from tensormesh_cli._errors import UsageFault
from tensormesh_cli._json import loads

if TYPE_CHECKING:
    from collections.abc import Sequence

STDIN = "standard input"


@dataclass(frozen=True)
class Expected:
    """What a command takes, for its errors.

    Attributes:
        example: A request object, as JSON.
        array: A bare array that is taken too, as JSON; None where there is none.
        takes_text: Whether plain text can be given in place of JSON.
    """

    example: str
    array: str | None = None
    takes_text: bool = True

    def __str__(self) -> str:
        text = f"a request object such as {self.example}"
        return text if self.array is None else f"{text} or a messages array such as {self.array}"


@dataclass(frozen=True)
class Payload:
    """Decoded JSON, and where it came from.

    Attributes:
        value: The JSON.
        where: Its origin, for errors: an option with its file, or standard input.
    """

    value: Any
    where: str


def read_payload(inline: str | None, file: str | None, expected: Expected) -> Payload | None:
    """The payload that was given, else what is piped in.

    Args:
        inline: Value of `--json`: JSON, or `@` and a path; `@-` is standard input.
        file: Value of `--file`; `-` is standard input.
        expected: What the command takes.

    Returns:
        None where nothing is given, and standard input is a terminal or empty.

    Raises:
        UsageFault: It cannot be read, or is no JSON.
    """
    if inline is not None and not inline.startswith("@"):
        return Payload(_decode(inline, "--json", expected, inline=True), "--json")
    if inline is not None:
        return _read_named(inline[1:], f"--json {inline}", expected)
    if file is not None:
        return _read_named(file, f"--file {file}", expected)
    content = read_stdin()
    if content is None or not content.strip():
        return None
    return Payload(_decode(_text(content, STDIN), STDIN, expected), STDIN)


def read_stdin(*, piped_only: bool = True) -> bytes | None:
    """Everything on standard input; None if it is closed, or a terminal and `piped_only`."""
    stdin = sys.stdin
    if stdin is None or stdin.closed or (piped_only and stdin.isatty()):
        return None
    return stdin.buffer.read()


def read_stdin_text() -> str:
    """Plain text of standard input, for a prompt given as `-`.

    Raises:
        UsageFault: There is none, or it is not UTF-8.
    """
    text = _text(read_stdin(piped_only=False) or b"", STDIN)
    if not text.strip():
        raise UsageFault("the prompt `-` stands for standard input, and that is empty")
    return text


def request_object(payload: Payload, expected: Expected) -> dict[str, Any]:
    """The request object of a payload.

    Raises:
        UsageFault: It is something else.
    """
    if not isinstance(payload.value, dict):
        _refuse(payload.where, f"holds {_kind(payload.value)}", expected)
    return dict(payload.value)


def chat_request(payload: Payload, expected: Expected) -> dict[str, Any]:
    """The request object of a chat: the payload itself, or made from a bare messages array.

    Raises:
        UsageFault: It is neither, or its messages are no messages.
    """
    if isinstance(payload.value, list):
        body: dict[str, Any] = {"messages": payload.value}
    else:
        body = request_object(payload, expected)
    messages = body.get("messages")
    if messages is None:
        _refuse(payload.where, "has no `messages`", expected)
    if not isinstance(messages, list):
        _refuse(payload.where, f"has {_kind(messages)} as `messages`", expected)
    if not messages:
        _refuse(payload.where, "has no message in its messages array", expected)
    _check_messages(messages, payload.where)
    return body


def _check_messages(messages: Sequence[Any], where: str) -> None:
    for number, message in enumerate(messages, 1):
        if not isinstance(message, dict):
            problem = f"is {_kind(message)}, not an object"
        elif not isinstance(message.get("role"), str):
            problem = "has no `role`"
        else:
            continue
        raise UsageFault(
            f"{where}: message {number} {problem}",
            hint='each message is an object such as {"role":"user","content":"Hi"}',
        )


def _read_named(path: str, where: str, expected: Expected) -> Payload:
    if path == "-":
        content = read_stdin(piped_only=False) or b""
    elif not path:
        raise UsageFault(f"{where} names no file", hint="write it as --json @chat.json")
    else:
        try:
            content = Path(path).expanduser().read_bytes()
        except (OSError, RuntimeError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise UsageFault(f"{where} cannot be read: {reason}") from None
    return Payload(_decode(_text(content, where), where, expected), where)


def _text(content: bytes, where: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageFault(f"{where} is not UTF-8 text: see byte {error.start + 1}") from None


def _decode(text: str, where: str, expected: Expected, *, inline: bool = False) -> Any:
    if not text.strip():
        _refuse(where, "is empty", expected)
    try:
        return loads(text)
    except json.JSONDecodeError as error:
        at = f"line {error.lineno}, column {error.colno}"
        hint = f"expected {expected}"
        if inline and _looks_like_path(text):
            hint = f"to read a file, write: --json @{text}"
        elif where == STDIN and expected.takes_text:
            hint += "; to send plain text, give the prompt as `-`"
        raise UsageFault(f"{where} is not valid JSON: {at}: {error.msg}", hint=hint) from None
    except ValueError as error:
        _refuse(where, f"is not valid JSON: {error}", expected)
    except RecursionError:
        _refuse(where, "is nested too deeply", expected)


def _looks_like_path(text: str) -> bool:
    return text.endswith((".json", ".txt")) or (len(text) < 256 and Path(text).is_file())


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    kinds = {dict: "an object", list: "an array", str: "a string", bool: "a boolean"}
    return kinds.get(type(value), "a number")


def _refuse(where: str, problem: str, expected: Expected) -> NoReturn:
    raise UsageFault(f"{where} {problem}", hint=f"expected {expected}")
