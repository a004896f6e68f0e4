"""Formatting, writing, pruning and comparing generated files."""

from __future__ import annotations

import difflib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tensormesh_extras import install_hint

from .errors import CodegenError

# Steps of the formatter. `check` sorts imports and removes unused ones.
_STEPS = (
    ("check", "--fix-only", "--exit-zero", "--select", "F401,I,PIE790,TC005,UP037"),
    ("format",),
)


# All files are formatted, whatever the temporary folder or their names are.
_EVERYTHING = ("--no-respect-gitignore", "--config", "exclude=[]", "--config", "extend-exclude=[]")


def format_files(files: dict[str, str], config: Path) -> dict[str, str]:
    """Format files with ruff and the configuration of the project.

    Raises:
        CodegenError: ruff is missing, or a file is not valid Python.
    """
    with tempfile.TemporaryDirectory(prefix="codegen-") as folder:
        root = Path(folder)
        write_tree(root, files)
        for step in _STEPS:
            command = [_ruff(), *step, "--no-cache", "--config", str(config), *_EVERYTHING]
            done = subprocess.run([*command, str(root)], capture_output=True, check=False)  # noqa: S603
            if done.returncode:
                said = (done.stderr.strip() or done.stdout).decode(errors="replace")
                raise CodegenError(f"ruff {step[0]} failed: {said}")
        return {name: (root / name).read_text(encoding="utf-8") for name in files}


def _ruff() -> str:
    beside = Path(sys.executable).with_name("ruff.exe" if os.name == "nt" else "ruff")
    found = str(beside) if beside.exists() else shutil.which("ruff")
    if not found:
        raise CodegenError(f"ruff is not installed: {install_hint('codegen')}")
    return found


def write_tree(root: Path, files: dict[str, str]) -> list[str]:
    """Write the files that differ, and return their names.

    Raises:
        ValueError: A file would be outside of `root`.
    """
    written = []
    for name, text in sorted(files.items()):
        path = (root / name).resolve()
        if not path.is_relative_to(root.resolve()):
            raise ValueError(f"{name!r} is outside of {root}")
        if not path.is_file() or path.read_bytes() != text.encode():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
            written.append(name)
    return written


def _existing(root: Path) -> set[str]:
    """Return the names of the files in a folder, without bytecode."""
    files = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
    return {path.as_posix() for path in files if "__pycache__" not in path.parts}


def prune(root: Path, keep: set[str]) -> list[str]:
    """Remove files that are no longer generated, and empty folders."""
    stale = sorted(_existing(root) - keep)
    for name in stale:
        (root / name).unlink()
    folders = {path for path in root.rglob("*") if path.is_dir() and path.name != "__pycache__"}
    needed = {parent for name in keep for parent in (root / name).parents}
    for folder in sorted(folders - needed, reverse=True):
        shutil.rmtree(folder)
    return stale


def compare(root: Path, files: dict[str, str]) -> list[str]:
    """Return how a folder differs from the files it should contain, a few lines per file."""
    found = _existing(root)
    report = [f"stale: {name}" for name in sorted(found - files.keys())]
    report += [f"missing: {name}" for name in sorted(files.keys() - found)]
    for name in sorted(found & files.keys()):
        have, text = (root / name).read_bytes(), files[name]
        if have != text.encode():
            lines = have.decode(errors="replace").splitlines()
            diff = difflib.unified_diff(lines, text.splitlines(), lineterm="", n=0)
            report += [f"differs: {name}", *(f"    {line}" for line in list(diff)[2:8])]
    return report
