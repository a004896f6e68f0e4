"""`request` of a host: any method and path, sent as every other call is, and to no other host."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from unittest import mock

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cases import for_each
from support.sdk_faces import API_KEY, USER_ID, Face, Server, answer, events, host
from support.sdk_samples import as_json

from tensormesh import (
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    ConfigurationError,
    InternalServerError,
    ProtocolError,
    Tensormesh,
)
from tensormesh.types import ChatMessage

TOKEN = "token-canary-0123456789"
CONTROL_PLANE = "https://control.test/base"
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def client_of(face: Face, server: Server, **settings: Any) -> Any:
    return face.client(
        server, control_plane_token=TOKEN, control_plane_base_url=CONTROL_PLANE, **settings
    )


@pytest.fixture
def asked(colour: Face) -> Callable[..., httpx.Request]:
    """The request that a call of `request` sends."""

    def ask(*arguments: Any, **keywords: Any) -> httpx.Request:
        server = Server(as_json({}))
        colour.run(client_of(colour, server).control_plane.request(*arguments, **keywords))
        return server.request

    return ask


def test_the_answer_is_decoded_json(face: Face) -> None:
    server = Server(as_json({"things": [1]}), as_json([1, 2]), as_json("text"))
    hosts = client_of(face, server).control_plane
    assert face.run(hosts.request("GET", "/v1/things")) == {"things": [1]}
    assert face.run(hosts.request("GET", "/v1/things")) == [1, 2]
    assert face.run(hosts.request("GET", "/v1/things")) == "text"
    assert str(server.requests[0].url) == f"{CONTROL_PLANE}/v1/things"
    assert all(body.is_closed for body in server.bodies)


@for_each("method", METHODS)
def test_every_method_is_sent(colour: Face, method: str) -> None:
    server = Server(answer(status=204))
    result = colour.run(client_of(colour, server).control_plane.request(method.lower(), "/x"))
    assert result is None
    assert (server.request.method, server.request.content) == (method, b"")


def test_each_host_gets_its_own_credentials(face: Face) -> None:
    server = Server(as_json({}), as_json({}), as_json({}))
    client = client_of(face, server)
    for one in (client.control_plane, host(client, "serverless"), host(client, "on_demand")):
        face.run(one.request("GET", "/x"))
    sent = [
        (str(each.url), each.headers["authorization"], each.headers.get("x-user-id"))
        for each in server.requests
    ]
    assert sent == [
        (f"{CONTROL_PLANE}/x", f"Bearer {TOKEN}", None),
        ("https://serverless.test/x", f"Bearer {API_KEY}", None),
        ("https://on-demand.test/prefix/x", f"Bearer {API_KEY}", USER_ID),
    ]


def test_credentials_that_the_client_has_not_are_left_to_the_server(face: Face) -> None:
    server = Server(as_json({}), as_json({"message": "who?"}, status=401))
    client = face.bare_client(server, on_demand_base_url="https://on-demand.test")
    face.run(host(client, "on_demand").request("GET", "/health"))
    assert {"authorization", "x-user-id"}.isdisjoint(server.request.headers)
    with pytest.raises(AuthenticationError, match="control_plane_token"):
        face.run(client.control_plane.request("GET", "/v1/models"))


def test_a_host_that_is_not_known_is_said_before_anything_is_sent(colour: Face) -> None:
    client = colour.bare_client(Server())
    with pytest.raises(ConfigurationError, match="on_demand_base_url"):
        colour.run(host(client, "on_demand").request("GET", "/health"))


def test_the_body_is_json_and_may_hold_models(asked: Callable[..., httpx.Request]) -> None:
    body = {"messages": [ChatMessage(role="user", content="Hi")], "n": None}
    request = asked("POST", "/x", body=body)
    assert json.loads(request.content) == {
        "messages": [{"role": "user", "content": "Hi"}],
        "n": None,
    }
    assert request.headers["content-type"] == "application/json"
    assert json.loads(asked("PUT", "/x", body=[1, "a"]).content) == [1, "a"]
    assert json.loads(asked("POST", "/x", body=ChatMessage(role="user")).content) == {
        "role": "user"
    }


def test_the_query_may_stand_in_the_path_and_beside_it(
    asked: Callable[..., httpx.Request],
) -> None:
    query = {"size": 5, "all": True, "since": datetime(2026, 5, 1, tzinfo=UTC), "no": None}
    request = asked("GET", "/x?size=1&size=2&next=http://y&empty=", query={**query, "tag": ["a"]})
    assert request.url.params.multi_items() == [
        ("size", "5"),
        ("next", "http://y"),
        ("empty", ""),
        ("all", "true"),
        ("since", "2026-05-01T00:00:00Z"),
        ("tag", "a"),
    ]
    again = asked("GET", "/x?tag=a&tag=b%20c")
    assert again.url.params.multi_items() == [("tag", "a"), ("tag", "b c")]


def test_headers_are_added_and_taken_away(asked: Callable[..., httpx.Request]) -> None:
    request = asked("GET", "/x", extra_headers={"X-Some": "thing", "Authorization": None})
    assert request.headers["x-some"] == "thing"
    assert "authorization" not in request.headers


@for_each(
    "path",
    [
        "https://evil.test/v1",
        f"{CONTROL_PLANE}/v1",
        "//evil.test/v1",
        "/v1://evil.test",
        "v1/models",
        "",
        "@evil.test/",
        ".evil.test/",
        "/v1/../admin",
        "/..",
        "/v1/%2e%2e/admin",
        "/v1/%252e%252E/admin",
        "/v1/..%2fadmin",
        "/v1/./x",
        "/v1\r\nHost: evil.test",
        "/v1 x",
        "/v1\\..\\x",
        "/v1#x",
        "/v1\x00",
        "/v1\u2028",
    ],
)
def test_a_path_that_could_lead_elsewhere_is_refused(colour: Face, path: str) -> None:
    client = client_of(colour, Server())
    with pytest.raises(ValueError, match="path") as caught:
        colour.run(client.control_plane.request("GET", path))
    assert TOKEN not in str(caught.value)


@given(st.text(max_size=40).map(lambda text: f"/{text}"))
def test_no_path_leads_to_another_host(path: str) -> None:
    server = Server(lambda _: as_json({}))
    http_client = httpx.Client(transport=httpx.MockTransport(server))
    settings: dict[str, Any] = {
        "control_plane_token": TOKEN,
        "control_plane_base_url": CONTROL_PLANE,
    }
    with Tensormesh(http_client=http_client, **settings) as client:
        try:
            client.control_plane.request("GET", path)
        except ValueError:
            return
    url = server.request.url
    assert (url.scheme, url.host, url.port, url.userinfo) == ("https", "control.test", None, b"")
    assert url.path.startswith("/base/")


@for_each(
    ("arguments", "keywords", "message"),
    [
        (("BREW", "/x"), {}, "invalid method .*: expected one of GET"),
        (("GET\r\nX: y", "/x"), {}, "invalid method .*: expected one of GET"),
        ((None, "/x"), {}, "invalid method .*: expected one of GET"),
        (("GET", 5), {}, "path must be a str, got int"),
        (("GET", "/x"), {"query": [1]}, "query must be a model or a mapping"),
        (
            ("GET", "/x"),
            {"query": {"a": {}}},
            r"query\['a'\] must be a str, a number, a bool or a datetime",
        ),
        (("POST", "/x"), {"body": b"{}"}, "body must be JSON data or a model, got bytes"),
        (("POST", "/x"), {"body": {"a": float("nan")}}, "a"),
        (("GET", "/x"), {"extra_headers": {"a b": "c"}}, "extra_headers: 'a b'"),
    ],
)
def test_what_cannot_be_sent_is_named(
    colour: Face, arguments: Any, keywords: Any, message: str
) -> None:
    client = client_of(colour, Server())
    with pytest.raises((TypeError, ValueError), match=message):
        colour.run(client.control_plane.request(*arguments, **keywords))


def test_what_can_be_repeated_is_tried_again_and_a_post_is_not(face: Face) -> None:
    refused = as_json({"message": "busy"}, status=503)
    with (
        mock.patch("time.sleep"),
        mock.patch("tensormesh._calls.async_dispatcher.sleep", mock.AsyncMock()),
    ):
        for method in ("GET", "PUT", "DELETE"):
            server = Server(refused, httpx.ConnectError("away"), as_json({"ok": True}))
            client = client_of(face, server, max_retries=2)
            assert face.run(client.control_plane.request(method, "/x")) == {"ok": True}
            refused = as_json({"message": "busy"}, status=503)
        for method in ("POST", "PATCH"):
            server = Server(as_json({"message": "busy"}, status=503))
            client = client_of(face, server, max_retries=2)
            with pytest.raises(InternalServerError, match="busy"):
                face.run(client.control_plane.request(method, "/x"))


@pytest.mark.parametrize(
    ("surface", "method", "seconds"),
    [("serverless", "POST", 600.0), ("serverless", "GET", 60.0), (None, "POST", 60.0)],
)
def test_timeouts_are_those_of_the_host_and_of_the_method(
    face: Face, surface: str | None, method: str, seconds: float
) -> None:
    server = Server(lambda _: as_json({}))
    client = client_of(face, server)
    one = client.control_plane if surface is None else host(client, surface)
    face.run(one.request(method, "/x"))
    face.run(one.request(method, "/x", timeout_seconds=2))
    first, second = (each.extensions["timeout"]["read"] for each in server.requests)
    assert (first, second) == (seconds, 2.0)


def test_the_deadline_of_a_call_holds(face: Face) -> None:
    server = Server(httpx.ReadTimeout("slow"))
    client = client_of(face, server, max_retries=5)
    with pytest.raises(APITimeoutError):
        face.run(client.control_plane.request("GET", "/x", total_timeout_seconds=0.01))


def test_credentials_do_not_follow_to_another_host(face: Face) -> None:
    elsewhere = answer(status=302, headers={"location": "https://evil.test/"})
    here = answer(status=307, headers={"location": "/base/y"})
    server = Server(here, elsewhere)
    with pytest.raises(APIStatusError, match="302") as caught:
        face.run(client_of(face, server).control_plane.request("GET", "/x"))
    assert [str(each.url) for each in server.requests] == [
        f"{CONTROL_PLANE}/x",
        f"{CONTROL_PLANE}/y",
    ]
    assert "same host" in str(caught.value)


def test_an_answer_that_is_no_json_comes_as_a_raw_response(face: Face) -> None:
    def text(_request: httpx.Request) -> httpx.Response:
        return answer(b"plain", content_type="text/plain", headers={"x-request-id": "r-1"})

    one = client_of(face, Server(text)).control_plane
    with pytest.raises(ProtocolError, match="not JSON"):
        face.run(one.request("GET", "/x"))
    raw = face.run(one.with_raw_response.request("GET", "/x"))
    assert (raw.status_code, raw.text, raw.request_id) == (200, "plain", "r-1")


def test_a_raw_response_is_parsed_as_json(face: Face) -> None:
    one = client_of(face, Server(as_json({"a": [1]}))).control_plane
    raw = face.run(one.with_raw_response.request("GET", "/x"))
    assert raw.json() == raw.parse() == {"a": [1]}


def test_events_are_read_as_they_come(face: Face) -> None:
    server = Server(events(b"data: 1\n\nda", b"ta: [DONE]\n\n"))
    one = host(client_of(face, server), "serverless")
    stream = face.run(one.with_streaming_response.request("POST", "/x", body={"stream": True}))
    assert [event.data for event in face.list(stream.iter_events())] == [b"1", b"[DONE]"]
    assert server.request.headers["accept"] == "text/event-stream"


def test_a_log_of_a_request_names_it_and_no_secret(
    colour: Face, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="tensormesh")
    one = client_of(colour, Server(as_json({}))).control_plane
    colour.run(one.request("GET", "/x?token=secret"))
    assert caplog.messages == [f"GET {CONTROL_PLANE}/x (attempt 1): 200"]


def test_a_closed_client_sends_nothing(colour: Face) -> None:
    client = client_of(colour, Server())
    colour.run(client.close())
    with pytest.raises(ConfigurationError, match="closed"):
        colour.run(client.control_plane.request("GET", "/x"))
