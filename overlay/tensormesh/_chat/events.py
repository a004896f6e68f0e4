"""The chunks of a streamed chat completion. Sans I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tensormesh_api.inference.models.chat_completion import ChatCompletion

from .._inference.choices import ChoicesAccumulator
from .._streams.events import Events
from .accumulate import ChatChoice
from .reasoning import ThinkSplitter, lift_reasoning
from .repeats import ChatRepeats

if TYPE_CHECKING:
    from tensormesh_api.inference.models.chat_completion_chunk import ChatCompletionChunk

    from .repeats import Pattern


class ChatEvents(Events):
    """Read the chunks of one chat completion."""

    def __init__(self) -> None:
        self._accumulator = ChoicesAccumulator(ChatChoice)
        self.repeats = ChatRepeats(self._accumulator.pieces)
        self._splitter = ThinkSplitter()

    def take(self, event: ChatCompletionChunk) -> None:
        """Copy `reasoning_content`, the older name, to `reasoning`, and accumulate."""
        for choice in event.choices:
            delta = choice.delta
            if delta.reasoning_content is not None and not delta.reasoning:
                delta.reasoning = delta.reasoning_content
        self._accumulator.add(event)

    def text(self, event: ChatCompletionChunk | tuple[Pattern, str]) -> str:
        """Return content of the first choice, without a leaked `<think>` block at the start."""
        if isinstance(event, tuple):
            pattern, piece = event
            if not pattern.is_shown:
                return ""
            return piece if self._splitter.passthrough else self._splitter.feed(piece)
        for choice in event.choices:
            content = choice.delta.content
            if content and not choice.index:
                return content if self._splitter.passthrough else self._splitter.feed(content)
        return ""

    def rest(self) -> str:
        """Return text held back for a `<think>` block that was never closed."""
        return self._splitter.finish()

    def whole(self) -> ChatCompletion | None:
        """Return the completion, with a leaked `<think>` block moved into `reasoning`."""
        first: ChatCompletionChunk | None = self._accumulator.first
        if first is None:
            return None
        arguments = self._accumulator.arguments()
        return lift_reasoning(ChatCompletion(prompt_token_ids=first.prompt_token_ids, **arguments))
