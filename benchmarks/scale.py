"""How the cost of a chunk grows with the streams at a time, and with the chunks of a stream."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from statistics import median

from .crowd_clients import Open, openai_stream, tensormesh_stream
from .crowd_load import crowd
from .measure import allow_open_files, take_turns
from .report import Row
from .setting import Setting, has_openai

CHUNKS = 50
STREAMS = (1, 10, 100, 300, 1000)
LENGTHS = (10, 100, 1000, 10_000, 100_000)
BY_STREAMS = f"CPU per chunk by concurrent streams of {CHUNKS} chunks"
BY_LENGTH = "CPU per chunk by length of a stream"
# A point has at least as many chunks, so that it is more than noise.
_LEAST_CHUNKS = 2000
# Chunks that a quick run reads with openai at most: they take 0.16 s a thousand.
_MOST_QUICK = 5000


def run(setting: Setting) -> Iterator[Row]:
    """Points of two curves, for each contestant."""
    allow_open_files()
    for streams in STREAMS:
        yield from _points(setting, BY_STREAMS, streams, in_flight=streams, chunks=CHUNKS)
    for length in LENGTHS:
        yield from _points(setting, BY_LENGTH, length, in_flight=1, chunks=length)


def _points(setting: Setting, curve: str, at: int, *, in_flight: int, chunks: int) -> Iterator[Row]:
    url = setting.streams("each", chunks)
    each = max(1, _LEAST_CHUNKS // (in_flight * chunks))
    contestants: dict[str, Open] = {"tensormesh": tensormesh_stream}
    if has_openai() and not (setting.quick and in_flight * chunks > _MOST_QUICK):
        contestants["openai"] = openai_stream

    def cost(opened: Open) -> float:
        return asyncio.run(crowd(opened, url, in_flight, each)).cpu_microseconds

    figures = take_turns(
        {name: lambda opened=opened: cost(opened) for name, opened in contestants.items()},  # type: ignore[misc]
        setting.choose(3, 1),
        warm_up=False,
    )
    for name, costs in figures.items():
        yield Row(suite="scale", name=f"{curve}, {name}", reached=median(costs), unit="µs", at=at)
