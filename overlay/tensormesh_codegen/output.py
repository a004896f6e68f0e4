"""From rendered text to formatted files: written, pruned, or compared."""

from __future__ import annotations

import difflib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tensormesh_extras import install_hint

# Steps of the formatter, in order. `check` sorts imports and removes those not needed.
_STEPS = (
    ("check", "--fix-only", "--exit-zero", "--select", "F401,I,PIE790,TC005,UP037"),
    ("format",),
)


# Which files are formatted must not depend on where the temporary folder is, nor on their names.
_EVERYTHING = ("--no-respect-gitignore", "--config", "exclude=[]", "--config", "extend-exclude=[]")


class FormatError(Exception):
    """The formatter could not be run, or refused a file."""


def format_files(files: dict[str, str], config: Path) -> dict[str, str]:
    """The same files as ruff formats them, by the project's own configuration.

    Raises:
        FormatError: ruff is missing, or a rendered file is not Python.
    """
    with tempfile.TemporaryDirectory(prefix="codegen-") as folder:
        root = Path(folder)
        write_tree(root, files)
        for step in _STEPS:
            command = [_ruff(), *step, "--no-cache", "--config", str(config), *_EVERYTHING]
            done = subprocess.run([*command, str(root)], capture_output=True, check=False)  # noqa: S603
            if done.returncode:
                said = (done.stderr.strip() or done.stdout).decode(errors="replace")
                raise FormatError(f"ruff {step[0]} fails: {said}")
        return {name: (root / name).read_text(encoding="utf-8") for name in files}


def _ruff() -> str:
    beside = Path(sys.executable).with_name("ruff.exe" if os.name == "nt" else "ruff")
    found = str(beside) if beside.exists() else shutil.which("ruff")
    if not found:
        raise FormatError(f"ruff is not installed: {install_hint('codegen')}")
    return found


def write_tree(root: Path, files: dict[str, str]) -> list[str]:
    """Write what differs. Gives the names written.

    Raises:
        ValueError: A name would leave `root`.
    """
    written = []
    for name, text in sorted(files.items()):
        path = _inside(root, name)
        if path.is_file() and path.read_bytes() == text.encode():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        written.append(name)
    return written


def _inside(root: Path, name: str) -> Path:
    path = (root / name).resolve()
    if not path.is_relative_to(root.resolve()):
        raise ValueError(f"{name!r} would be written outside of {root}")
    return path


def existing(root: Path) -> set[str]:
    """The files that stand in a folder, without bytecode."""
    return {
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def prune(root: Path, keep: set[str]) -> list[str]:
    """Remove files that no longer come from the specs, and the folders they leave empty."""
    stale = sorted(existing(root) - keep)
    for name in stale:
        (root / name).unlink()
    folders = {path for path in root.rglob("*") if path.is_dir() and path.name != "__pycache__"}
    living = {parent for name in keep for parent in (root / name).parents}
    for folder in sorted(folders - living, reverse=True):
        shutil.rmtree(folder)
    return stale


def compare(root: Path, files: dict[str, str]) -> list[str]:
    """How a folder differs from what it should hold, a few lines for each file."""
    found = existing(root)
    report = [f"stale: {name}" for name in sorted(found - files.keys())]
    for name, text in sorted(files.items()):
        if name not in found:
            report.append(f"missing: {name}")
            continue
        have = (root / name).read_bytes()
        if have != text.encode():
            lines = have.decode(errors="replace").splitlines()
            diff = difflib.unified_diff(lines, text.splitlines(), lineterm="", n=0)
            report.append(f"differs: {name}")
            report += [f"    {line}" for line in list(diff)[2:8]]
    return report
