"""The ledger: what every account was given and what was taken from it, in integer nanos.

A transaction is what a user sees; its entries are what moved, and when. Entries are only ever
added, but that the newest one of a cost that goes on grows for a while. At each moment a
transaction's amount is the sum of its entries, and an account's balance is the sum of the amounts
of its transactions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tensormesh_local.control_plane.errors import Code, ControlPlaneError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS accounts (
    user_id TEXT PRIMARY KEY REFERENCES users (id),
    balance INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS transactions (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    user_id TEXT NOT NULL REFERENCES users (id),
    type TEXT NOT NULL,
    amount INTEGER NOT NULL DEFAULT 0,
    description TEXT NOT NULL,
    payment_intent_id TEXT NOT NULL,
    payment_method_id TEXT NOT NULL,
    subject TEXT,
    created_at INTEGER NOT NULL,
    UNIQUE (user_id, type, subject)
);
CREATE INDEX IF NOT EXISTS transactions_of_user
    ON transactions (user_id, created_at, position);
CREATE TABLE IF NOT EXISTS ledger_entries (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    transaction_position INTEGER NOT NULL REFERENCES transactions (position),
    user_id TEXT NOT NULL REFERENCES users (id),
    amount INTEGER NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS ledger_entries_of_user
    ON ledger_entries (user_id, created_at);
CREATE INDEX IF NOT EXISTS ledger_entries_of_transaction
    ON ledger_entries (transaction_position);
"""

TOP_UP: Final = "TRANSACTION_TYPE_TOP_UP"
ADJUSTMENT: Final = "TRANSACTION_TYPE_ADJUSTMENT"
SERVERLESS_USAGE: Final = "TRANSACTION_TYPE_SERVERLESS_USAGE"
GPU_USAGE: Final = "TRANSACTION_TYPE_GPU_USAGE"
RESERVED_DEPLOYMENT: Final = "TRANSACTION_TYPE_RESERVED_DEPLOYMENT"
REFUND: Final = "TRANSACTION_TYPE_REFUND"
MAX_BALANCE: Final = 9 * 10**18
"""The most nanos that an account holds, in either direction; 64 bits hold a little more."""


@dataclass(frozen=True, slots=True)
class NewTransaction:
    """A transaction to open.

    Args:
        id: Its id, such as ``tx_...``.
        user_id: Whose account it is about.
        kind: The member of TransactionType.
        description: What it is for, in words.
        created_at: When it is entered, in microseconds.
        payment_intent_id: The payment that it belongs to.
        payment_method_id: What was paid with.
        subject: What it adds up, such as a month; an account has one transaction of a type
            for each subject. None for transactions that stand alone.
    """

    id: str
    user_id: str
    kind: str
    description: str
    created_at: int
    payment_intent_id: str = ""
    payment_method_id: str = ""
    subject: str | None = None


def balance_of(db: sqlite3.Connection, user_id: str) -> int:
    """Return an account's balance; 0 for one in which nothing happened yet."""
    row = db.execute("SELECT balance FROM accounts WHERE user_id = ?", (user_id,)).fetchone()
    return row["balance"] if row else 0


def find_transaction(db: sqlite3.Connection, user_id: str, kind: str, subject: str) -> int | None:
    """Return the position of the transaction that adds a subject up, None if there is none."""
    row = db.execute(
        "SELECT position FROM transactions WHERE user_id = ? AND type = ? AND subject = ?",
        (user_id, kind, subject),
    ).fetchone()
    return row["position"] if row else None


def open_transaction(db: sqlite3.Connection, new: NewTransaction) -> int:
    """Enter a transaction that has moved nothing yet; return its position."""
    row = db.execute(
        "INSERT INTO transactions (id, user_id, type, description, payment_intent_id, "
        "payment_method_id, subject, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
        "RETURNING position",
        (
            new.id,
            new.user_id,
            new.kind,
            new.description,
            new.payment_intent_id,
            new.payment_method_id,
            new.subject,
            new.created_at,
        ),
    ).fetchone()
    return int(row["position"])


def move(
    db: sqlite3.Connection, transaction: int, user_id: str, amount: int, created_at: int
) -> int:
    """Add an entry to a transaction.

    Args:
        db: The database transaction to do it in.
        transaction: The position of the ledger's transaction.
        user_id: Whose account it is about.
        amount: Nanos to give, or if negative to take; nothing is entered for 0.
        created_at: When it moves, in microseconds.

    Returns:
        The new balance.

    Raises:
        ControlPlaneError: 400, OUT_OF_RANGE, the balance would grow beyond all measure.
    """
    if amount:
        _enter(db, transaction, user_id, [(amount, created_at)])
    return _add_up(db, transaction, user_id, amount)


def accrue(
    db: sqlite3.Connection,
    transaction: int,
    user_id: str,
    entries: Sequence[tuple[int, int]],
    span: int,
) -> None:
    """Add entries of a cost that goes on to its transaction.

    Args:
        db: The database transaction to do it in.
        transaction: The position of the ledger's transaction.
        user_id: Whose account it is about.
        entries: Amounts and times, as those of :func:`move`, oldest first.
        span: How finely time is told apart, in microseconds: the transaction's newest entry grows
            by the first of these if both are of the same span, so that settling often does not
            make many entries.

    Raises:
        ControlPlaneError: 400, OUT_OF_RANGE, the balance would grow beyond all measure.
    """
    newest = db.execute(
        "SELECT position, created_at FROM ledger_entries WHERE transaction_position = ? "
        "ORDER BY position DESC LIMIT 1",
        (transaction,),
    ).fetchone()
    amount, created_at = entries[0]
    if newest is not None and newest["created_at"] // span == created_at // span:
        db.execute(
            "UPDATE ledger_entries SET amount = amount + ?, created_at = ? WHERE position = ?",
            (amount, created_at, newest["position"]),
        )
        _enter(db, transaction, user_id, entries[1:])
    else:
        _enter(db, transaction, user_id, entries)
    _add_up(db, transaction, user_id, sum(amount for amount, _ in entries))


def _enter(
    db: sqlite3.Connection, transaction: int, user_id: str, entries: Iterable[tuple[int, int]]
) -> None:
    db.executemany(
        "INSERT INTO ledger_entries (transaction_position, user_id, amount, created_at) "
        "VALUES (?, ?, ?, ?)",
        [(transaction, user_id, amount, created_at) for amount, created_at in entries],
    )


def _add_up(db: sqlite3.Connection, transaction: int, user_id: str, amount: int) -> int:
    """Make a transaction and its account follow its entries; return the new balance."""
    balance = balance_of(db, user_id) + amount
    if abs(balance) > MAX_BALANCE:
        raise ControlPlaneError(Code.OUT_OF_RANGE, "amount: the balance would be out of range.")
    if amount:
        db.execute(
            "UPDATE transactions SET amount = amount + ? WHERE position = ?", (amount, transaction)
        )
        db.execute(
            "INSERT INTO accounts VALUES (?, ?) "
            "ON CONFLICT (user_id) DO UPDATE SET balance = excluded.balance",
            (user_id, balance),
        )
    return balance


def post(db: sqlite3.Connection, new: NewTransaction, amount: int) -> int:
    """Enter a transaction of one entry; return the new balance.

    Raises:
        ControlPlaneError: 400, OUT_OF_RANGE, the balance would grow beyond all measure.
    """
    position = open_transaction(db, new)
    return move(db, position, new.user_id, amount, new.created_at)


def spent_since(db: sqlite3.Connection, user_id: str, start: int) -> int:
    """Return how many nanos were taken from an account after a time, in microseconds."""
    row = db.execute(
        "SELECT coalesce(-sum(amount), 0) AS spent FROM ledger_entries "
        "WHERE user_id = ? AND created_at > ? AND amount < 0",
        (user_id, start),
    ).fetchone()
    return int(row["spent"])
