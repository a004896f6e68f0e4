"""`tm auth` as a program against the local host: login, renewal, logout; secrets stay secret."""

from __future__ import annotations

import json
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pexpect
import pytest
import yaml
from starlette.middleware import Middleware
from support.infer_runs import TM, answer_of, environment, on_terminal, run

from tensormesh_local import LocalHost

USER = "00000000-0000-4000-8000-000000000001"
EMAIL = "local@tensormesh.test"
ASKED: list[str] = []


class Ear:
    """Keeps the path of every request."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            ASKED.append(scope["path"])
        await self._app(scope, receive, send)


@pytest.fixture(scope="module")
def host() -> Iterator[LocalHost]:
    with LocalHost(auto_approve=True, middleware=[Middleware(Ear)]) as host:
        yield host


@pytest.fixture
def env(host: LocalHost, tmp_path: Path) -> dict[str, str]:
    ASKED.clear()
    return environment(
        tmp_path, TENSORMESH_CONTROL_PLANE_BASE_URL=host.control_plane_base_url, DISPLAY=""
    )


@pytest.fixture
def saved(env: dict[str, str]) -> Path:
    """The file of a login."""
    answer = run("auth", "login", "--quiet", env=env)
    assert answer.returncode == 0, answer.stderr
    return Path(env["TM_CONFIG_HOME"]) / "auth.json"


def expire(path: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(path.read_bytes())
    path.write_text(json.dumps({**data, "expires_at": "2026-01-01T00:00:00Z"}))
    return data


def test_a_login_is_saved_for_its_owner_alone(env: dict[str, str], host: LocalHost) -> None:
    done = run("auth", "login", env=env)

    assert done.returncode == 0
    assert done.stdout == f"Logged in to {host.control_plane_base_url} as {EMAIL}.\n"
    assert f"{host.control_plane_base_url}/cli?login=" in done.stderr
    assert "tm init --sync" in done.stderr
    path = Path(env["TM_CONFIG_HOME"]) / "auth.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    data = json.loads(path.read_bytes())
    assert (data["version"], data["token_type"]) == (1, "Bearer")
    assert data["controlplane_base"] == host.control_plane_base_url
    assert (data["user_id"], data["user_email"]) == (USER, EMAIL)
    assert data["access_token"] not in done.stdout + done.stderr
    assert data["refresh_token"] not in done.stdout + done.stderr


def test_a_login_elsewhere_tells_how_to_stay_there(env: dict[str, str]) -> None:
    base = env.pop("TENSORMESH_CONTROL_PLANE_BASE_URL")

    done = run("auth", "login", "--controlplane-base", base, env=env)

    assert f"Next: tm init --sync --controlplane-base {base}\n" in done.stderr
    later = run("auth", "whoami", env=env)
    assert later.returncode == 4
    assert f"--controlplane-base {base}" in later.stderr


def test_a_login_tells_programs_what_it_did(env: dict[str, str], host: LocalHost) -> None:
    data = json.loads(answer_of(run("--output", "json", "--quiet", "auth", "logout", env=env)))
    assert data == {"logged_in": False, "removed": False}

    done = run("--output", "json", "auth", "login", env=env)

    data = json.loads(done.stdout)
    assert data.pop("expires_at")
    assert data == {
        "logged_in": True,
        "controlplane_base": host.control_plane_base_url,
        "user_id": USER,
        "user_email": EMAIL,
    }


def test_the_address_is_told_also_when_quiet(env: dict[str, str]) -> None:
    done = run("--quiet", "auth", "login", "--no-open-browser", env=env)

    assert "/cli?login=" in done.stderr
    assert "Next" not in done.stderr


@pytest.mark.parametrize("mode", ["text", "json", "yaml", "raw", "table"])
def test_whoami_tells_the_user_in_every_mode(env: dict[str, str], saved: Path, mode: str) -> None:
    shown = answer_of(run("--output", mode, "auth", "whoami", env=env))

    assert USER in shown
    if mode in ("json", "raw"):
        assert json.loads(shown)["user"]["id"] == USER
    if mode == "yaml":
        assert yaml.safe_load(shown)["user"]["id"] == USER
    if mode == "text":
        assert "tm-local-key" not in shown


def test_whoami_takes_a_query(env: dict[str, str], saved: Path) -> None:
    done = run("auth", "whoami", "--timeout", "20", "--query", "user.id", env=env)

    assert answer_of(done).strip() == USER


def test_without_a_login_the_way_in_is_told(env: dict[str, str]) -> None:
    for words in (("whoami",), ("refresh",), ("print-token", "--yes-i-know")):
        done = run("auth", *words, env=env)

        assert (done.returncode, done.stdout) == (4, "")
        assert "not logged in" in done.stderr
        assert "tm auth login" in done.stderr

    error = json.loads(run("--output", "json", "auth", "whoami", env=env).stderr)["error"]
    assert error["kind"] == "credentials"


def test_tokens_do_not_go_to_another_host(env: dict[str, str], saved: Path) -> None:
    ASKED.clear()
    other = env["TENSORMESH_CONTROL_PLANE_BASE_URL"] + "/other"

    done = run("auth", "whoami", "--controlplane-base", other, env=env)

    assert done.returncode == 4
    assert f"not for {other}" in done.stderr
    assert ASKED == []


def test_processes_side_by_side_renew_once(env: dict[str, str], saved: Path) -> None:
    before = expire(saved)
    ASKED.clear()
    runs = [
        subprocess.Popen(
            [*TM, "auth", "whoami", "--query", "user.id"],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    answers = [process.communicate(timeout=60) for process in runs]

    assert [process.returncode for process in runs] == [0, 0, 0], answers
    assert [answer for answer, _ in answers] == [f"{USER}\n"] * 3
    assert sum(path.endswith("/auth/cli/refresh") for path in ASKED) == 1
    after = json.loads(saved.read_bytes())
    assert after["access_token"] != before["access_token"]
    assert after["refresh_token"] != before["refresh_token"]
    assert after["user_email"] == EMAIL


def test_refresh_renews_a_token_that_has_time_left(env: dict[str, str], saved: Path) -> None:
    before = json.loads(saved.read_bytes())

    data = json.loads(answer_of(run("--output", "json", "auth", "refresh", env=env)))

    assert data["refreshed"] is True
    after = json.loads(saved.read_bytes())
    assert after["access_token"] != before["access_token"]
    assert not {after["access_token"], after["refresh_token"]} & set(data.values())


def test_a_login_that_cannot_be_renewed_says_to_log_in(env: dict[str, str], saved: Path) -> None:
    data = {**expire(saved), "expires_at": "2026-01-01T00:00:00Z", "refresh_token": "canary-x"}
    saved.write_text(json.dumps(data))

    for words in (("refresh",), ("whoami",)):
        done = run("auth", *words, env=env)

        assert done.returncode == 4
        assert "tm auth login" in done.stderr
        assert "canary" not in done.stderr


def test_the_token_is_printed_only_to_who_knows(env: dict[str, str], saved: Path) -> None:
    token = json.loads(saved.read_bytes())["access_token"]

    refused = run("auth", "print-token", env=env)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "--yes-i-know" in refused.stderr

    for mode in ("text", "raw"):
        shown = run("--output", mode, "auth", "print-token", "--yes-i-know", env=env)
        assert answer_of(shown) == f"{token}\n"
    shown = run("--output", "json", "auth", "print-token", "--yes-i-know", env=env)
    assert json.loads(answer_of(shown)) == {"access_token": token}


def test_a_token_of_the_environment_counts_before_the_login(
    env: dict[str, str], host: LocalHost
) -> None:
    env["TENSORMESH_CONTROL_PLANE_TOKEN"] = host.control_plane_token

    token = answer_of(run("auth", "print-token", "--yes-i-know", env=env))
    user = answer_of(run("auth", "whoami", "--query", "user.id", env=env))

    assert (token.strip(), user.strip()) == (host.control_plane_token, USER)


def test_logout_needs_a_yes_and_removes_the_login(env: dict[str, str], saved: Path) -> None:
    refused = run("auth", "logout", env=env)
    assert refused.returncode == 2
    assert "--yes" in refused.stderr
    assert saved.exists()

    assert answer_of(run("auth", "logout", "--yes", env=env)) == "Logged out.\n"

    assert not saved.exists()
    assert answer_of(run("auth", "logout", env=env)) == "You were not logged in.\n"


def test_logout_asks_on_a_terminal(env: dict[str, str], saved: Path) -> None:
    no = on_terminal("auth", "logout", env=env)
    no.expect(r"\[y/N\]")
    no.sendline("n")
    no.expect("cancelled")
    no.expect(pexpect.EOF)
    no.wait()
    assert no.exitstatus == 1
    assert saved.exists()

    yes = on_terminal("auth", "logout", env=env)
    yes.expect(r"\[y/N\]")
    yes.sendline("y")
    yes.expect("Logged out")
    yes.expect(pexpect.EOF)
    yes.wait()
    assert not saved.exists()


def test_a_broken_login_is_told_and_can_be_replaced_or_removed(
    env: dict[str, str], saved: Path
) -> None:
    saved.write_text("{")
    done = run("auth", "whoami", env=env)
    assert done.returncode == 2
    assert str(saved) in done.stderr
    assert "tm auth login" in done.stderr

    assert run("auth", "login", env=env).returncode == 0
    answer_of(run("auth", "whoami", env=env))
    saved.write_text("{")
    assert answer_of(run("auth", "logout", "--yes", env=env)) == "Logged out.\n"


def test_status_tells_what_is_missing_and_fails_only_if_asked(
    env: dict[str, str], saved: Path
) -> None:
    ASKED.clear()
    plain = run("auth", "status", env=env)
    strict = run("--output", "json", "auth", "status", "--exit-status", env=env)

    assert (plain.returncode, strict.returncode) == (0, 1)
    report = json.loads(strict.stdout)
    assert report["ready"] is False
    statuses = {check["id"]: check["status"] for check in report["checks"]}
    assert statuses == {
        "auth.token": "ok",
        "auth.expiry": "ok",
        "gateway.api_key": "fail",
        "gateway.user_id": "fail",
    }
    assert "run `tm init --sync`" in plain.stdout
    assert ASKED == []


def test_status_is_ready_with_everything_in_the_environment(env: dict[str, str]) -> None:
    env |= {
        "TENSORMESH_CONTROL_PLANE_TOKEN": "canary-token-0000",
        "TENSORMESH_INFERENCE_API_KEY": "canary-key-0000",
        "TENSORMESH_ON_DEMAND_USER_ID": USER,
    }

    shown = answer_of(run("auth", "status", "--exit-status", env=env))

    assert shown.endswith("Ready.\n")
    assert "canary" not in shown


def test_a_home_that_cannot_be_used_is_told_before_anybody_logs_in(
    env: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    env["TM_CONFIG_HOME"] = str(tmp_path / "file" / "home")

    done = run("auth", "login", env=env)

    assert done.returncode == 2
    assert "Not a directory" in done.stderr
    assert env["TM_CONFIG_HOME"] in done.stderr
    assert ASKED == []


def test_without_a_home_the_login_says_what_to_set(env: dict[str, str]) -> None:
    for name in ("HOME", "USERPROFILE", "TM_CONFIG_HOME"):
        env.pop(name, None)

    done = run("auth", "login", env=env)

    assert done.returncode == 2
    assert "TM_CONFIG_HOME" in done.stderr
    assert ASKED == []


def test_debug_shows_no_token(env: dict[str, str], saved: Path) -> None:
    before = expire(saved)

    done = run("--debug", "auth", "whoami", env=env)

    after = json.loads(saved.read_bytes())
    assert done.returncode == 0
    assert done.stderr
    for data in (before, after):
        assert data["access_token"] not in done.stderr
        assert data["refresh_token"] not in done.stderr
