"""What a chat request may say of the form of its answer."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any

import pytest
from support.cases import for_each
from support.sdk_faces import Face, Server, host
from support.sdk_samples import (
    CHAT,
    CHAT_CREATE,
    COMPLETIONS_CREATE,
    RESPONSES_CREATE,
    as_json,
)

from tensormesh import types

SCHEMA = {"name": "a", "schema": {"type": "object"}}
VARIANTS = [None, "with_raw_response", "with_streaming_response"]


@pytest.fixture
def face(colour: Face) -> Face:
    """How requests go out makes no difference here."""
    return colour


@for_each("kind", ["json_object", "text"])
@for_each("how", ["model", "dict", "mapping", "extra_body", "model in extra_body"])
def test_the_two_that_are_supported_are_sent(face: Face, surface: str, kind: str, how: str) -> None:
    model = types.ResponseFormat(type=kind)
    forms: dict[str, dict[str, Any]] = {
        "model": {"response_format": model},
        "dict": {"response_format": {"type": kind}},
        "mapping": {"response_format": MappingProxyType({"type": kind})},
        "extra_body": {"extra_body": {"response_format": {"type": kind}}},
        "model in extra_body": {"extra_body": {"response_format": model}},
    }
    server = Server(as_json(CHAT))
    create = CHAT_CREATE.of(host(face.client(server), surface))
    face.run(create(**CHAT_CREATE.arguments, **forms[how]))
    assert json.loads(server.request.content)["response_format"] == {"type": kind}


REFUSED: dict[str, tuple[Any, type[Exception], str]] = {
    "json_schema": (
        {"type": "json_schema", "json_schema": SCHEMA},
        ValueError,
        "'json_schema' is not supported: use 'json_object' or 'text'",
    ),
    "json_schema as a model": (
        types.ResponseFormat(type="json_schema"),
        ValueError,
        "'json_schema' is not supported",
    ),
    "structural_tag": ({"type": "structural_tag"}, ValueError, "'structural_tag' is not supported"),
    "an extra key": (
        {"type": "json_object", "strict": True},
        ValueError,
        r"response_format\.strict is not supported",
    ),
    "an extra key that is null": (
        {"type": "json_object", "json_schema": None},
        ValueError,
        r"response_format\.json_schema is not supported",
    ),
    "an extra field of the model": (
        types.ResponseFormat(
            type="json_object", json_schema=types.JsonSchemaFormat.from_dict(SCHEMA)
        ),
        ValueError,
        r"response_format\.json_schema is not supported",
    ),
    "no type": ({}, ValueError, r"response_format\.type is missing"),
    "a type of null": ({"type": None}, ValueError, "None is not supported"),
    "a type that is a list": ({"type": ["text"]}, ValueError, "is not supported"),
    "a text": ("json_object", TypeError, "response_format must be a model or a mapping, got str"),
    "a number": (5, TypeError, "response_format must be a model or a mapping, got int"),
}


@for_each("variant", VARIANTS)
@for_each("stream", [False, True])
@for_each("form", REFUSED)
def test_what_is_not_supported_is_refused_before_anything_is_sent(
    face: Face, form: str, stream: bool, variant: str | None
) -> None:
    value, error, message = REFUSED[form]
    server = Server()
    create = CHAT_CREATE.of(host(face.client(server), "serverless"), variant)
    with pytest.raises(error, match=message):
        face.run(create(**CHAT_CREATE.arguments, response_format=value, stream=stream))
    with pytest.raises(error, match=message):
        face.run(create(**CHAT_CREATE.arguments, extra_body={"response_format": value}))
    assert server.requests == []


@pytest.mark.parametrize("method", [COMPLETIONS_CREATE, RESPONSES_CREATE], ids=lambda m: m.path)
def test_the_rule_is_for_chat_alone(face: Face, method: Any) -> None:
    server = Server(as_json(method.answer))
    create = method.of(host(face.client(server), "serverless"))
    form = {"type": "json_schema", "json_schema": SCHEMA}
    face.run(create(**method.arguments, extra_body={"response_format": form}))
    assert json.loads(server.request.content)["response_format"] == form
