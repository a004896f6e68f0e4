"""Builds the project's distributions."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from support.project_files import ROOT


@dataclass(frozen=True)
class Distributions:
    """A source archive, and the wheel that was built from it."""

    wheel: Path
    archive: Path

    @classmethod
    def in_folder(cls, folder: Path) -> Distributions:
        """Return the distributions that were built into a folder."""
        (wheel,) = folder.glob("*.whl")
        (archive,) = folder.glob("*.tar.gz")
        return cls(wheel, archive)


def build_distributions(folder: Path) -> None:
    """Build both into a folder, as `make dist` does."""
    done = subprocess.run(
        # Isolation would only download what the environment has already.
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
