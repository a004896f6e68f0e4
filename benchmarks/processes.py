"""Rate of several processes that make calls, each with a client and a server of its own."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack

from .load import Load
from .measure import Setting
from .report import Row
from .spawn import local_server, start_python

IN_FLIGHT = 100
RATE = "calls a second by processes"
COST = "CPU of a call by processes"


def run(setting: Setting) -> Iterator[Row]:
    """Double the number of processes from one to twice the number of cores."""
    each = setting.choose(30, 2)
    cores = os.cpu_count() or 1
    note = f"{IN_FLIGHT} in flight in each; {cores} cores, servers on them too"
    count = 1
    while count <= 2 * cores:
        loads = _run_together(count, each)
        calls = sum(load.parts for load in loads)
        rate = calls / max(load.seconds for load in loads)
        yield Row(RATE, rate, "calls/s", at=count, note=note)
        yield Row(COST, sum(load.cpu_seconds for load in loads) / calls * 1e6, "µs", at=count)
        count *= 2


def _run_together(count: int, each: int) -> list[Load]:
    with ExitStack() as stack:
        urls = [stack.enter_context(local_server()) for _ in range(count)]
        arguments = (str(IN_FLIGHT), str(each))
        callers = [
            stack.enter_context(start_python("-m", "benchmarks.load", url, *arguments))
            for url in urls
        ]
        for caller in callers:
            assert caller.stdout is not None
            caller.stdout.readline()
        for caller in callers:
            assert caller.stdin is not None
            caller.stdin.write("\n")
            caller.stdin.flush()
        return [Load(**json.loads(caller.communicate()[0])) for caller in callers]
