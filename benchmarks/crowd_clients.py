"""Asynchronous clients of a crowd: each opens, and gives a function that asks once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib import import_module
from typing import Any

import httpx

from tensormesh import AsyncTensormesh

from .answers import MODEL
from .setting import API_KEY, MESSAGES, openai

# Asks once, and gives how many answers or chunks came.
Ask = Callable[[], Awaitable[int]]
Open = Callable[[str], AbstractAsyncContextManager[Ask]]

_HEADERS = {"Authorization": f"Bearer {API_KEY}"}
# Of a crowd, the last one waits for long, and for its connection as well.
_SECONDS = 120
_BODY = {"model": MODEL, "messages": MESSAGES, "max_tokens": 64}


@asynccontextmanager
async def tensormesh_chat(url: str) -> AsyncIterator[Ask]:
    """Typed answers by the SDK."""
    async with AsyncTensormesh(inference_api_key=API_KEY, serverless_base_url=url) as client:
        yield _chat(client.inference.serverless.chat.completions)


@asynccontextmanager
async def openai_chat(url: str) -> AsyncIterator[Ask]:
    """Typed answers by openai."""
    async with _openai(url) as client:
        yield _chat(client.chat.completions)


@asynccontextmanager
async def aiohttp_chat(url: str) -> AsyncIterator[Ask]:
    """Dicts by aiohttp, with as many connections as it likes."""
    aiohttp = import_module("aiohttp")
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(headers=_HEADERS, connector=connector) as session:

        async def ask() -> int:
            async with session.post(f"{url}/v1/chat/completions", json=_BODY) as response:
                return len((await response.json())["choices"])

        yield ask


@asynccontextmanager
async def httpx_chat(url: str) -> AsyncIterator[Ask]:
    """Dicts by httpx, with as many connections as it likes."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(headers=_HEADERS, limits=limits, timeout=_SECONDS) as client:

        async def ask() -> int:
            response = await client.post(f"{url}/v1/chat/completions", json=_BODY)
            return len(response.json()["choices"])

        yield ask


@asynccontextmanager
async def tensormesh_stream(url: str) -> AsyncIterator[Ask]:
    """Typed chunks by the SDK."""
    async with AsyncTensormesh(inference_api_key=API_KEY, serverless_base_url=url) as client:
        yield _stream(client.inference.serverless.chat.completions)


@asynccontextmanager
async def openai_stream(url: str) -> AsyncIterator[Ask]:
    """Typed chunks by openai."""
    async with _openai(url) as client:
        yield _stream(client.chat.completions)


def _openai(url: str) -> Any:
    return openai().AsyncOpenAI(
        api_key=API_KEY, base_url=f"{url}/v1", max_retries=0, timeout=_SECONDS
    )


def _chat(completions: Any) -> Ask:
    async def ask() -> int:
        answer = await completions.create(model=MODEL, messages=MESSAGES, max_tokens=64)
        return len(answer.choices)

    return ask


def _stream(completions: Any) -> Ask:
    async def ask() -> int:
        count = 0
        async for _ in await completions.create(model=MODEL, messages=MESSAGES, stream=True):
            count += 1
        return count

    return ask
