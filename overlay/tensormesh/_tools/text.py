"""Calls that a server left in the text of an answer, where it has no parser for them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

_OPEN = "<tool_call>"
_CLOSE = "</tool_call>"
_ARGUMENTS = ("arguments", "parameters")
# How a text begins that may be nothing but calls.
_WHOLE = ("{", "[", "`")


class TextCall(NamedTuple):
    """A call found in a text: the name, and the arguments as JSON text."""

    name: str
    arguments: str


def split_calls(content: str, names: Collection[str]) -> tuple[str, list[TextCall]]:
    """The text of an answer without its calls, and the calls.

    Known are objects with `name` and `arguments` (or `parameters`) between `<tool_call>` tags,
    of which the last may not be closed, and a text that is nothing but one such object or a list
    of them, in a code fence or not, if they name tools that there are.

    Args:
        content: The text of the answer.
        names: Names of the tools.
    """
    if _OPEN in content:
        text, *parts = content.split(_OPEN)
        calls = []
        for part in parts:
            inside, _, behind = part.partition(_CLOSE)
            found = list(_calls(_decode(inside)))
            calls += found
            # What is no call stays text.
            text += behind if found else _OPEN + part
        return text.strip() if calls else content, calls
    found = list(_calls(_decode(_unfenced(content))))
    if found and all(call.name in names for call in found):
        return "", found
    return content, []


def _unfenced(content: str) -> str:
    text = content.strip()
    if not text.startswith("```") or not text.endswith("```") or "\n" not in text:
        return text
    return text.partition("\n")[2].removesuffix("```")


def _decode(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _calls(value: Any) -> Iterator[TextCall]:
    """Calls in decoded JSON; none if anything in it is not a call."""
    values = value if isinstance(value, list) else [value]
    found = []
    for item in values:
        inner = item.get("function", item) if isinstance(item, dict) else None
        if not isinstance(inner, dict) or not isinstance(inner.get("name"), str):
            return
        arguments = next((inner[key] for key in _ARGUMENTS if key in inner), None)
        if not isinstance(arguments, (dict, str)):
            return
        text = arguments if isinstance(arguments, str) else json.dumps(arguments)
        found.append(TextCall(inner["name"], text))
    yield from found


class TextGate:
    """Lets the text of a stream through, but for what may turn out to be calls."""

    __slots__ = ("_edge", "_held", "_is_begun")

    def __init__(self) -> None:
        self._is_begun = False
        self._edge = ""
        self._held: list[str] = []

    def feed(self, text: str) -> str:
        """The text that can be shown, now that more has come."""
        if self._held:
            self._held.append(text)
            return ""
        text = self._edge + text
        at = text.find(_OPEN)
        if at < 0:
            at = len(text) - _overlap(text)
        if not self._is_begun:
            begin = text.lstrip()
            self._is_begun = bool(begin)
            if not begin or begin.startswith(_WHOLE):
                at = 0
        shown, self._edge = text[:at], text[at:]
        if self._is_begun and self._edge.lstrip().startswith((_OPEN, *_WHOLE)):
            self._held, self._edge = [self._edge], ""
        return shown

    def finish(self, *, is_call: bool) -> str:
        """What was held back, unless it was calls."""
        rest = "".join(self._held) or self._edge
        self._held, self._edge = [], ""
        return "" if is_call else rest


def _overlap(text: str) -> int:
    """How many characters at the end of a text may begin a tag."""
    longest = min(len(text), len(_OPEN) - 1)
    return next((size for size in range(longest, 0, -1) if _OPEN.startswith(text[-size:])), 0)
