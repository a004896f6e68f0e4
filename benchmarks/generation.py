"""How long it takes to generate the client from the specs, and to check it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from .paths import ROOT, environment
from .report import Row
from .setting import Setting

# All that the generator reads and writes.
_NEEDED = (
    *("codegen.py", "pyproject.toml", "specs", "templates", "generated"),
    "overlay/tensormesh_codegen",
)
TARGETS = {"generate": 10, "check": 12}


def run(setting: Setting) -> Iterator[Row]:
    """Both commands, in a copy of the project."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in _NEEDED:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, root / name)
            else:
                shutil.copy(ROOT / name, root / name)
        for command, target in TARGETS.items():
            seconds = [_seconds(root, command) for _ in range(setting.choose(3, 1))]
            yield Row(
                suite="generation",
                name=f"codegen.py {command}",
                reached=sorted(seconds)[len(seconds) // 2],
                unit="s",
                target=target,
            )


def _seconds(root: Path, command: str) -> float:
    start = time.perf_counter()
    environ = {key: value for key, value in environment().items() if key != "PYTHONPATH"}
    subprocess.run(
        [sys.executable, "codegen.py", command],
        cwd=root,
        env=environ,
        capture_output=True,
        check=True,
    )
    return time.perf_counter() - start
