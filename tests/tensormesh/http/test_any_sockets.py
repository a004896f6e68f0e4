"""Connections where there is no asyncio: on trio, and made the same way, on asyncio too."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
import trustme
from support.raw_server import RawServer, Turn
from support.sdk_samples import CHAT, MESSAGES, chunk, sse

from tensormesh import APIConnectionError, APITimeoutError, AsyncTensormesh, StreamError
from tensormesh._http import any_sockets, loop_sockets

Work = Callable[[Any], Awaitable[None]]
SETTINGS: dict[str, Any] = {"inference_api_key": "sk-canary-0123456789", "max_retries": 0}


def handler(turn: Turn) -> None:
    """Does what the model is named."""
    asked = turn.json()
    if asked.get("stream"):
        turn.begin_stream()
        for _ in range(3):
            turn.chunk(sse(chunk("a"), done=False))
            time.sleep(0.002)
        if asked["model"] == "cut":
            turn.close()
            return
        turn.chunk(sse())
        turn.end()
    elif asked["model"] == "silent":
        turn.wait_for_close()
    elif asked["model"] == "closes":
        turn.close()
    elif asked["model"] == "closes later":
        turn.answer_json(CHAT)
        turn.close()
    else:
        turn.answer_json(CHAT)


@pytest.fixture(params=["asyncio", "trio"])
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    name: str = request.param
    if name == "trio":
        pytest.importorskip("trio")

    monkeypatch.setattr(loop_sockets, "connect", any_sockets.connect)
    return name


@pytest.fixture(params=["http", "https"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RawServer]:
    context = None
    if request.param == "https":
        authority = trustme.CA()
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
    with RawServer(handler, context) as made:
        yield made
        assert made.wait_until(lambda: made.open == 0)


@pytest.fixture
def run(backend: str, server: RawServer, tmp_path: Path) -> Callable[[Work], None]:
    bundle: dict[str, Any] = {}
    if server.url.startswith("https"):
        bundle["ca_bundle"] = tmp_path / "ca.pem"

    async def with_client(work: Work) -> None:
        async with AsyncTensormesh(**SETTINGS, **bundle, serverless_base_url=server.url) as client:
            await work(client.inference.serverless.chat.completions.create)

    return lambda work: anyio.run(partial(with_client, work), backend=backend)


def test_answers_and_streams_share_a_connection(
    run: Callable[[Work], None], server: RawServer
) -> None:
    async def work(create: Any) -> None:
        for _ in range(3):
            assert (await create(model="m", messages=MESSAGES)).id == "chatcmpl-1"
            stream = await create(model="m", messages=MESSAGES, stream=True)
            assert [text async for text in stream.text_deltas()] == ["a"] * 3
        large = [{"role": "user", "content": "x" * 3_000_000}]
        assert (await create(model="m", messages=large)).id == "chatcmpl-1"

    run(work)
    assert server.connections == 1


def test_a_crowd_and_a_connection_that_was_closed_meanwhile(
    run: Callable[[Work], None], server: RawServer
) -> None:
    async def work(create: Any) -> None:
        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(partial(create, model="m", messages=MESSAGES))
        for _ in range(2):
            await create(model="closes later", messages=MESSAGES)
            await anyio.sleep(0.02)
            assert (await create(model="m", messages=MESSAGES)).id == "chatcmpl-1"

    run(work)
    assert len(server.turns) == 24


def test_whatever_goes_wrong_is_an_error_of_ours(run: Callable[[Work], None]) -> None:
    async def work(create: Any) -> None:
        with pytest.raises(APITimeoutError) as caught:
            await create(model="silent", messages=MESSAGES, timeout_seconds=0.05)
        assert caught.value.phase == "read"
        with pytest.raises(APITimeoutError) as caught:
            await create(model="silent", messages=MESSAGES, total_timeout_seconds=0.05)
        assert caught.value.phase == "total"
        with pytest.raises(APIConnectionError, match="before its response"):
            await create(model="closes", messages=MESSAGES)
        stream = await create(model="cut", messages=MESSAGES, stream=True)
        with pytest.raises(StreamError, match="the server closed the connection after"):
            await stream.get_final_completion()

    run(work)


def test_a_call_that_is_broken_off_leaves_nothing(
    run: Callable[[Work], None], server: RawServer
) -> None:
    async def work(create: Any) -> None:
        with anyio.move_on_after(0.03) as scope:
            await create(model="silent", messages=MESSAGES)
        assert scope.cancelled_caught
        stream = await create(model="m", messages=MESSAGES, stream=True)
        await anext(stream)
        await stream.close()

    run(work)
    assert server.connections == 2


def test_a_port_where_nobody_listens(backend: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    async def work() -> None:
        async with AsyncTensormesh(**SETTINGS, serverless_base_url=url) as client:
            with pytest.raises(APIConnectionError, match="connection failed"):
                await client.inference.serverless.models.list()

    anyio.run(work, backend=backend)
