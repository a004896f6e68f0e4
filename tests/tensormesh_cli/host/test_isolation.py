"""Files of the current directory are never run, and no child process gets a credential."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.infer_runs import ROOT, SECONDS, TM, approve, environment, host_environment

from tensormesh_local import LocalHost

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the programs are shell scripts")
# What `tm` and its libraries import, or look for as an option.
MODULES = (
    *("webbrowser", "subprocess", "shlex", "json", "platform", "ssl", "shutil", "getpass"),
    *("tensormesh", "tensormesh_api", "httpx", "click", "rich", "yaml", "jmespath", "brotli"),
    *("filelock", "tomlkit", "zstandard", "simplejson", "prompt_toolkit", "dateutil"),
)
COMMANDS = (
    ("--version",),
    ("version", "--output", "json", "--query", "name"),
    ("completion", "bash"),
    ("models", "list", "--output", "yaml"),
    ("billing", "transactions", "list", "--output", "table"),
    ("config", "set", "max_retries", "1"),
    ("infer", "chat", "--surface", "serverless", "--model", "tm-local-chat", "Hi"),
    ("auth", "status"),
    ("doctor",),
)


@pytest.fixture(scope="module")
def host() -> Iterator[LocalHost]:
    with LocalHost(seed_data="demo") as host:
        yield host


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """A directory whose modules leave a file in `sprung` when they are run."""
    folder, sprung = tmp_path / "trap", tmp_path / "sprung"
    folder.mkdir()
    sprung.mkdir()
    for name in MODULES:
        (folder / f"{name}.py").write_text(f"open({str(sprung / name)!r}, 'w').close()\n")
    return folder


def sprung(trap: Path) -> list[str]:
    return sorted(path.name for path in (trap.parent / "sprung").iterdir())


def test_no_command_imports_from_the_current_directory(
    host: LocalHost, trap: Path, tmp_path: Path
) -> None:
    env = host_environment(tmp_path / "home", host)
    for before in ("", os.pathsep, f".{os.pathsep}"):
        for words in COMMANDS:
            done = subprocess.run(
                [*TM, *words],
                env={**env, "PYTHONPATH": before + env["PYTHONPATH"]},
                cwd=trap,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=SECONDS,
                check=False,
            )
            assert (done.returncode, sprung(trap)) == (0, []), (words, done.stderr)


def test_what_is_installed_is_found_where_tm_itself_is(host: LocalHost, tmp_path: Path) -> None:
    done = subprocess.run(
        [*TM, "models", "list"],
        env=host_environment(tmp_path, host),
        cwd=ROOT / "overlay",
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_the_browser_gets_no_credential_and_nothing_of_the_current_directory(
    host: LocalHost, trap: Path, tmp_path: Path
) -> None:
    browser, seen = tmp_path / "browser", tmp_path / "seen"
    os.mkfifo(seen)
    browser.write_text(f'#!/bin/sh\n{{ pwd; env; }} > "{seen}"\n')
    browser.chmod(0o700)
    env = environment(
        tmp_path / "home",
        TENSORMESH_CONTROL_PLANE_BASE_URL=host.control_plane_base_url,
        TENSORMESH_INFERENCE_API_KEY="canary-inference",
        TENSORMESH_CONTROL_PLANE_TOKEN="canary-token",
        GATEWAY_API_KEY="canary-gateway",
        BROWSER=f"{browser} %s",
        KEPT="kept",
    )
    with subprocess.Popen(
        # A browser that starts may warn, and is not to be treated as an error.
        [sys.executable, "-m", "tensormesh_cli", "auth", "login"],
        env=env,
        cwd=trap,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr is not None
            process.stderr.readline()
            url = process.stderr.readline().strip()
            told: list[str] = []
            reader = threading.Thread(target=lambda: told.append(seen.read_text()), daemon=True)
            reader.start()
            reader.join(SECONDS)
            approve(url, "approve")
            process.communicate(timeout=SECONDS)
        finally:
            process.kill()

    assert sprung(trap) == []
    assert told, "no browser was started"
    assert "KEPT=kept" in told[0]
    assert "canary" not in told[0]
    assert str(trap) not in told[0].splitlines()[0]


def test_no_command_runs_a_program_that_the_user_did_not_ask_for(
    host: LocalHost, tmp_path: Path
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("uname", "bash", "sh", "git", "gcc", "ldconfig", "tput", "stty", "less"):
        (programs / name).write_text(f"#!/bin/sh\n: > {tmp_path}/ran-{name}\n")
        (programs / name).chmod(0o700)
    env = host_environment(tmp_path / "home", host, PATH=str(programs))
    for words in COMMANDS:
        subprocess.run([*TM, *words], env=env, capture_output=True, timeout=SECONDS, check=False)
    assert [path.name for path in tmp_path.glob("ran-*")] == []
