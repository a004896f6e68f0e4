"""One of several processes that ask at a time: `python -m benchmarks.load URL IN_FLIGHT EACH`.

It prints `ready` once its connections are there, asks when it is given a line, and prints what
that took.
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict

from .crowd_clients import tensormesh_chat
from .crowd_load import measured
from .measure import allow_open_files


async def main(url: str, in_flight: int, each: int) -> None:
    """Run it."""
    allow_open_files()
    async with tensormesh_chat(url) as ask:
        await asyncio.gather(*(ask() for _ in range(in_flight)))
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        print(json.dumps(asdict(await measured(ask, in_flight, each))))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
