"""Balances, transactions and spending, for users and for administrators."""

from __future__ import annotations

from typing import Final

from tensormesh_local.clock import DAY, format_time
from tensormesh_local.control_plane import money
from tensormesh_local.control_plane.accounts.activities import record_activity
from tensormesh_local.control_plane.billing.gpu_charges import settle
from tensormesh_local.control_plane.billing.ledger import (
    ADJUSTMENT,
    SERVERLESS_USAGE,
    balance_of,
    post,
    spent_since,
)
from tensormesh_local.control_plane.billing.serverless_charges import serverless_spend
from tensormesh_local.control_plane.billing.usage import savings_by_day
from tensormesh_local.control_plane.context import Context, Json, required, writes
from tensormesh_local.control_plane.errors import invalid_argument
from tensormesh_local.control_plane.paging import page_position, token_page
from tensormesh_local.control_plane.state import Row

_WINDOWS: Final = {"spend24h": DAY, "spend7d": 7 * DAY, "spend30d": 30 * DAY}
_HISTORY: Final = 30 * DAY


@writes
def get_user_balance(context: Context) -> Json:
    """Return a user's balance."""
    return {"balance": money.to_wire(balance_of(context.db, _settled_owner(context)))}


@writes
def list_billing_transactions(context: Context) -> Json:
    """List a user's transactions, newest first."""
    owner = _settled_owner(context)
    size = context.query["pageSize"]
    filters = {"userId": owner}
    before = page_position(context.query.get("pageToken"), filters)
    rows = context.db.all(
        "SELECT * FROM transactions WHERE user_id = :owner AND (:before IS NULL OR "
        "(created_at, position) < "
        "((SELECT created_at FROM transactions WHERE position = :before), :before)) "
        "ORDER BY created_at DESC, position DESC LIMIT :limit",
        {"owner": owner, "before": before, "limit": size + 1},
    )
    return token_page(rows, size, filters, "transactions", lambda row: _transaction(context, row))


@writes
def get_user_spending_summary(context: Context) -> Json:
    """Return what a user spent in the last day, week and month."""
    return _spending(context, _settled_owner(context))


@writes
def get_user_spending_history(context: Context) -> Json:
    """Return what a user spent on each of the last 30 days (UTC)."""
    owner = _settled_owner(context)
    start = context.now - _HISTORY
    rows = context.db.all(
        "SELECT created_at / :day AS day, -sum(amount) AS spent FROM ledger_entries "
        "WHERE user_id = :owner AND created_at > :start AND amount < 0 GROUP BY 1",
        {"day": DAY, "owner": owner, "start": start},
    )
    spent = {row["day"]: row["spent"] for row in rows}
    saved = savings_by_day(context.db, owner, start)
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


@writes
def admin_get_users_balance(context: Context) -> Json:
    """Return the balances of several users."""
    targets = _settled_targets(context)
    return {
        "balances": [
            {"userId": user, "balance": money.to_wire(balance_of(context.db, user))}
            for user in targets
        ]
    }


@writes
def get_users_spending_summary(context: Context) -> Json:
    """Return the amount that each user spent."""
    targets = _settled_targets(context)
    return {"summaries": [{"userId": user, **_spending(context, user)} for user in targets]}


@writes
def add_user_balance(context: Context) -> Json:
    """Raise a user's balance."""
    body = context.body
    context.require_admin(body.get("userId"))
    target = required(body, "targetUserId")
    amount = positive_amount(context)
    context.require_user(target)
    settle(context.db, context.new_id, target, context.now)
    transaction_id, now = context.new_id("tx"), context.now
    text = "Credit by an administrator"
    balance = post(context.db, transaction_id, target, ADJUSTMENT, text, now, amount)
    message, metadata = f"Added {_as_text(amount)} to the balance", money.to_wire(amount)
    record_activity(
        context, "BALANCE_ADDED", target, "transaction", transaction_id, message, amount=metadata
    )
    return {"balance": money.to_wire(balance)}


def positive_amount(context: Context) -> int:
    """Return the ``amount`` of a request in nanos, or raise a 400 unless it is positive."""
    amount = money.from_wire(required(context.body, "amount"))
    if amount <= 0:
        raise invalid_argument("amount", "Input should be more than zero")
    return amount


def _settled_owner(context: Context) -> str:
    """Return the user that a request is about, after settling the account."""
    owner = context.owner(context.query.get("userId"))
    settle(context.db, context.new_id, owner, context.now)
    return owner


def _settled_targets(context: Context) -> list[str]:
    """Return the users that an administrator names, after settling their accounts."""
    context.require_admin(context.body.get("userId"))
    targets: list[str] = context.body.get("targetUserIds") or []
    for target in targets:
        context.require_user(target)
        settle(context.db, context.new_id, target, context.now)
    return targets


def _as_text(nanos: int) -> str:
    units, rest = divmod(nanos, money.NANOS_PER_UNIT)
    digits = f"{rest:09d}"
    return f"{units}.{digits[:2]}{digits[2:].rstrip('0')} {money.CURRENCY}"


def _spending(context: Context, user_id: str) -> Json:
    return {
        name: money.to_wire(spent_since(context.db, user_id, context.now - window))
        for name, window in _WINDOWS.items()
    }


def _transaction(context: Context, row: Row) -> Json:
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
        transaction["details"] = {"serverless": serverless_spend(context.db, row)}
    return transaction
