"""The saved login: private, whole, and told plainly where it cannot be used."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from support.command_line import tm

from tensormesh_cli._errors import ConfigFault
from tensormesh_cli.config.file import update
from tensormesh_cli.credentials.store import Tokens, TokenStore, write_time

TOKENS = Tokens(
    controlplane_base="https://api.tensormesh.ai",
    access_token="canary-access",
    refresh_token="canary-refresh",
    expires_at="2026-05-01T10:00:00Z",
    saved_at="2026-05-01T09:00:00Z",
    user_id="u",
    user_email="ada@heron.test",
)


@pytest.fixture
def store(tmp_path: Path) -> TokenStore:
    return TokenStore(tmp_path / "home" / "auth.json")


def test_what_is_saved_is_read_again(store: TokenStore) -> None:
    assert store.load() is None

    store.save(TOKENS)

    assert store.load() == TOKENS


def test_the_file_has_the_documented_fields(store: TokenStore) -> None:
    store.save(TOKENS)

    assert json.loads(store.path.read_bytes()) == {
        "version": 1,
        "controlplane_base": "https://api.tensormesh.ai",
        "token_type": "Bearer",
        "access_token": "canary-access",
        "refresh_token": "canary-refresh",
        "expires_at": "2026-05-01T10:00:00Z",
        "saved_at": "2026-05-01T09:00:00Z",
        "user_id": "u",
        "user_email": "ada@heron.test",
    }


def test_the_file_and_its_folder_are_for_their_owner_alone(store: TokenStore) -> None:
    store.path.parent.mkdir(mode=0o755)
    store.path.write_text("{}")
    store.path.chmod(0o644)

    store.save(TOKENS)

    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.path.parent.stat().st_mode) == 0o700


def test_a_login_shows_no_token() -> None:
    assert "canary" not in repr(TOKENS)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[]", "not a JSON object"),
        (b'{"version": 2}', "another version"),
        (b'{"version": 1}', "is missing"),
    ],
)
def test_a_broken_file_is_told_with_what_to_do(
    store: TokenStore, content: bytes, problem: str
) -> None:
    store.path.parent.mkdir()
    store.path.write_bytes(content)

    with pytest.raises(ConfigFault, match=problem) as caught:
        store.load()

    assert str(store.path) in caught.value.message
    assert "tm auth login" in f"{caught.value.hint}"
    assert caught.value.exit_code == 2


def test_an_expiry_that_is_no_time_is_told_without_its_text(store: TokenStore) -> None:
    store.save(replace(TOKENS, expires_at="canary"))

    with pytest.raises(ConfigFault, match="`expires_at` is not a valid time") as caught:
        store.load()

    assert "canary" not in caught.value.message


def test_fields_of_a_later_tm_do_no_harm(store: TokenStore) -> None:
    store.save(TOKENS)
    data = {**json.loads(store.path.read_bytes()), "scope": "all", "user_email": None}
    store.path.write_text(json.dumps(data))

    assert store.load() == replace(TOKENS, user_email=None)


def test_what_cannot_be_saved_leaves_the_login_from_before(
    store: TokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.save(TOKENS)

    def refuse(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(ConfigFault, match="No space left"):
        store.save(replace(TOKENS, access_token="new"))

    assert store.load() == TOKENS


def test_a_login_is_removed_once(store: TokenStore) -> None:
    store.save(TOKENS)

    assert store.delete() is True
    assert store.delete() is False
    assert store.load() is None


def test_a_folder_that_cannot_be_written_is_told_beforehand(
    store: TokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.check_writable()
    assert not store.path.parent.exists()

    monkeypatch.setattr(os, "access", lambda *_arguments: False)
    with pytest.raises(ConfigFault, match="is not writable"):
        store.check_writable()


def test_times_are_written_in_utc_to_the_second() -> None:
    time = datetime(2026, 5, 1, 12, 0, 0, 987, tzinfo=timezone(timedelta(hours=2)))

    assert write_time(time) == "2026-05-01T10:00:00Z"
    assert TOKENS.seconds_left(datetime(2026, 5, 1, 9, 59, tzinfo=UTC)) == 60


KILLED = """
import os, signal, sys
from pathlib import Path
from tensormesh_cli.config.file import update
from tensormesh_cli.credentials.store import TokenStore

os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
store = TokenStore(Path(sys.argv[1]))
if sys.argv[2] == "config":
    update(store.path.with_name("config.toml"), {("managed", "gateway_api_key"): "canary-key"})
with store.lock():
    store.save(store.load())
"""


def kill_while_saving(store: TokenStore, what: str = "login") -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(store.path), what], check=False)


def places_of(word: str, folder: Path) -> list[str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path.name for path in files if word in path.read_text())


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_tokens_that_a_killed_process_left_are_removed_at_the_next_save(
    store: TokenStore,
) -> None:
    store.save(TOKENS)
    for _ in range(2):
        kill_while_saving(store)
    assert len(places_of("canary-access", store.path.parent)) == 2

    with store.lock():
        store.save(replace(TOKENS, access_token="new"))

    assert places_of("canary", store.path.parent) == ["auth.json"]
    assert store.load() == replace(TOKENS, access_token="new")


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_logout_removes_tokens_that_a_killed_process_left(store: TokenStore) -> None:
    environ = {"TM_CONFIG_HOME": str(store.path.parent)}
    for login_stays in (True, False):
        store.save(TOKENS)
        kill_while_saving(store)
        # The temporary file of an earlier version.
        (store.path.parent / ".auth.json.k3_x0abc").write_text("canary-access")
        if not login_stays:
            store.path.unlink()

        result = tm("--output", "json", "auth", "logout", "--yes", environ=environ)

        assert result.json == {"logged_in": False, "removed": login_stays}
        assert places_of("canary", store.path.parent) == []


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_keys_that_a_killed_process_left_are_removed_at_the_next_change(
    store: TokenStore,
) -> None:
    store.save(TOKENS)
    kill_while_saving(store, "config")
    config = store.path.with_name("config.toml")
    swap = config.with_name(".config.toml.swp")
    swap.write_text("of an editor")
    assert len(places_of("canary-key", config.parent)) == 1

    update(config, {("max_retries",): 1})

    assert places_of("canary-key", config.parent) == []
    assert swap.exists()


def test_a_logout_removes_the_tokens_that_a_link_points_to(
    store: TokenStore, tmp_path: Path
) -> None:
    target = tmp_path / "elsewhere" / "login.json"
    TokenStore(target).save(TOKENS)
    store.path.parent.mkdir()
    store.path.symlink_to(target)
    target.with_name(".login.json.abcdefgh.tmp").write_text("canary-access")

    assert store.delete() is True

    assert places_of("canary", tmp_path) == []
    assert not os.path.lexists(store.path)
