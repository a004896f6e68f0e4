"""Turn the chunks of a streamed response into events of a run. Sans I/O."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .._chat.reasoning import ThinkSplitter
from .._chat.tool_calls import StreamedCalls
from .events import ArgumentsDelta, CallStarted, TextDelta
from .text import TextGate

if TYPE_CHECKING:
    from tensormesh_api.inference.models.chat_completion_chunk import ChatCompletionChunk
    from tensormesh_api.inference.models.chat_completion_tool_call_delta import (
        ChatCompletionToolCallDelta,
    )

    DeltaEvent = TextDelta | CallStarted | ArgumentsDelta


class Deltas:
    """Read the chunks of one response.

    Args:
        round: Number of the round.
        gated: Whether to hold back text that may be tool calls.
    """

    def __init__(self, round: int, *, gated: bool) -> None:
        self._round = round
        self._splitter = ThinkSplitter()
        self._gate = TextGate() if gated else None
        self._calls = StreamedCalls()
        self._started: set[int] = set()

    def feed(self, chunk: ChatCompletionChunk) -> Iterator[DeltaEvent]:
        """Return the events of a chunk."""
        for choice in chunk.choices:
            if choice.index:
                continue
            content = choice.delta.content
            if content:
                yield from self._text(self._splitter.feed(content))
            for delta in choice.delta.tool_calls or ():
                yield from self._call(delta)

    def finish(self, *, is_call: bool) -> Iterator[DeltaEvent]:
        """Return the events of the text held back, once the response is complete.

        Args:
            is_call: Whether the text turned out to be tool calls.
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
        call = self._calls.add(delta)
        if not call.name:
            return
        piece = None if delta.function is None else delta.function.arguments
        if call.position not in self._started:
            self._started.add(call.position)
            yield CallStarted(call.name, call.position, self._round)
            piece = call.arguments.value()  # some may have arrived before the name
        if piece:
            yield ArgumentsDelta(piece, call.name, call.position, self._round)
