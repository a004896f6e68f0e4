"""Read JSON and text from options, files and standard input. Errors name the source."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from tensormesh_cli._errors import UsageFault

STDIN = "standard input"


@dataclass(frozen=True)
class Expected:
    """What a command takes, for error messages.

    Attributes:
        example: A request object, as JSON.
        array: An array that is also accepted, as JSON, or None.
        takes_text: Whether plain text can be given instead of JSON.
    """

    example: str
    array: str | None = None
    takes_text: bool = True

    def __str__(self) -> str:
        text = f"a request object such as {self.example}"
        return text if self.array is None else f"{text} or a messages array such as {self.array}"


@dataclass(frozen=True)
class Payload:
    """Decoded JSON and its source."""

    value: Any
    where: str


def read_payload(inline: str | None, file: str | None, expected: Expected) -> Payload | None:
    """Return the JSON of `--json` or `--file`, or else what is piped in.

    Args:
        inline: Value of `--json`: JSON, or `@` and a path. `@-` is standard input.
        file: Value of `--file`. `-` is standard input.
        expected: What the command takes.

    Returns:
        None if nothing is given, and standard input is a terminal or empty.

    Raises:
        UsageFault: It cannot be read, or is not JSON.
    """
    if inline is not None and not inline.startswith("@"):
        return Payload(_decode(inline, "--json", expected), "--json")
    if inline is not None or file is not None:
        path = inline[1:] if inline is not None else file or ""
        where = f"--json {inline}" if inline is not None else f"--file {file}"
        return Payload(_decode(_read_named(path, where), where, expected), where)
    text = read_stdin()
    return Payload(_decode(text, STDIN, expected), STDIN) if text.strip() else None


def read_stdin(*, piped_only: bool = True) -> str:
    """Return all of standard input. Empty if it is closed, or a terminal and `piped_only`."""
    stdin = sys.stdin
    if stdin is None or stdin.closed or (piped_only and stdin.isatty()):
        return ""
    return _text(stdin.buffer.read(), STDIN)


def read_prompt() -> str:
    """Return the text of standard input, for a prompt given as `-`."""
    text = read_stdin(piped_only=False)
    if not text.strip():
        raise UsageFault("the prompt is `-`, but standard input is empty")
    return text


def read_file(path: str, where: str) -> str:
    """Return the text of a file. Raise `UsageFault` if it cannot be read."""
    try:
        content = Path(path).expanduser().read_bytes()
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageFault(f"cannot read {where}: {reason}") from None
    return _text(content, where)


def request_object(payload: Payload, expected: Expected) -> dict[str, Any]:
    """Return a copy of a JSON object. Raise `UsageFault` if it is something else."""
    if not isinstance(payload.value, dict):
        refuse(payload.where, f"is {kind_of(payload.value)}", expected)
    return dict(payload.value)


def refuse(where: str, problem: str, expected: Expected) -> NoReturn:
    """Raise `UsageFault` for an input."""
    raise UsageFault(f"{where} {problem}", hint=f"expected {expected}")


def kind_of(value: Any) -> str:
    """Return the JSON type of a value, with its article."""
    if value is None:
        return "null"
    kinds = {dict: "an object", list: "an array", str: "a string", bool: "a boolean"}
    return kinds.get(type(value), "a number")


def _read_named(path: str, where: str) -> str:
    if path == "-":
        return read_stdin(piped_only=False)
    if not path:
        raise UsageFault(f"{where} has no file name", hint="write it as --json @chat.json")
    return read_file(path, where)


def _text(content: bytes, where: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageFault(f"{where} is not UTF-8 text: see byte {error.start + 1}") from None


def _decode(text: str, where: str, expected: Expected) -> Any:
    if not text.strip():
        refuse(where, "is empty", expected)
    try:
        return loads(text)
    except json.JSONDecodeError as error:
        at = f"line {error.lineno}, column {error.colno}"
        hint = f"expected {expected}"
        if where == "--json" and _looks_like_path(text):
            hint = f"to read a file, write: --json @{text}"
        elif where == STDIN and expected.takes_text:
            hint += "; to send plain text, pass `-` as the prompt"
        raise UsageFault(f"{where} is not valid JSON: {at}: {error.msg}", hint=hint) from None
    except ValueError as error:
        refuse(where, f"is not valid JSON: {error}", expected)
    except RecursionError:
        refuse(where, "is nested too deeply", expected)


def loads(text: str) -> Any:
    """Parse JSON without `NaN` and `Infinity`, which Python adds to it."""
    return json.loads(text, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"JSON does not allow {name}")


def _looks_like_path(text: str) -> bool:
    return text.endswith((".json", ".txt")) or (len(text) < 256 and Path(text).is_file())
