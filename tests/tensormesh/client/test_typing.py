"""Type checkers see what users rely on: results, streams, overloads, misspelt arguments."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support.project_files import ROOT

BIN = Path(sys.executable).parent


@pytest.mark.parametrize(
    "command",
    [
        [sys.executable, "-m", "mypy", "tests/type_checks"],
        [str(BIN / "ty"), "check", "--python", sys.prefix],
        [str(BIN / "pyrefly"), "check", "--python-interpreter-path", sys.executable],
    ],
    ids=["mypy", "ty", "pyrefly"],
)
def test_calls_are_typed_as_promised(command: list[str]) -> None:
    result = subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_package_says_that_it_is_typed() -> None:
    for package in ("overlay/tensormesh", "generated/tensormesh_api"):
        assert (ROOT / package / "py.typed").is_file()
