"""Starts a server in a process of its own, and asks it how many connections it saw."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import urlopen

from .paths import ROOT, environment


@contextmanager
def local_server(module: str = "benchmarks.server", *arguments: str) -> Iterator[str]:
    """The base URL of a running server, which ends with the block.

    Args:
        module: What to run; it prints its port.
        arguments: What it is told.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.communicate()


def connections_used(url: str) -> int:
    """How many connections have carried a POST until now."""
    with urlopen(f"{url}/connections") as response:
        return int(response.read())
