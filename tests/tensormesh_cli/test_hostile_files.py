"""Files of `tm` where somebody else was first: planted links, open folders, torn files."""

from __future__ import annotations

import json
import multiprocessing
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.cases import for_each
from support.command_line import tm

from tensormesh_cli._errors import ConfigFault
from tensormesh_cli.config import atomic, file
from tensormesh_cli.credentials.store import Tokens, TokenStore

TOKENS = Tokens(
    "https://api.tensormesh.ai", "canary-access", "canary-refresh", "2999-01-01T00:00:00Z", "now"
)


@contextmanager
def umask(mask: int) -> Iterator[None]:
    old = os.umask(mask)
    try:
        yield
    finally:
        os.umask(old)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def save_login(folder: Path) -> None:
    TokenStore(folder / "auth.json").save(TOKENS)


def save_key(folder: Path) -> None:
    file.update(folder / "config.toml", {("overrides", "gateway_api_key"): "sk-canary-key"})


WRITERS: dict[str, Callable[[Path], None]] = {"auth.json": save_login, "config.toml": save_key}
each_file = for_each("name", WRITERS)


@each_file
@for_each("mask", [0o000, 0o022, 0o777], ids=oct)
def test_whatever_the_umask_only_the_owner_reads_what_was_written(
    name: str, mask: int, tmp_path: Path
) -> None:
    folder = tmp_path / "new"
    with umask(mask):
        if mask == 0o777:
            folder.mkdir()
            folder.chmod(0o700)
        WRITERS[name](folder)
    assert mode(folder) == 0o700
    for path in folder.iterdir():
        assert mode(path) & 0o077 == 0, path
    assert b"canary" in (folder / name).read_bytes()


@each_file
def test_a_secret_is_never_in_a_file_that_others_could_read_even_for_a_moment(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    replace = os.replace

    def watch(source: str, target: Path) -> None:
        seen.append((stat.S_IMODE(os.stat(source).st_mode), Path(source).parent == tmp_path))
        replace(source, target)

    monkeypatch.setattr(os, "replace", watch)
    with umask(0):
        WRITERS[name](tmp_path)
    assert seen == [(0o600, True)]


@each_file
def test_a_link_planted_where_a_temporary_file_was_guessed_is_not_followed(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    guesses = iter(["guess", "guess", "other", "more"])
    monkeypatch.setattr("tempfile._RandomNameSequence.__next__", lambda _self: next(guesses))
    monkeypatch.setattr("tempfile._name_sequence", None)
    (tmp_path / f".{name}.guess").symlink_to(victim)

    WRITERS[name](tmp_path)

    assert victim.read_text() == "mine"
    assert (tmp_path / f".{name}.guess").is_symlink()
    assert b"canary" in (tmp_path / name).read_bytes()


@each_file
def test_a_link_planted_as_the_lock_leads_no_write_elsewhere(name: str, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    lock = tmp_path / f".{name}.lock"
    lock.symlink_to(victim)

    with pytest.raises(ConfigFault, match=name), atomic.locked(tmp_path / name, seconds=0.1):
        raise AssertionError("a planted link was taken for the lock")

    assert victim.read_text() == "mine"


@each_file
def test_a_link_to_nowhere_as_the_lock_makes_no_file_there(name: str, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere" / "file"
    elsewhere.parent.mkdir()
    (tmp_path / f".{name}.lock").symlink_to(elsewhere)

    with pytest.raises(ConfigFault), atomic.locked(tmp_path / name, seconds=0.1):
        raise AssertionError("a planted link was taken for the lock")

    assert not elsewhere.exists()


def test_a_link_planted_as_the_login_gives_the_token_to_nobody_else(tmp_path: Path) -> None:
    """What it leads to is replaced by a file of the owner's, and is not written into."""
    victim = tmp_path / "open-to-all"
    victim.write_text("theirs")
    victim.chmod(0o666)
    held = victim.open()
    link = tmp_path / "home" / "auth.json"
    link.parent.mkdir()
    link.symlink_to(victim)

    TokenStore(link).save(TOKENS)

    assert held.read() == "theirs"
    held.close()
    assert mode(victim) == 0o600
    assert TokenStore(link).load() == TOKENS


def test_a_link_in_a_circle_is_told(tmp_path: Path) -> None:
    for name in WRITERS:
        (tmp_path / name).symlink_to(tmp_path / name)
    store = TokenStore(tmp_path / "auth.json")
    with pytest.raises(ConfigFault, match="cannot read"):
        store.load()
    with pytest.raises(ConfigFault, match="cannot read"):
        file.read(tmp_path / "config.toml")


@each_file
def test_a_folder_of_somebody_else_is_told(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    with pytest.raises(ConfigFault, match=r"cannot write .*Permission denied"):
        WRITERS[name](tmp_path)
    assert not (tmp_path / name).exists()


def test_a_login_in_a_folder_that_cannot_be_closed_is_private_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o777)

    def refuse(_path: Path, _mode: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", refuse)
    save_login(tmp_path)
    assert mode(tmp_path / "auth.json") == 0o600


@pytest.mark.parametrize("cut", [1, 40, 120, -2])
def test_a_login_cut_off_by_another_program_is_told_without_what_is_in_it(
    cut: int, tmp_path: Path
) -> None:
    save_login(tmp_path)
    path = tmp_path / "auth.json"
    path.write_bytes(path.read_bytes()[:cut])

    result = tm("auth", "whoami", "--debug", environ={"TM_CONFIG_HOME": str(tmp_path)})

    assert result.status == 2
    assert str(path) in result.stderr
    assert "tm auth login" in result.stderr
    assert "canary" not in result.stderr + result.stdout


def _write_many(folder: Path, name: str) -> None:
    for number in range(8):
        file.update(folder / "config.toml", {(name,): number})
        TokenStore(folder / "auth.json").save(TOKENS)


@pytest.mark.slow
def test_processes_that_write_side_by_side_lose_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    names = ["one", "two", "three"]
    writers = [context.Process(target=_write_many, args=(tmp_path, name)) for name in names]
    for writer in writers:
        writer.start()
    store = TokenStore(tmp_path / "auth.json")
    while any(writer.is_alive() for writer in writers):
        assert store.load() in (None, TOKENS)
    for writer in writers:
        writer.join(30)
        assert writer.exitcode == 0
    assert file.read(tmp_path / "config.toml") == dict.fromkeys(names, 7)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"auth.json", "config.toml", ".config.toml.lock"}
    assert json.loads((tmp_path / "auth.json").read_bytes())["version"] == 1
