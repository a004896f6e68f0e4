"""The files of the project: those that are committed, or will be."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Skipped in a source archive, where git cannot tell.
NOT_OURS = {"__pycache__", "build", "dist", ".git"}


@cache
def project_files() -> list[Path]:
    """Return all files that git does not ignore, relative to the root and sorted."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0:
        paths = {Path(name) for name in listed.stdout.split("\0") if name}
    else:
        paths = {
            path.relative_to(ROOT)
            for path in ROOT.rglob("*")
            if not NOT_OURS.intersection(path.relative_to(ROOT).parts)
        }
    # A deleted file may still be in the index.
    return sorted(path for path in paths if (ROOT / path).is_file())


def text_of(path: Path) -> str | None:
    """Return the text of a file, or None if it is binary."""
    try:
        return (ROOT / path).read_text("utf-8")
    except UnicodeDecodeError:
        return None
