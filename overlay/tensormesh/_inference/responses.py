"""The events of a streamed response. Sans I/O.

The last event should carry the whole response. Where it does not, or never arrives, the response
is built from the other events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tensormesh_api._model import InvalidDataError
from tensormesh_api.inference.models.partial_response import PartialResponse
from tensormesh_api.inference.models.response_output_text_delta_event import (
    ResponseOutputTextDeltaEvent,
)

from .._chat.reasoning import ThinkSplitter
from .._streams.events import Events, StreamFailureError
from .output_items import OutputItems

if TYPE_CHECKING:
    from tensormesh_api.inference.models.response import Response

_LAST = ("response.completed", "response.incomplete")


class ResponseEvents(Events):
    """Read the events of one Responses stream."""

    def __init__(self) -> None:
        self._output = OutputItems()
        self._begun: PartialResponse | None = None
        self._last: Response | PartialResponse | None = None
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
        if type(event) is ResponseOutputTextDeltaEvent:
            self._output.add_output_text(event)
            return
        kind = getattr(event, "type", None)
        if kind in _LAST:
            self._last = event.response
            self.ended = True
        elif kind in ("response.created", "response.in_progress"):
            self._begun = event.response
        elif kind == "response.failed":
            self._last = event.response
            raise StreamFailureError
        elif kind == "error":
            raise StreamFailureError
        elif isinstance(kind, str):
            self._output.add(event, kind)

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
        """Return the response so far, or None before the first event."""
        response = self._last or self._begun
        items = self._items("in_progress")
        if response is None and not items:
            return None
        data: dict[str, Any] = {"id": ""} if response is None else response.to_dict()
        try:
            return PartialResponse.from_dict(data | ({"output": items} if items else {}))
        except InvalidDataError:  # an item got pieces of another kind
            return self._begun

    def whole(self) -> Response | None:
        """Return the response once the stream has ended, or None if the events contain none."""
        from tensormesh_api.inference.models.response import Response

        last = self._last
        status = (last and last.status) or "completed"
        items = self._items(status)
        if isinstance(last, Response):
            if not items:
                return last
            data = last.to_dict()
        elif self._begun is None and not items:
            return None
        else:
            data = {"id": "", "object": "response", "model": ""}
            begun = {} if self._begun is None else self._begun.to_dict()
            data |= {key: value for key, value in begun.items() if value is not None}
            data |= {"status": status, "output": begun.get("output") or []}
        try:
            return Response.from_dict(data | ({"output": items} if items else {}))
        except InvalidDataError:
            return last if isinstance(last, Response) else None

    def _items(self, status: str) -> list[dict[str, Any]]:
        """Return the items of the events, or none if the last event brought the output."""
        is_known = self._last is not None and self._last.output
        return [] if is_known else self._output.build(status)
