"""Settings of every test run."""

from __future__ import annotations

import gc
import os
import sys

# Without cached bytecode, each run compiles every test anew, and so does each `tm` that a test
# starts with the whole command line. Containers often turn the cache off.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_collection_finish() -> None:
    """Leave what was imported out of later garbage collections, which tests ask for often."""
    gc.collect()
    gc.freeze()
