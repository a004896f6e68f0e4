"""The upstream engine: requests forwarded and answers returned as they are."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from support.checked_client import CheckedClient, chat_body, event_data, hang_up

from tensormesh_local import LocalHost, create_app
from tensormesh_local.engines.upstream import UpstreamEngine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator


def _client(handler: Callable[[httpx.Request], Any], **options: Any) -> CheckedClient:
    transport = httpx.MockTransport(handler)
    return CheckedClient(
        create_app(UpstreamEngine("http://up/v1/", transport=transport, **options))
    )


@pytest.fixture(scope="module")
def chain() -> Iterator[tuple[LocalHost, LocalHost]]:
    """A host that forwards to the Serverless API of another one, both on real sockets."""
    with (
        LocalHost(api_keys=["upstream-key"]) as upstream,
        LocalHost(
            "upstream", upstream=upstream.serverless_base_url, upstream_api_key="upstream-key"
        ) as host,
    ):
        yield upstream, host


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_is_the_upstreams_own(chain: tuple[LocalHost, LocalHost], stream: bool) -> None:
    upstream, host = chain
    bodies = []
    for each in (upstream, host):
        response = httpx.post(
            f"{each.serverless_base_url}/v1/chat/completions",
            json=chat_body("Tell me about tea.", stream=stream, seed=1),
            headers={"Authorization": f"Bearer {each.api_key}", "X-Request-Id": "same"},
        )
        assert response.status_code == 200
        answers = event_data(response.text) if stream else [response.json()]
        for answer in answers:
            answer["created"] = 0
            answer.get("usage", {}).pop("prompt_tokens_details", None)
            answer.pop("kv_transfer_params", None)
        bodies.append(answers)
    assert bodies[0] == bodies[1]


def test_on_demand_forwards_too_and_still_wants_a_user_id(
    chain: tuple[LocalHost, LocalHost],
) -> None:
    _, host = chain
    url = f"{host.on_demand_base_url}/v1/models"
    headers = {"Authorization": f"Bearer {host.api_key}"}
    assert httpx.get(url, headers=headers).status_code == 400
    answer = httpx.get(url, headers={**headers, "X-User-Id": host.user_id})
    assert answer.json()["data"][0]["id"] == "tm-local-chat"


def test_the_upstream_gets_the_bytes_its_own_key_and_nothing_of_ours() -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"tokens": [1]})

    client = _client(handler, api_key="theirs")
    content = b'{ "model": "any",   "prompt": "x", "extra": [1.50] }'
    headers = {"X-Request-Id": "r-1", "Cookie": "secret"}
    assert client.call("create_tokenization", content=content, headers=headers).is_success
    (request,) = seen
    assert str(request.url) == "http://up/tokenize"
    assert request.content == content
    assert request.headers["Authorization"] == "Bearer theirs"
    assert request.headers["X-Request-Id"] == "r-1"
    assert "Cookie" not in request.headers


def test_no_key_is_sent_where_none_is_given() -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"version": "1"})

    _client(handler).call("get_version")
    assert "Authorization" not in seen[0].headers


def test_keys_and_shapes_are_checked_before_anything_is_forwarded() -> None:
    def handler(_: httpx.Request) -> httpx.Response:
        raise AssertionError("forwarded")

    client = _client(handler)
    refused = client.call("create_completion", {"model": "m"})
    assert refused.status_code == 400
    unauthorized = client.call(
        "create_completion", {"model": "m", "prompt": "x"}, headers={"Authorization": None}
    )
    assert unauthorized.status_code == 401


def test_status_body_and_retry_after_are_kept() -> None:
    def handler(_: httpx.Request) -> httpx.Response:
        return httpx.Response(429, json={"error": "slow down"}, headers={"Retry-After": "7"})

    response = _client(handler).call("create_completion", {"model": "m", "prompt": "x"})
    assert response.status_code == 429
    assert response.json() == {"error": "slow down"}
    assert response.headers["Retry-After"] == "7"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (httpx.ConnectError("refused"), 503),
        (httpx.ReadTimeout("slow"), 502),
        (httpx.RemoteProtocolError("garbage"), 502),
    ],
    ids=["connect", "timeout", "protocol"],
)
def test_an_upstream_that_fails_is_an_error_object(error: Exception, status: int) -> None:
    def handler(_: httpx.Request) -> httpx.Response:
        raise error

    response = _client(handler).call("get_health")
    assert response.status_code == status
    assert str(error) in response.json()["error"]["message"]


def test_a_stream_that_breaks_off_ends_with_an_error_event() -> None:
    class Broken(httpx.AsyncByteStream):
        closed = False

        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b'data: {"choices": []}\n\n'
            raise httpx.ReadError("reset")

        async def aclose(self) -> None:
            Broken.closed = True

    def handler(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"Content-Type": "text/event-stream"}, stream=Broken())

    client = _client(handler)
    body = json.dumps(chat_body("x", stream=True))
    headers = {"Authorization": "Bearer tm-local-key", "Content-Type": "application/json"}
    response = client.send("POST", "/serverless/v1/chat/completions", content=body, headers=headers)
    assert response.status_code == 200
    events = event_data(response.text)
    assert events[0] == {"choices": []}
    assert "reset" in events[1]["error"]["message"]
    assert Broken.closed


def test_the_upstreams_stream_is_closed_when_the_client_goes() -> None:
    closed = asyncio.Event()

    class Endless(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            while True:
                yield b"data: {}\n\n"
                await asyncio.sleep(0)

        async def aclose(self) -> None:
            closed.set()

    def handler(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"Content-Type": "text/event-stream"}, stream=Endless())

    app = create_app(UpstreamEngine("http://up", transport=httpx.MockTransport(handler)))
    asyncio.run(hang_up(app, chat_body("x", stream=True)))
    assert closed.is_set()
