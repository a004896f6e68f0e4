"""Renewals of reservations, for as many periods as the balance pays."""

from __future__ import annotations

from typing import Final

from tensormesh_local.control_plane.billing.ledger import (
    RESERVED_DEPLOYMENT,
    NewId,
    balance_of,
    post,
)
from tensormesh_local.control_plane.billing.periods import after_periods, periods_until
from tensormesh_local.control_plane.state import Database

_MAX_RENEWALS: Final = 1_000_000
_DUE: Final = (
    "SELECT * FROM reserved_deployments "
    "WHERE user_id = ? AND auto_renew AND canceled_at IS NULL AND end_at <= ? ORDER BY end_at"
)


def first_renewal(db: Database, user_id: str, now: int) -> int | None:
    """Return the due time of the user's earliest overdue renewal, or None."""
    row = db.one(_DUE, (user_id, now))
    return row["end_at"] if row else None


def renew(db: Database, new_id: NewId, user_id: str, now: int) -> None:
    """Renew a user's reservations that are due. Those that cannot be paid end."""
    for row in db.all(_DUE, (user_id, now)):
        periods = periods_until(row["end_at"], now + 1, row["period"], _MAX_RENEWALS)
        price = row["price_nanos"]
        if price:
            periods = min(periods, max(0, balance_of(db, user_id)) // price)
        end = after_periods(row["end_at"], row["period"], periods)
        if price * periods:
            text = "Renewed a reservation"
            post(db, new_id("tx"), user_id, RESERVED_DEPLOYMENT, text, now, -price * periods)
        # A reservation that ended stays so, even if the balance grows later.
        renews = end > now
        db.update("reserved_deployments", row["id"], end_at=end, auto_renew=renews, updated_at=now)
