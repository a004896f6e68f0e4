"""What may be said of one call: headers, query, body and timeout."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from support.cases import for_each
from support.sdk_faces import API_KEY, USER_ID, Face, Server, host
from support.sdk_samples import (
    CHAT,
    CHAT_CREATE,
    METHODS,
    MODELS,
    MODELS_LIST,
    Method,
    as_json,
    chunk,
    stream_of,
)

from tensormesh import ConfigurationError

each_method = for_each("method", METHODS, ids=lambda method: method.path)
VARIANTS = [None, "with_raw_response", "with_streaming_response"]


def call(face: Face, method: Method, variant: str | None = None, **options: Any) -> httpx.Request:
    """The request of a call with these options."""
    server = Server(as_json(method.answer))
    client = face.client(server, on_demand_user_id=USER_ID)
    result = face.run(method.of(host(client, "on_demand"), variant)(**method.arguments, **options))
    if hasattr(result, "close"):
        face.run(result.close())
    return server.request


@for_each("variant", VARIANTS)
@each_method
def test_extra_headers_are_added_replaced_and_taken_away(
    face: Face, method: Method, variant: str | None
) -> None:
    headers = {
        "X-Trace": "a\tb",
        "AUTHORIZATION": "Bearer other",
        "User-Agent": None,
        "accept": None,
        "X-USER-ID": None,
        "X-Absent": None,
    }
    request = call(face, method, variant, extra_headers=headers)

    assert request.headers["x-trace"] == "a\tb"
    assert request.headers.get_list("authorization") == ["Bearer other"]
    # Not even the HTTP client's own come in their place.
    assert {"user-agent", "accept", "x-user-id"}.isdisjoint(request.headers)


@for_each(
    ("headers", "error", "message"),
    [
        ({"X-A": "a\r\nX-B: b"}, ValueError, "'X-A'.*printable ASCII"),
        ({"X-A": "a\tb\nX-B: b"}, ValueError, "'X-A'.*printable ASCII"),
        ({"X-A": "a\0b"}, ValueError, "'X-A'.*printable ASCII"),
        ({"X-A": "caf\xe9"}, ValueError, "'X-A'.*printable ASCII"),
        ({"X-A": " a"}, ValueError, "'X-A'.*whitespace"),
        ({"X-A": "a\t"}, ValueError, "'X-A'.*whitespace"),
        ({"X-A": 1}, TypeError, "'X-A'.*must be a string"),
        ({"X-A": b"a"}, TypeError, "'X-A'.*must be a string"),
        ({"X A": "a"}, ValueError, "'X A' is not a valid header name"),
        ({"X-A:": "a"}, ValueError, "not a valid header name"),
        ({"": "a"}, ValueError, "'' is not a valid header name"),
        ({1: "a"}, ValueError, "1 is not a valid header name"),
        ({"X\r\n": None}, ValueError, "not a valid header name"),
        ([("X-A", "a")], TypeError, "extra_headers must be a mapping, got list"),
    ],
)
def test_headers_that_cannot_be_sent_are_refused(
    face: Face, headers: Any, error: type[Exception], message: str
) -> None:
    server = Server()
    models = face.client(server).inference.serverless.models
    with pytest.raises(error, match=f"extra_headers.*{message}|{message}") as caught:
        face.run(models.list(extra_headers=headers))
    assert "X-B" not in str(caught.value)
    assert server.requests == []


@for_each("variant", VARIANTS)
@each_method
def test_extra_query_is_added(face: Face, method: Method, variant: str | None) -> None:
    query = {"a": "1 &2", "b": ["x", "y"], "c": True, "d": 5}
    request = call(face, method, variant, extra_query=query)
    assert request.url.query == b"a=1+%262&b=x&b=y&c=true&d=5"
    assert request.url.path.endswith(method.route)


def test_extra_body_wins_over_arguments(face: Face) -> None:
    extra = {"temperature": 0.5, "new_field": {"deep": [1]}, "seed": None}
    request = call(face, CHAT_CREATE, temperature=0.1, seed=1, extra_body=extra)
    assert json.loads(request.content) == {
        **CHAT_CREATE.arguments,
        "temperature": 0.5,
        "seed": None,
        "new_field": {"deep": [1]},
    }


def test_extra_body_does_not_change_what_it_was_made_of(face: Face) -> None:
    extra = {"new_field": 1}
    messages = [{"role": "user", "content": "x"}]
    server = Server(lambda _: as_json(CHAT))
    create = CHAT_CREATE.of(host(face.client(server), "serverless"))
    for _ in range(2):
        face.run(create(model="m", messages=messages, extra_body=extra, top_k=3))
    assert extra == {"new_field": 1}
    assert messages == [{"role": "user", "content": "x"}]
    assert server.requests[0].content == server.requests[1].content


@pytest.mark.parametrize("name", ["extra_body", "extra_query"])
def test_what_is_no_mapping_is_refused_by_name(face: Face, name: str) -> None:
    server = Server()
    create = CHAT_CREATE.of(host(face.client(server), "serverless"))
    with pytest.raises(TypeError, match=f"{name} must be a mapping, got list"):
        face.run(create(**CHAT_CREATE.arguments, **{name: [1]}))
    assert server.requests == []


@for_each("variant", VARIANTS)
@each_method
def test_timeouts_of_a_call_come_before_those_of_the_client(
    face: Face, method: Method, variant: str | None
) -> None:
    request = call(face, method, variant, timeout_seconds=2.5)
    assert request.extensions["timeout"] == dict.fromkeys(("connect", "read", "write", "pool"), 2.5)

    request = call(face, method, variant)
    seconds = 600.0 if method.verb == "POST" else 60.0
    assert request.extensions["timeout"] == {
        "connect": 10.0,
        "read": seconds,
        "write": seconds,
        "pool": seconds,
    }


def test_a_timeout_of_the_client_holds_for_every_call(face: Face) -> None:
    server = Server(as_json(CHAT), as_json(MODELS), stream_of(chunk("x")))
    client = face.client(server, timeout_seconds=30)
    create = CHAT_CREATE.of(client.inference.serverless)
    face.run(create(**CHAT_CREATE.arguments))
    face.run(MODELS_LIST.of(client.inference.serverless)())
    stream = face.run(create(**CHAT_CREATE.arguments, stream=True, timeout_seconds=3))
    face.run(stream.close())
    found = [r.extensions["timeout"] for r in server.requests]
    assert [(each["connect"], each["read"]) for each in found] == [(10, 30), (10, 30), (3, 3)]


@for_each("seconds", [0, -1, float("nan"), float("inf"), "5", True])
def test_a_timeout_that_cannot_be_waited_for_is_refused(face: Face, seconds: Any) -> None:
    server = Server()
    create = CHAT_CREATE.of(host(face.client(server), "serverless"))
    with pytest.raises(ConfigurationError, match="`timeout_seconds`"):
        face.run(create(**CHAT_CREATE.arguments, timeout_seconds=seconds))
    assert server.requests == []


def test_options_of_one_call_do_not_reach_the_next(face: Face) -> None:
    server = Server(lambda _: as_json(CHAT))
    create = CHAT_CREATE.of(host(face.client(server), "serverless"))
    options: dict[str, Any] = {
        "extra_headers": {"X-Once": "1", "Authorization": None},
        "extra_query": {"once": "1"},
        "extra_body": {"once": 1},
        "timeout_seconds": 1,
    }
    face.run(create(**CHAT_CREATE.arguments, **options))
    face.run(create(**CHAT_CREATE.arguments))

    second = server.requests[1]
    assert "x-once" not in second.headers
    assert second.headers["authorization"] == f"Bearer {API_KEY}"
    assert second.url.query == b""
    assert json.loads(second.content) == CHAT_CREATE.arguments
    assert second.extensions["timeout"]["read"] == 600
