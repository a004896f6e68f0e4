"""Build the distributions."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from support.project_files import ROOT


@dataclass(frozen=True)
class Distributions:
    """A source archive and the wheel built from it."""

    wheel: Path
    archive: Path

    @classmethod
    def in_folder(cls, folder: Path) -> Distributions:
        """Return the distributions that were built into a folder."""
        (wheel,) = folder.glob("*.whl")
        (archive,) = folder.glob("*.tar.gz")
        return cls(wheel, archive)


def build_distributions(folder: Path) -> None:
    """Build both in a folder, like `make dist`."""
    done = subprocess.run(
        # An isolated build would download what the environment already has.
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
