"""The state of the Control Plane: one SQLite database, in memory or in a file.

Several threads and processes may use a file at once, and it survives a kill at any moment.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Final

Row = sqlite3.Row

# Seconds that a writer waits for one in another process.
_BUSY_SECONDS: Final = 30.0
_MAX_IDLE_CONNECTIONS: Final = 8
_META: Final = """
CREATE TABLE IF NOT EXISTS meta (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    opened INTEGER NOT NULL
);
"""


class Database(sqlite3.Connection):
    """A connection within a transaction. Rows are accessed by column name."""

    def one(self, query: str, parameters: tuple[Any, ...] | Mapping[str, Any] = ()) -> Row | None:
        """Return the first row of a query, or None."""
        row: Row | None = self.execute(query, parameters).fetchone()
        return row

    def all(self, query: str, parameters: tuple[Any, ...] | Mapping[str, Any] = ()) -> list[Row]:
        """Return all rows of a query."""
        return self.execute(query, parameters).fetchall()

    def insert(self, table: str, **columns: Any) -> int:
        """Insert a row and return its rowid."""
        names = ", ".join(columns)
        values = ", ".join(f":{name}" for name in columns)
        cursor = self.execute(f"INSERT INTO {table} ({names}) VALUES ({values})", columns)  # noqa: S608
        return cursor.lastrowid or 0

    def accumulate(self, table: str, key: Mapping[str, Any], **sums: int) -> None:
        """Add to the columns of the row with a key, inserting the row if necessary."""
        names = ", ".join([*key, *sums])
        values = ", ".join(f":{name}" for name in [*key, *sums])
        added = ", ".join(f"{name} = {name} + excluded.{name}" for name in sums)
        self.execute(
            f"INSERT INTO {table} ({names}) VALUES ({values}) "  # noqa: S608
            f"ON CONFLICT DO UPDATE SET {added}",
            {**key, **sums},
        )

    def update(self, table: str, row_id: str, **columns: Any) -> None:
        """Update the row with an id."""
        values = ", ".join(f"{name} = :{name}" for name in columns)
        self.execute(f"UPDATE {table} SET {values} WHERE id = :id", {**columns, "id": row_id})  # noqa: S608


class StateError(Exception):
    """The file of the state cannot be used."""


class State:
    """The database, with one writer at a time.

    Args:
        path: The file to keep it in; None for memory.
        schema: ``CREATE TABLE IF NOT EXISTS`` statements, and others that may be repeated.
        version: The schema's version, 1 or more; SQLite keeps it as ``user_version``.

    Raises:
        StateError: The file cannot be opened, is not a state, or has another version.
    """

    def __init__(self, path: Path | None, schema: str, version: int) -> None:
        self._path = path
        self._idle: list[Database] = []
        self._idle_lock = threading.Lock()
        self._writing = threading.Lock()
        # A database in memory has one connection, so readers take turns with writers.
        self._reading = self._writing if path is None else nullcontext()
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
        """Whether the state outlives the process."""
        return self._path is not None

    @contextmanager
    def write(self) -> Iterator[Database]:
        """Begin a transaction that may change things. It is rolled back if the block raises.

        Do not nest transactions, and do not keep the connection after the block.
        """
        with self._writing, self._transaction("BEGIN IMMEDIATE") as db:
            yield db

    @contextmanager
    def read(self) -> Iterator[Database]:
        """Begin a transaction that sees a snapshot."""
        with self._reading, self._transaction("BEGIN") as db:
            yield db

    def __del__(self) -> None:
        """Close the state if its user forgot to."""
        self.close()

    def close(self) -> None:
        """Close the database. State in memory is lost."""
        with self._idle_lock:
            self._closed = True
            for connection in self._idle:
                connection.close()
            self._idle.clear()

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[Database]:
        with self._idle_lock:
            if self._closed:
                raise StateError("The state is closed.")
            db = self._idle.pop() if self._idle else None
        if db is None:
            db = self._connect()
        try:
            db.execute(begin)
            yield db
            db.execute("COMMIT")
        finally:
            # Some failures of SQLite end the transaction by themselves.
            if db.in_transaction:
                db.execute("ROLLBACK")
            self._release(db)

    def _release(self, db: Database) -> None:
        with self._idle_lock:
            if self._closed or len(self._idle) >= _MAX_IDLE_CONNECTIONS:
                db.close()
            else:
                self._idle.append(db)

    def _connect(self) -> Database:
        connection = sqlite3.connect(
            self._path or ":memory:",
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            factory=Database,
        )
        connection.row_factory = Row
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            if self._path is not None:
                _use_write_ahead_log(connection)
                connection.execute("PRAGMA synchronous = FULL")
        except BaseException:
            connection.close()
            raise
        return connection

    def _create(self, db: Database, schema: str, version: int) -> int:
        """Create what is missing, and return how often the state was opened before."""
        db.execute("BEGIN IMMEDIATE")
        tables = {row["name"] for row in db.execute("SELECT name FROM sqlite_master")}
        if tables and "meta" not in tables:
            raise StateError(f"{self._path} is the database of another program.")
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


def _use_write_ahead_log(connection: Database) -> None:
    """Switch to the write-ahead log. SQLite does not wait for locks then, so retry."""
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
    advice = "use a newer local host or another file"
    if found < version:
        advice = "it cannot be converted; use another file, or delete this one to start over"
    return (
        f"{path} has state version {found}, but this local host expects version "
        f"{version}: {advice}."
    )


def _statements(script: str) -> Iterator[str]:
    """Split a script into statements, so that it can run in one transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
