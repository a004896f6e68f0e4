"""Streams of text completions: their chunks, and the completion built from them. Sans I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tensormesh_api.inference.models.text_completion import TextCompletion
from tensormesh_api.inference.models.text_completion_choice import TextCompletionChoice
from tensormesh_api.inference.models.text_logprobs import TextLogprobs

from .._streams.events import Events
from .._streams.pieces import Pieces
from .choices import ChoicesAccumulator

if TYPE_CHECKING:
    from tensormesh_api.inference.models.text_completion_chunk import TextCompletionChunk
    from tensormesh_api.inference.models.text_completion_chunk_choice import (
        TextCompletionChunkChoice,
    )

# Parallel lists. Each chunk has the items of its own tokens.
_LOGPROBS = ("tokens", "token_logprobs", "top_logprobs", "text_offset")


class _Choice:
    __slots__ = ("index", "logprobs", "text", "token_ids", "values")

    def __init__(self, index: int) -> None:
        self.index = index
        self.text = Pieces()
        self.logprobs: dict[str, list[Any]] = {}
        self.token_ids: list[int] | None = None
        self.values: dict[str, Any] = {}

    def add(self, choice: TextCompletionChunkChoice) -> None:
        self.text.add(choice.text)
        if choice.finish_reason is not None:
            self.values["finish_reason"] = choice.finish_reason
        if choice.stop_reason is not None:
            self.values["stop_reason"] = choice.stop_reason
        if choice.prompt_token_ids is not None:
            self.values["prompt_token_ids"] = choice.prompt_token_ids
        if choice.token_ids is not None:
            self.token_ids = self.token_ids or []
            self.token_ids += choice.token_ids
        if choice.logprobs is not None:
            for name in _LOGPROBS:
                items = getattr(choice.logprobs, name)
                if items is not None:
                    self.logprobs.setdefault(name, []).extend(items)

    def build(self) -> TextCompletionChoice:
        return TextCompletionChoice(
            index=self.index,
            text=self.text.value() or "",
            logprobs=TextLogprobs(**self.logprobs) if self.logprobs else None,
            token_ids=self.token_ids,
            **self.values,
        )


class TextEvents(Events):
    """Read the chunks of one text completion."""

    def __init__(self) -> None:
        self._accumulator = ChoicesAccumulator(_Choice)

    def take(self, event: TextCompletionChunk) -> None:
        """Accumulate a chunk."""
        self._accumulator.add(event)

    def text(self, event: TextCompletionChunk) -> str:
        """Return the text of the first choice."""
        for choice in event.choices:
            if choice.text and not choice.index:
                return choice.text
        return ""

    def whole(self) -> TextCompletion | None:
        """Return the completion so far."""
        first = self._accumulator.first
        return None if first is None else TextCompletion(**self._accumulator.arguments())
