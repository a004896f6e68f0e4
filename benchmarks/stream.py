"""CPU of each chunk of a long stream, synchronous and asynchronous."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from statistics import median

import httpx

from tensormesh import AsyncTensormesh, Tensormesh

from .answers import MODEL
from .measure import cpu_microseconds, ratio, take_turns
from .report import Row
from .setting import API_KEY, MESSAGES, Setting, has_openai, openai

CHUNKS = 5000
BODY = {"model": MODEL, "messages": MESSAGES, "stream": True}
HEADERS = {"Authorization": f"Bearer {API_KEY}"}
LAYOUTS = {"each": "one event per HTTP chunk", "packed": "many events per HTTP chunk"}
# The most that a typed chunk should cost of httpx with dicts, and of openai.
TARGETS: dict[str, tuple[float, float | None]] = {"each": (0.5, 0.07), "packed": (0.9, None)}

Read = Callable[[], object]
AsyncRead = Callable[[], Coroutine[None, None, None]]


def _sync(url: str) -> dict[str, Read]:
    client = Tensormesh(inference_api_key=API_KEY, serverless_base_url=url)
    completions = client.inference.serverless.chat.completions
    bare = httpx.Client(headers=HEADERS)

    def chunks() -> None:
        for _ in completions.create(model=MODEL, messages=MESSAGES, stream=True):
            pass

    def text_deltas() -> None:
        for _ in completions.create(model=MODEL, messages=MESSAGES, stream=True).text_deltas():
            pass

    def dicts() -> None:
        with bare.stream("POST", f"{url}/v1/chat/completions", json=BODY) as response:
            for line in response.iter_lines():
                if line.startswith("data: ") and line != "data: [DONE]":
                    json.loads(line[6:])

    readers: dict[str, Read] = {"chunks": chunks, "text_deltas": text_deltas, "httpx": dicts}
    if has_openai():
        readers["openai"] = _openai(url)
    return readers


def _openai(url: str) -> Read:
    completions = openai().OpenAI(api_key=API_KEY, base_url=f"{url}/v1").chat.completions

    def read() -> None:
        for _ in completions.create(model=MODEL, messages=MESSAGES, stream=True):
            pass

    return read


def _async(url: str, runner: asyncio.Runner) -> dict[str, Read]:
    client = AsyncTensormesh(inference_api_key=API_KEY, serverless_base_url=url)
    completions = client.inference.serverless.chat.completions
    bare = httpx.AsyncClient(headers=HEADERS)

    async def chunks() -> None:
        async for _ in await completions.create(model=MODEL, messages=MESSAGES, stream=True):
            pass

    async def text_deltas() -> None:
        stream = await completions.create(model=MODEL, messages=MESSAGES, stream=True)
        async for _ in stream.text_deltas():
            pass

    async def dicts() -> None:
        async with bare.stream("POST", f"{url}/v1/chat/completions", json=BODY) as response:
            async for line in response.aiter_lines():
                if line.startswith("data: ") and line != "data: [DONE]":
                    json.loads(line[6:])

    readers: dict[str, AsyncRead] = {
        "chunks": chunks,
        "text_deltas": text_deltas,
        "httpx": dicts,
    }
    if has_openai():
        readers["openai"] = _async_openai(url)
    return {name: _in_loop(runner, read) for name, read in readers.items()}


def _async_openai(url: str) -> AsyncRead:
    completions = openai().AsyncOpenAI(api_key=API_KEY, base_url=f"{url}/v1").chat.completions

    async def read() -> None:
        async for _ in await completions.create(model=MODEL, messages=MESSAGES, stream=True):
            pass

    return read


def _in_loop(runner: asyncio.Runner, read: AsyncRead) -> Read:
    return lambda: runner.run(read())


def _measure(read: Read) -> Callable[[], float]:
    return lambda: cpu_microseconds(read, CHUNKS)


def run(setting: Setting) -> Iterator[Row]:
    """Both layouts, both kinds of client."""
    for layout, title in LAYOUTS.items():
        url = setting.streams(layout, CHUNKS)
        yield from _compare(setting, title, TARGETS[layout], _sync(url))
        with asyncio.Runner() as runner:
            readers = _async(url, runner)
            yield from _compare(setting, f"{title}, async", TARGETS[layout], readers)


def _compare(
    setting: Setting,
    title: str,
    targets: tuple[float, float | None],
    readers: dict[str, Read],
) -> Iterator[Row]:
    figures = take_turns(
        {name: _measure(read) for name, read in readers.items()}, setting.choose(9, 2)
    )
    shown = ", ".join(f"{name} {median(values):.1f} µs" for name, values in figures.items())
    yield Row(
        suite="stream",
        name=f"{title}: typed chunk / httpx with dicts",
        reached=ratio(figures, "chunks", "httpx"),
        target=targets[0],
        note=shown,
    )
    yield Row(
        suite="stream",
        name=f"{title}: text delta / typed chunk",
        reached=ratio(figures, "text_deltas", "chunks"),
        target=1,
    )
    yield Row(
        suite="stream",
        name=f"{title}: typed chunk / openai",
        reached=ratio(figures, "chunks", "openai") if has_openai() else None,
        target=targets[1],
        note="" if has_openai() else "openai is not installed",
    )
