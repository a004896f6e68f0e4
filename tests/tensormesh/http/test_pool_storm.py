"""A storm of cancellations leaves the pool as it was."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from support.raw_server import RawServer, Turn
from support.sdk_faces import AsyncFace
from support.sdk_samples import CHAT, CHAT_CREATE, chunk, sse

from tensormesh import AsyncTensormesh
from tensormesh._http import links
from tensormesh._http.pool import Limits

SLOTS = 10
STORM_SECONDS = 1.2
DELAY = 0.01


def slow(turn: Turn) -> None:
    time.sleep(DELAY)
    try:
        if turn.json().get("stream"):
            turn.stream(sse(chunk("a"), done=False), sse())
        else:
            turn.answer_json(CHAT)
    except OSError:
        turn.close()  # the client went


async def ask(client: AsyncTensormesh, stream: bool) -> None:
    found: Any = CHAT_CREATE.of(client.inference.serverless)(**CHAT_CREATE.arguments, stream=stream)
    found = await found
    if stream:
        async for _ in found:
            pass


async def by_the_task(call: Callable[[], Any], seconds: float) -> None:
    task = asyncio.create_task(call())
    await asyncio.sleep(seconds)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def by_a_scope(call: Callable[[], Any], seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await call()
    except TimeoutError:
        pass


@pytest.mark.slow
@pytest.mark.parametrize("cancel", [by_the_task, by_a_scope])
@pytest.mark.parametrize("stream", [False, True])
def test_after_a_storm_of_cancellations_every_request_succeeds(
    cancel: Callable[..., Any], stream: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "LIMITS", Limits(max_connections=SLOTS))
    face = AsyncFace(own=True)
    chance = random.Random(7)

    async def storm(client: AsyncTensormesh) -> None:
        end = time.monotonic() + STORM_SECONDS

        async def cloud() -> None:
            while time.monotonic() < end:
                await cancel(lambda: ask(client, stream), chance.random() * 3 * DELAY)

        await asyncio.gather(*[cloud() for _ in range(4 * SLOTS)])
        (sender,) = client._links._made.values()
        pool: Any = sender.pool
        assert (pool.used, pool.waiting) == (0, 0)
        assert pool.idle <= SLOTS
        await asyncio.wait_for(asyncio.gather(*[ask(client, stream) for _ in range(20)]), 5)

    with RawServer(slow) as server:
        face.run(storm(face.client(serverless_base_url=server.url)))
        assert server.wait_until(lambda: server.open <= SLOTS)
        assert not asyncio.all_tasks(face._runner.get_loop())
        face.finish()
        assert server.wait_until(lambda: server.open == 0)
    assert threading.active_count() < 50
