"""The config file: what people wrote in it stays, and it is never half written."""

from __future__ import annotations

import errno
import os
import stat
import threading
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tensormesh_cli._errors import ConfigFault
from tensormesh_cli.config import atomic, file

WRITTEN_BY_HAND = """\
# Mine.
controlplane_base = "https://api.tensormesh.ai"   # the usual one
max_retries=2
colour = "green"  # tm does not know this

[managed]
# written by: tm init --sync
gateway_model_id = "old"  # served

[overrides]
# gateway_provider = "nebius"

[my.own.table]
list = [
  1,  # one
  2,
]
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    target = tmp_path / "config.toml"
    target.write_text(WRITTEN_BY_HAND)
    return target


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def leftovers(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir() if not entry.name.endswith(".lock"))


def test_a_change_touches_nothing_but_its_line(path: Path) -> None:
    file.update(path, {("managed", "gateway_model_id"): "new"})

    expected = WRITTEN_BY_HAND.replace('"old"', '"new"')
    assert path.read_text() == expected


def test_removing_a_key_leaves_comments_and_unknown_keys(path: Path) -> None:
    file.update(path, {("max_retries",): None, ("managed", "gateway_model_id"): None})

    kept = path.read_text()
    assert tomllib.loads(kept)["managed"] == {}
    for line in ("# Mine.", 'colour = "green"  # tm does not know this', "  1,  # one"):
        assert line in kept
    assert "max_retries" not in kept


def test_a_new_key_goes_into_its_table_also_if_others_follow(path: Path) -> None:
    file.update(path, {("managed", "gateway_user_id"): "u", ("ca_bundle",): "/ca.pem"})

    found = file.read(path)
    assert found["managed"] == {"gateway_model_id": "old", "gateway_user_id": "u"}
    assert found["ca_bundle"] == "/ca.pem"
    assert found["my"] == {"own": {"table": {"list": [1, 2]}}}


def test_removing_what_is_not_there_changes_nothing(path: Path) -> None:
    before = path.stat()

    file.update(path, {("overrides", "gateway_api_key"): None, ("nowhere", "key"): None})

    assert path.read_text() == WRITTEN_BY_HAND
    assert path.stat().st_ino == before.st_ino


@pytest.mark.parametrize(
    "text",
    ['managed = {gateway_model_id = "old"}  # inline\n', 'managed.gateway_model_id = "old"\r\n'],
    ids=["inline table", "dotted key"],
)
def test_tables_in_other_spellings_are_changed_too(path: Path, text: str) -> None:
    path.write_text(text)

    file.update(path, {("managed", "gateway_user_id"): "u", ("max_retries",): 1})

    assert file.read(path) == {
        "managed": {"gateway_model_id": "old", "gateway_user_id": "u"},
        "max_retries": 1,
    }


@pytest.mark.parametrize(
    "text",
    [
        "[managed.sub]\na = 1\n[other]\nb = 1\n[managed]\nc = 1\n",
        "[managed]\n[managed.sub]\nz = 1 # hi\n",
        "'managed' = {'a' = 1}\nd = 1979-05-27T07:32:00Z\nf = nan\ng = [inf, -0.0, 1e3]\n",
        "[[array]]\nx = 1\n[[array]]\nx = 2\n",
        "[overrides]  # and no line end",
        "\n\n",
    ],
)
def test_what_else_is_in_a_file_stays_whatever_it_is(path: Path, text: str) -> None:
    path.write_text(text)
    before = repr(file.read(path))
    added = {("managed", "gateway_user_id"): "u", ("max_retries",): 3}

    file.update(path, added)
    assert file.read(path)["managed"]["gateway_user_id"] == "u"
    file.update(path, dict.fromkeys(added))

    after = file.read(path)
    if not after["managed"]:
        del after["managed"]
    assert repr(after) == before


def test_a_change_that_would_do_harm_is_not_made(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tomlkit.dumps", lambda _document: "max_retries = 9\n")

    with pytest.raises(ConfigFault, match="without affecting its other settings"):
        file.update(path, {("max_retries",): 9})

    assert path.read_text() == WRITTEN_BY_HAND


def test_new_files_and_folders_are_for_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "config.toml"

    file.update(path, {("max_retries",): 1})

    assert mode(path) == 0o600
    assert mode(path.parent) == mode(path.parent.parent) == 0o700


def test_a_file_that_others_could_read_is_closed_to_them_when_it_is_written(path: Path) -> None:
    path.chmod(0o644)

    file.update(path, {("max_retries",): 1})

    assert mode(path) == 0o600


def test_a_symbolic_link_stays_one(tmp_path: Path, path: Path) -> None:
    link = tmp_path / "elsewhere" / "config.toml"
    link.parent.mkdir()
    link.symlink_to("../config.toml")

    file.update(link, {("max_retries",): 7})

    assert link.is_symlink()
    assert file.read(path)["max_retries"] == 7


@pytest.mark.parametrize("failing", ["os.replace", "os.fsync", "write"])
def test_a_full_disk_or_a_crash_leaves_the_old_file(
    path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    def refuse(*_arguments: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    class FullDisk:
        def __init__(self, descriptor: int, _mode: str) -> None:
            self.descriptor = descriptor

        def __enter__(self) -> FullDisk:
            return self

        def __exit__(self, *_error: object) -> None:
            os.close(self.descriptor)

        write = staticmethod(refuse)

    if failing == "write":
        monkeypatch.setattr(atomic, "open", FullDisk, raising=False)
    else:
        monkeypatch.setattr(failing, refuse)

    with pytest.raises(ConfigFault, match="No space left") as caught:
        file.update(path, {("max_retries",): 9})

    assert str(path) in caught.value.message
    assert path.read_text() == WRITTEN_BY_HAND
    assert leftovers(path.parent) == ["config.toml"]


def test_an_interrupt_while_writing_leaves_the_old_file_and_nothing_else(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_arguments: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)

    with pytest.raises(KeyboardInterrupt):
        file.update(path, {("max_retries",): 9})

    assert path.read_text() == WRITTEN_BY_HAND
    assert leftovers(path.parent) == ["config.toml"]


def test_whoever_reads_while_others_write_sees_a_whole_file(path: Path) -> None:
    done = threading.Event()
    problems: list[BaseException] = []

    def write() -> None:
        try:
            for number in range(60):
                file.update(path, {("max_retries",): number, ("padding",): "x" * 5000})
        except BaseException as error:
            problems.append(error)
        finally:
            done.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not done.is_set():
        assert file.read(path)["colour"] == "green"
    writer.join()
    assert not problems


def test_changes_made_side_by_side_are_all_kept(path: Path) -> None:
    def write(name: str) -> None:
        for number in range(10):
            file.update(path, {(name,): number})

    threads = [threading.Thread(target=write, args=(f"key{index}",)) for index in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    found = file.read(path)
    assert [found[f"key{index}"] for index in range(3)] == [9, 9, 9]


def test_a_second_writer_gives_up_at_last(path: Path) -> None:
    with (
        atomic.locked(path),
        pytest.raises(ConfigFault, match="another tm"),
        atomic.locked(path, seconds=0.05),
    ):
        raise AssertionError("both have the lock")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"a = 1\nb = \n", 2),
        (b'a = 1\n\n[managed\nx = "y"\n', 3),
        (b"a = 1\nb = [1,\n", 2),
        (b"a = 1\nname = '\xff'\n", 2),
        (b"a = 1\na = 2\n", 2),
    ],
    ids=["no value", "no bracket", "no end", "no UTF-8", "twice"],
)
def test_broken_toml_names_the_file_the_line_and_what_to_do(
    path: Path, content: bytes, line: int
) -> None:
    path.write_bytes(content)

    with pytest.raises(ConfigFault) as caught:
        file.read(path)

    assert f"{path}, line {line}:" in caught.value.message
    assert "tm config init --force" in (caught.value.hint or "")
    with pytest.raises(ConfigFault):
        file.update(path, {("max_retries",): 1})
    assert path.read_bytes() == content


def test_a_broken_line_is_not_shown_since_it_may_hold_a_key(path: Path) -> None:
    path.write_text('gateway_api_key = "ak-canary-0001\n')

    with pytest.raises(ConfigFault) as caught:
        file.read(path)

    assert "canary" not in f"{caught.value.message} {caught.value.hint}"


def test_a_value_in_the_place_of_a_table_is_told(path: Path) -> None:
    path.write_text("managed = 5\n")

    with pytest.raises(ConfigFault, match=r"`managed` must be a table"):
        file.read(path)


def test_the_mark_that_some_editors_write_is_no_mistake(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbfmax_retries = 2\n")

    assert file.read(path) == {"max_retries": 2}


def test_a_file_that_does_not_exist_is_empty(tmp_path: Path) -> None:
    assert file.read(tmp_path / "none.toml") == {}


def test_a_folder_in_the_place_of_the_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigFault, match="Is a directory"):
        file.read(tmp_path)


def test_a_folder_that_cannot_be_made_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ConfigFault, match="cannot write") as caught:
        file.update(tmp_path / "file" / "config.toml", {("max_retries",): 1})

    assert "TM_CONFIG_HOME" in (caught.value.hint or "")


def test_the_template_is_not_written_over_a_file(path: Path) -> None:
    with pytest.raises(ConfigFault, match="already exists"):
        file.write_template(path)
    assert path.read_text() == WRITTEN_BY_HAND

    file.write_template(path, force=True)

    assert path.read_text() == file.TEMPLATE
    assert file.read(path) == {
        "controlplane_base": "https://api.tensormesh.ai",
        "timeout_seconds": 30,
        "max_retries": 0,
        "managed": {},
        "overrides": {},
    }
