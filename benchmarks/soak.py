"""Load with faults: `python -m benchmarks.soak [--seconds N] [--quick] [--json FILE]`.

500 tasks on one asynchronous client and 64 threads on one synchronous client ask a server of this
project, in a process of its own, for answers and faults in random order. Every request must end in
its right result or its right error, the server must have got each POST once, and neither memory
nor descriptors may grow.
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

from .local_server import local_server
from .soak_server import stream_text

SECONDS, QUICK_SECONDS = 120.0, 15.0
TASKS, THREADS = 500, 64
# More than any request takes that is not to time out; then a hanging one ends, and is a failure.
PATIENCE_SECONDS = 30.0
STALL_SECONDS = 3.0
# Phases in which a request that times out has not left yet.
BEFORE_SENDING = ("connect", "pool")
MOST_FAILURES = 20
# What a process may keep that has nothing to do with how long it runs.
GROWTH_SHARE, GROWTH_BYTES = 0.10, 8 * 1024 * 1024
DESCRIPTORS_LEFT = 4
SEED = 7
ANSWER_KINDS: dict[str, type[APIError] | None] = {
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
# Half of all requests go well, for a good answer must not suffer from the bad ones beside it.
GOOD_SHARE = 0.5
# Nobody knows whether it was sent before it was cancelled.
CANCELLED = "stream-cancelled"
CANCEL_SHARE = 0.05


@dataclass
class Findings:
    """What the callers saw. Threads and tasks share it."""

    sent: Counter[str] = field(default_factory=Counter)
    unsent: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    numbers: int = 0

    def begin(self, kind: str) -> int:
        """Count a request; give it its number."""
        with self.lock:
            self.sent[kind] += 1
            self.numbers += 1
            return self.numbers

    def judge(self, kind: str, number: int, found: object) -> None:
        """Compare a result, or the error in its place, with what is right."""
        expected = {**ANSWER_KINDS, **STREAM_KINDS}[kind]
        if isinstance(found, APITimeoutError) and found.phase in BEFORE_SENDING:
            # On a busy machine the short patience of a stall may end even before it is asked for.
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
    """Arguments of the call that asks for a kind."""
    patience = STALL_SECONDS if kind == "stream-stall" else PATIENCE_SECONDS
    return {"extra_headers": {"x-soak": f"{kind} {number}"}, "timeout_seconds": patience}


def question(kind: str, number: int) -> dict[str, Any]:
    """Arguments of a chat that asks for a kind."""
    messages = [{"role": "user", "content": "Say hello."}]
    return {"model": "m", "messages": messages, **options(kind, number)}


def choose(chance: random.Random, kinds: dict[str, type[APIError] | None]) -> str:
    """Any kind; half of the time the first, which goes well."""
    names = list(kinds)
    return names[0] if chance.random() < GOOD_SHARE else chance.choice(names)


def call_in_turn(client: Tensormesh, findings: Findings, end: float, worker: int) -> None:
    """What one thread does: answers, faults and streams, until the time is over."""
    chance = random.Random(SEED + worker)
    host = client.inference.serverless
    while time.monotonic() < end and len(findings.wrong) < MOST_FAILURES:
        kind = choose(chance, ANSWER_KINDS if chance.random() < 0.8 else STREAM_KINDS)
        number = findings.begin(kind)
        found: object
        try:
            if kind == "flaky-get":
                found = host.models.list(**options(kind, number)).data[0].id
            elif kind in ANSWER_KINDS:
                answer = host.chat.completions.create(**question(kind, number))
                found = answer.choices[0].message.content
            else:
                with host.chat.completions.create(**question(kind, number), stream=True) as stream:
                    texts = stream.text_deltas()
                    found = next(texts) if kind == "stream-abandoned" else "".join(texts)
        except Exception as error:
            found = error
        findings.judge(kind, number, found)


async def stream_in_turn(
    client: AsyncTensormesh, findings: Findings, end: float, worker: int
) -> None:
    """What one task does: stream after stream, until the time is over."""
    chance = random.Random(-SEED - worker)
    while time.monotonic() < end and len(findings.wrong) < MOST_FAILURES:
        if chance.random() < CANCEL_SHARE:
            await _cancel_one(client, findings, chance.random())
            continue
        kind = choose(chance, STREAM_KINDS)
        number = findings.begin(kind)
        found: object
        try:
            found = await _read(client, kind, number)
        except Exception as error:
            found = error
        findings.judge(kind, number, found)


async def _read(client: AsyncTensormesh, kind: str, number: int) -> str:
    create = client.inference.serverless.chat.completions.create
    async with await create(**question(kind, number), stream=True) as stream:
        texts = stream.text_deltas()
        if kind == "stream-abandoned":
            return await anext(texts)
        return "".join([text async for text in texts])


async def _cancel_one(client: AsyncTensormesh, findings: Findings, seconds: float) -> None:
    number = findings.begin(CANCELLED)
    task = asyncio.create_task(_read(client, CANCELLED, number))
    await asyncio.sleep(seconds)
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled() and (error := task.exception()) is not None:
        findings.wrong.append(f"{CANCELLED} {number}: {error!r:.200}")


@dataclass
class Watch:
    """Samples of the memory and the descriptors of this process, taken while others work."""

    memory: list[int] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)

    async def look(self, end: float) -> None:
        while time.monotonic() < end:
            await asyncio.sleep(0.25)
            self.memory.append(resident_bytes())
            self.descriptors.append(open_descriptors())

    def grown(self) -> tuple[int, int]:
        """Memory in the second and in the last quarter of the time."""
        quarter = max(1, len(self.memory) // 4)
        return (
            int(statistics.median(self.memory[quarter : 2 * quarter] or [0])),
            int(statistics.median(self.memory[-quarter:] or [0])),
        )


def resident_bytes() -> int:
    """Memory of this process; where the system does not tell, its highest so far."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return pages * os.sysconf("SC_PAGE_SIZE")


def open_descriptors() -> int:
    """Open files and sockets of this process."""
    return len(os.listdir("/dev/fd"))


async def load(url: str, seconds: float, findings: Findings) -> Watch:
    """Threads and tasks together, until all of them are done."""
    end = time.monotonic() + seconds
    settings: dict[str, Any] = {"inference_api_key": "soak", "serverless_base_url": url}
    watch = Watch()
    with Tensormesh(**settings, max_retries=2) as client:
        threads = [
            threading.Thread(target=call_in_turn, args=(client, findings, end, worker))
            for worker in range(THREADS)
        ]
        for thread in threads:
            thread.start()
        async with AsyncTensormesh(**settings) as streaming, asyncio.TaskGroup() as group:
            group.create_task(watch.look(end))
            for worker in range(TASKS):
                group.create_task(stream_in_turn(streaming, findings, end, worker))
        for thread in threads:
            await asyncio.to_thread(thread.join)
    return watch


def run(seconds: float) -> tuple[dict[str, Any], list[str]]:
    """Run it; give the figures, and what is wrong."""
    findings = Findings()
    lifetime = str(seconds + 3 * PATIENCE_SECONDS)
    with local_server("benchmarks.soak_server", lifetime) as url:
        before = open_descriptors()
        started = time.monotonic()
        watch = asyncio.run(load(url, seconds, findings))
        took = time.monotonic() - started
        with build_opener(ProxyHandler({})).open(f"{url}/counts") as answer:
            seen = Counter(json.loads(answer.read()))
        after = open_descriptors()
    early, late = watch.grown()
    most_streams = seen.pop("most-streams")
    figures = {
        "seconds": round(took, 1),
        "requests": findings.numbers,
        "requests a second": round(findings.numbers / took, 1),
        "by kind": dict(sorted(findings.sent.items())),
        "timed out before they were sent": dict(findings.unsent),
        "most streams at once": most_streams,
        "memory early, MiB": round(early / 2**20, 1),
        "memory late, MiB": round(late / 2**20, 1),
        "descriptors before": before,
        "descriptors at most": max(watch.descriptors, default=0),
        "descriptors after": after,
    }
    wrong = [*findings.wrong, *_miscounts(findings.sent - findings.unsent, seen)]
    if late > early * (1 + GROWTH_SHARE) + GROWTH_BYTES:
        wrong.append(f"memory grew from {early} to {late} bytes")
    if after > before + DESCRIPTORS_LEFT:
        wrong.append(f"descriptors grew from {before} to {after}")
    return figures, wrong


def _miscounts(sent: Counter[str], seen: Counter[str]) -> Iterator[str]:
    """Where the server got more or less than was sent; a flaky GET takes two tries."""
    for kind in sorted({*sent, *seen}):
        expected = sent[kind] * (2 if kind == "flaky-get" else 1)
        if seen[kind] > expected or (seen[kind] < expected and kind != CANCELLED):
            yield f"{kind}: {expected} requests were sent, the server got {seen[kind]}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it and print what was found. The exit status tells whether all was right."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="default: %(default)s")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_SECONDS:g} seconds")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    asked = parser.parse_args(arguments)
    figures, wrong = run(QUICK_SECONDS if asked.quick else asked.seconds)
    for name, value in figures.items():
        print(f"{name}: {value}")
    for line in wrong:
        print(f"WRONG: {line}")
    print("all requests ended as they should" if not wrong else f"{len(wrong)} things are wrong")
    if asked.json:
        text = json.dumps({"figures": figures, "wrong": wrong}, indent=2)
        asked.json.write_text(text + "\n", encoding="utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
