"""Sizing for 100,000 requests a minute, extrapolated from the measurements."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from tensormesh._http.links import LIMITS

from .processes import COST, IN_FLIGHT, RATE
from .report import Row
from .scale import BY_STREAMS

CALLS_A_SECOND = 100_000 / 60
# Assumed duration and length of a call.
SECONDS_A_CALL, CHUNKS_A_CALL = 5, 200
# Share of a core that leaves room for bursts.
CORE_SHARE = 0.6
# Private: the number of connections per client and host is not public.
CONNECTIONS = LIMITS.max_connections

_TEXT = """## Sizing for 100,000 requests a minute

100,000 requests a minute are {rate:,.0f} a second. This machine reached the following rates with
one client per process, {in_flight} calls in flight, and one server per process on the same
cores:

{measured}

CPU and connections are the limits. Each determines how many processes you need:

- **CPU.** A non-streamed call took {cost:,.0f} µs of client CPU in a single process, so
  {rate:,.0f} a second need {cores:.1f} cores. Processes needed, at {used:.0%} of a core each:
  **{by_cpu}**. Streamed calls with {chunks} chunks at {chunk:.1f} µs each, including the request,
  need {stream_cores:.1f} cores. Processes needed: **{by_streams}**.
- **Connections.** If a call takes {seconds} s, {rate:,.0f} calls a second mean {waiting:,.0f}
  calls in flight. A client opens at most {connections:,} connections to a host, and further calls
  wait. Processes needed: **{by_connections}**. Other durations scale proportionally.

Use the largest number that applies. These numbers are extrapolated from a single process. They
assume that processes share nothing but the network, and that a call always costs what it
costs with {in_flight} calls in flight. Measure on the machine that will do the work.

- Keep one `AsyncTensormesh` per process and event loop for the life of the process. A new client
  for each request pays for a new connection and TLS handshake each time.
- Run as many processes as the largest number above, but not more than there are cores. Threads that
  share a `Tensormesh` are limited to about one core by the GIL, and each blocks during its call.
- Limit the calls in flight, for example with an `asyncio.Semaphore` below {connections:,}. Waiting
  there costs nothing, and you can cancel a waiting call or turn it away.
- Allow enough file descriptors for all connections of a process (`ulimit -n`) and for the program.
"""


def sizing(rows: Sequence[Row]) -> str:
    """Return the section, or an empty text if a suite that it needs failed."""
    rates, costs = _points(rows, RATE), _points(rows, COST)
    chunk = _points(rows, f"{BY_STREAMS}, tensormesh").get(100)
    if 1 not in costs or not rates or chunk is None:
        return ""
    cores = CALLS_A_SECOND * costs[1] / 1e6
    stream_cores = CALLS_A_SECOND * CHUNKS_A_CALL * chunk / 1e6
    waiting = CALLS_A_SECOND * SECONDS_A_CALL
    measured = ["| processes | calls a second | CPU per call |", "| --- | --- | --- |"]
    measured += [f"| {at} | {rate:,.0f} | {costs[at]:,.0f} µs |" for at, rate in rates.items()]
    return _TEXT.format(
        rate=CALLS_A_SECOND,
        in_flight=IN_FLIGHT,
        measured="\n".join(measured),
        cost=costs[1],
        cores=cores,
        by_cpu=ceil(cores / CORE_SHARE),
        used=CORE_SHARE,
        chunks=CHUNKS_A_CALL,
        chunk=chunk,
        stream_cores=stream_cores,
        by_streams=ceil(stream_cores / CORE_SHARE),
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
