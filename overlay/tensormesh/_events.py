"""What the events of each kind of stream mean: text, end, error, the whole answer. Sans I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from ._reasoning import ThinkSplitter

if TYPE_CHECKING:
    from tensormesh_api.inference.models.chat_completion import ChatCompletion
    from tensormesh_api.inference.models.chat_completion_chunk import ChatCompletionChunk
    from tensormesh_api.inference.models.response import Response
    from tensormesh_api.inference.models.text_completion import TextCompletion
    from tensormesh_api.inference.models.text_completion_chunk import TextCompletionChunk


class Events(Protocol):
    """The meaning of one stream's events."""

    ended: bool
    """Whether an event said that the stream is over."""

    def take(self, event: Any) -> None:
        """Note an event before the user sees it. An error event raises `StreamFailureError`."""

    def text(self, event: Any) -> str:
        """The text for people that the event adds, often empty."""

    def rest(self) -> str:
        """Text still held back when the stream has ended."""

    def whole(self) -> Any:
        """The answer so far; None if nothing has come."""


class StreamFailureError(Exception):
    """An event that reports an error: its decoded JSON, or what stands in it."""

    def __init__(self, body: Any) -> None:
        super().__init__(body)
        self.body = body


class ChatEvents:
    """Chunks of a chat answer."""

    def __init__(self) -> None:
        from ._accumulate import ChatAccumulator

        self.ended = False
        self._accumulator = ChatAccumulator()
        self._splitter = ThinkSplitter()

    def take(self, event: ChatCompletionChunk) -> None:
        """Read `reasoning_content` of older servers into `reasoning`, and accumulate."""
        for choice in event.choices:
            delta = choice.delta
            if delta.reasoning_content is not None and delta.reasoning is None:
                delta.reasoning = delta.reasoning_content
        self._accumulator.add(event)

    def text(self, event: ChatCompletionChunk) -> str:
        """Content of the first answer, without a leaked `<think>` block at its beginning."""
        for choice in event.choices:
            content = choice.delta.content
            if content and not choice.index:
                return content if self._splitter.passthrough else self._splitter.feed(content)
        return ""

    def rest(self) -> str:
        """Text of a block that was never closed, and so was none."""
        return self._splitter.finish()

    def whole(self) -> ChatCompletion | None:
        """The answer, with a leaked `<think>` block moved into `reasoning`."""
        from ._chat import lift_reasoning

        completion = self._accumulator.build()
        return lift_reasoning(completion) if completion else None


class TextEvents:
    """Chunks of a text completion."""

    def __init__(self) -> None:
        from ._accumulate_text import TextAccumulator

        self.ended = False
        self._accumulator = TextAccumulator()

    def take(self, event: TextCompletionChunk) -> None:
        """Accumulate."""
        self._accumulator.add(event)

    def text(self, event: TextCompletionChunk) -> str:
        """Text of the first choice."""
        for choice in event.choices:
            if choice.text and not choice.index:
                return choice.text
        return ""

    def rest(self) -> str:
        """Nothing is ever held back."""
        return ""

    def whole(self) -> TextCompletion | None:
        """The completion."""
        return self._accumulator.build()


class ResponseEvents:
    """Events of a Responses stream."""

    def __init__(self) -> None:
        from tensormesh_api._model import UnknownVariant
        from tensormesh_api.inference import models

        self.ended = False
        self._response: Response | None = None
        self._splitter = ThinkSplitter()
        self._part: tuple[int | None, int | None] | None = None
        self._delta_class = models.ResponseOutputTextDeltaEvent
        self._end_classes = (models.ResponseCompletedEvent, models.ResponseIncompleteEvent)
        self._start_classes = (models.ResponseCreatedEvent, models.ResponseInProgressEvent)
        self._error_classes = (models.ResponseErrorEvent, models.ResponseFailedEvent)
        self._unknown_class = UnknownVariant

    def take(self, event: Any) -> None:
        """Note the response that an event carries, and an end or an error."""
        kind = type(event)
        if kind is self._delta_class:
            return
        if kind in self._end_classes:
            self._response = event.response
            self.ended = True
        elif kind in self._start_classes:
            self._response = event.response
        elif kind in self._error_classes or (
            kind is self._unknown_class and "error" in event.additional_properties
        ):
            raise StreamFailureError(event.to_dict())

    def text(self, event: Any) -> str:
        """Text of messages, without a leaked `<think>` block at the beginning of a part."""
        if type(event) is not self._delta_class:
            return ""
        part = (event.output_index, event.content_index)
        if part == self._part:
            delta: str = event.delta
            return delta if self._splitter.passthrough else self._splitter.feed(delta)
        held = "" if self._part is None else self._splitter.finish()
        self._part = part
        self._splitter = ThinkSplitter()
        return held + self._splitter.feed(event.delta)

    def rest(self) -> str:
        """Text of a block that was never closed, and so was none."""
        return self._splitter.finish()

    def whole(self) -> Response | None:
        """The response as the last event that carried one had it."""
        return self._response


EVENTS: dict[str, type[ChatEvents] | type[TextEvents] | type[ResponseEvents]] = {
    "create_chat_completion": ChatEvents,
    "create_completion": TextEvents,
    "create_response": ResponseEvents,
}
"""By operation: how its stream is to be read."""
