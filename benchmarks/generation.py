"""Time to generate the client from the specs, and to check it."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median_high

from .measure import Setting
from .report import Row
from .spawn import ROOT, run_python

# Everything the generator reads and writes.
_FOLDERS = ("specs", "templates", "generated", "overlay/tensormesh_codegen")
TARGETS = {"generate": 10, "check": 12}


def run(setting: Setting) -> Iterator[Row]:
    """Run both commands in a copy of the project."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in _FOLDERS:
            shutil.copytree(ROOT / name, root / name)
        for name in ("codegen.py", "pyproject.toml"):
            shutil.copy(ROOT / name, root / name)
        for command, target in TARGETS.items():
            seconds = [_seconds(root, command) for _ in range(setting.choose(3, 1))]
            yield Row(f"codegen.py {command}", median_high(seconds), "s", target=target)


def _seconds(root: Path, command: str) -> float:
    start = time.perf_counter()
    # -E ignores PYTHONPATH, which leads to the original.
    run_python("-E", "codegen.py", command, folder=root)
    return time.perf_counter() - start
