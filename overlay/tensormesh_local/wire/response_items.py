"""The output items of a response, and their events in a stream."""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

from tensormesh_local.generation import Kind
from tensormesh_local.http.responses import dump
from tensormesh_local.wire.chat import new_call_id

Json = dict[str, Any]


class EventWriter:
    """Writes numbered events."""

    def __init__(self) -> None:
        self._number = 0

    def write(self, kind: str, fields: Json) -> bytes:
        """Return an event with its ``event`` line, its type and the next sequence number."""
        data = dump({**fields, "sequence_number": self._number, "type": kind})
        self._number += 1
        return b"event: " + kind.encode() + b"\ndata: " + data + b"\n\n"


class Item(ABC):
    """An output item that grows.

    Attributes:
        kind: Kind of the pieces whose text it contains.
        text_event: Name of its text events, before ``.delta`` and ``.done``.
        text_field: The field with the complete text in the last of them.
        part_event: Name of the events about its only part, before ``.added`` and ``.done``.
    """

    kind: Kind
    text_event: str
    text_field: str = "text"
    part_event: str | None = None

    def __init__(self, prefix: str, index: int) -> None:
        self.id = f"{prefix}_{secrets.token_hex(8)}"
        self._place: Json = {"item_id": self.id, "output_index": index}
        if self.part_event:
            self._place["content_index"] = 0
        self._text: list[str] = []

    @property
    def text(self) -> str:
        """All text so far."""
        return "".join(self._text)

    @abstractmethod
    def body(self, status: str = "completed") -> Json:
        """Return the item."""

    def part(self) -> Json:
        """Return the part of the item."""
        return {}

    def open(self, writer: EventWriter) -> Iterator[bytes]:
        """Yield the events that start the item."""
        yield self._item_event(writer, "added", self.body("in_progress"))
        if self.part_event:
            yield writer.write(f"{self.part_event}.added", {**self._place, "part": self.part()})

    def add(self, writer: EventWriter, text: str, logprobs: list[Json]) -> bytes:
        """Add text and return its event."""
        self._text.append(text)
        return writer.write(
            f"{self.text_event}.delta", {"delta": text, **self._place, **self.text_fields(logprobs)}
        )

    def close(self, writer: EventWriter, *, cut: bool) -> Iterator[bytes]:  # noqa: ARG002
        """Yield the events that end the item; ``cut`` means that its text is incomplete."""
        fields = {self.text_field: self.text, **self._place, **self.text_fields(None)}
        yield writer.write(f"{self.text_event}.done", fields)
        if self.part_event:
            yield writer.write(f"{self.part_event}.done", {**self._place, "part": self.part()})
        yield self._item_event(writer, "done", self.body())

    def text_fields(self, logprobs: list[Json] | None) -> Json:  # noqa: ARG002
        """Return more fields of a text event; without log probabilities it is the last one."""
        return {}

    def _item_event(self, writer: EventWriter, kind: str, item: Json) -> bytes:
        fields = {"item": item, "output_index": self._place["output_index"]}
        return writer.write(f"response.output_item.{kind}", fields)


class MessageItem(Item):
    """Text for the user."""

    kind = Kind.CONTENT
    text_event = "response.output_text"
    part_event = "response.content_part"

    def __init__(self, index: int) -> None:
        super().__init__("msg", index)
        self._logprobs: list[Json] = []

    def body(self, status: str = "completed") -> Json:
        return {
            "id": self.id,
            "content": [self.part()] if status == "completed" else [],
            "role": "assistant",
            "status": status,
            "type": "message",
            "phase": None,
        }

    def part(self) -> Json:
        logprobs = self._logprobs or (None if self._text else [])
        return {"annotations": [], "text": self.text, "type": "output_text", "logprobs": logprobs}

    def text_fields(self, logprobs: list[Json] | None) -> Json:
        if logprobs is not None:
            self._logprobs += logprobs
            return {"logprobs": logprobs}
        return {"logprobs": self._logprobs}


class ReasoningItem(Item):
    """What the model thinks before it answers."""

    kind = Kind.REASONING
    text_event = "response.reasoning_text"
    part_event = "response.reasoning_part"

    def __init__(self, index: int) -> None:
        super().__init__("rs", index)

    def body(self, status: str = "completed") -> Json:
        return {
            "id": self.id,
            "summary": [],
            "type": "reasoning",
            "content": [self.part()] if status == "completed" else [],
            "encrypted_content": None,
            "status": status,
        }

    def part(self) -> Json:
        return {"text": self.text, "type": "reasoning_text"}


class FunctionCallItem(Item):
    """A tool call."""

    kind = Kind.ARGUMENTS
    text_event = "response.function_call_arguments"
    text_field = "arguments"

    def __init__(self, index: int, name: str) -> None:
        super().__init__("fc", index)
        self._name = name
        self._call_id = new_call_id()
        self._cut = False

    def body(self, status: str = "completed") -> Json:
        return {
            "arguments": self.text,
            "call_id": self._call_id,
            "name": self._name,
            "type": "function_call",
            "id": self.id,
            "async": None,
            "caller": None,
            "namespace": None,
            "status": "incomplete" if self._cut else status,
        }

    def close(self, writer: EventWriter, *, cut: bool) -> Iterator[bytes]:
        self._cut = cut
        yield from super().close(writer, cut=cut)

    def text_fields(self, logprobs: list[Json] | None) -> Json:
        return {"name": self._name} if logprobs is None else {}


def open_item(kind: Kind, index: int, name: str = "") -> Item:
    """Return a new item for pieces of a kind; ``name`` is the tool that is called."""
    match kind:
        case Kind.REASONING:
            return ReasoningItem(index)
        case Kind.CALL:
            return FunctionCallItem(index, name)
        case _:
            return MessageItem(index)
