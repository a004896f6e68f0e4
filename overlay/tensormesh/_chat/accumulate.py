"""Build the choices of a chat completion from its streamed chunks. Sans I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tensormesh_api.inference.models.chat_completion_choice import ChatCompletionChoice
from tensormesh_api.inference.models.chat_completion_function_call import ChatCompletionFunctionCall
from tensormesh_api.inference.models.chat_completion_message import ChatCompletionMessage
from tensormesh_api.inference.models.chat_completion_tool_call import ChatCompletionToolCall
from tensormesh_api.inference.models.chat_logprobs import ChatLogprobs

from .._streams.pieces import Pieces
from .tool_calls import StreamedCall, StreamedCalls

if TYPE_CHECKING:
    from tensormesh_api.inference.models.chat_completion_chunk_choice import (
        ChatCompletionChunkChoice,
    )
    from tensormesh_api.inference.models.token_logprob import TokenLogprob


def _build_call(call: StreamedCall) -> ChatCompletionToolCall:
    function = ChatCompletionFunctionCall(name=call.name, arguments=call.arguments.value() or "")
    return ChatCompletionToolCall(id=call.id, type=call.type, function=function)


class ChatChoice:
    """One choice of a streamed chat completion."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.role: str | None = None
        self.content = Pieces()
        self.reasoning = Pieces()
        self.refusal = Pieces()
        self.tool_calls = StreamedCalls()
        self.logprobs: list[TokenLogprob] | None = None
        self.token_ids: list[int] | None = None
        self.finish_reason: str | None = None
        self.stop_reason: str | int | None = None

    def add(self, choice: ChatCompletionChunkChoice) -> None:
        """Take the next chunk."""
        delta = choice.delta
        if delta.content is not None:
            self.content.add(delta.content)
        if delta.role is not None:
            self.role = delta.role
        if delta.reasoning is not None:
            self.reasoning.add(delta.reasoning)
        for call in delta.tool_calls or ():
            self.tool_calls.add(call)
        if delta.refusal is not None:
            self.refusal.add(delta.refusal)
        if choice.finish_reason is not None:
            self.finish_reason = choice.finish_reason
        if choice.stop_reason is not None:
            self.stop_reason = choice.stop_reason
        if choice.logprobs is not None and choice.logprobs.content is not None:
            self.logprobs = self.logprobs or []
            self.logprobs += choice.logprobs.content
        if choice.token_ids is not None:
            self.token_ids = self.token_ids or []
            self.token_ids += choice.token_ids

    def build(self) -> ChatCompletionChoice:
        """Return the choice so far."""
        calls = [_build_call(call) for call in self.tool_calls.ordered()]
        content = self.content.value()
        message = ChatCompletionMessage(
            role=self.role or "assistant",
            # As in a plain response, a message that only calls tools has no content.
            content=None if calls and not content else content,
            reasoning=self.reasoning.value(),
            refusal=self.refusal.value(),
            tool_calls=calls or None,
        )
        return ChatCompletionChoice(
            index=self.index,
            message=message,
            finish_reason=self.finish_reason,
            stop_reason=self.stop_reason,
            logprobs=None if self.logprobs is None else ChatLogprobs(content=self.logprobs),
            token_ids=self.token_ids,
        )
