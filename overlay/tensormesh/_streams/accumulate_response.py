"""From the events of a Responses stream to the response, as far as it has come.

A stream that ends as it should brings the whole response in its last event. This is for the others:
those that break, and those that end with nothing but the end mark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tensormesh_api._model import InvalidDataError
from tensormesh_api.inference.models.partial_response import PartialResponse

from .pieces import Pieces

if TYPE_CHECKING:
    from tensormesh_api.inference.models.response import Response


class ResponseAccumulator:
    """Puts the events of one Responses stream together."""

    __slots__ = ("_arguments", "_begun", "_done", "_items", "_kinds", "_texts")

    def __init__(self) -> None:
        self._begun: PartialResponse | None = None
        self._items: dict[int, Any] = {}
        self._done: set[int] = set()
        # By the index of the item, and of the part within it.
        self._texts: dict[tuple[int, int], Pieces] = {}
        self._kinds: dict[tuple[int, int], str] = {}
        self._arguments: dict[int, Pieces] = {}

    def begin(self, response: PartialResponse) -> None:
        """Take the response as an event has it that is not the last."""
        self._begun = response

    def add_text(self, event: Any, kind: str) -> None:
        """Take a piece of text. `kind` is the type of the part that it belongs to."""
        place = (event.output_index or 0, event.content_index or 0)
        text = self._texts.get(place)
        if text is None:
            text = self._texts[place] = Pieces()
            self._kinds[place] = kind
        text.add(event.delta)

    def add_arguments(self, event: Any) -> None:
        """Take a piece of a call's arguments."""
        self._arguments.setdefault(event.output_index or 0, Pieces()).add(event.delta)

    def add_item(self, event: Any, *, done: bool) -> None:
        """Take an item that begins, or one that is complete."""
        index = event.output_index or 0
        self._items[index] = event.item
        if done:
            self._done.add(index)

    def partial(self) -> PartialResponse | None:
        """The response so far; None before the first event."""
        output = self._output()
        if self._begun is None and not output:
            return None
        data: dict[str, Any] = {"id": ""} if self._begun is None else self._begun.to_dict()
        if output:
            data["output"] = output
        try:
            return PartialResponse.from_dict(data)
        except InvalidDataError:  # an item got pieces that are not of its kind
            return self._begun

    def whole(self) -> Response | None:
        """The response, now that nothing more comes; None if what came is none."""
        from tensormesh_api.inference.models.response import Response

        partial = self.partial()
        if partial is None:
            return None
        data: dict[str, Any] = {"object": "response", "model": "", "output": []}
        data |= {key: value for key, value in partial.to_dict().items() if value is not None}
        data["status"] = "completed"
        try:
            return Response.from_dict(data)
        except InvalidDataError:
            return None

    def _output(self) -> list[dict[str, Any]]:
        indices = {*self._items, *self._arguments, *(index for index, _ in self._texts)}
        return [self._item(index) for index in sorted(indices)]

    def _item(self, index: int) -> dict[str, Any]:
        item = self._items.get(index)
        data: dict[str, Any]
        if item is None:
            data = {"type": "message", "role": "assistant", "status": "in_progress", "content": []}
        else:
            data = item.to_dict()
        if index in self._done:
            return data
        if index in self._arguments:
            data["arguments"] = self._arguments[index].value() or ""
        places = sorted(place for place in self._texts if place[0] == index)
        if places:
            data["content"] = [
                {"type": self._kinds[place], "text": self._texts[place].value() or ""}
                for place in places
            ]
        return data
