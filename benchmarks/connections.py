"""How many connections twenty streams take, one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any

import httpx

from tensormesh import AsyncTensormesh, Tensormesh

from .answers import MODEL
from .local_server import connections_used
from .report import Row
from .setting import API_KEY, MESSAGES, Setting, has_openai, openai
from .stream import BODY

STREAMS = 20
QUESTION: dict[str, Any] = {"model": MODEL, "messages": MESSAGES, "stream": True}

READS: dict[str, Callable[[Any], object]] = {
    "for chunk in stream": lambda stream: [None for _ in stream],
    "text_deltas()": lambda stream: [None for _ in stream.text_deltas()],
    "get_final_completion()": lambda stream: stream.get_final_completion(),
}


async def _chunks(stream: Any) -> None:
    async for _ in stream:
        pass


async def _text(stream: Any) -> None:
    async for _ in stream.text_deltas():
        pass


async def _whole(stream: Any) -> None:
    await stream.get_final_completion()


ASYNC_READS: dict[str, Callable[[Any], Awaitable[None]]] = {
    "for chunk in stream": _chunks,
    "text_deltas()": _text,
    "get_final_completion()": _whole,
}


def _count(url: str, read_all: Callable[[], object]) -> int:
    before = connections_used(url)
    read_all()
    return connections_used(url) - before


def _sync(url: str, read: Callable[[Any], object]) -> None:
    with Tensormesh(inference_api_key=API_KEY, serverless_base_url=url) as client:
        for _ in range(STREAMS):
            read(client.inference.serverless.chat.completions.create(**QUESTION))


async def _async(url: str, read: Callable[[Any], Awaitable[None]]) -> None:
    async with AsyncTensormesh(inference_api_key=API_KEY, serverless_base_url=url) as client:
        for _ in range(STREAMS):
            await read(await client.inference.serverless.chat.completions.create(**QUESTION))


def _run_async(url: str, read: Callable[[Any], Awaitable[None]]) -> None:
    asyncio.run(_async(url, read))


def _httpx(url: str) -> None:
    with httpx.Client() as client:
        for _ in range(STREAMS):
            with client.stream("POST", f"{url}/v1/chat/completions", json=BODY) as response:
                response.read()


def _openai(url: str) -> None:
    with openai().OpenAI(api_key=API_KEY, base_url=f"{url}/v1") as client:
        for _ in range(STREAMS):
            for _chunk in client.chat.completions.create(**QUESTION):
                pass


def run(setting: Setting) -> Iterator[Row]:
    """Every way to read a stream."""
    url = setting.url
    for name, read in READS.items():
        yield _row(name, _count(url, partial(_sync, url, read)), 1)
    for name, read_async in ASYNC_READS.items():
        yield _row(f"{name}, async", _count(url, partial(_run_async, url, read_async)), 1)
    yield _row("httpx, read to the end", _count(url, partial(_httpx, url)), None)
    if has_openai():
        yield _row("openai", _count(url, partial(_openai, url)), None)


def _row(name: str, count: int, target: int | None) -> Row:
    return Row(
        suite="connections",
        name=f"{STREAMS} streams, {name}",
        reached=count,
        unit="connections",
        target=target,
    )
