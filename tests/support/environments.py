"""Virtual environments for tests, and folders that all workers of a run share."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def make_environment(folder: Path, *requirements: str) -> Path:
    """Make a virtual environment with some packages and return its Python."""
    # The pip of this environment installs into the other: to install pip there takes seconds.
    _run(sys.executable, "-m", "venv", "--without-pip", str(folder))
    python = environment_python(folder)
    _run(sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", *requirements)
    return python


def environment_python(folder: Path) -> Path:
    """Return the Python of the virtual environment in a folder."""
    return folder / ("Scripts" if os.name == "nt" else "bin") / "python"


def shared_folder(
    factory: pytest.TempPathFactory, name: str, fill: Callable[[Path], object]
) -> Path:
    """Return a folder that is filled once for all workers of this run."""
    base = factory.getbasetemp()
    root = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return filled_once(root / name, fill)


def filled_once(folder: Path, fill: Callable[[Path], object]) -> Path:
    """Return a folder, filled unless a process has done that before."""
    finished = folder.with_name(f"{folder.name}.finished")
    with FileLock(folder.with_name(f"{folder.name}.lock")):
        if not finished.exists():
            fill(folder)
            finished.touch()
    return folder


def _run(*command: str) -> None:
    """Run a command that sees no Python settings of this process."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("PYTHON")
    }
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
