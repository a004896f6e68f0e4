"""What the events of each kind of stream mean: text, end, error, the whole answer. Sans I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from .._reasoning import ThinkSplitter
from .repeats import ChatRepeats

if TYPE_CHECKING:
    from tensormesh_api.inference.models.chat_completion import ChatCompletion
    from tensormesh_api.inference.models.chat_completion_chunk import ChatCompletionChunk
    from tensormesh_api.inference.models.partial_response import PartialResponse
    from tensormesh_api.inference.models.response import Response
    from tensormesh_api.inference.models.text_completion import TextCompletion
    from tensormesh_api.inference.models.text_completion_chunk import TextCompletionChunk

    from .repeats import Pattern


_LAST = ("response.completed", "response.incomplete")


class Events(Protocol):
    """The meaning of one stream's events."""

    ended: bool
    """Whether an event said that the stream is over."""

    repeats: ChatRepeats | None
    """What reads events that repeat the one before, if they do."""

    def prepare(self, data: Any) -> None:
        """Fill in what servers leave out of an event, in place, before it is parsed."""

    def take(self, event: Any) -> None:
        """Note an event before the user sees it. An error event raises `StreamFailureError`."""

    def text(self, event: Any) -> str:
        """The text for people that the event adds, often empty."""

    def rest(self) -> str:
        """Text still held back when the stream has ended."""

    def partial(self) -> Any:
        """The answer so far; None if nothing has come."""

    def whole(self) -> Any:
        """The answer, when the stream has ended; None if nothing has come."""


class StreamFailureError(Exception):
    """An event reports an error."""


class ChatEvents:
    """Chunks of a chat answer."""

    def __init__(self) -> None:
        from .accumulate_chat import ChatAccumulator

        self.ended = False
        self._accumulator = ChatAccumulator()
        self.repeats: ChatRepeats | None = ChatRepeats(self._accumulator.pieces)
        self._splitter = ThinkSplitter()

    def prepare(self, data: Any) -> None:
        """Leave the event as it is."""

    def take(self, event: ChatCompletionChunk) -> None:
        """Read `reasoning_content` of older servers into `reasoning`, and accumulate."""
        for choice in event.choices:
            delta = choice.delta
            if delta.reasoning_content is not None and not delta.reasoning:
                delta.reasoning = delta.reasoning_content
        self._accumulator.add(event)

    def text(self, event: ChatCompletionChunk | tuple[Pattern, str]) -> str:
        """Content of the first answer, without a leaked `<think>` block at its beginning."""
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
        """Text of a block that was never closed, and so was none."""
        return self._splitter.finish()

    def whole(self) -> ChatCompletion | None:
        """The answer, with a leaked `<think>` block moved into `reasoning`."""
        from .._chat import lift_reasoning

        completion = self._accumulator.build()
        return lift_reasoning(completion) if completion else None

    partial = whole


class TextEvents:
    """Chunks of a text completion."""

    def __init__(self) -> None:
        from .accumulate_text import TextAccumulator

        self.ended = False
        self.repeats: ChatRepeats | None = None
        self._accumulator = TextAccumulator()

    def prepare(self, data: Any) -> None:
        """Leave the event as it is."""

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

    partial = whole


class ResponseEvents:
    """Events of a Responses stream."""

    def __init__(self) -> None:
        from tensormesh_api.inference import models

        from .accumulate_response import ResponseAccumulator

        self.repeats: ChatRepeats | None = None
        self.ended = False
        self._accumulator = ResponseAccumulator()
        self._splitter = ThinkSplitter()
        self._part: tuple[int | None, int | None] | None = None
        self._delta_class = models.ResponseOutputTextDeltaEvent

    def prepare(self, data: Any) -> None:
        """Read a last event without output as one whose output is empty."""
        if isinstance(data, dict) and data.get("type") in _LAST:
            response = data.get("response")
            if isinstance(response, dict) and response.get("output") is None:
                response["output"] = []

    def take(self, event: Any) -> None:
        """Accumulate, and note an end or an error."""
        accumulator = self._accumulator
        if type(event) is self._delta_class:
            accumulator.items.add_output_text(event)
            return
        kind = getattr(event, "type", None)
        if kind in _LAST:
            accumulator.end(event.response)
            self.ended = True
        elif kind in ("response.created", "response.in_progress"):
            accumulator.begin(event.response)
        elif kind == "response.failed":
            accumulator.end(event.response)
            raise StreamFailureError
        elif kind == "error":
            raise StreamFailureError
        elif isinstance(kind, str):
            accumulator.items.add(event, kind)

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

    def partial(self) -> PartialResponse | None:
        """The response as far as its events have brought it."""
        return self._accumulator.partial()

    def whole(self) -> Response | None:
        """Return the last event's response, its output from the other events if it has none."""
        return self._accumulator.whole()


EVENTS: dict[str, type[ChatEvents] | type[TextEvents] | type[ResponseEvents]] = {
    "create_chat_completion": ChatEvents,
    "create_completion": TextEvents,
    "create_response": ResponseEvents,
}
"""By operation: how its stream is to be read."""
