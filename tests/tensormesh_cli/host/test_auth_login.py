"""`tm auth login` where a person has to approve: it waits, and can end in every way."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest
from support.infer_runs import TM, approve, environment, on_terminal, run

from tensormesh_local import LocalHost


@pytest.fixture(scope="module")
def host() -> Iterator[LocalHost]:
    with LocalHost() as host:
        yield host


@pytest.fixture
def env(host: LocalHost, tmp_path: Path) -> dict[str, str]:
    return environment(tmp_path, TENSORMESH_CONTROL_PLANE_BASE_URL=host.control_plane_base_url)


def test_the_login_waits_for_the_person(env: dict[str, str], tmp_path: Path) -> None:
    env["BROWSER"] = f"{tmp_path}/browser %s"
    browser = tmp_path / "browser"
    # A browser may say much, and must not say it among our results.
    browser.write_text(f'#!/bin/sh\necho noise\necho "$1" > {tmp_path}/opened\n')
    browser.chmod(0o700)
    process = subprocess.Popen(
        [TM[0], *TM[3:], "auth", "login"],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert "Opening your browser" in process.stderr.readline()
    url = process.stderr.readline().strip()
    approve(url, "approve")

    answer, _ = process.communicate(timeout=30)

    assert process.returncode == 0
    assert answer.startswith("Logged in to ")
    assert "noise" not in answer
    assert (tmp_path / "opened").read_text().strip() == url


def test_a_denied_login_saves_nothing(env: dict[str, str], tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*TM, "auth", "login", "--no-open-browser"],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    process.stderr.readline()
    approve(process.stderr.readline().strip(), "deny")

    answer, said = process.communicate(timeout=30)

    assert (process.returncode, answer) == (4, "")
    assert "the login was denied" in said
    assert list(tmp_path.iterdir()) == []


def test_the_login_stops_at_the_ceiling(env: dict[str, str], tmp_path: Path) -> None:

    done = run("auth", "login", "--no-open-browser", "--max-wait-seconds", "0.2", env=env)

    assert (done.returncode, done.stdout) == (1, "")
    assert "the login was not approved within 0.2 seconds" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_ends_the_wait_and_leaves_nothing(env: dict[str, str], tmp_path: Path) -> None:
    terminal = on_terminal("auth", "login", "--no-open-browser", env=env, term="xterm")
    terminal.expect("Waiting for approval")
    terminal.sendintr()
    terminal.expect(pexpect.EOF)
    terminal.wait()

    assert terminal.exitstatus == 130
    assert "Traceback" not in f"{terminal.before}"
    assert list(tmp_path.iterdir()) == []
