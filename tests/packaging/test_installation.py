"""The wheel works in a fresh environment, with its declared dependencies only."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from support.distributions import Distributions
from support.environments import make_environment

SMOKE = Path(__file__).with_name("smoke.py")
# The runtime dependencies and their dependencies.
ALLOWED = {
    *("anyio", "attrs", "certifi", "httptools", "httpx", "idna", "msgspec", "python-dateutil"),
    *("h11", "httpcore", "idna", "six", "sniffio", "typing-extensions"),
}
INSTALLERS = {"pip", "setuptools", "wheel"}


@pytest.mark.slow
def test_the_wheel_works_without_extras(distributions: Distributions, tmp_path: Path) -> None:
    python = str(make_environment(tmp_path / "fresh", str(distributions.wheel)))

    assert run(python, "-I", "-W", "error", str(SMOKE)) == "Hello!\n" * 3

    listed = run(
        python,
        *("-I", "-c"),
        "from importlib.metadata import distributions as d; print(*{x.name.lower() for x in d()})",
    )
    installed = {name.replace("_", "-") for name in listed.split()} - INSTALLERS
    named = {
        "anyio",
        "attrs",
        "certifi",
        "httptools",
        "httpx",
        "idna",
        "msgspec",
        "python-dateutil",
    }
    assert {"tensormesh", *named} <= installed
    assert installed - {"tensormesh"} <= ALLOWED

    tm = str(Path(python).with_name("tm"))
    assert run(tm, "--version").startswith("tm ")
    untold = subprocess.run([tm, "models", "list"], capture_output=True, text=True, check=False)
    assert (untold.returncode, untold.stdout) == (2, "")
    assert untold.stderr.count("\n") == 2
    assert "pip install 'PATH/TO/WHEEL[cli]'" in untold.stderr

    refused = subprocess.run(
        [python, "-I", "-m", "tensormesh_local"], capture_output=True, text=True, check=False
    )
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert refused.stderr.count("\n") == 1
    assert "pip install 'PATH/TO/WHEEL[local]'" in refused.stderr


@pytest.mark.slow
def test_the_wheel_with_the_cli_extra_installs_a_working_tm(
    distributions: Distributions, tmp_path: Path
) -> None:
    python = make_environment(tmp_path / "fresh", f"{distributions.wheel}[cli]")
    tm = str(python.with_name("tm"))
    config = str(tmp_path / "config.toml")

    assert json.loads(run(tm, "--output", "json", "version"))["name"] == "tensormesh"
    assert "reserved-deployments" in run(tm, "--help")
    # One command for each library in the extra.
    assert "tensormesh" in run(tm, "--output", "yaml", "version")
    assert "tensormesh" in run(tm, "--output", "table", "version")
    assert run(tm, "version", "--query", "name") == "tensormesh\n"
    run(tm, "--config", config, "config", "set", "timeout_seconds", "20")
    assert "20" in run(tm, "--config", config, "config", "show", "--query", "timeout_seconds")
    assert "_TM_COMPLETE" in run(tm, "completion", "fish")
    run(str(python), "-c", "from prompt_toolkit import PromptSession")


def run(*command: str) -> str:
    """Run a command without our Python settings and return its output."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("PYTHON")
    }
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
