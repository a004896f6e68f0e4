"""Find tool calls in the text of a response, where the server has no parser for them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

_OPEN = "<tool_call>"
_CLOSE = "</tool_call>"
_ARGUMENTS = ("arguments", "parameters")
# How a text may start that consists of calls only.
_WHOLE = ("{", "[", "`")


class TextCall(NamedTuple):
    """A call in a text: its name, and its arguments as JSON."""

    name: str
    arguments: str


def split_calls(content: str, names: Collection[str]) -> tuple[str, list[TextCall]]:
    """Split the text of a response into the visible text and the calls.

    A call is an object with `name` and `arguments` (or `parameters`) between `<tool_call>` tags,
    the last of which may be unclosed. The whole text may also be one such object or a list of
    them, in a code fence or not, if their names are known.

    Args:
        content: The text of the response.
        names: The names of the tools.
    """
    if _OPEN in content:
        text, *parts = content.split(_OPEN)
        calls = []
        for part in parts:
            inside, _, behind = part.partition(_CLOSE)
            found = list(_calls(_decode(inside)))
            calls += found
            # Anything else stays text.
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
    """Yield the calls in decoded JSON. Yield none if any part of it is not a call."""
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
    """Pass on the text of a stream, except what may turn out to be calls."""

    __slots__ = ("_edge", "_held", "_is_begun")

    def __init__(self) -> None:
        self._is_begun = False
        self._edge = ""
        self._held: list[str] = []

    def feed(self, text: str) -> str:
        """Add a piece of text. Return the text that can be shown now."""
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
        """Return the text that was held back, unless it was calls."""
        rest = "".join(self._held) or self._edge
        self._held, self._edge = [], ""
        return "" if is_call else rest


def _overlap(text: str) -> int:
    """Return how many characters at the end of a text may start a tag."""
    longest = min(len(text), len(_OPEN) - 1)
    return next((size for size in range(longest, 0, -1) if _OPEN.startswith(text[-size:])), 0)
