"""Load with faults: `python -m benchmarks.soak [--seconds N]`.

500 tasks on one async client and 64 threads on one sync client send requests to a server that
responds correctly or with a fault, at random. Every request must end with its own result or the
right error, the server must receive each POST once, and neither memory nor file descriptors may
grow.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import resource
import statistics
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, build_opener

from tensormesh import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    AsyncTensormesh,
    BadRequestError,
    InternalServerError,
    ProtocolError,
    RateLimitError,
    StreamError,
    Tensormesh,
)

from .soak_server import stream_text
from .spawn import local_server

SECONDS = 120.0
TASKS, THREADS = 500, 64
# Much longer than any request takes, so that only a hanging one times out. Stalls time out sooner.
TIMEOUT_SECONDS, STALL_SECONDS = 30.0, 3.0
# Phases in which a request times out before it is sent.
BEFORE_SENDING = ("connect", "pool")
MAX_FAILURES = 20
# Growth that has nothing to do with the duration of the run.
GROWTH_SHARE, GROWTH_BYTES, GROWTH_DESCRIPTORS = 0.10, 8 * 1024 * 1024, 4
SEED = 7
# Kinds of requests, and the errors they must end with.
CALL_KINDS: dict[str, type[APIError] | None] = {
    "answer": None,
    "flaky-get": None,
    "status-400": BadRequestError,
    "status-429": RateLimitError,
    "status-500": InternalServerError,
    "status-503": InternalServerError,
    "reset": APIConnectionError,
    "short-body": APIConnectionError,
    "not-json": ProtocolError,
}
STREAM_KINDS: dict[str, type[APIError] | None] = {
    "stream": None,
    "stream-abandoned": None,
    "stream-cut": StreamError,
    "stream-reset": StreamError,
    "stream-malformed": StreamError,
    "stream-error": StreamError,
    "stream-stall": APITimeoutError,
}
# Share of requests without faults: they must not suffer from the others.
GOOD_SHARE = 0.5
# A cancelled request may have been sent or not.
CANCELLED, CANCELLED_SHARE = "stream-cancelled", 0.05


@dataclass
class Findings:
    """Results of all threads and tasks."""

    sent: Counter[str] = field(default_factory=Counter)
    unsent: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    numbers: int = 0

    def begin(self, kind: str) -> int:
        """Count a request and return its number."""
        with self.lock:
            self.sent[kind] += 1
            self.numbers += 1
            return self.numbers

    def check(self, kind: str, number: int, found: object) -> None:
        """Compare a result or an error with what is expected."""
        expected = {**CALL_KINDS, **STREAM_KINDS}[kind]
        if isinstance(found, APITimeoutError) and found.phase in BEFORE_SENDING:
            # On a busy machine, the short timeout of a stall may end before it is requested.
            with self.lock:
                self.unsent[kind] += 1
        if expected is not None:
            is_right = isinstance(found, expected)
        elif kind == "stream":
            is_right = found == stream_text(number)
        elif kind == "stream-abandoned":
            is_right = found == f"{number}/0 "
        else:
            is_right = found == str(number)
        if not is_right:
            with self.lock:
                self.wrong.append(f"{kind} {number}: {type(found).__name__}: {found!s:.200}")


def options(kind: str, number: int) -> dict[str, Any]:
    """Return the arguments of a call that request a kind of response."""
    timeout = STALL_SECONDS if kind == "stream-stall" else TIMEOUT_SECONDS
    return {"extra_headers": {"x-soak": f"{kind} {number}"}, "timeout_seconds": timeout}


def chat(kind: str, number: int) -> dict[str, Any]:
    """Return the arguments of a chat that request a kind of response."""
    messages = [{"role": "user", "content": "Say hello."}]
    return {"model": "m", "messages": messages, **options(kind, number)}


def pick_kind(chance: random.Random, kinds: dict[str, type[APIError] | None]) -> str:
    """Pick the first kind, which has no fault, or any."""
    names = list(kinds)
    return names[0] if chance.random() < GOOD_SHARE else chance.choice(names)


def run_thread(client: Tensormesh, findings: Findings, end: float, worker: int) -> None:
    """Send calls and streams, with and without faults, until the time is up."""
    chance = random.Random(SEED + worker)
    while time.monotonic() < end and len(findings.wrong) < MAX_FAILURES:
        kind = pick_kind(chance, CALL_KINDS if chance.random() < 0.8 else STREAM_KINDS)
        number = findings.begin(kind)
        found: object
        try:
            found = _send(client, kind, number)
        except Exception as error:
            found = error
        findings.check(kind, number, found)


def _send(client: Tensormesh, kind: str, number: int) -> object:
    host = client.inference.serverless
    if kind == "flaky-get":
        return host.models.list(**options(kind, number)).data[0].id
    if kind in CALL_KINDS:
        return host.chat.completions.create(**chat(kind, number)).choices[0].message.content
    with host.chat.completions.create(**chat(kind, number), stream=True) as stream:
        texts = stream.text_deltas()
        return next(texts) if kind == "stream-abandoned" else "".join(texts)


async def run_task(client: AsyncTensormesh, findings: Findings, end: float, worker: int) -> None:
    """Send streams, with and without faults, until the time is up."""
    chance = random.Random(-SEED - worker)
    while time.monotonic() < end and len(findings.wrong) < MAX_FAILURES:
        if chance.random() < CANCELLED_SHARE:
            await _cancel_stream(client, findings, chance.random())
            continue
        kind = pick_kind(chance, STREAM_KINDS)
        number = findings.begin(kind)
        found: object
        try:
            found = await _read(client, kind, number)
        except Exception as error:
            found = error
        findings.check(kind, number, found)


async def _read(client: AsyncTensormesh, kind: str, number: int) -> str:
    create = client.inference.serverless.chat.completions.create
    async with await create(**chat(kind, number), stream=True) as stream:
        texts = stream.text_deltas()
        if kind == "stream-abandoned":
            return await anext(texts)
        return "".join([text async for text in texts])


async def _cancel_stream(client: AsyncTensormesh, findings: Findings, seconds: float) -> None:
    number = findings.begin(CANCELLED)
    task = asyncio.create_task(_read(client, CANCELLED, number))
    await asyncio.sleep(seconds)
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled() and (error := task.exception()) is not None:
        findings.wrong.append(f"{CANCELLED} {number}: {error!r:.200}")


@dataclass
class Usage:
    """Samples of the memory and file descriptors of this process."""

    memory: list[int] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)

    async def sample(self, end: float) -> None:
        while time.monotonic() < end:
            await asyncio.sleep(0.25)
            self.memory.append(resident_bytes())
            self.descriptors.append(open_descriptors())

    def memory_early_and_late(self) -> tuple[int, int]:
        """Return the median memory in the second and in the last quarter of the run."""
        quarter = max(1, len(self.memory) // 4)
        early, late = self.memory[quarter : 2 * quarter], self.memory[-quarter:]
        return int(statistics.median(early or [0])), int(statistics.median(late or [0]))


def resident_bytes() -> int:
    """Return the memory of this process, or its peak if the system reports nothing else."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return pages * os.sysconf("SC_PAGE_SIZE")


def open_descriptors() -> int:
    """Return the number of open files and sockets of this process."""
    return len(os.listdir("/dev/fd"))


async def run_workers(url: str, seconds: float, findings: Findings) -> Usage:
    """Run all threads and tasks to their end."""
    end = time.monotonic() + seconds
    settings: dict[str, Any] = {"inference_api_key": "soak", "serverless_base_url": url}
    usage = Usage()
    with Tensormesh(**settings, max_retries=2) as client:
        threads = [
            threading.Thread(target=run_thread, args=(client, findings, end, worker))
            for worker in range(THREADS)
        ]
        for thread in threads:
            thread.start()
        async with AsyncTensormesh(**settings) as streaming, asyncio.TaskGroup() as group:
            group.create_task(usage.sample(end))
            for worker in range(TASKS):
                group.create_task(run_task(streaming, findings, end, worker))
        for thread in threads:
            await asyncio.to_thread(thread.join)
    return usage


def run(seconds: float) -> tuple[dict[str, Any], list[str]]:
    """Run the load. Return the figures, and everything that is wrong."""
    findings = Findings()
    lifetime = str(seconds + 3 * TIMEOUT_SECONDS)
    with local_server("benchmarks.soak_server", lifetime) as url:
        before = open_descriptors()
        started = time.monotonic()
        usage = asyncio.run(run_workers(url, seconds, findings))
        took = time.monotonic() - started
        with build_opener(ProxyHandler({})).open(f"{url}/counts") as response:
            received = Counter(json.loads(response.read()))
        after = open_descriptors()
    early, late = usage.memory_early_and_late()
    figures = {
        "seconds": round(took, 1),
        "requests": findings.numbers,
        "requests per second": round(findings.numbers / took, 1),
        "by kind": dict(sorted(findings.sent.items())),
        "timed out before they were sent": dict(findings.unsent),
        "maximum of concurrent streams": received.pop("most-streams"),
        "memory early, MiB": round(early / 2**20, 1),
        "memory late, MiB": round(late / 2**20, 1),
        "descriptors before": before,
        "maximum of descriptors": max(usage.descriptors, default=0),
        "descriptors after": after,
    }
    wrong = [*findings.wrong, *_miscounts(findings.sent - findings.unsent, received)]
    if late > early * (1 + GROWTH_SHARE) + GROWTH_BYTES:
        wrong.append(f"memory grew from {early} to {late} bytes")
    if after > before + GROWTH_DESCRIPTORS:
        wrong.append(f"descriptors grew from {before} to {after}")
    return figures, wrong


def _miscounts(sent: Counter[str], received: Counter[str]) -> Iterator[str]:
    """Yield kinds of which the server received too few or too many requests."""
    for kind in sorted({*sent, *received}):
        expected = sent[kind] * (2 if kind == "flaky-get" else 1)  # It is retried once.
        if received[kind] > expected or (received[kind] < expected and kind != CANCELLED):
            yield f"{kind}: {expected} requests were sent, the server received {received[kind]}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the load and print the figures. Return 1 if anything is wrong, else 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="default: %(default)s")
    figures, wrong = run(parser.parse_args(arguments).seconds)
    for name, value in figures.items():
        print(f"{name}: {value}")
    for line in wrong:
        print(f"WRONG: {line}")
    print("all requests ended as expected" if not wrong else f"{len(wrong)} errors")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
