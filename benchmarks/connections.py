"""Number of connections that twenty consecutive streams use."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from urllib.request import urlopen

import httpx

from tensormesh import Tensormesh

from .clients import (
    API_KEY,
    PATH,
    STREAM,
    is_installed,
    open_tensormesh,
    openai_client,
    read,
    read_async,
)
from .measure import Setting
from .report import Row

STREAMS = 20

# Ways to read a stream. `read_all` reads an iterator.
Way = Callable[[Any, Callable[[Any], Any]], Any]
WAYS: dict[str, Way] = {
    "for chunk in stream": lambda stream, read_all: read_all(stream),
    "text_deltas()": lambda stream, read_all: read_all(stream.text_deltas()),
    "get_final_completion()": lambda stream, _: stream.get_final_completion(),
}


def run(setting: Setting) -> Iterator[Row]:
    """Count connections for every way to read a stream."""
    runs: dict[str, Callable[[str], object]] = {
        name: partial(_sync, way) for name, way in WAYS.items()
    }
    runs |= {f"{name}, async": partial(_run_async, way) for name, way in WAYS.items()}
    runs["httpx, read to the end"] = _httpx
    if is_installed("openai"):
        runs["openai"] = _openai
    for name, read_streams in runs.items():
        before = _connections_used(setting.url)
        read_streams(setting.url)
        count = _connections_used(setting.url) - before
        target = None if name.startswith(("httpx", "openai")) else 1
        yield Row(f"{STREAMS} streams, {name}", count, "connections", target=target)


def _connections_used(url: str) -> int:
    """Return how many connections have carried a POST."""
    with urlopen(f"{url}/connections") as response:
        return int(response.read())


def _sync(way: Way, url: str) -> None:
    with Tensormesh(inference_api_key=API_KEY, serverless_base_url=url) as client:
        for _ in range(STREAMS):
            way(client.inference.serverless.chat.completions.create(**STREAM), read)


async def _async(way: Way, url: str) -> None:
    async with open_tensormesh(url) as completions:
        for _ in range(STREAMS):
            await way(await completions.create(**STREAM), read_async)


def _run_async(way: Way, url: str) -> None:
    asyncio.run(_async(way, url))


def _httpx(url: str) -> None:
    with httpx.Client() as client:
        for _ in range(STREAMS):
            with client.stream("POST", url + PATH, json=STREAM) as response:
                response.read()


def _openai(url: str) -> None:
    with openai_client(url) as client:
        for _ in range(STREAMS):
            read(client.chat.completions.create(**STREAM))
