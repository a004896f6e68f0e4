"""Chat calls and streams with the SDK and its peers."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeVar

import httpx

from tensormesh import AsyncTensormesh, Tensormesh

from .responses import MODEL

API_KEY = "benchmark-key"
HEADERS = {"Authorization": f"Bearer {API_KEY}"}
MESSAGES = [
    {"role": "system", "content": "You are a helpful assistant. Answer in one sentence."},
    {"role": "user", "content": "Say hello."},
]
CHAT: dict[str, Any] = {"model": MODEL, "messages": MESSAGES, "max_tokens": 64}
STREAM: dict[str, Any] = {"model": MODEL, "messages": MESSAGES, "stream": True}
PATH = "/v1/chat/completions"

T = TypeVar("T")
# Sends a request and returns the number of responses or chunks received.
Send = Callable[[], Awaitable[int]]
# Opens a client for a base URL.
Open = Callable[[str], AbstractAsyncContextManager[Send]]

# With 1,000 calls in flight, the last ones wait long for the server, and for a connection.
_TIMEOUT = 120


def is_installed(package: str) -> bool:
    """Whether a peer is installed."""
    return find_spec(package) is not None


def installed(contestants: dict[str, T], *names: str) -> dict[str, T]:
    """Return the named contestants whose packages are installed."""
    return {name: contestants[name] for name in names if is_installed(name)}


def tensormesh_completions(url: str) -> Any:
    """Return the chat completions of a new sync client of the SDK."""
    client = Tensormesh(inference_api_key=API_KEY, serverless_base_url=url)
    return client.inference.serverless.chat.completions


def openai_client(url: str) -> Any:
    """Return a new sync client. Untyped, because openai may be missing when types are checked."""
    return import_module("openai").OpenAI(api_key=API_KEY, base_url=f"{url}/v1")


def sync_chats(url: str) -> dict[str, Callable[[], object]]:
    """Return a function for each installed client that makes a chat call and reads its text."""
    ours = tensormesh_completions(url).create
    # Let each of many threads keep its connection.
    http = httpx.Client(headers=HEADERS, limits=httpx.Limits(max_keepalive_connections=None))
    chats: dict[str, Callable[[], object]] = {
        "tensormesh": lambda: ours(**CHAT).choices[0].message.content,
        "httpx": lambda: _text(http.post(url + PATH, json=CHAT).json()),
    }
    if is_installed("openai"):
        theirs = openai_client(url).chat.completions.create
        chats["openai"] = lambda: theirs(**CHAT).choices[0].message.content
    return chats


def _text(response: Any) -> object:
    return response["choices"][0]["message"]["content"]


def read(stream: Iterable[object]) -> None:
    """Read a stream to the end."""
    for _ in stream:
        pass


async def read_async(stream: AsyncIterable[object]) -> int:
    """Read a stream to the end and return the number of its items."""
    count = 0
    async for _ in stream:
        count += 1
    return count


@asynccontextmanager
async def open_tensormesh(url: str) -> AsyncIterator[Any]:
    """Open an async client of the SDK and yield its chat completions."""
    async with AsyncTensormesh(inference_api_key=API_KEY, serverless_base_url=url) as client:
        yield client.inference.serverless.chat.completions


@asynccontextmanager
async def open_openai(url: str) -> AsyncIterator[Any]:
    """Open an async client of openai and yield its chat completions."""
    make = import_module("openai").AsyncOpenAI
    base_url = f"{url}/v1"
    async with make(api_key=API_KEY, base_url=base_url, max_retries=0, timeout=_TIMEOUT) as client:
        yield client.chat.completions


async def _chat(completions: Any) -> int:
    response = await completions.create(**CHAT)
    _ = response.choices[0].message.content
    return 1


async def _stream(completions: Any) -> int:
    return await read_async(await completions.create(**STREAM))


@asynccontextmanager
async def _typed(
    open_completions: Callable[[str], AbstractAsyncContextManager[Any]],
    send: Callable[[Any], Awaitable[int]],
    url: str,
) -> AsyncIterator[Send]:
    async with open_completions(url) as completions:
        yield partial(send, completions)


@asynccontextmanager
async def aiohttp_chat(url: str, max_connections: int = 0) -> AsyncIterator[Send]:
    """Open a session of aiohttp. Responses are dicts. 0 means any number of connections."""
    aiohttp = import_module("aiohttp")
    connector = aiohttp.TCPConnector(limit=max_connections)
    async with aiohttp.ClientSession(headers=HEADERS, connector=connector) as session:

        async def send() -> int:
            async with session.post(url + PATH, json=CHAT) as response:
                _text(await response.json())
                return 1

        yield send


@asynccontextmanager
async def httpx_chat(url: str, max_connections: int | None = None) -> AsyncIterator[Send]:
    """Open an async client of httpx. Responses are dicts."""
    limits = httpx.Limits(max_connections=max_connections)
    async with httpx.AsyncClient(headers=HEADERS, limits=limits, timeout=_TIMEOUT) as client:

        async def send() -> int:
            _text((await client.post(url + PATH, json=CHAT)).json())
            return 1

        yield send


tensormesh_chat = partial(_typed, open_tensormesh, _chat)
ASYNC_CHATS: dict[str, Open] = {
    "tensormesh": tensormesh_chat,
    "httpx": httpx_chat,
    "aiohttp": aiohttp_chat,
    "openai": partial(_typed, open_openai, _chat),
}
ASYNC_STREAMS: dict[str, Open] = {
    "tensormesh": partial(_typed, open_tensormesh, _stream),
    "openai": partial(_typed, open_openai, _stream),
}
