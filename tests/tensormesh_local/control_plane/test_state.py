"""The state: kept across restarts and kills, whole under concurrent writers."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from support.control_plane_host import Client, Host
from support.project_files import ROOT

from tensormesh_local.control_plane import operations
from tensormesh_local.control_plane.state import State, StateError

OVERLAY = ROOT / "overlay"
SCHEMA = "CREATE TABLE IF NOT EXISTS entries (id INTEGER PRIMARY KEY, text TEXT NOT NULL);\n"
# Adds pairs of entries, and says which when they are there.
WRITER = """
import sys
from pathlib import Path
from tensormesh_local.control_plane.state import State

path, schema, name, count = sys.argv[1:]
state = State(Path(path), schema, 1)
for number in range(int(count)):
    with state.write() as db:
        for half in "ab":
            db.execute("INSERT INTO entries (text) VALUES (?)", (f"{name} {number} {half}",))
    print(number, flush=True)
state.close()
"""


def _writer(path: Path, name: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), SCHEMA, name, str(count)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(OVERLAY)},
    )


def _entries(state: State) -> list[str]:
    with state.read() as db:
        return [row["text"] for row in db.execute("SELECT text FROM entries ORDER BY id")]


def _add(state: State, text: str) -> None:
    with state.write() as db:
        db.execute("INSERT INTO entries (text) VALUES (?)", (text,))


@pytest.fixture(params=["memory", "file"])
def state(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """A state with one table."""
    made = State(tmp_path / "state.db" if request.param == "file" else None, SCHEMA, 1)
    yield made
    made.close()


class TestTransactions:
    def test_what_fails_leaves_nothing(self, state: State) -> None:
        _add(state, "one")

        def fail() -> None:
            with state.write() as db:
                db.execute("INSERT INTO entries (text) VALUES ('two')")
                raise LookupError

        with pytest.raises(LookupError):
            fail()
        assert _entries(state) == ["one"]

    def test_references_are_held(self, state: State) -> None:
        schema = State(None, operations.SCHEMA, operations.SCHEMA_VERSION)
        with (
            pytest.raises(sqlite3.IntegrityError),
            schema.write() as db,
        ):
            db.execute("INSERT INTO sessions VALUES ('s', 'nobody', 0, NULL)")
        schema.close()

    def test_threads_write_one_after_the_other(self, state: State) -> None:
        def count() -> None:
            for _ in range(25):
                with state.write() as db:
                    (found,) = db.execute("SELECT count(*) FROM entries").fetchone()
                    db.execute("INSERT INTO entries (text) VALUES (?)", (str(found),))

        threads = [threading.Thread(target=count) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert _entries(state) == [str(number) for number in range(200)]

    def test_a_reader_sees_one_moment(self, tmp_path: Path) -> None:
        state = State(tmp_path / "state.db", SCHEMA, 1)
        _add(state, "one")
        with state.read() as db:
            assert db.execute("SELECT count(*) FROM entries").fetchone()[0] == 1
            thread = threading.Thread(target=_add, args=(state, "two"))
            thread.start()
            thread.join()
            assert db.execute("SELECT count(*) FROM entries").fetchone()[0] == 1
        assert _entries(state) == ["one", "two"]
        state.close()

    def test_a_closed_state_is_closed(self, state: State) -> None:
        state.close()
        with pytest.raises(StateError, match="closed"), state.read():
            pass


class TestProcesses:
    def test_two_processes_write_at_once(self, tmp_path: Path) -> None:
        path = tmp_path / "state.db"
        writers = [_writer(path, name, 40) for name in ("x", "y")]
        for writer in writers:
            writer.communicate(timeout=60)
            assert writer.returncode == 0
        state = State(path, SCHEMA, 1)
        entries = _entries(state)
        state.close()
        assert len(entries) == 160
        # The halves of a pair are side by side: no writer came in between.
        assert all(a[:-1] == b[:-1] for a, b in zip(entries[::2], entries[1::2], strict=True))

    @pytest.mark.parametrize("after", [0, 1, 7, 30])
    def test_a_kill_loses_nothing_that_was_written(self, tmp_path: Path, after: int) -> None:
        path = tmp_path / "state.db"
        writer = _writer(path, "x", 1_000_000)
        assert writer.stdout is not None
        said = [writer.stdout.readline() for _ in range(after)]
        writer.kill()
        rest, _ = writer.communicate(timeout=10)
        said += rest.splitlines()
        state = State(path, SCHEMA, 1)
        entries = _entries(state)
        with state.read() as db:
            assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        _add(state, "more")
        state.close()
        assert len(entries) % 2 == 0
        assert len(entries) >= 2 * len([line for line in said if line.strip()])


class TestFiles:
    @pytest.mark.parametrize(
        ("theirs", "advice"), [(1, "delete this one"), (3, "newer local host")]
    )
    def test_a_file_of_another_version_is_refused_with_advice_and_left_alone(
        self, tmp_path: Path, theirs: int, advice: str
    ) -> None:
        path = tmp_path / "state.db"
        State(path, SCHEMA, theirs).close()
        with pytest.raises(StateError) as refused:
            State(path, SCHEMA, 2)
        told = str(refused.value)
        assert f"{path} has state version {theirs}" in told
        assert "expects version 2" in told
        assert advice in told
        State(path, SCHEMA, theirs).close()

    def test_a_file_from_before_versions_had_numbers_is_of_version_0(self, tmp_path: Path) -> None:
        path = tmp_path / "state.db"
        with sqlite3.connect(path) as db:
            db.execute("CREATE TABLE meta (only INTEGER PRIMARY KEY, version TEXT, opened INTEGER)")
        db.close()
        with pytest.raises(StateError, match="version 0"):
            State(path, SCHEMA, 1)

    def test_other_tools_can_read_the_version(self, tmp_path: Path) -> None:
        path = tmp_path / "state.db"
        State(path, SCHEMA, 7).close()
        with sqlite3.connect(path) as db:
            assert db.execute("PRAGMA user_version").fetchone() == (7,)
        db.close()

    def test_tables_do_not_change_without_a_new_version(self, host: Host) -> None:
        with host.control_plane.state.read() as db:
            rows = db.execute(
                "SELECT sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name"
            )
            tables = "\n".join(" ".join(row["sql"].split()) for row in rows)
        digest = hashlib.sha256(tables.encode()).hexdigest()[:16]
        # Where this fails: add one to SCHEMA_VERSION, and enter the new pair here.
        assert (operations.SCHEMA_VERSION, digest) == (2, "6f0ac3942500598b")

    def test_other_files_are_refused_and_left_alone(self, tmp_path: Path) -> None:
        text = tmp_path / "text.db"
        text.write_text("Not a database, but a text that is long enough to be taken for one." * 20)
        foreign = tmp_path / "foreign.db"
        with sqlite3.connect(foreign) as db:
            db.execute("CREATE TABLE theirs (id)")
        db.close()
        for path in (text, foreign):
            before = path.read_bytes()
            with pytest.raises(StateError, match=path.name):
                State(path, SCHEMA, 1)
            assert path.read_bytes()[100:] == before[100:]

    def test_a_folder_that_does_not_exist_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(StateError, match="unable to open"):
            State(tmp_path / "nowhere" / "state.db", SCHEMA, 1)

    def test_openings_are_counted(self, tmp_path: Path) -> None:
        path = tmp_path / "state.db"
        for generation in range(3):
            state = State(path, SCHEMA, 1)
            assert state.generation == generation
            state.close()


class TestRestart:
    def test_everything_is_there_after_a_restart(self, tmp_path: Path) -> None:
        path = tmp_path / "state.db"
        before = Host(path)
        tokens = before.log_in("mira@heron.test")
        user = Client(before, tokens["accessToken"])
        user.add_card()
        key = user.ok("create_user_api_key", {"name": "notebook"})["apiKey"]
        model = user.deploy()
        ticket = user.ok("create_ticket", {"subject": "x", "message": {"content": "y"}})
        profile, done = user.ok("get_auth_profile"), user.activities()
        before.control_plane.close()

        after = Host(path)
        after.clock.advance(10)
        user = Client(after, tokens["accessToken"])
        assert user.ok("get_auth_profile") == profile
        assert user.activities() == done
        assert user.ok("get_ticket", path={"ticketId": ticket["ticket"]["ticketId"]}) == ticket
        running = user.ok("get_model", path={"modelId": model["modelId"]})["model"]
        assert running["status"] == "MODEL_STATUS_RUNNING"
        assert after.chat("serverless", key["secret"], "tm-local-chat").status_code == 200
        after.nobody.ok("refresh_cli_login", {"refreshToken": tokens["refreshToken"]})
        # The same seed must not give the same ids again.
        assert user.ok("create_user_api_key", {})["apiKey"]["id"] != key["id"]
        after.control_plane.close()

    def test_memory_is_forgotten(self, host: Host) -> None:
        host.user()
        assert host.admin.ok("list_users")["total"] == 2
        assert Host().admin.ok("list_users")["total"] == 1
