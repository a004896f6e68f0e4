"""Settings of every test run."""

from __future__ import annotations

import gc
import os
import sys

import pytest

# Without cached bytecode, each run compiles every test anew, and so does each `tm` that a test
# starts with the whole command line. Containers often turn the cache off.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Use more workers than cores: tests wait a lot, for processes, sockets and deadlines."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return cores + (cores + 1) // 2


def pytest_collection_finish() -> None:
    """Leave what was imported out of later garbage collections, which tests ask for often."""
    gc.collect()
    gc.freeze()
