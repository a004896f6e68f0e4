"""Keep many requests in flight. As a program, do so in step with other processes.

`python -m benchmarks.load URL IN_FLIGHT EACH` prints `ready` once its connections are open, starts
when it reads a line, and prints the measured `Load` as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from .clients import Open, Send, tensormesh_chat
from .measure import allow_open_files


@dataclass(frozen=True, slots=True)
class Load:
    """A measurement.

    Attributes:
        parts: How many responses or chunks were received.
        seconds: Wall-clock time.
        cpu_seconds: CPU time of this process.
    """

    parts: int
    seconds: float
    cpu_seconds: float


async def measure_load(
    opened: Open, url: str, in_flight: int, each: int, wait: Callable[[], object] | None = None
) -> Load:
    """Open a client and its connections, then measure it.

    Args:
        opened: Opens the client.
        url: Base URL of the server.
        in_flight: How many tasks send requests at the same time.
        each: How many requests each of them sends, one after the other.
        wait: Blocks before the measurement.
    """

    async def send_in_turn(send: Send) -> int:
        return sum([await send() for _ in range(each)])

    async with opened(url) as send:
        await asyncio.gather(*(send() for _ in range(in_flight)))
        if wait:
            await asyncio.to_thread(wait)
        start, cpu_start = time.perf_counter(), time.process_time()
        parts = sum(await asyncio.gather(*(send_in_turn(send) for _ in range(in_flight))))
        return Load(parts, time.perf_counter() - start, time.process_time() - cpu_start)


def _wait_for_line() -> None:
    print("ready", flush=True)
    sys.stdin.readline()


def main(url: str, in_flight: str, each: str) -> None:
    """Run one of several processes."""
    allow_open_files()
    load = measure_load(tensormesh_chat, url, int(in_flight), int(each), _wait_for_line)
    print(json.dumps(asdict(asyncio.run(load))))


if __name__ == "__main__":
    main(*sys.argv[1:])
