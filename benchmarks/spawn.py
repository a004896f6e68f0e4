"""Start Python processes and local servers in a clean environment."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCES = (ROOT / "overlay", ROOT / "generated")

# Imports take twice as long without bytecode. The user's certificates would change the figures, and
# so would proxies and the settings of the clients.
_UNWANTED = ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "SSL_CERT_FILE", "SSL_CERT_DIR")


def _environment() -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in _UNWANTED
        and not name.lower().endswith("_proxy")
        and not name.startswith(("TENSORMESH_", "OPENAI_", "TM_"))
    }
    path = os.pathsep.join(map(str, (*SOURCES, ROOT)))
    return {**kept, "PYTHONPATH": path, "TM_CONFIG_HOME": str(ROOT / "no-such-folder")}


def start_python(*arguments: str) -> subprocess.Popen[str]:
    """Start Python with pipes for its standard input and output."""
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def run_python(*arguments: str, folder: Path = ROOT) -> str:
    """Run Python in a folder and return what it prints.

    Raises:
        RuntimeError: It failed.
    """
    result = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise RuntimeError(result.stderr)
    return result.stdout


@contextmanager
def local_server(module: str = "benchmarks.server", *arguments: str) -> Iterator[str]:
    """Run a module that prints its port, and stop it at the end of the block.

    Yields:
        The base URL of the server.
    """
    process = start_python("-m", module, *arguments)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.communicate()
