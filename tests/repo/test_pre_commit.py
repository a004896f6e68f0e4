"""The pre-commit hooks run the project's own tools and reject a bad commit."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml
from support.project_files import ROOT

CONFIG = ROOT / ".pre-commit-config.yaml"


def pre_commit(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pre-commit in a repository, with its cache in there too."""
    return subprocess.run(
        [sys.executable, "-m", "pre_commit", *arguments],
        cwd=folder,
        env={**os.environ, "PRE_COMMIT_HOME": str(folder / ".cache")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_hooks_are_local_and_run_from_the_environment() -> None:
    (repository,) = yaml.safe_load(CONFIG.read_text("utf-8"))["repos"]
    assert repository["repo"] == "local"
    for hook in repository["hooks"]:
        assert hook["language"] == "system"
        program = hook["entry"].split()[0]
        assert program.startswith(".venv/bin/")


def test_badly_formatted_files_are_rejected(tmp_path: Path) -> None:
    shutil.copy(CONFIG, tmp_path)
    binaries = tmp_path / ".venv" / "bin"
    binaries.mkdir(parents=True)
    (binaries / "ruff").symlink_to(shutil.which("ruff", path=Path(sys.executable).parent) or "")
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    source = tmp_path / "module.py"
    for text, status in (('x = "a"\n', 0), ("x = 'a'\n", 1)):
        source.write_text(text)
        subprocess.run(["git", "add", "module.py"], cwd=tmp_path, check=True)
        done = pre_commit(tmp_path, "run", "ruff-format", "--files", "module.py")
        assert done.returncode == status, done.stdout + done.stderr
    assert "ruff format" in done.stdout
    assert pre_commit(tmp_path, "validate-config").returncode == 0
