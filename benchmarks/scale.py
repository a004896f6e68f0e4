"""CPU time of a chunk, by the number of concurrent streams and by the length of a stream."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial
from statistics import median

from .clients import ASYNC_STREAMS, Open, installed
from .load import measure_load
from .measure import Setting, allow_open_files, take_turns
from .report import Row

CHUNKS = 50
STREAMS = (1, 10, 100, 300, 1000)
LENGTHS = (10, 100, 1000, 10_000, 100_000)
BY_STREAMS = f"CPU per chunk by concurrent streams of {CHUNKS} chunks"
BY_LENGTH = "CPU per chunk by length of a stream"
# Chunks per measurement: enough to exceed noise, and for openai in a quick run few enough.
_MIN_CHUNKS, _MAX_QUICK = 2000, 5000


def run(setting: Setting) -> Iterator[Row]:
    """Measure the points of both curves."""
    allow_open_files()
    for streams in STREAMS:
        yield from _points(setting, BY_STREAMS, streams, in_flight=streams, chunks=CHUNKS)
    for length in LENGTHS:
        yield from _points(setting, BY_LENGTH, length, in_flight=1, chunks=length)


def _points(setting: Setting, curve: str, at: int, *, in_flight: int, chunks: int) -> Iterator[Row]:
    url = f"{setting.url}/each/{chunks}"
    each = max(1, _MIN_CHUNKS // (in_flight * chunks))
    contestants = installed(ASYNC_STREAMS, "tensormesh", "openai")
    if setting.quick and in_flight * chunks > _MAX_QUICK:
        contestants.pop("openai", None)

    def cost(opened: Open) -> float:
        load = asyncio.run(measure_load(opened, url, in_flight, each))
        return load.cpu_seconds / load.parts * 1e6

    timers = {name: partial(cost, opened) for name, opened in contestants.items()}
    for name, costs in take_turns(timers, setting.choose(3, 1), warm_up=False).items():
        yield Row(f"{curve}, {name}", median(costs), "µs", at=at)
