"""Reserved deployments: GPUs bought for a time, paid from the balance in advance.

The status of a reservation follows from the time. One that renews itself goes on for as many
periods as the balance pays, which is settled when an operation reads the account.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from tensormesh_local.clock import SECOND, format_time, parse_time
from tensormesh_local.control_plane.accounts.activities import record_activity
from tensormesh_local.control_plane.billing import ledger
from tensormesh_local.control_plane.billing.gpu_charges import settle
from tensormesh_local.control_plane.billing.periods import after_periods, periods_until
from tensormesh_local.control_plane.billing.products import find_product
from tensormesh_local.control_plane.context import Context, Json, required, writes
from tensormesh_local.control_plane.errors import failed_precondition, invalid_argument, not_found
from tensormesh_local.control_plane.money import to_wire
from tensormesh_local.control_plane.paging import numbered_page
from tensormesh_local.control_plane.state import Row

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
# Reservations with their status at a time, and the served names of their models.
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


@writes
def create_reserved_deployment(context: Context) -> Json:
    """Reserve GPUs by buying a product, for one billing period or until an end time."""
    body, db = context.body, context.db
    owner = context.owner(body.get("userId"))
    product = find_product(db, required(body, "productId"))
    if not product["is_active"]:
        raise failed_precondition("productId: the product is not active.", "PRODUCT_INACTIVE")
    facts = json.loads(product["facts"])
    model_id = body.get("modelId") or None
    own = "SELECT 1 FROM models WHERE id = ? AND user_id = ? AND deleted_at IS NULL"
    if model_id and not db.one(own, (model_id, owner)):
        raise not_found("model", model_id)
    start, end, periods = _range(body, facts["billingPeriod"], context.now)
    reservation_id = context.new_id("rd")
    paid, text = product["price_nanos"] * periods, f"Reserved: {facts['name']}"
    settle(db, context.new_id, owner, context.now)
    if ledger.balance_of(db, owner) < paid:
        raise failed_precondition(
            "The balance does not cover the reservation.", "INSUFFICIENT_BALANCE"
        )
    _post(context, owner, ledger.RESERVED_DEPLOYMENT, -paid, text)
    db.insert(
        "reserved_deployments",
        id=reservation_id,
        user_id=owner,
        product_id=product["id"],
        model_id=model_id,
        infra=json.dumps(body["infra"]) if body.get("infra") else None,
        gpu_type=facts["gpuType"],
        gpu_count=facts["gpuCount"],
        price_nanos=product["price_nanos"],
        paid_nanos=paid,
        period=facts["billingPeriod"],
        start_at=start,
        end_at=end,
        auto_renew=body.get("autoRenew", False),
        created_at=context.now,
        updated_at=context.now,
    )
    _record(context, "CREATED", owner, reservation_id, text, productId=product["id"])
    return {"reservedDeployment": _to_wire(_find(context, reservation_id))}


@writes
def list_reserved_deployments(context: Context) -> Json:
    """List a user's reservations, newest first."""
    query = context.query
    owner = context.owner(query.get("userId"))
    settle(context.db, context.new_id, owner, context.now)
    status = query.get("status", _ALL)
    return numbered_page(
        context,
        f"{_SELECT} WHERE user_id = :owner AND (:status = :all OR status = :status) "
        "ORDER BY created_at DESC, id",
        {"now": context.now, "owner": owner, "status": status, "all": _ALL},
        "reservedDeployments",
        _to_wire,
    )


@writes
def cancel_reserved_deployment(context: Context) -> Json:
    """Cancel a reservation. If it has not started, it is refunded."""
    reservation_id = context.path["reservedDeploymentId"]
    owner = _find(context, reservation_id)["user_id"]
    settle(context.db, context.new_id, owner, context.now)
    row = _find(context, reservation_id)
    if row["status"] not in (_PENDING, _ACTIVE):
        raise failed_precondition("The reservation is over.", "RESERVATION_OVER")
    now = context.now
    context.db.update("reserved_deployments", reservation_id, canceled_at=now, updated_at=now)
    if row["status"] == _PENDING:
        text = "Refund of a canceled reservation"
        _post(context, owner, ledger.REFUND, row["paid_nanos"], text)
    reason = context.body.get("reason")
    metadata = {"reason": reason} if reason else {}
    _record(context, "CANCELED", owner, reservation_id, "Canceled a reservation", **metadata)
    return {"reservedDeployment": _to_wire(_find(context, reservation_id))}


def _range(body: Mapping[str, Any], period: str, now: int) -> tuple[int, int, int]:
    """Return the start, the end, and the number of billing periods, including started ones."""
    # A start in the past means as soon as possible.
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
        raise invalid_argument(
            "startTime", "Input should be early enough for the billing period"
        ) from error


def _post(context: Context, owner: str, kind: str, amount: int, text: str) -> None:
    if amount:
        ledger.post(context.db, context.new_id("tx"), owner, kind, text, context.now, amount)


def _record(
    context: Context, kind: str, owner: str, reservation_id: str, text: str, **metadata: Any
) -> None:
    kind = f"RESERVED_DEPLOYMENT_{kind}"
    resource = "reserved_deployment"
    record_activity(context, kind, owner, resource, reservation_id, text, **metadata)


def _find(context: Context, reservation_id: str) -> Row:
    parameters = {"id": reservation_id, "now": context.now}
    row = context.db.one(f"{_SELECT} WHERE id = :id", parameters)
    return context.require_access("reservation", reservation_id, row)


def _to_wire(row: Row) -> Json:
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
        "canceledAt": format_time(row["canceled_at"]),
    }
