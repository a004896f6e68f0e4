"""Executes the recipes of CONTRIBUTING.md in a copy of the project."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.project_files import ROOT, project_files

_BLOCK = re.compile(r"^```(diff|sh|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SECONDS = 300


def sections(text: str, level: str) -> dict[str, str]:
    """Split a document by its headings of one level."""
    parts = re.split(rf"^{level} (.*)\n", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def blocks(text: str) -> list[tuple[str, str]]:
    """Return the blocks to execute: their kind and their content."""
    return _BLOCK.findall(text)


def apply(edit: str, root: Path) -> None:
    """Apply an edit: a line that names the file, then hunks separated by `@@`.

    Raises:
        AssertionError: The unchanged lines of a hunk are nowhere in the file.
    """
    head, _, body = edit.partition("\n")
    path = root / head.removeprefix("+++ ")
    text = path.read_text("utf-8") if path.exists() else ""
    for hunk in re.split(r"^@@\n", body, flags=re.MULTILINE):
        lines = hunk.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if line[0] in " -")
        after = "".join(line[1:] for line in lines if line[0] in " +")
        found = re.compile("^" + re.escape(before), re.MULTILINE) if before else re.compile(r"\Z")
        text, count = found.subn(after.replace("\\", r"\\"), text)
        assert count, f"{head}: these lines are not there any more:\n{before}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


class Copy:
    """A copy of the project that shares the environment of the tests.

    Args:
        root: Where to make it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        for path in project_files():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / path, root / path)
        (root / ".venv").symlink_to(sys.prefix, target_is_directory=True)
        self._tools = root / ".tools"
        self._tools.mkdir()
        self._link("tm", f"{shlex.quote(sys.executable)} -m tensormesh_cli")
        # The environment is there, and not this copy's to change.
        self._link("make", f"{shutil.which('make')} --old-file=.venv/.dev")
        self._env = {
            **{name: value for name, value in os.environ.items() if "TENSORMESH" not in name},
            "PATH": os.pathsep.join([str(self._tools), os.environ["PATH"]]),
            "PYTHONPATH": os.pathsep.join([str(root / "overlay"), str(root / "generated")]),
            "TM_CONFIG_HOME": str(root / ".tm"),
            "COLUMNS": "100",
        }

    def type(self, lines: str) -> str:
        """Run command lines in a shell and return what they print."""
        done = subprocess.run(
            ["/bin/sh", "-ec", lines],
            cwd=self.root,
            env=self._env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{lines}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done.stdout

    @contextmanager
    def local_host(self) -> Iterator[int]:
        """Run the copy's local host and yield its port."""
        command = [sys.executable, "-m", "tensormesh_local", "--port", "0"]
        with subprocess.Popen(
            command, cwd=self.root, env=self._env, stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                assert process.stdout is not None
                ready = process.stdout.readline()
                found = re.search(r"serverless=http://127\.0\.0\.1:(\d+)/", ready)
                assert found, ready
                yield int(found[1])
            finally:
                process.terminate()

    def _link(self, name: str, command: str) -> None:
        script = self._tools / name
        script.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        script.chmod(0o755)
