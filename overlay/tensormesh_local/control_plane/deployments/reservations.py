"""Reserved deployments: machines bought for a time, paid from the balance in advance.

Where a reservation stands follows from the time. One that renews itself goes on for as many
periods as the balance pays; that is settled whenever somebody looks.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from tensormesh_local.clock import (
    SECOND,
    format_optional_time,
    format_time,
    parse_time,
)
from tensormesh_local.control_plane.accounts.activities import record_activity
from tensormesh_local.control_plane.billing import ledger
from tensormesh_local.control_plane.billing.gpu_charges import settle
from tensormesh_local.control_plane.billing.periods import after_periods, periods_until
from tensormesh_local.control_plane.billing.products import find_product
from tensormesh_local.control_plane.context import operation, required
from tensormesh_local.control_plane.errors import failed_precondition, invalid_argument, not_found
from tensormesh_local.control_plane.money import to_wire
from tensormesh_local.control_plane.paging import numbered_page

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from tensormesh_local.control_plane.context import Context

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS reserved_deployments (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    product_id TEXT NOT NULL REFERENCES products (id),
    model_id TEXT REFERENCES models (id),
    infra TEXT,
    gpu_type TEXT NOT NULL,
    gpu_count INTEGER NOT NULL,
    price_nanos INTEGER NOT NULL,
    paid_nanos INTEGER NOT NULL,
    period TEXT NOT NULL,
    start_at INTEGER NOT NULL,
    end_at INTEGER NOT NULL,
    auto_renew INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    canceled_at INTEGER
);
CREATE INDEX IF NOT EXISTS reserved_deployments_of_user ON reserved_deployments (user_id);
"""

PROVISIONING_SECONDS: Final = 2
MAX_PERIODS: Final = 1000

_ALL: Final = "RESERVED_DEPLOYMENT_STATUS_UNSPECIFIED"
_PENDING: Final = "RESERVED_DEPLOYMENT_STATUS_PENDING"
_ACTIVE: Final = "RESERVED_DEPLOYMENT_STATUS_ACTIVE"
# A reservation with its status at a time, and the served name of its model.
_SELECT: Final = """
SELECT * FROM (
    SELECT reserved_deployments.*, models.served_name, CASE
        WHEN canceled_at IS NOT NULL THEN 'RESERVED_DEPLOYMENT_STATUS_CANCELED'
        WHEN :now < start_at THEN 'RESERVED_DEPLOYMENT_STATUS_PENDING'
        WHEN :now < end_at THEN 'RESERVED_DEPLOYMENT_STATUS_ACTIVE'
        ELSE 'RESERVED_DEPLOYMENT_STATUS_EXPIRED' END AS status
    FROM reserved_deployments LEFT JOIN models ON models.id = model_id
)
"""


@operation
def create_reserved_deployment(context: Context) -> dict[str, Any]:
    """Reserve machines by buying a product, for one billing period or up to an end."""
    body = context.body
    owner = context.owner(body.get("userId"))
    product_id = required(body, "productId")
    with context.state.write() as db:
        product = find_product(db, product_id)
        if not product["is_active"]:
            raise failed_precondition("productId: the product is not on offer.", "PRODUCT_INACTIVE")
        facts = json.loads(product["facts"])
        model_id = _model(db, owner, body.get("modelId"))
        start, end, periods = _range(body, facts["billingPeriod"], context.now)
        reservation_id = context.new_id("rd")
        paid = product["price_nanos"] * periods
        _pay(db, context, owner, paid, f"Reserved: {facts['name']}")
        db.execute(
            "INSERT INTO reserved_deployments "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
            (
                reservation_id,
                owner,
                product_id,
                model_id,
                json.dumps(body["infra"]) if body.get("infra") else None,
                facts["gpuType"],
                facts["gpuCount"],
                product["price_nanos"],
                paid,
                facts["billingPeriod"],
                start,
                end,
                body.get("autoRenew", False),
                context.now,
                context.now,
            ),
        )
        record_activity(
            db,
            context,
            "RESERVED_DEPLOYMENT_CREATED",
            user_id=owner,
            resource=("reserved_deployment", reservation_id),
            message=f"Reserved: {facts['name']}",
            metadata={"productId": product_id},
        )
        return {"reservedDeployment": _to_wire(_find(db, reservation_id, context.now))}


@operation
def list_reserved_deployments(context: Context) -> dict[str, Any]:
    """List a user's reservations, newest first."""
    query = context.query
    owner = context.owner(query.get("userId"))
    with context.state.write() as db:
        settle(db, context.new_id, owner, context.now)
        return numbered_page(
            context,
            db,
            f"{_SELECT} WHERE user_id = :owner AND (:status = :all OR status = :status) "
            "ORDER BY created_at DESC, id",
            {
                "now": context.now,
                "owner": owner,
                "status": query.get("status", _ALL),
                "all": _ALL,
            },
            "reservedDeployments",
            _to_wire,
        )


@operation
def cancel_reserved_deployment(context: Context) -> dict[str, Any]:
    """Cancel a reservation; what has not begun is paid back."""
    reservation_id = context.path["reservedDeploymentId"]
    with context.state.write() as db:
        row = _find(db, reservation_id, context.now)
        context.require_access("reservation", reservation_id, row["user_id"] if row else None)
        assert row is not None
        settle(db, context.new_id, row["user_id"], context.now)
        row = _find(db, reservation_id, context.now)
        assert row is not None
        if row["status"] not in (_PENDING, _ACTIVE):
            raise failed_precondition("The reservation is over.", "RESERVATION_OVER")
        db.execute(
            "UPDATE reserved_deployments SET canceled_at = ?, updated_at = ? WHERE id = ?",
            (context.now, context.now, reservation_id),
        )
        if row["status"] == _PENDING:
            text = "Refund of a canceled reservation"
            _post(db, context, row["user_id"], ledger.REFUND, row["paid_nanos"], text)
        reason = context.body.get("reason")
        record_activity(
            db,
            context,
            "RESERVED_DEPLOYMENT_CANCELED",
            user_id=row["user_id"],
            resource=("reserved_deployment", reservation_id),
            message="Canceled a reservation",
            metadata={"reason": reason} if reason else {},
        )
        return {"reservedDeployment": _to_wire(_find(db, reservation_id, context.now))}


def _range(body: Mapping[str, Any], period: str, now: int) -> tuple[int, int, int]:
    """Return start, end and the number of billing periods, begun ones included."""
    # What should have begun already begins as soon as possible.
    start = now + PROVISIONING_SECONDS * SECOND
    if body.get("startTime"):
        start = max(start, parse_time(body["startTime"]))
    try:
        if not body.get("endTime"):
            return start, after_periods(start, period, 1), 1
        end = parse_time(body["endTime"])
        if end <= start:
            raise invalid_argument("endTime", "Input should be after the start")
        if end > after_periods(start, period, MAX_PERIODS):
            raise invalid_argument(
                "endTime", f"Input should be at most {MAX_PERIODS} billing periods after the start"
            )
        return start, end, periods_until(start, end, period, MAX_PERIODS)
    except ValueError as error:
        raise invalid_argument("startTime", "Input should leave time for the period") from error


def _model(db: sqlite3.Connection, owner: str, model_id: str | None) -> str | None:
    if not model_id:
        return None
    if not db.execute(
        "SELECT 1 FROM models WHERE id = ? AND user_id = ? AND deleted_at IS NULL",
        (model_id, owner),
    ).fetchone():
        raise not_found("model", model_id)
    return model_id


def _pay(db: sqlite3.Connection, context: Context, owner: str, amount: int, text: str) -> None:
    settle(db, context.new_id, owner, context.now)
    if ledger.balance_of(db, owner) < amount:
        raise failed_precondition(
            "The balance does not cover the reservation.", "INSUFFICIENT_BALANCE"
        )
    _post(db, context, owner, ledger.RESERVED_DEPLOYMENT, -amount, text)


def _post(
    db: sqlite3.Connection, context: Context, owner: str, kind: str, amount: int, text: str
) -> None:
    if amount:
        transaction_id = context.new_id("tx")
        new = ledger.NewTransaction(transaction_id, owner, kind, text, context.now)
        ledger.post(db, new, amount)


def _find(db: sqlite3.Connection, reservation_id: str, now: int) -> Any:
    """Return a reservation's row with its status, None if there is none."""
    parameters = {"id": reservation_id, "now": now}
    return db.execute(f"{_SELECT} WHERE id = :id", parameters).fetchone()


def _to_wire(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "reservedDeploymentId": row["id"],
        "userId": row["user_id"],
        "productId": row["product_id"],
        "modelId": row["model_id"] or "",
        "deploymentId": (row["served_name"] or "") if row["status"] == _ACTIVE else "",
        "status": row["status"],
        "infra": json.loads(row["infra"]) if row["infra"] else None,
        "gpuType": row["gpu_type"],
        "gpuCount": row["gpu_count"],
        "price": to_wire(row["price_nanos"]),
        "startTime": format_time(row["start_at"]),
        "endTime": format_time(row["end_at"]),
        "autoRenew": bool(row["auto_renew"]),
        "createdAt": format_time(row["created_at"]),
        "updatedAt": format_time(row["updated_at"]),
        "canceledAt": format_optional_time(row["canceled_at"]),
    }
