"""The files for GitHub match their schemas, are safe, and refer to things that exist."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import yaml
from support.project_files import ROOT

GITHUB = ROOT / ".github"
WORKFLOW = GITHUB / "workflows" / "test.yml"
PROGRAMS = Path(sys.executable).parent
SCHEMAS = {
    "workflows/test.yml": "vendor.github-workflows",
    "dependabot.yml": "vendor.dependabot",
    "ISSUE_TEMPLATE/bug.yml": "vendor.github-issue-forms",
    "ISSUE_TEMPLATE/feature.yml": "vendor.github-issue-forms",
    "ISSUE_TEMPLATE/config.yml": "vendor.github-issue-config",
}


def check_schema(name: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return run("check-jsonschema", "--builtin-schema", SCHEMAS[name], folder / name)


def check_safety(folder: Path) -> subprocess.CompletedProcess[str]:
    """Audit workflows without network access."""
    return run("zizmor", "--offline", "--no-progress", folder)


def run(program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAMS / program, *arguments], capture_output=True, text=True, check=False
    )


def jobs() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(WORKFLOW.read_text("utf-8"))["jobs"]
    return found


def test_files_match_their_schemas_and_workflows_are_safe() -> None:
    files = {path.relative_to(GITHUB).as_posix() for path in GITHUB.rglob("*.yml")}
    assert files == {*SCHEMAS, "zizmor.yml"}
    for name in SCHEMAS:
        done = check_schema(name, GITHUB)
        assert done.returncode == 0, done.stdout
    done = check_safety(GITHUB)
    assert done.returncode == 0, done.stdout


def test_a_misspelt_key_and_an_unsafe_step_are_reported(tmp_path: Path) -> None:
    folder = tmp_path / ".github"
    shutil.copytree(GITHUB, folder)
    workflow = folder / "workflows" / "test.yml"
    text = WORKFLOW.read_text("utf-8")
    workflow.write_text(text.replace("runs-on", "run-on"), "utf-8")
    assert check_schema("workflows/test.yml", folder).returncode != 0
    workflow.write_text(text + "      - run: echo ${{ github.event.issue.title }}\n", "utf-8")
    done = check_safety(folder)
    assert done.returncode != 0
    assert "template-injection" in done.stdout


def test_every_supported_python_is_tested_on_every_system() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    classifiers = " ".join(project["classifiers"])
    supported = re.findall(r"Python :: (3\.\d+)", classifiers)
    matrices = [job["strategy"]["matrix"] for job in jobs().values() if "strategy" in job]
    assert [matrix["python"] for matrix in matrices] == [supported] * 2
    systems = {job["runs-on"] for job in jobs().values()} | set(matrices[0]["os"])
    assert {"ubuntu-latest", "macos-latest", "windows-latest"} <= systems


def test_steps_run_existing_make_targets_and_scripts() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    lines = [step["run"] for job in jobs().values() for step in job["steps"] if "run" in step]
    for line in lines:
        program, subject, *_ = line.split()
        assert subject in targets if program == "make" else (ROOT / subject).exists(), line
    assert "make test PYTHON=python" in lines
