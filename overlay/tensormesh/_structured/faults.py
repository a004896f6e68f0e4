"""Faults of a response that should be JSON of a given type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .._errors import AnswerFault

    Path = tuple[str | int, ...]

_LONGEST_VALUE = 80
MISSING = object()
"""Marks a missing value."""


class FaultError(Exception):
    """A fault of a response.

    Attributes:
        reason: The kind of fault.
        problem: The fault in words, for the model and for people.
        path: The location in the JSON. Empty for the whole of it.
        expected: What was expected there, or None if the response is not JSON.
        got: What was there, shortened, or None if the response is not JSON.
    """

    def __init__(
        self,
        reason: AnswerFault,
        problem: str,
        *,
        path: Path = (),
        expected: str | None = None,
        got: str | None = None,
    ) -> None:
        super().__init__(problem)
        self.reason: AnswerFault = reason
        self.problem: str = problem
        self.path: Path = path
        self.expected: str | None = expected
        self.got: str | None = got


def misfit(path: Iterable[str | int], expected: str, value: Any) -> FaultError:
    """Return the fault of a value that does not match the type.

    Args:
        path: The location of the value.
        expected: What was expected.
        value: The value, or `MISSING`.
    """
    path = tuple(path)
    got = "nothing" if value is MISSING else show(value)
    problem = f"{readable(path) or 'the response'}: expected {expected}, got {got}"
    return FaultError("schema", problem, path=path, expected=expected, got=got)


def show(value: Any) -> str:
    """Format a JSON value on one line, shortened."""
    import json

    try:
        text = json.dumps(value, ensure_ascii=False, default=repr)
    except (ValueError, RecursionError):
        text = repr(type(value))
    return shorten(sendable(text))


def shorten(text: str, most: int = _LONGEST_VALUE) -> str:
    """Return the beginning of a text on one line."""
    line = " ".join(text[: 2 * most].split())
    return line if len(line) <= most and len(text) <= 2 * most else f"{line[: most - 3]}..."


def sendable(text: str) -> str:
    """Replace lone surrogates, which can be neither sent nor printed."""
    return text.encode("utf-8", "replace").decode()


def readable(path: Path) -> str:
    """Format a path for people, such as `lines[0].price`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part.isidentifier():
            text += f".{part}" if text else part
        else:
            text += f"[{show(part)}]"
    return text


def pointer(path: Path) -> str:
    """Format a path as a JSON Pointer (RFC 6901), such as `/lines/0/price`."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
