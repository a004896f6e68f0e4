"""Calls of several processes at a time, each with a client and a server of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack

from .crowd_load import Load
from .local_server import local_server
from .paths import ROOT, environment
from .report import Row
from .setting import Setting

IN_FLIGHT = 100
RATE = "calls a second by processes"
COST = "CPU of a call by processes"


def run(setting: Setting) -> Iterator[Row]:
    """One process, and twice as many until there are more than cores."""
    each = setting.choose(30, 2)
    count = 1
    while count <= 2 * (os.cpu_count() or 1):
        loads = _together(count, each)
        calls = sum(load.parts for load in loads)
        yield Row(
            suite="processes",
            name=RATE,
            at=count,
            reached=calls / max(load.seconds for load in loads),
            unit="calls/s",
            note=f"{IN_FLIGHT} in flight in each; {os.cpu_count()} cores, servers on them too",
        )
        yield Row(
            suite="processes",
            name=COST,
            at=count,
            reached=sum(load.cpu_seconds for load in loads) / calls * 1e6,
            unit="µs",
        )
        count *= 2


def _together(count: int, each: int) -> list[Load]:
    with ExitStack() as stack:
        users = [stack.enter_context(_user(stack, each)) for _ in range(count)]
        for user in users:
            assert user.stdout is not None
            user.stdout.readline()
        for user in users:
            assert user.stdin is not None
            user.stdin.write("\n")
            user.stdin.flush()
        return [Load(**json.loads(user.communicate()[0])) for user in users]


def _user(stack: ExitStack, each: int) -> subprocess.Popen[str]:
    url = stack.enter_context(local_server())
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.load", url, str(IN_FLIGHT), str(each)],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
