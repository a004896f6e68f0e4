"""Output items of a Responses stream: messages, reasoning and calls, built from their events."""

from __future__ import annotations

from typing import Any, NamedTuple

from .._streams.pieces import Pieces
from .._streams.slots import Slots


class _Kind(NamedTuple):
    """What a delta or done event adds to.

    Attributes:
        item: Type of the item.
        part: Type of the content part, or None if the text is a field of the item itself.
        field: Name of the field that holds the text.
    """

    item: str
    part: str | None
    field: str


# By the event's type, without `response.` and `.delta` or `.done`.
_KINDS = {
    "output_text": _Kind("message", "output_text", "text"),
    "refusal": _Kind("message", "refusal", "refusal"),
    "reasoning_text": _Kind("reasoning", "reasoning_text", "text"),
    "function_call_arguments": _Kind("function_call", None, "arguments"),
    "mcp_call_arguments": _Kind("mcp_call", None, "arguments"),
    "code_interpreter_call_code": _Kind("code_interpreter_call", None, "code"),
}
_ITEM_TYPES = frozenset(kind.item for kind in _KINDS.values())
# Required fields of an item that was never announced.
_BLANK: dict[str, dict[str, Any]] = {
    "message": {"role": "assistant", "status": "in_progress", "content": []},
    "reasoning": {"summary": []},
    "function_call": {"call_id": "", "name": "", "arguments": ""},
}


class _Growing:
    """An object that arrives in pieces: an item, or a part of one.

    Attributes:
        type: Its type.
        id: Its id, if it has one.
        model: The object as an event announced it, or sent it whole.
        is_done: Whether `model` is meant to be whole.
        texts: Texts of its fields, by name.
        parts: The content parts of an item.
    """

    __slots__ = ("id", "is_done", "model", "parts", "texts", "type")

    def __init__(self, type: str, id: str | None = None) -> None:
        self.type = type
        self.id = id
        self.model: Any = None
        self.is_done = False
        self.texts: dict[str, Pieces] = {}
        self.parts: Slots[_Growing] = Slots()

    def text(self, field: str) -> Pieces:
        """Return the text of a field."""
        return self.texts.setdefault(field, Pieces())

    def replace_text(self, field: str, value: Any) -> None:
        """Set the whole text of a field, unless the value is empty."""
        if isinstance(value, str) and value:
            self.texts[field] = Pieces()
            self.texts[field].add(value)

    def set_model(self, model: Any, *, is_done: bool) -> None:
        """Set the object as an event has it."""
        self.model, self.is_done = model, is_done
        self.type = getattr(model, "type", None) or self.type
        self.id = getattr(model, "id", None) or self.id

    def expects(self, type: str, *, is_done: bool) -> bool:
        """Return whether an object with another id, or none, can be this one."""
        return self.type == type if self.model is None else is_done and not self.is_done

    def takes(self, type: str, *, is_part: bool) -> bool:
        """Return whether a piece for an object of this type can belong here.

        Args:
            type: The type that the piece suggests.
            is_part: Whether an announced object takes the piece whatever its type.
        """
        is_announced = self.model is not None
        return self.type == type or (is_announced and (is_part or self.type not in _ITEM_TYPES))

    def build(self, status: str) -> dict[str, Any]:
        """Return it as JSON data. What a finished object carries wins over the pieces."""
        if self.model is not None:
            data: dict[str, Any] = self.model.to_dict()
        else:
            data = {"type": self.type, **_BLANK.get(self.type, {})}
            data |= {key: self.id for key in ("id", "call_id") if self.id and key in ("id", *data)}
        found: dict[str, Any] = {name: text.value() or "" for name, text in self.texts.items()}
        if len(self.parts):
            found["content"] = [part.build(status) for part in self.parts.ordered()]
        if data.get("status") == "in_progress" and not self.is_done:
            data["status"] = status
        return data | {k: v for k, v in found.items() if not (self.is_done and data.get(k))}


class OutputItems:
    """Collect the items of one response."""

    __slots__ = ("_current", "_place", "_slots")

    def __init__(self) -> None:
        self._slots: Slots[_Growing] = Slots()
        # Most deltas belong where the one before them did.
        self._place: tuple[Any, ...] | None = None
        self._current = Pieces()

    def add_output_text(self, event: Any) -> None:
        """Take a delta of a message's text."""
        place = (event.output_index, event.item_id, event.content_index)
        if place != self._place:
            self._current = self._text(event, _KINDS["output_text"])
            self._place = place
        self._current.add(event.delta)

    def add(self, event: Any, type: str) -> None:
        """Take any other event. Those that do not concern items are ignored."""
        self._place = None
        name, _, action = type.removeprefix("response.").rpartition(".")
        if name == "output_item" and action in ("added", "done"):
            model = event.item
            _announce(self._slots, model, _index(event, "output_index"), is_done=action == "done")
        elif name in ("content_part", "reasoning_part") and action in ("added", "done"):
            kind = _KINDS.get(_string(event.part, "type") or "", _KINDS["output_text"])
            parts = self._item(event, kind, is_part=True).parts
            _announce(parts, event.part, _index(event, "content_index"), is_done=action == "done")
        elif name in _KINDS and action == "delta":
            delta = getattr(event, "delta", None)
            if isinstance(delta, str):
                self._text(event, _KINDS[name]).add(delta)
        elif name in _KINDS and action == "done":
            self._finish_text(event, _KINDS[name])

    def build(self, status: str) -> list[dict[str, Any]]:
        """Return the items as JSON data; those in progress get `status`."""
        return [item.build(status) for item in self._slots.ordered()]

    def _item(self, event: Any, kind: _Kind, *, is_part: bool = False) -> _Growing:
        """Return the item of an event about a part or a text."""
        index, id = _index(event, "output_index"), _string(event, "item_id")
        item = self._slots.find(index, id)
        # Some servers change an item's id on the way. Without an index, the id is all there is.
        is_other = item is not None and index is None and id and item.id and item.id != id
        if item is None or is_other or not item.takes(kind.item, is_part=is_part):
            item = self._slots.add(_Growing(kind.item, id), index)
        return self._slots.use(item, index, id)

    def _owner(self, event: Any, kind: _Kind) -> _Growing:
        """Return the item or the part whose field an event is about."""
        item = self._item(event, kind)
        if kind.part is None:
            return item
        index = _index(event, "content_index")
        part = item.parts.find(index)
        if part is None or not part.takes(kind.part, is_part=not part.is_done):
            part = item.parts.add(_Growing(kind.part), index)
        return item.parts.use(part, index)

    def _text(self, event: Any, kind: _Kind) -> Pieces:
        return self._owner(event, kind).text(kind.field)

    def _finish_text(self, event: Any, kind: _Kind) -> None:
        owner = self._owner(event, kind)
        owner.replace_text(kind.field, getattr(event, kind.field, None))
        if kind.part is None:
            owner.replace_text("name", getattr(event, "name", None))


def _announce(slots: Slots[_Growing], model: Any, index: int | None, *, is_done: bool) -> None:
    """Take an object that begins, or one that is complete."""
    id = _string(model, "id")
    found = slots.find(index, id)
    is_same = found is not None and bool(id) and found.id == id
    type = _string(model, "type") or ""
    if found is None or not (is_same or found.expects(type, is_done=is_done)):
        found = slots.add(_Growing(type), index)
    found.set_model(model, is_done=is_done)
    slots.use(found, index, id)


def _index(event: Any, name: str) -> int | None:
    value = getattr(event, name, None)
    return value if isinstance(value, int) else None


def _string(event: Any, name: str) -> str | None:
    value = getattr(event, name, None)
    return value if isinstance(value, str) else None
