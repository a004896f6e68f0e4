"""The asynchronous client on trio: what is promised for asyncio holds there too."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from typing import Any

import pytest
from support.raw_server import RawServer, Turn
from support.sdk_faces import SETTINGS
from support.sdk_samples import CHAT, CHAT_CREATE, MODELS, chunk, sse

from tensormesh import (
    APIConnectionError,
    APITimeoutError,
    AsyncTensormesh,
    ConfigurationError,
    tool,
)

trio = pytest.importorskip("trio")

ARGUMENTS: dict[str, Any] = CHAT_CREATE.arguments
STREAM: dict[str, Any] = {**ARGUMENTS, "stream": True}
STALL: dict[str, Any] = {**STREAM, "model": "stalls"}


class Host:
    """Refuses each second list, and stalls in the middle of a stream if it is asked to."""

    def __init__(self) -> None:
        self.lists = 0

    def __call__(self, turn: Turn) -> None:
        if turn.method == "GET":
            self.lists += 1
            if self.lists % 2:
                turn.answer(b"", "503 Busy", retry_after="0.01")
            else:
                turn.answer_json(MODELS)
        elif turn.json()["model"] == "stalls":
            turn.begin_stream()
            turn.chunk(sse(chunk("a"), done=False))
            turn.wait_for_close()
        elif turn.json().get("stream"):
            turn.stream(sse(chunk("a")))
        else:
            turn.answer_json(CHAT)


@pytest.fixture
def server() -> Iterator[RawServer]:
    with RawServer(Host()) as made:
        yield made


def client_of(server: RawServer) -> AsyncTensormesh:
    return AsyncTensormesh(**{**SETTINGS, "serverless_base_url": server.url}, max_retries=1)


def test_calls_streams_and_retries_work_on_one_connection(server: RawServer) -> None:
    async def main() -> None:
        async with client_of(server) as client:
            host = client.inference.serverless
            for _ in range(3):
                completion = await host.chat.completions.create(**ARGUMENTS)
                assert completion.choices[0].message.content == "Hello."
                stream = await host.chat.completions.create(**STREAM)
                assert [each.choices[0].delta.content async for each in stream] == ["a"]
            assert (await host.models.list()).data[0].id == "m"

    trio.run(main)
    assert len(server.turns) == 8
    assert server.connections == 1
    assert server.wait_until(lambda: server.open == 0)


@pytest.mark.parametrize(
    ("limit", "phase"), [("timeout_seconds", "read"), ("total_timeout_seconds", "total")]
)
def test_a_stall_ends_in_a_timeout_that_says_which(
    server: RawServer, limit: str, phase: str
) -> None:
    async def main() -> None:
        async with client_of(server) as client:
            create = client.inference.serverless.chat.completions.create
            stream: Any = await create(**{**STALL, limit: 0.1})
            with pytest.raises(APITimeoutError) as caught:
                [each async for each in stream]
            assert caught.value.phase == phase
            assert caught.value.partial.choices[0].message.content == "a"

    trio.run(main)
    assert server.wait_until(lambda: server.open == 0)


def test_cancelled_and_broken_off_streams_leave_nothing(server: RawServer) -> None:
    async def main() -> None:
        async with client_of(server) as client:
            create = client.inference.serverless.chat.completions.create

            async def read() -> None:
                async for _ in await create(**STALL):
                    pass

            for _ in range(5):
                async with trio.open_nursery() as nursery:
                    for _ in range(4):
                        nursery.start_soon(read)
                    await trio.sleep(0.02)
                    nursery.cancel_scope.cancel()
                async for _ in await create(**STREAM):
                    break
            assert (await create(**ARGUMENTS)).id == "chatcmpl-1"

    trio.run(main)
    assert server.wait_until(lambda: server.open == 0)


def test_nobody_there_is_an_error_of_ours(server: RawServer) -> None:
    async def main() -> None:
        async with client_of(server) as client:
            away = client.with_options(serverless_base_url="http://127.0.0.1:9")
            with pytest.raises(APIConnectionError, match="after 2 attempts"):
                await away.inference.serverless.models.list()

    trio.run(main)


# A loop that ends with its connections open says so; that is asyncio's to tell.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_client_serves_asyncio_and_then_trio(server: RawServer) -> None:
    client = client_of(server)

    async def ask() -> str:
        completion: Any = await client.inference.serverless.chat.completions.create(**ARGUMENTS)
        return str(completion.id)

    async def last() -> None:
        assert await ask() == "chatcmpl-1"
        await client.close()

    assert asyncio.run(ask()) == "chatcmpl-1"
    trio.run(last)
    gc.collect()


def test_a_run_of_tools_needs_asyncio_and_says_so_before_it_asks(server: RawServer) -> None:
    @tool
    def add(a: int, b: int) -> int:
        """Adds."""
        return a + b

    async def main() -> None:
        async with client_of(server) as client:
            with pytest.raises(ConfigurationError, match="asyncio"):
                await client.inference.serverless.chat.completions.run(**ARGUMENTS, tools=[add])

    trio.run(main)
    assert server.turns == []
