"""From the chunks of a streamed text completion to the whole completion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tensormesh_api.inference.models.text_completion import TextCompletion
from tensormesh_api.inference.models.text_completion_choice import TextCompletionChoice
from tensormesh_api.inference.models.text_logprobs import TextLogprobs

from ._pieces import Pieces

if TYPE_CHECKING:
    from tensormesh_api.inference.models.text_completion_chunk import TextCompletionChunk
    from tensormesh_api.inference.models.text_completion_chunk_choice import (
        TextCompletionChunkChoice,
    )
    from tensormesh_api.inference.models.usage_info import UsageInfo

# Parallel lists: each chunk brings the items of its own tokens.
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


class TextAccumulator:
    """Puts the chunks of one text completion together."""

    __slots__ = ("_choices", "_first", "_usage", "_values")

    def __init__(self) -> None:
        self._choices: dict[int, _Choice] = {}
        self._first: TextCompletionChunk | None = None
        self._usage: UsageInfo | None = None
        self._values: dict[str, Any] = {}

    def add(self, chunk: TextCompletionChunk) -> None:
        """Take the next chunk."""
        if self._first is None:
            self._first = chunk
        if chunk.usage is not None:
            self._usage = chunk.usage
        if chunk.system_fingerprint is not None:
            self._values["system_fingerprint"] = chunk.system_fingerprint
        if chunk.service_tier is not None:
            self._values["service_tier"] = chunk.service_tier
        for choice in chunk.choices:
            index = choice.index or 0
            known = self._choices.get(index)
            if known is None:
                known = self._choices[index] = _Choice(index)
            known.add(choice)

    def build(self) -> TextCompletion | None:
        """The completion so far; None before the first chunk."""
        first = self._first
        if first is None:
            return None
        choices = sorted(self._choices.values(), key=lambda choice: choice.index)
        return TextCompletion(
            id=first.id or "",
            created=first.created or 0,
            model=first.model or "",
            choices=[choice.build() for choice in choices],
            usage=self._usage,
            **self._values,
        )
