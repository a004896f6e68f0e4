"""CPU time of each chunk of a long stream, sync and async."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import httpx

from .clients import (
    HEADERS,
    PATH,
    STREAM,
    is_installed,
    open_openai,
    open_tensormesh,
    openai_client,
    read,
    read_async,
    tensormesh_completions,
)
from .measure import Setting, cpu_timer, ratio_row, show_medians, take_turns
from .report import Row

CHUNKS = 5000
LAYOUTS = {"each": "one event per HTTP chunk", "packed": "many events per HTTP chunk"}
# Highest cost of a typed chunk, relative to httpx with dicts and to openai.
TARGETS: dict[str, tuple[float, float | None]] = {"each": (0.5, 0.07), "packed": (0.9, None)}

Readers = dict[str, Callable[[], object]]


def run(setting: Setting) -> Iterator[Row]:
    """Compare sync and async clients, for both layouts."""
    for layout, title in LAYOUTS.items():
        url = f"{setting.url}/{layout}/{CHUNKS}"
        yield from _compare(setting, title, TARGETS[layout], _sync_readers(url))
        stack = AsyncExitStack()
        with asyncio.Runner() as runner:
            readers = runner.run(_async_readers(url, runner, stack))
            yield from _compare(setting, f"{title}, async", TARGETS[layout], readers)
            runner.run(stack.aclose())


def _sync_readers(url: str) -> Readers:
    create = tensormesh_completions(url).create
    http = httpx.Client(headers=HEADERS)

    def read_dicts() -> None:
        with http.stream("POST", url + PATH, json=STREAM) as response:
            for line in response.iter_lines():
                if line.startswith("data: ") and line != "data: [DONE]":
                    json.loads(line[6:])

    readers: Readers = {
        "chunks": lambda: read(create(**STREAM)),
        "text_deltas": lambda: read(create(**STREAM).text_deltas()),
        "httpx": read_dicts,
    }
    if is_installed("openai"):
        theirs = openai_client(url).chat.completions.create
        readers["openai"] = lambda: read(theirs(**STREAM))
    return readers


async def _async_readers(url: str, runner: asyncio.Runner, stack: AsyncExitStack) -> Readers:
    ours = (await stack.enter_async_context(open_tensormesh(url))).create
    http = await stack.enter_async_context(httpx.AsyncClient(headers=HEADERS))

    async def read_typed(create: Any, *, text: bool = False) -> None:
        stream = await create(**STREAM)
        await read_async(stream.text_deltas() if text else stream)

    async def read_dicts() -> None:
        async with http.stream("POST", url + PATH, json=STREAM) as response:
            async for line in response.aiter_lines():
                if line.startswith("data: ") and line != "data: [DONE]":
                    json.loads(line[6:])

    readers: dict[str, Callable[[], Coroutine[None, None, None]]] = {
        "chunks": partial(read_typed, ours),
        "text_deltas": partial(read_typed, ours, text=True),
        "httpx": read_dicts,
    }
    if is_installed("openai"):
        theirs = (await stack.enter_async_context(open_openai(url))).create
        readers["openai"] = partial(read_typed, theirs)

    def in_loop(reader: Callable[[], Coroutine[None, None, None]]) -> None:
        runner.run(reader())

    return {name: partial(in_loop, reader) for name, reader in readers.items()}


def _compare(
    setting: Setting, title: str, targets: tuple[float, float | None], readers: Readers
) -> Iterator[Row]:
    timers = {name: cpu_timer(reader, parts=CHUNKS) for name, reader in readers.items()}
    figures = take_turns(timers, setting.choose(9, 2))
    note = show_medians(figures, "{:.1f} µs")
    name = f"{title}: typed chunk / httpx with dicts"
    yield ratio_row(figures, name, "chunks", "httpx", targets[0], note=note)
    yield ratio_row(figures, f"{title}: text delta / typed chunk", "text_deltas", "chunks", 1)
    yield ratio_row(figures, f"{title}: typed chunk / openai", "chunks", "openai", targets[1])
