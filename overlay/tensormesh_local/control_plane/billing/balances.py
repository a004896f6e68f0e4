"""Balances, transactions and spending, for users and for administrators."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from tensormesh_local.clock import DAY, format_time
from tensormesh_local.control_plane import money
from tensormesh_local.control_plane.accounts.activities import record_activity
from tensormesh_local.control_plane.billing.gpu_charges import settle, settle_before_reading
from tensormesh_local.control_plane.billing.ledger import (
    ADJUSTMENT,
    SERVERLESS_USAGE,
    NewTransaction,
    balance_of,
    post,
    spent_since,
)
from tensormesh_local.control_plane.billing.serverless_charges import serverless_spend
from tensormesh_local.control_plane.billing.usage import savings_by_day
from tensormesh_local.control_plane.context import operation, required
from tensormesh_local.control_plane.errors import invalid_argument
from tensormesh_local.control_plane.paging import page_position, page_token

if TYPE_CHECKING:
    import sqlite3

    from tensormesh_local.control_plane.context import Context

_WINDOWS: Final = {"spend24h": DAY, "spend7d": 7 * DAY, "spend30d": 30 * DAY}
_HISTORY: Final = 30 * DAY


@operation
def get_user_balance(context: Context) -> dict[str, Any]:
    """Return a user's balance."""
    owner = context.owner(context.query.get("userId"))
    settle_before_reading(context, owner)
    with context.state.read() as db:
        return {"balance": money.to_wire(balance_of(db, owner))}


@operation
def list_billing_transactions(context: Context) -> dict[str, Any]:
    """List a user's transactions, newest first."""
    owner = context.owner(context.query.get("userId"))
    settle_before_reading(context, owner)
    size = context.query["pageSize"]
    filters = {"userId": owner}
    before = page_position(context.query.get("pageToken"), filters)
    with context.state.read() as db:
        # One more than asked for tells whether there is another page.
        rows = db.execute(
            "SELECT * FROM transactions WHERE user_id = :owner AND (:before IS NULL OR "
            "(created_at, position) < "
            "((SELECT created_at FROM transactions WHERE position = :before), :before)) "
            "ORDER BY created_at DESC, position DESC LIMIT :limit",
            {"owner": owner, "before": before, "limit": size + 1},
        ).fetchall()
        more = len(rows) > size
        return {
            "transactions": [_transaction(db, row) for row in rows[:size]],
            "nextPageToken": page_token(rows[size - 1]["position"], filters) if more else "",
        }


@operation
def get_user_spending_summary(context: Context) -> dict[str, Any]:
    """Return what a user spent in the last day, week and month."""
    owner = context.owner(context.query.get("userId"))
    settle_before_reading(context, owner)
    with context.state.read() as db:
        return _spending(db, owner, context.now)


@operation
def get_user_spending_history(context: Context) -> dict[str, Any]:
    """Return what a user spent in the last 30 days, day by day (UTC), days without it too."""
    owner = context.owner(context.query.get("userId"))
    settle_before_reading(context, owner)
    start = context.now - _HISTORY
    with context.state.read() as db:
        spent = {
            row["day"]: row["spent"]
            for row in db.execute(
                "SELECT created_at / :day AS day, -sum(amount) AS spent FROM ledger_entries "
                "WHERE user_id = :owner AND created_at > :start AND amount < 0 GROUP BY 1",
                {"day": DAY, "owner": owner, "start": start},
            )
        }
        saved = savings_by_day(db, owner, start)
    return {
        "buckets": [
            {
                "bucketStart": format_time(day * DAY),
                "amount": money.to_wire(spent.get(day, 0)),
                "costSaving": money.to_wire(saved.get(day, 0)),
            }
            for day in range(start // DAY, context.now // DAY + 1)
        ]
    }


@operation
def admin_get_users_balance(context: Context) -> dict[str, Any]:
    """Return the balances of the users named."""
    return {
        "balances": _for_each_target(
            context, lambda db, user: {"balance": money.to_wire(balance_of(db, user))}
        )
    }


@operation
def get_users_spending_summary(context: Context) -> dict[str, Any]:
    """Return what each of the users named spent."""
    return {
        "summaries": _for_each_target(context, lambda db, user: _spending(db, user, context.now))
    }


@operation
def add_user_balance(context: Context) -> dict[str, Any]:
    """Raise a user's balance."""
    body = context.body
    context.require_admin(body.get("userId"))
    target = required(body, "targetUserId")
    amount = positive_amount(context)
    context.require_user(target)
    with context.state.write() as db:
        settle(db, context.new_id, target, context.now)
        transaction_id = context.new_id("tx")
        balance = post(
            db,
            NewTransaction(
                transaction_id, target, ADJUSTMENT, "Credit by an administrator", context.now
            ),
            amount,
        )
        record_activity(
            db,
            context,
            "BALANCE_ADDED",
            user_id=target,
            resource=("transaction", transaction_id),
            message=f"Added {_as_text(amount)} to the balance",
            metadata={"amount": money.to_wire(amount)},
        )
    return {"balance": money.to_wire(balance)}


def positive_amount(context: Context) -> int:
    """Return the ``amount`` of a request, in nanos.

    Raises:
        ControlPlaneError: 400, there is none, or it is not more than zero.
    """
    amount = money.from_wire(required(context.body, "amount"))
    if amount <= 0:
        raise invalid_argument("amount", "Input should be more than zero")
    return amount


def _for_each_target(
    context: Context, tell: Callable[[sqlite3.Connection, str], dict[str, Any]]
) -> list[dict[str, Any]]:
    context.require_admin(context.body.get("userId"))
    targets = context.body.get("targetUserIds") or []
    for target in targets:
        context.require_user(target)
        settle_before_reading(context, target)
    with context.state.read() as db:
        return [{"userId": target, **tell(db, target)} for target in targets]


def _as_text(nanos: int) -> str:
    units, rest = divmod(nanos, money.NANOS_PER_UNIT)
    digits = f"{rest:09d}"
    return f"{units}.{digits[:2]}{digits[2:].rstrip('0')} {money.CURRENCY}"


def _spending(db: sqlite3.Connection, user_id: str, now: int) -> dict[str, Any]:
    return {
        name: money.to_wire(spent_since(db, user_id, now - window))
        for name, window in _WINDOWS.items()
    }


def _transaction(db: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    transaction = {
        "transactionId": row["id"],
        "stripePaymentIntentId": row["payment_intent_id"],
        "paymentMethodId": row["payment_method_id"],
        "createdAt": format_time(row["created_at"]),
        "amount": money.to_wire(abs(row["amount"])),
        "description": row["description"],
        "status": "TRANSACTION_STATUS_SUCCEEDED",
        "type": row["type"],
    }
    if row["type"] == SERVERLESS_USAGE:
        transaction["details"] = {"serverless": serverless_spend(db, row)}
    return transaction
