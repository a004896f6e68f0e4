"""Whether a pool of ten connections still works after a storm of cancellations."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from importlib import import_module
from unittest.mock import patch

import httpx

from tensormesh import AsyncTensormesh
from tensormesh._http import httpx_link as _http

from .answers import MODEL
from .report import Row
from .setting import API_KEY, MESSAGES, Setting, has

SLOTS = 10
USERS = 40
AFTERWARDS = 20
SERVER_MILLISECONDS = 20
# Long enough for any request of those that follow, and short for one that waits in vain.
PATIENCE_SECONDS = 3.0

Ask = Callable[[], Awaitable[object]]
Open = Callable[[str], AbstractAsyncContextManager[Ask]]


def run(setting: Setting) -> Iterator[Row]:
    """The SDK, and its peers for comparison."""
    url, seconds = setting.after(SERVER_MILLISECONDS), setting.choose(8, 4) / 2
    pools: dict[str, Open] = {"tensormesh": _tensormesh, "httpx": _httpx}
    if has("aiohttp"):
        pools["aiohttp"] = _aiohttp
    for name, opened in pools.items():
        is_ours = name == "tensormesh"
        cancelled, succeeded = asyncio.run(_storm(opened, url, seconds))
        yield Row(
            suite="storm",
            name=f"{AFTERWARDS} requests after cancellations, {name}",
            reached=succeeded,
            unit="succeed",
            target=AFTERWARDS if is_ours else None,
            at_least=True,
            note=f"{cancelled:,} cancelled in {seconds:g} s, {SLOTS} slots",
        )


async def _storm(opened: Open, url: str, seconds: float) -> tuple[int, int]:
    """How many requests were cancelled, and how many of those after them succeeded."""
    chance = random.Random(6)
    end = time.monotonic() + seconds
    cancelled = 0

    async def user(ask: Ask) -> None:
        nonlocal cancelled
        while time.monotonic() < end:
            task = asyncio.ensure_future(ask())
            # From before it is sent to after it was answered.
            await asyncio.sleep(chance.random() * SERVER_MILLISECONDS * 2 / 1e3)
            cancelled += task.cancel()
            await asyncio.wait([task])
            if not task.cancelled():
                # What is wrong shows afterwards.
                task.exception()

    async def succeeds(ask: Ask) -> bool:
        with suppress(Exception):
            async with asyncio.timeout(PATIENCE_SECONDS):
                await ask()
                return True
        return False

    async with opened(url) as ask:
        await asyncio.gather(*(user(ask) for _ in range(USERS)))
        answers = await asyncio.gather(*(succeeds(ask) for _ in range(AFTERWARDS)))
        return cancelled, sum(answers)


@asynccontextmanager
async def _tensormesh(url: str) -> AsyncIterator[Ask]:
    limits = httpx.Limits(max_connections=SLOTS)
    # Private: nothing public sets the limits of the SDK's own connections.
    with patch.object(_http, "LIMITS", limits):
        async with AsyncTensormesh(inference_api_key=API_KEY, serverless_base_url=url) as client:
            completions = client.inference.serverless.chat.completions
            yield lambda: completions.create(model=MODEL, messages=MESSAGES)


@asynccontextmanager
async def _httpx(url: str) -> AsyncIterator[Ask]:
    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=SLOTS)) as client:
        body = {"model": MODEL, "messages": MESSAGES}
        yield lambda: client.post(f"{url}/v1/chat/completions", json=body)


@asynccontextmanager
async def _aiohttp(url: str) -> AsyncIterator[Ask]:
    aiohttp = import_module("aiohttp")
    connector = aiohttp.TCPConnector(limit=SLOTS)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def ask() -> object:
            body = {"model": MODEL, "messages": MESSAGES}
            async with session.post(f"{url}/v1/chat/completions", json=body) as response:
                return await response.json()

        yield ask
