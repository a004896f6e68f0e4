"""Renewal of the saved login: before it ends, once, and for its own host alone."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import tensormesh
from tensormesh_cli._errors import ConfigFault, CredentialFault
from tensormesh_cli._given import GlobalOptions
from tensormesh_cli.config.settings import Settings, resolve
from tensormesh_cli.credentials import refresh
from tensormesh_cli.credentials.store import Tokens, TokenStore, write_time

NOW = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)
HOST = "https://api.tensormesh.ai"


class Host:
    """Renews as a host does: a refresh token is good for one time."""

    def __init__(self) -> None:
        self.spent: list[str] = []
        self.failure: Exception | None = None

    def __call__(self, _settings: Settings, tokens: Tokens, now: datetime) -> Tokens:
        assert tokens.refresh_token not in self.spent
        self.spent.append(tokens.refresh_token)
        if self.failure is not None:
            raise self.failure
        number = len(self.spent)
        return replace(
            tokens,
            access_token=f"access-{number}",
            refresh_token=f"refresh-{number}",
            expires_at=write_time(now + timedelta(hours=1)),
        )


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    host = Host()
    monkeypatch.setattr(refresh, "_ask", host)
    return host


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return resolve(GlobalOptions(), {"TM_CONFIG_HOME": str(tmp_path)})


@pytest.fixture
def store(settings: Settings) -> TokenStore:
    return TokenStore(settings.auth_path)


def save(store: TokenStore, *, left: float, base: str = HOST) -> Tokens:
    tokens = Tokens(base, "access-0", "refresh-0", write_time(NOW + timedelta(seconds=left)), "x")
    store.save(tokens)
    return tokens


def test_a_token_with_time_left_is_taken_as_it_is(
    settings: Settings, store: TokenStore, host: Host
) -> None:
    save(store, left=301)

    assert refresh.access_token(settings, store, now=NOW) == "access-0"
    assert host.spent == []


@pytest.mark.parametrize("left", [300, 1, 0, -100_000])
def test_a_token_is_renewed_from_five_minutes_before_its_end(
    settings: Settings, store: TokenStore, host: Host, left: float
) -> None:
    save(store, left=left)

    assert refresh.access_token(settings, store, now=NOW) == "access-1"

    saved = store.load()
    assert saved is not None
    assert (saved.access_token, saved.refresh_token) == ("access-1", "refresh-1")
    assert refresh.access_token(settings, store, now=NOW) == "access-1"
    assert host.spent == ["refresh-0"]


def test_without_a_login_there_is_no_token(settings: Settings, store: TokenStore) -> None:
    assert refresh.access_token(settings, store, now=NOW) is None


def test_tokens_of_another_host_are_not_used(
    settings: Settings, store: TokenStore, host: Host
) -> None:
    save(store, left=0, base="https://other.tensormesh.ai")

    with pytest.raises(CredentialFault, match="for https://other") as caught:
        refresh.access_token(settings, store, now=NOW)

    assert "--controlplane-base https://other.tensormesh.ai" in f"{caught.value.hint}"
    assert host.spent == []


def test_a_slash_or_capitals_do_not_make_another_host() -> None:
    assert refresh.same_host("https://API.tensormesh.ai/", HOST)
    assert not refresh.same_host("https://api.tensormesh.ai.evil.test", HOST)
    assert not refresh.same_host("http://api.tensormesh.ai", HOST)


def test_a_token_that_another_process_renewed_is_taken_over(
    settings: Settings, store: TokenStore, host: Host
) -> None:
    seen = save(store, left=0)
    store.save(replace(seen, access_token="theirs", refresh_token="theirs"))

    assert refresh.renew(settings, store, seen, now=NOW).access_token == "theirs"
    assert host.spent == []


def test_threads_side_by_side_renew_once(settings: Settings, store: TokenStore, host: Host) -> None:
    save(store, left=0)
    taken: list[str | None] = []

    def take() -> None:
        taken.append(refresh.access_token(settings, store, now=NOW))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert taken == ["access-1"] * 4
    assert host.spent == ["refresh-0"]


def test_a_logout_meanwhile_is_told(settings: Settings, store: TokenStore) -> None:
    seen = save(store, left=0)
    store.delete()

    with pytest.raises(CredentialFault, match="removed in the meantime"):
        refresh.renew(settings, store, seen, now=NOW)


FAILURES = [
    CredentialFault("refused"),
    tensormesh.APIConnectionError("away"),
    ConfigFault("cannot write"),
]


@pytest.mark.parametrize("failure", FAILURES, ids=["refused", "no network", "read-only"])
def test_what_keeps_it_from_being_renewed_matters_once_it_has_ended(
    settings: Settings, store: TokenStore, host: Host, failure: Exception
) -> None:
    host.failure = failure
    save(store, left=60)
    assert refresh.access_token(settings, store, now=NOW) == "access-0"

    host.spent.clear()
    with pytest.raises(type(failure)):
        refresh.access_token(settings, store, now=NOW + timedelta(minutes=5))


def test_no_refresh_token_is_spent_where_the_new_one_cannot_be_saved(
    settings: Settings, store: TokenStore, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(store, left=-1)

    def refuse(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", refuse)

    with pytest.raises(ConfigFault, match="No space left"):
        refresh.access_token(settings, store, now=NOW)
    assert host.spent == []
