"""The state: one SQLite database, in memory or in a file.

A file may be used by several threads and processes at once, and survives a kill at any moment.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# How long a writer waits for one in another process, in seconds.
_BUSY_SECONDS: Final = 30.0
_MAX_IDLE_CONNECTIONS: Final = 8
_META: Final = """
CREATE TABLE IF NOT EXISTS meta (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    opened INTEGER NOT NULL
);
"""


class StateError(Exception):
    """The state's file cannot be used."""


class State:
    """What the Control Plane knows.

    Args:
        path: The file to keep it in; None for memory.
        schema: ``CREATE TABLE IF NOT EXISTS`` statements, and others that may be repeated.
        version: The schema's version, 1 or more; SQLite keeps it as ``user_version``.

    Raises:
        StateError: The file cannot be opened, is not a state, or is of another version.
    """

    def __init__(self, path: Path | None, schema: str, version: int) -> None:
        self._path = path
        self._idle: list[sqlite3.Connection] = []
        self._idle_lock = threading.Lock()
        self._writing = threading.Lock()
        # Memory is one connection, so readers take turns with writers.
        self._reading = self._writing if path is None else nullcontext()
        self._current = threading.local()
        self._closed = False
        try:
            self._idle.append(self._connect())
            self.generation = self._create(self._idle[0], schema, version)
        except sqlite3.Error as error:
            self.close()
            raise StateError(f"{path}: {error}") from error
        except StateError:
            self.close()
            raise

    @property
    def is_durable(self) -> bool:
        """Whether what is written outlives the process."""
        return self._path is not None

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Begin a transaction that may change things; it is kept unless the block raises.

        There is one writer at a time. Do not keep the connection after the block.

        Raises:
            RuntimeError: This thread has a transaction already: hand on its connection.
        """
        if getattr(self._current, "connection", None) is not None:
            raise RuntimeError("A transaction is open in this thread; hand on its connection.")
        with self._writing, self._connection() as db:
            db.execute("BEGIN IMMEDIATE")
            with self._transaction(db):
                yield db

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Begin a transaction that sees one moment; within another, use that one."""
        current = getattr(self._current, "connection", None)
        if current is not None:
            yield current
            return
        with self._reading, self._connection() as db:
            db.execute("BEGIN")
            with self._transaction(db):
                yield db

    def __del__(self) -> None:
        """Close what a user forgot to."""
        self.close()

    def close(self) -> None:
        """Close the database; what is in memory is gone."""
        with self._idle_lock:
            self._closed = True
            for connection in self._idle:
                connection.close()
            self._idle.clear()

    @contextmanager
    def _transaction(self, db: sqlite3.Connection) -> Iterator[None]:
        self._current.connection = db
        try:
            yield
        except BaseException:
            # Some failures of SQLite end the transaction by themselves.
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        else:
            db.execute("COMMIT")
        finally:
            self._current.connection = None

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with self._idle_lock:
            if self._closed:
                raise StateError("The state is closed.")
            connection = self._idle.pop() if self._idle else None
        connection = connection or self._connect()
        try:
            yield connection
        finally:
            self._give_back(connection)

    def _give_back(self, connection: sqlite3.Connection) -> None:
        with self._idle_lock:
            usable = not self._closed and not connection.in_transaction
            if usable and len(self._idle) < _MAX_IDLE_CONNECTIONS:
                self._idle.append(connection)
            else:
                connection.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path or ":memory:",
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.row_factory = sqlite3.Row
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            if self._path is not None:
                _use_write_ahead_log(connection)
                connection.execute("PRAGMA synchronous = FULL")
        except BaseException:
            connection.close()
            raise
        return connection

    def _create(self, db: sqlite3.Connection, schema: str, version: int) -> int:
        """Make what is missing; return how often the state was opened before."""
        db.execute("BEGIN IMMEDIATE")
        tables = {row["name"] for row in db.execute("SELECT name FROM sqlite_master")}
        if tables and "meta" not in tables:
            raise StateError(f"{self._path} is a database of another program.")
        found = db.execute("PRAGMA user_version").fetchone()[0]
        if tables and found != version:
            raise StateError(_other_version(self._path, found, version))
        for statement in _statements(_META + schema):
            db.execute(statement)
        row = db.execute(
            "INSERT INTO meta VALUES (1, 0) "
            "ON CONFLICT (only) DO UPDATE SET opened = opened + 1 RETURNING opened"
        ).fetchone()
        db.execute(f"PRAGMA user_version = {version:d}")
        db.execute("COMMIT")
        return int(row["opened"])


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch to the write-ahead log, which SQLite does not wait for by itself."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _other_version(path: Path | None, found: int, version: int) -> str:
    told = f"{path} is a state of version {found}, and this local host works with version {version}"
    if found > version:
        return f"{told}: start a newer local host with it, or name another file for the state."
    return (
        f"{told}; nothing brings it over. Name another file for the state, or delete this one "
        "to begin anew."
    )


def _statements(script: str) -> Iterator[str]:
    """Split a script, so that it can run in one transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
