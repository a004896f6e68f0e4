"""Whether a pool of ten connections still works after thousands of cancelled requests."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from unittest.mock import patch

from tensormesh._http import links
from tensormesh._http.pool import Limits

from .clients import Open, Send, aiohttp_chat, httpx_chat, installed, tensormesh_chat
from .measure import Setting
from .report import Row

SLOTS = 10
TASKS = 40
AFTERWARDS = 20
SERVER_MILLISECONDS = 20
# Enough for any request of the last ones, unless the pool has lost its connections.
PATIENCE_SECONDS = 3.0


def run(setting: Setting) -> Iterator[Row]:
    """Measure the SDK, and its peers for comparison."""
    url = f"{setting.url}/after/{SERVER_MILLISECONDS}"
    seconds = setting.choose(8, 4) / 2
    contestants: dict[str, Open] = {
        "tensormesh": tensormesh_chat,
        "httpx": partial(httpx_chat, max_connections=SLOTS),
        "aiohttp": partial(aiohttp_chat, max_connections=SLOTS),
    }
    for name, opened in installed(contestants, *contestants).items():
        # Private: the limits of the SDK's own connections are not public.
        with patch.object(links, "LIMITS", Limits(max_connections=SLOTS)):
            cancelled, succeeded = asyncio.run(_storm(opened, url, seconds))
        yield Row(
            f"{AFTERWARDS} requests after cancellations, {name}",
            succeeded,
            "succeed",
            target=AFTERWARDS if name == "tensormesh" else None,
            at_least=True,
            note=f"{cancelled:,} cancelled in {seconds:g} s, {SLOTS} slots",
        )


async def _storm(opened: Open, url: str, seconds: float) -> tuple[int, int]:
    """Return how many requests were cancelled, and how many succeeded after that."""
    chance = random.Random(6)
    end = time.monotonic() + seconds
    cancelled = 0

    async def send_and_cancel(send: Send) -> None:
        nonlocal cancelled
        while time.monotonic() < end:
            task = asyncio.ensure_future(send())
            # Cancel at any time from before the request is sent until after the response.
            await asyncio.sleep(chance.random() * SERVER_MILLISECONDS * 2 / 1e3)
            cancelled += task.cancel()
            await asyncio.wait([task])
            if not task.cancelled():
                # Mark an exception as retrieved: only the requests afterwards count.
                task.exception()

    async def succeeds(send: Send) -> bool:
        with suppress(Exception):
            async with asyncio.timeout(PATIENCE_SECONDS):
                await send()
                return True
        return False

    async with opened(url) as send:
        await asyncio.gather(*(send_and_cancel(send) for _ in range(TASKS)))
        results = await asyncio.gather(*(succeeds(send) for _ in range(AFTERWARDS)))
        return cancelled, sum(results)
