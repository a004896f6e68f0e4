"""Generated code looks as it did when somebody last looked at it.

After a change of the templates, `UPDATE_GOLDEN=1 pytest tests/codegen/test_mini_golden.py` writes
the new text into `golden/`; the difference belongs into the review.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.cases import for_each
from support.mini_spec import ROOT

GOLDEN = Path(__file__).with_name("golden")
FILES = [
    "api/__init__.py",
    "api/runs/run_thing.py",
    "api/things/delete_thing.py",
    "commands/__init__.py",
    "commands/list_things.py",
    "models/__init__.py",
    "models/part.py",
    "models/shade.py",
    "models/thing.py",
    "params/create_thing.py",
    "requests/create_thing.py",
    "requests/get_thing.py",
    "requests/list_things.py",
    "resources/__init__.py",
    "resources/billing.py",
    "hosts.py",
]


@pytest.fixture(scope="module")
def generated(mini_project: Path) -> Path:
    return mini_project / "generated"


@for_each("name", FILES)
def test_generated_file_is_as_it_was_reviewed(name: str, generated: Path) -> None:
    text = (generated / "tensormesh_api" / "mini" / name).read_text(encoding="utf-8")
    # Not `.py`, so that no tool takes it for code of this project.
    golden = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def test_golden_folder_holds_nothing_else() -> None:
    found = {path.relative_to(GOLDEN).as_posix() for path in GOLDEN.rglob("*") if path.is_file()}
    assert found == {f"{name}.txt" for name in FILES}


def test_generated_code_passes_the_linter_and_the_formatter(mini_project: Path) -> None:
    for command in (["check", "--no-cache"], ["format", "--check", "--no-cache"]):
        run = [sys.executable, "-m", "ruff", *command, "generated"]
        done = subprocess.run(run, cwd=mini_project, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_generated_code_passes_the_strict_type_checker(mini_project: Path) -> None:
    cache = ROOT / ".mypy_cache" / "generated"
    command = ["-m", "mypy", "--config-file", "pyproject.toml", "--cache-dir", str(cache)]
    done = subprocess.run(
        [sys.executable, *command, "generated"],
        cwd=mini_project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
