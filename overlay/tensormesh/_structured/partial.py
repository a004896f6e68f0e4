"""Parse a JSON object while it is being generated. Sans I/O."""

from __future__ import annotations

import json
import re
from typing import Any

_WHITE_SPACE = " \t\r\n"
# Whole characters and escapes of a string; what follows is its end, or an escape that is not whole.
_STRING = re.compile(
    r'(?:[^"\\]|\\[^u]|\\u(?![dD][89abAB])[0-9a-fA-F]{4}'
    r"|\\u[dD][89abAB][0-9a-fA-F]{2}(?:\\u[0-9a-fA-F]{4}|(?=[^\\]|\\[^u])))*+"
)
_SCALAR = re.compile(r"[-+.\w]*+")
_LONGEST_ESCAPE = len(r"\ud83d\ude00")
_NOTHING = object()


class PartialJson:
    """Parser for the last outermost object of a text that arrives in pieces.

    Strings are visible while they grow, other values once they are complete. An earlier `value`
    does not change later; unchanged parts are shared. A broken object keeps its last value.

    Attributes:
        value: The object so far, or None before it starts.
    """

    def __init__(self) -> None:
        self.value: dict[str, Any] | None = None
        # Open objects and arrays with their complete items, outermost first.
        self._open: list[dict[str, Any] | list[Any]] = []
        # For each, the key of the value being parsed, or None in an array.
        self._keys: list[str | None] = []
        self._state = self._seek
        # States in which white space counts.
        self._exact = (self._seek, self._key_string, self._value_string, self._scalar, self._lost)
        # The part of a string that has arrived, decoded.
        self._grown = ""
        self._rest = ""

    def feed(self, piece: str) -> dict[str, Any] | None:
        """Add a piece of text. Return the object so far."""
        text = self._rest + piece
        position = 0
        while position < len(text):
            state = self._state
            if text[position] in _WHITE_SPACE and state not in self._exact:
                position += 1
                continue
            after = state(text, position)
            if after == position and self._state == state:
                # The state needs more text.
                break
            position = after
        self._rest = text[position:]
        if self._open and self._state != self._begin:
            self.value = self._snapshot()
        return self.value

    def _snapshot(self) -> dict[str, Any]:
        value: Any = self._grown if self._state == self._value_string else _NOTHING
        for container, key in zip(reversed(self._open), reversed(self._keys), strict=True):
            copy = container.copy()
            if value is not _NOTHING:
                _put(copy, key, value)
            value = copy
        return value  # type: ignore[no-any-return] # the outermost is an object

    # The states. Each takes a text and a position, and returns the position after what it parsed.

    def _seek(self, text: str, position: int) -> int:
        start = text.find("{", position)
        if start < 0:
            return len(text)
        self._open, self._keys = [{}], [None]
        self._state = self._begin
        return start + 1

    def _begin(self, text: str, position: int) -> int:
        """After the first brace, which opens an object if a string or `}` follows."""
        if text[position] not in '"}':
            self._open, self._keys = [], []
            self._state = self._seek
            return position
        self._state = self._key_or_end
        return position

    def _key_or_end(self, text: str, position: int) -> int:
        if text[position] == "}":
            return self._close(position)
        return self._key(text, position)

    def _key(self, text: str, position: int) -> int:
        if text[position] != '"':
            return self._give_up(text)
        self._state = self._key_string
        return position + 1

    def _key_string(self, text: str, position: int) -> int:
        after, is_over = self._string(text, position)
        if is_over:
            self._keys[-1], self._grown = self._grown, ""
            self._state = self._colon
        return after

    def _colon(self, text: str, position: int) -> int:
        if text[position] != ":":
            return self._give_up(text)
        self._state = self._value
        return position + 1

    def _value_or_end(self, text: str, position: int) -> int:
        if text[position] == "]":
            return self._close(position)
        return self._value(text, position)

    def _value(self, text: str, position: int) -> int:
        match text[position]:
            case '"':
                self._state = self._value_string
            case "{":
                self._descend({}, self._key_or_end)
            case "[":
                self._descend([], self._value_or_end)
            case _:
                self._state = self._scalar
                return position
        return position + 1

    def _descend(self, container: dict[str, Any] | list[Any], state: Any) -> None:
        self._open.append(container)
        self._keys.append(None)
        self._state = state

    def _value_string(self, text: str, position: int) -> int:
        after, is_over = self._string(text, position)
        if is_over:
            value, self._grown = self._grown, ""
            self._add(value)
        return after

    def _scalar(self, text: str, position: int) -> int:
        match = _SCALAR.match(text, position)
        assert match is not None
        if match.end() == len(text):
            return position
        try:
            value = json.loads(match.group())
        except ValueError:
            return self._give_up(text)
        self._add(value)
        return match.end()

    def _next(self, text: str, position: int) -> int:
        is_object = isinstance(self._open[-1], dict)
        if text[position] == ",":
            self._state = self._key if is_object else self._value
            return position + 1
        return self._close(position) if text[position] == "]}"[is_object] else self._give_up(text)

    def _lost(self, text: str, position: int) -> int:  # noqa: ARG002
        return len(text)

    def _string(self, text: str, position: int) -> tuple[int, bool]:
        """Continue a string. Return the position, and whether it is after the end."""
        match = _STRING.match(text, position)
        assert match is not None
        self._grown += _decoded(match.group())
        end = match.end()
        if text[end : end + 1] == '"':
            return end + 1, True
        if len(text) - end > _LONGEST_ESCAPE:
            return self._give_up(text), False
        return end, False

    def _add(self, value: Any) -> None:
        _put(self._open[-1], self._keys[-1], value)
        self._state = self._next

    def _close(self, position: int) -> int:
        value = self._open.pop()
        self._keys.pop()
        if self._open:
            self._add(value)
        else:
            assert isinstance(value, dict)
            self.value = value
            self._state = self._seek
        return position + 1

    def _give_up(self, text: str) -> int:
        """Stop at the value so far, because the text is not JSON."""
        self.value = self._snapshot()
        self._open, self._keys = [], []
        self._state = self._lost
        return len(text)


def _put(container: dict[str, Any] | list[Any], key: str | None, value: Any) -> None:
    if isinstance(container, list):
        container.append(value)
    else:
        assert key is not None
        container[key] = value


def _decoded(inside: str) -> str:
    """Decode the inside of a string."""
    if "\\" not in inside:
        return inside
    try:
        text: str = json.loads(f'"{inside}"', strict=False)
    except ValueError:
        return inside
    return text
