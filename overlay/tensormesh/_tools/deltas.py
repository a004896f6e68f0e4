"""From the chunks of a streamed answer to events of a run. Sans I/O."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .._reasoning import ThinkSplitter
from .events import ArgumentsDelta, CallStarted, TextDelta
from .text import TextGate

if TYPE_CHECKING:
    from tensormesh_api.inference.models.chat_completion_chunk import ChatCompletionChunk
    from tensormesh_api.inference.models.chat_completion_tool_call_delta import (
        ChatCompletionToolCallDelta,
    )

    DeltaEvent = TextDelta | CallStarted | ArgumentsDelta


class _Call:
    __slots__ = ("early", "id", "index", "name")

    def __init__(self, index: int) -> None:
        self.index = index
        self.id: str | None = None
        self.name = ""
        self.early: list[str] = []


class Deltas:
    """Reads the chunks of one answer.

    Args:
        round: Number of the round.
        gated: Whether text that may be calls is held back.
    """

    def __init__(self, round: int, *, gated: bool) -> None:
        self._round = round
        self._splitter = ThinkSplitter()
        self._gate = TextGate() if gated else None
        # By the server's numbers, which may begin anywhere.
        self._calls: dict[int, _Call] = {}

    def feed(self, chunk: ChatCompletionChunk) -> Iterator[DeltaEvent]:
        """The events of a chunk."""
        for choice in chunk.choices:
            if choice.index:
                continue
            content = choice.delta.content
            if content:
                yield from self._text(self._splitter.feed(content))
            for delta in choice.delta.tool_calls or ():
                yield from self._call(delta)

    def finish(self, *, is_call: bool) -> Iterator[DeltaEvent]:
        """The events of what was held back, now that the answer is whole.

        Args:
            is_call: Whether its text was calls.
        """
        yield from self._text(self._splitter.finish())
        rest = "" if self._gate is None else self._gate.finish(is_call=is_call)
        if rest:
            yield TextDelta(rest, self._round)

    def _text(self, text: str) -> Iterator[DeltaEvent]:
        shown = text if self._gate is None else self._gate.feed(text)
        if shown:
            yield TextDelta(shown, self._round)

    def _call(self, delta: ChatCompletionToolCallDelta) -> Iterator[DeltaEvent]:
        call = self._find(delta)
        function = delta.function
        if function is None:
            return
        if function.name and not call.name:
            call.name = function.name
            yield CallStarted(call.name, call.index, self._round)
            for piece in call.early:
                yield ArgumentsDelta(piece, call.name, call.index, self._round)
        if not function.arguments:
            return
        if call.name:
            yield ArgumentsDelta(function.arguments, call.name, call.index, self._round)
        else:
            call.early.append(function.arguments)

    def _find(self, delta: ChatCompletionToolCallDelta) -> _Call:
        """The call of a piece. One without a number belongs to the last, unless its id is new."""
        number = delta.index
        if number is None:
            number = max(self._calls, default=0)
            last = self._calls.get(number)
            if last is not None and delta.id and delta.id != last.id:
                number += 1
        call = self._calls.get(number)
        if call is None:
            call = self._calls[number] = _Call(len(self._calls))
        call.id = delta.id or call.id
        return call
