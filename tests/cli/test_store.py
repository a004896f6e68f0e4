"""The saved login: private, whole, and told plainly where it cannot be used."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from tensormesh_cli._errors import ConfigFault
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

    with pytest.raises(ConfigFault, match="`expires_at` is not a time") as caught:
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
