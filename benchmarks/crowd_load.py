"""Keeps many requests in flight, and tells what they took."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from .crowd_clients import Ask, Open


@dataclass(frozen=True, slots=True)
class Load:
    """What a crowd took.

    Attributes:
        parts: How many answers or chunks came.
        seconds: How long it took.
        cpu_seconds: CPU time of this process meanwhile.
    """

    parts: int
    seconds: float
    cpu_seconds: float

    @property
    def rate(self) -> float:
        """Answers or chunks a second."""
        return self.parts / self.seconds

    @property
    def cpu_microseconds(self) -> float:
        """CPU time of an answer or a chunk."""
        return self.cpu_seconds / self.parts * 1e6


async def crowd(opened: Open, url: str, in_flight: int, each: int) -> Load:
    """Measure `in_flight` users, of whom each asks `each` times, one after the other.

    All ask once beforehand, so that connections are there.
    """
    async with opened(url) as ask:
        await asyncio.gather(*(ask() for _ in range(in_flight)))
        return await measured(ask, in_flight, each)


async def measured(ask: Ask, in_flight: int, each: int) -> Load:
    """The same with a client that is open and warm."""

    async def user() -> int:
        return sum([await ask() for _ in range(each)])

    start, cpu_start = time.perf_counter(), time.process_time()
    parts = sum(await asyncio.gather(*(user() for _ in range(in_flight))))
    return Load(parts, time.perf_counter() - start, time.process_time() - cpu_start)
