"""The events of a streamed response. Sans I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tensormesh_api.inference.models.response_output_text_delta_event import (
    ResponseOutputTextDeltaEvent,
)

from .._chat.reasoning import ThinkSplitter
from .._streams.events import StreamFailureError
from .accumulate_response import ResponseAccumulator

if TYPE_CHECKING:
    from tensormesh_api.inference.models.partial_response import PartialResponse
    from tensormesh_api.inference.models.response import Response

_LAST = ("response.completed", "response.incomplete")


class ResponseEvents:
    """Read the events of one Responses stream."""

    def __init__(self) -> None:
        self.repeats = None
        self.ended = False
        self._accumulator = ResponseAccumulator()
        self._splitter = ThinkSplitter()
        self._part: tuple[Any, ...] | None = None

    def repair(self, data: Any) -> None:
        """Read a last event without output as one whose output is empty."""
        if isinstance(data, dict) and data.get("type") in _LAST:
            response = data.get("response")
            if isinstance(response, dict) and response.get("output") is None:
                response["output"] = []

    def take(self, event: Any) -> None:
        """Accumulate an event, and detect the end and errors."""
        accumulator = self._accumulator
        if type(event) is ResponseOutputTextDeltaEvent:
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
        """Return text of messages, without a leaked `<think>` block at the start of a part."""
        if type(event) is not ResponseOutputTextDeltaEvent:
            return ""
        part = (event.output_index, event.item_id, event.content_index)
        if part == self._part:
            delta: str = event.delta
            return delta if self._splitter.passthrough else self._splitter.feed(delta)
        held = "" if self._part is None else self._splitter.finish()
        self._part = part
        self._splitter = ThinkSplitter()
        return held + self._splitter.feed(event.delta)

    def rest(self) -> str:
        """Return text held back for a `<think>` block that was never closed."""
        return self._splitter.finish()

    def partial(self) -> PartialResponse | None:
        """Return the response so far."""
        return self._accumulator.partial()

    def whole(self) -> Response | None:
        """Return the last event's response, its output from the other events if it has none."""
        return self._accumulator.whole()
