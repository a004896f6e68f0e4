"""Install the wheel alone into a fresh environment and use it there: `make smoke`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

PROGRAM = Path(__file__).parents[1] / "packaging" / "smoke.py"
EXPECTED = "Hello!\n" * 3


def run(*command: str | Path) -> str:
    """Run a command without the Python settings of the caller and return its output.

    Raises:
        AssertionError: The command failed.
    """
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("PYTHON")
    }
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def install(wheel: Path, folder: Path, extra: str = "") -> Path:
    """Install a wheel by its path into a new environment and return the folder of its programs."""
    run(sys.executable, "-m", "venv", folder)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    run(programs / "python", "-m", "pip", "install", "--quiet", f"{wheel}{extra}")
    return programs


def main(dist: Path) -> None:
    """Check the only wheel in a folder, without extras and with `cli`."""
    (wheel,) = dist.glob("*.whl")
    for extra in ("", "[cli]"):
        with TemporaryDirectory() as folder:
            programs = install(wheel.resolve(), Path(folder), extra)
            assert run(programs / "python", "-I", "-W", "error", PROGRAM) == EXPECTED
            print(f"{wheel.name}{extra}: {run(programs / 'tm', '--version').strip()}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
