"""Renewals of reservations: as many periods as the balance pays, once somebody looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tensormesh_local.control_plane.billing.ledger import (
    RESERVED_DEPLOYMENT,
    NewTransaction,
    balance_of,
    post,
)
from tensormesh_local.control_plane.billing.periods import after_periods, periods_until

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

_MAX_RENEWALS: Final = 1_000_000
_DUE: Final = "user_id = ? AND auto_renew AND canceled_at IS NULL AND end_at <= ?"


def first_renewal(db: sqlite3.Connection, user_id: str, now: int) -> int | None:
    """Return when the first of a user's renewals that are due came due; None if none is."""
    row = db.execute(
        f"SELECT min(end_at) AS first FROM reserved_deployments WHERE {_DUE}",  # noqa: S608
        (user_id, now),
    ).fetchone()
    first: int | None = row["first"]
    return first


def renew(db: sqlite3.Connection, new_id: Callable[[str], str], user_id: str, now: int) -> None:
    """Renew a user's reservations that are due; one that cannot be paid for ends.

    Args:
        db: The database transaction to do it in.
        new_id: What names transactions.
        user_id: Whose they are.
        now: The time, in microseconds.
    """
    rows = db.execute(
        f"SELECT * FROM reserved_deployments WHERE {_DUE}",  # noqa: S608
        (user_id, now),
    ).fetchall()
    for row in rows:
        periods = periods_until(row["end_at"], now + 1, row["period"], _MAX_RENEWALS)
        price = row["price_nanos"]
        if price:
            periods = min(periods, max(0, balance_of(db, user_id)) // price)
        end = after_periods(row["end_at"], row["period"], periods)
        if price * periods:
            text = "Renewed a reservation"
            new = NewTransaction(new_id("tx"), user_id, RESERVED_DEPLOYMENT, text, now)
            post(db, new, -price * periods)
        # What is not paid for is over for good, even if the balance grows later.
        renews = end > now
        db.execute(
            "UPDATE reserved_deployments SET end_at = ?, auto_renew = ?, updated_at = ? "
            "WHERE id = ?",
            (end, renews, now, row["id"]),
        )
