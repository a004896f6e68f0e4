"""Streamed tool calls: which call each piece belongs to. Sans I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._json import loads
from .._streams.pieces import Pieces
from .._streams.slots import Slots

if TYPE_CHECKING:
    from tensormesh_api.inference.models.chat_completion_tool_call_delta import (
        ChatCompletionToolCallDelta,
    )


class StreamedCall:
    """A tool call as received so far.

    Attributes:
        position: Number of calls that began before it.
        id: Its id, empty if the server sent none.
        type: Kind of the tool.
        name: Name of the function, empty until it arrives.
        arguments: The arguments as JSON text.
    """

    __slots__ = ("_is_named", "_pieces", "arguments", "id", "name", "position", "type")

    def __init__(self, position: int) -> None:
        self.position = position
        self.id = ""
        self.type = "function"
        self.name = ""
        self.arguments = Pieces()
        self._pieces = 0
        self._is_named = False  # whether the latest piece of arguments repeated the name

    def add(self, delta: ChatCompletionToolCallDelta) -> None:
        """Append a piece."""
        self.id = delta.id or self.id
        self.type = delta.type or self.type
        function = delta.function
        if function is not None:
            self.name = function.name or self.name
            if function.arguments:
                self.arguments.add(function.arguments)
                self._pieces += 1
                self._is_named = bool(function.name)

    def is_followed_by(self, delta: ChatCompletionToolCallDelta) -> bool:
        """Return whether a piece with the same index starts another call."""
        if delta.id and self.id:
            return delta.id != self.id
        function = delta.function
        if function is None or not function.name or not self.name:
            return False
        if function.name != self.name:
            return True
        # The same name without an id starts another call, unless the server repeats names.
        if not (function.arguments or "").startswith("{") or not self._pieces:
            return False
        return not self._is_named or (self._pieces == 1 and self._is_complete())

    def _is_complete(self) -> bool:
        text = self.arguments.value() or ""
        try:
            return isinstance(loads(text.encode("utf-8", "surrogatepass")), dict)
        except (ValueError, RecursionError):
            return False


class StreamedCalls:
    """The tool calls of one message.

    Pieces belong to the same call if they share an index, or an id where the index is missing. A
    new id at a known index starts another call: some servers give parallel calls the same index.
    """

    __slots__ = ("_slots",)

    def __init__(self) -> None:
        self._slots: Slots[StreamedCall] = Slots()

    def add(self, delta: ChatCompletionToolCallDelta) -> StreamedCall:
        """Append a piece to its call, and return the call."""
        call = self._slots.find(delta.index, delta.id)
        if call is None or call.is_followed_by(delta):
            call = self._slots.add(StreamedCall(len(self._slots)), delta.index)
        call.add(delta)
        return self._slots.use(call, delta.index, call.id)

    def ordered(self) -> list[StreamedCall]:
        """Return the calls in the order of their indices."""
        return self._slots.ordered()
