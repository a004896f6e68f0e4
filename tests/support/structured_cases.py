"""Answers of a server to `parse`, and the types that they are to be read into."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, TypedDict

import attrs
import httpx
import msgspec
import pydantic
import pytest
from support.sdk_faces import Face, Server, answer, events
from support.sdk_samples import CHAT, MESSAGES, chunk, sse

from tensormesh import StructuredOutputError


class Line(TypedDict):
    name: str
    price: float


@dataclass
class Invoice:
    """What is to be paid."""

    number: str
    lines: list[Line]
    tags: dict[str, int] = field(default_factory=dict)


@attrs.define
class AttrsInvoice:
    number: str
    lines: list[Line]
    tags: dict[str, int] = attrs.Factory(dict)


class StructInvoice(msgspec.Struct):
    number: str
    lines: list[Line]
    tags: dict[str, int] = {}


class DictInvoice(TypedDict):
    number: str
    lines: list[Line]
    tags: dict[str, int]


class ModelLine(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(strict=True)

    name: str
    price: float


class ModelInvoice(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(strict=True)

    number: str
    lines: list[ModelLine]
    tags: dict[str, int] = {}


SCHEMA: dict[str, Any] = {
    "title": "Invoice",
    "type": "object",
    "properties": {
        "number": {"type": "string"},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}},
        "tags": {"type": "object", "additionalProperties": {"type": "integer"}},
    },
    "required": ["number", "lines"],
    "$defs": {
        "Line": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "price": {"type": "number"}},
            "required": ["name", "price"],
        }
    },
}
MODELS: dict[str, Any] = {
    "dataclass": Invoice,
    "attrs": AttrsInvoice,
    "struct": StructInvoice,
    "typed dict": DictInvoice,
    "pydantic": ModelInvoice,
    "schema": SCHEMA,
}
GOOD: dict[str, Any] = {
    "number": "7",
    "lines": [{"name": "pen", "price": 1.5}, {"name": "ink", "price": 2}],
    "tags": {"urgent": 1, "to be paid": 2},
}
GOOD_TEXT = json.dumps(GOOD)


def completion(content: str | None, *, finish: str = "stop", **message: Any) -> dict[str, Any]:
    """A completion with this text."""
    said = {"role": "assistant", "content": content, **message}
    return {**CHAT, "choices": [{"index": 0, "message": said, "finish_reason": finish}]}


def says(content: str | None, **options: Any) -> httpx.Response:
    """The response with this completion."""
    return answer(json.dumps(completion(content, **options)).encode())


def writes(
    *pieces: str, finish: str = "stop", usage: dict[str, int] | None = None
) -> httpx.Response:
    """The stream that brings these pieces of text."""
    last = [chunk(finish_reason=finish)]
    if usage:
        last.append({**chunk(), "choices": [], "usage": usage})
    return events(sse(*map(chunk, pieces), *last))


def parse(face: Face, server: Server, model: Any = Invoice, **arguments: Any) -> Any:
    """What `parse` gives."""
    method = face.client(server).inference.serverless.chat.completions.parse
    return face.run(
        method(**{"model": "m", "messages": MESSAGES, "response_model": model, **arguments})
    )


def failure(face: Face, *answers: Any, model: Any = Invoice, **arguments: Any) -> Any:
    """The error that `parse` raises."""
    server = Server(*answers)
    with pytest.raises(StructuredOutputError) as caught:
        parse(face, server, model, **arguments)
    assert len(server.requests) == caught.value.attempts
    return caught.value


def sent(server: Server, number: int = -1) -> dict[str, Any]:
    """The body of a request."""
    body: dict[str, Any] = json.loads(server.requests[number].content)
    return body
