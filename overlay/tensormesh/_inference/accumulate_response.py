"""Build a response from the events of a Responses stream.

The last event should carry the whole response. Where it does not, or never arrives, the response
is built from the other events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tensormesh_api._model import InvalidDataError
from tensormesh_api.inference.models.partial_response import PartialResponse

from .output_items import OutputItems

if TYPE_CHECKING:
    from tensormesh_api.inference.models.response import Response


class ResponseAccumulator:
    """Collect the events of one Responses stream.

    Attributes:
        items: The output items.
    """

    __slots__ = ("_begun", "_last", "items")

    def __init__(self) -> None:
        self.items = OutputItems()
        self._begun: PartialResponse | None = None
        self._last: Response | PartialResponse | None = None

    def begin(self, response: PartialResponse) -> None:
        """Take the response of an event that is not the last."""
        self._begun = response

    def end(self, response: Response | PartialResponse) -> None:
        """Take the response of the last event. Its output wins, unless it is empty."""
        self._last = response

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
        """Return the response once the stream has ended, or None if the events give none."""
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
        return [] if is_known else self.items.build(status)
