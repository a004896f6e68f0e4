"""What to run at 100,000 requests a minute, reckoned from what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from tensormesh._http.links import LIMITS

from .processes import COST, IN_FLIGHT, RATE
from .report import Row
from .scale import BY_STREAMS

CALLS_A_SECOND = 100_000 / 60
# What a call is taken to be, where its length matters.
SECONDS_A_CALL, CHUNKS_A_CALL = 5, 200
# Of a core, so that a wave of requests need not wait.
USED_OF_A_CORE = 0.6
# What one client opens to a host at most. Private: nothing public tells.
CONNECTIONS = LIMITS.max_connections

_TEXT = """## What to run at 100,000 requests a minute

That is {rate:,.0f} a second. Measured here, each process with one client, {in_flight} calls in
flight, and a server of its own that runs on the same cores:

{measured}

CPU and connections bound it, and each gives a number of processes:

- **CPU.** A whole answer took {cost:,.0f} µs of the client's CPU in one process, so {rate:,.0f} a
  second take {cores:.1f} cores, or {by_cpu} that use {used:.0%} of a core each. Streamed,
  {chunks} chunks of {chunk:.1f} µs, request included, are {stream_cores:.1f} cores, or
  {by_streams}.
- **Connections.** A call that takes {seconds} s is in flight for so long: {rate:,.0f} a second are
  {waiting:,.0f} at a time. A client opens {connections:,} connections to a host at most, and calls
  beyond that wait: {by_connections} for calls of {seconds} s, in proportion for others.

Take the largest of the numbers that apply. They are reckoned, not measured: figures of one process
are multiplied, which holds as processes share nothing but the network, and the cost of a call is
taken to be that at {in_flight} in flight. Measure on the machine that is to do the work.

- One `AsyncTensormesh` for each process and event loop, kept as long as the process lives. A client
  for each request pays for a connection and its TLS handshake each time.
- As many processes as the largest number above, but no more than cores for their CPU. Threads on a
  `Tensormesh` share one core's worth of Python, and each in-flight call holds one.
- A limit of your own on calls in flight, such as an `asyncio.Semaphore` below {connections:,}: what
  waits there costs nothing, and can be cancelled or refused.
- File descriptors for all connections of a process (`ulimit -n`), with room for the program's own.
"""


def advice(rows: Sequence[Row]) -> str:
    """The section, or nothing where a suite that it needs could not be measured."""
    rates, costs = _points(rows, RATE), _points(rows, COST)
    chunk = _points(rows, f"{BY_STREAMS}, tensormesh").get(100)
    if 1 not in costs or not rates or chunk is None:
        return ""
    cores = CALLS_A_SECOND * costs[1] / 1e6
    stream_cores = CALLS_A_SECOND * CHUNKS_A_CALL * chunk / 1e6
    waiting = CALLS_A_SECOND * SECONDS_A_CALL
    measured = ["| processes | calls a second | CPU of a call |", "| --- | --- | --- |"]
    measured += [f"| {at} | {rate:,.0f} | {costs[at]:,.0f} µs |" for at, rate in rates.items()]
    return _TEXT.format(
        rate=CALLS_A_SECOND,
        in_flight=IN_FLIGHT,
        measured="\n".join(measured),
        cost=costs[1],
        cores=cores,
        by_cpu=ceil(cores / USED_OF_A_CORE),
        used=USED_OF_A_CORE,
        chunks=CHUNKS_A_CALL,
        chunk=chunk,
        stream_cores=stream_cores,
        by_streams=ceil(stream_cores / USED_OF_A_CORE),
        seconds=SECONDS_A_CALL,
        waiting=waiting,
        connections=CONNECTIONS,
        by_connections=ceil(waiting / CONNECTIONS),
    )


def _points(rows: Sequence[Row], name: str) -> dict[int, float]:
    return {
        row.at: row.reached
        for row in rows
        if row.name == name and row.at is not None and row.reached is not None
    }
