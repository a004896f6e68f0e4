"""The output items of a response, and the events by which a stream tells of them."""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

from tensormesh_local.generation import Kind
from tensormesh_local.http.responses import dump
from tensormesh_local.wire.chat import new_call_id


class EventWriter:
    """Writes numbered events."""

    def __init__(self) -> None:
        self._number = 0

    def write(self, kind: str, fields: dict[str, Any]) -> bytes:
        """Return one event with its ``event`` line, the next sequence number and its type."""
        data = dump({**fields, "sequence_number": self._number, "type": kind})
        self._number += 1
        return b"event: " + kind.encode() + b"\ndata: " + data + b"\n\n"


class Item(ABC):
    """An output item that grows. ``kind`` is that of the pieces that it takes."""

    kind: Kind

    def __init__(self, prefix: str, index: int) -> None:
        self.id = f"{prefix}_{secrets.token_hex(8)}"
        self._index = index
        self._texts: list[str] = []
        self._cut = False

    @abstractmethod
    def body(self, status: str = "completed") -> dict[str, Any]:
        """Return the item."""

    @abstractmethod
    def open(self, writer: EventWriter) -> Iterator[bytes]:
        """Yield the events that begin the item."""

    @abstractmethod
    def add(self, writer: EventWriter, text: str, logprobs: list[dict[str, Any]]) -> bytes:
        """Take more text and return its event."""

    @abstractmethod
    def close(self, writer: EventWriter, *, cut: bool) -> Iterator[bytes]:
        """Yield the events that end the item; ``cut`` tells that its text is not whole."""

    @property
    def text(self) -> str:
        """All text so far."""
        return "".join(self._texts)

    def _added(self, writer: EventWriter, item: dict[str, Any]) -> bytes:
        return writer.write(
            "response.output_item.added", {"item": item, "output_index": self._index}
        )

    def _done(self, writer: EventWriter) -> bytes:
        return writer.write(
            "response.output_item.done", {"item": self.body(), "output_index": self._index}
        )

    def _place(self) -> dict[str, Any]:
        return {"item_id": self.id, "output_index": self._index}


class MessageItem(Item):
    """Text for the user."""

    kind = Kind.CONTENT

    def __init__(self, index: int) -> None:
        super().__init__("msg", index)
        self._logprobs: list[dict[str, Any]] = []

    def body(self, status: str = "completed") -> dict[str, Any]:
        return self._body([self._part()], status)

    def open(self, writer: EventWriter) -> Iterator[bytes]:
        yield self._added(writer, self._body([], "in_progress"))
        part = {"annotations": [], "text": "", "type": "output_text", "logprobs": []}
        yield self._part_event(writer, "response.content_part.added", part)

    def add(self, writer: EventWriter, text: str, logprobs: list[dict[str, Any]]) -> bytes:
        self._texts.append(text)
        self._logprobs += logprobs
        return self._text_event(writer, "response.output_text.delta", "delta", text, logprobs)

    def close(self, writer: EventWriter, *, cut: bool) -> Iterator[bytes]:  # noqa: ARG002
        yield self._text_event(
            writer, "response.output_text.done", "text", self.text, self._logprobs
        )
        yield self._part_event(writer, "response.content_part.done", self._part())
        yield self._done(writer)

    def _body(self, content: list[dict[str, Any]], status: str) -> dict[str, Any]:
        return {
            "id": self.id,
            "content": content,
            "role": "assistant",
            "status": status,
            "type": "message",
            "phase": None,
        }

    def _part(self) -> dict[str, Any]:
        return {
            "annotations": [],
            "text": self.text,
            "type": "output_text",
            "logprobs": self._logprobs or None,
        }

    def _part_event(self, writer: EventWriter, kind: str, part: dict[str, Any]) -> bytes:
        return writer.write(kind, {"content_index": 0, **self._place(), "part": part})

    def _text_event(
        self, writer: EventWriter, kind: str, key: str, text: str, logprobs: list[dict[str, Any]]
    ) -> bytes:
        fields = {"content_index": 0, key: text, **self._place(), "logprobs": logprobs}
        return writer.write(kind, fields)


class ReasoningItem(Item):
    """What the model thinks before it answers."""

    kind = Kind.REASONING

    def __init__(self, index: int) -> None:
        super().__init__("rs", index)

    def body(self, status: str = "completed") -> dict[str, Any]:
        return self._body([self._part()], status)

    def open(self, writer: EventWriter) -> Iterator[bytes]:
        yield self._added(writer, self._body([], "in_progress"))
        yield self._event(writer, "response.reasoning_part.added", {"part": self._part()})

    def add(self, writer: EventWriter, text: str, logprobs: list[dict[str, Any]]) -> bytes:  # noqa: ARG002
        self._texts.append(text)
        return self._event(writer, "response.reasoning_text.delta", {"delta": text})

    def close(self, writer: EventWriter, *, cut: bool) -> Iterator[bytes]:  # noqa: ARG002
        yield self._event(writer, "response.reasoning_text.done", {"text": self.text})
        yield self._event(writer, "response.reasoning_part.done", {"part": self._part()})
        yield self._done(writer)

    def _body(self, content: list[dict[str, Any]], status: str) -> dict[str, Any]:
        return {
            "id": self.id,
            "summary": [],
            "type": "reasoning",
            "content": content,
            "encrypted_content": None,
            "status": status,
        }

    def _part(self) -> dict[str, Any]:
        return {"text": self.text, "type": "reasoning_text"}

    def _event(self, writer: EventWriter, kind: str, fields: dict[str, Any]) -> bytes:
        return writer.write(kind, {"content_index": 0, **fields, **self._place()})


class FunctionCallItem(Item):
    """A call of a tool."""

    kind = Kind.ARGUMENTS

    def __init__(self, index: int, name: str) -> None:
        super().__init__("fc", index)
        self._name = name
        self._call_id = new_call_id()

    def body(self, status: str = "completed") -> dict[str, Any]:
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

    def open(self, writer: EventWriter) -> Iterator[bytes]:
        yield self._added(writer, self.body("in_progress"))

    def add(self, writer: EventWriter, text: str, logprobs: list[dict[str, Any]]) -> bytes:  # noqa: ARG002
        self._texts.append(text)
        return writer.write(
            "response.function_call_arguments.delta", {"delta": text, **self._place()}
        )

    def close(self, writer: EventWriter, *, cut: bool) -> Iterator[bytes]:
        self._cut = cut
        yield writer.write(
            "response.function_call_arguments.done",
            {"arguments": self.text, **self._place(), "name": self._name},
        )
        yield self._done(writer)


def open_item(kind: Kind, index: int, name: str = "") -> Item:
    """Return a new item for pieces of a kind; ``name`` is that of the tool called."""
    match kind:
        case Kind.REASONING:
            return ReasoningItem(index)
        case Kind.CALL:
            return FunctionCallItem(index, name)
        case _:
            return MessageItem(index)
