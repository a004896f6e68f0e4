"""The ledger: what every account received and paid, in integer nanos.

Users see transactions; the entries of a transaction are its single movements. Entries are only
added, except that the newest entry of an ongoing cost grows for a while. At any time the amount of
a transaction is the sum of its entries, and the balance of an account is the sum of the amounts
of its transactions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from tensormesh_local.control_plane.errors import Code, ControlPlaneError
from tensormesh_local.control_plane.state import Database

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
"""The largest balance in nanos, positive or negative; 64 bits hold a little more."""


NewId = Callable[[str], str]
"""Creates an id from a prefix."""


def balance_of(db: Database, user_id: str) -> int:
    """Return the balance of an account."""
    row = db.one("SELECT balance FROM accounts WHERE user_id = ?", (user_id,))
    return row["balance"] if row else 0


def spent_since(db: Database, user_id: str, start: int) -> int:
    """Return the nanos that an account paid after a time in microseconds."""
    row = db.one(
        "SELECT coalesce(-sum(amount), 0) AS spent FROM ledger_entries "
        "WHERE user_id = ? AND created_at > ? AND amount < 0",
        (user_id, start),
    )
    return row["spent"] if row else 0


def open_transaction(
    db: Database,
    transaction_id: str,
    user_id: str,
    kind: str,
    description: str,
    created_at: int,
    *,
    subject: str | None = None,
    payment_intent_id: str = "",
    payment_method_id: str = "",
) -> int:
    """Create a transaction without entries, and return its position.

    Args:
        db: The database transaction.
        transaction_id: Its id, such as ``tx_...``.
        user_id: The account.
        kind: Member of TransactionType.
        description: Description for people.
        created_at: When it is created, in microseconds.
        subject: What it accumulates, such as a month. An account has at most one transaction
            of a kind for each subject.
        payment_intent_id: The payment that it belongs to.
        payment_method_id: The payment method used.
    """
    return db.insert(
        "transactions",
        id=transaction_id,
        user_id=user_id,
        type=kind,
        description=description,
        payment_intent_id=payment_intent_id,
        payment_method_id=payment_method_id,
        subject=subject,
        created_at=created_at,
    )


def accumulating_transaction(
    db: Database,
    new_id: NewId,
    user_id: str,
    kind: str,
    subject: str,
    description: str,
    created_at: int,
) -> int:
    """Return the position of the transaction for a subject, creating it if necessary."""
    row = db.one(
        "SELECT position FROM transactions WHERE user_id = ? AND type = ? AND subject = ?",
        (user_id, kind, subject),
    )
    if row is not None:
        return int(row["position"])
    return open_transaction(
        db, new_id("tx"), user_id, kind, description, created_at, subject=subject
    )


def post(
    db: Database,
    transaction_id: str,
    user_id: str,
    kind: str,
    description: str,
    created_at: int,
    amount: int,
    **payment: str,
) -> int:
    """Create a transaction with one entry, as :func:`open_transaction` does; return the balance.

    Raises:
        ControlPlaneError: 400, OUT_OF_RANGE, the balance would be too large.
    """
    position = open_transaction(
        db, transaction_id, user_id, kind, description, created_at, **payment
    )
    return move(db, position, user_id, [(amount, created_at)])


def move(
    db: Database,
    transaction: int,
    user_id: str,
    entries: Sequence[tuple[int, int]],
    span: int | None = None,
) -> int:
    """Add entries to a transaction and return the new balance.

    Args:
        db: The database transaction.
        transaction: Position of the transaction in the ledger.
        user_id: The account.
        entries: Amounts in nanos, negative for payments, and their times in microseconds, oldest
            first.
        span: Merge the first entry into the newest one of the transaction if both are in the same
            span of this many microseconds, so that frequent updates do not add many entries.

    Raises:
        ControlPlaneError: 400, OUT_OF_RANGE, the balance would be too large.
    """
    total = sum(amount for amount, _ in entries)
    balance = balance_of(db, user_id) + total
    if abs(balance) > MAX_BALANCE:
        raise ControlPlaneError(Code.OUT_OF_RANGE, "amount: the balance would be out of range.")
    if not total:
        return balance
    merged = span is not None and _merge(db, transaction, *entries[0], span)
    db.executemany(
        "INSERT INTO ledger_entries (transaction_position, user_id, amount, created_at) "
        "VALUES (?, ?, ?, ?)",
        [(transaction, user_id, *entry) for entry in entries[merged:]],
    )
    db.execute(
        "UPDATE transactions SET amount = amount + ? WHERE position = ?", (total, transaction)
    )
    db.execute("INSERT OR REPLACE INTO accounts VALUES (?, ?)", (user_id, balance))
    return balance


def _merge(db: Database, transaction: int, amount: int, created_at: int, span: int) -> bool:
    """Add an amount to the newest entry of a transaction if that is in the same span."""
    newest = db.one(
        "SELECT position, created_at FROM ledger_entries WHERE transaction_position = ? "
        "ORDER BY position DESC LIMIT 1",
        (transaction,),
    )
    if newest is None or newest["created_at"] // span != created_at // span:
        return False
    db.execute(
        "UPDATE ledger_entries SET amount = amount + ?, created_at = ? WHERE position = ?",
        (amount, created_at, newest["position"]),
    )
    return True
