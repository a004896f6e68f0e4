"""Models: their deployment and their records."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from tensormesh_local.control_plane.accounts.activities import record_activity
from tensormesh_local.control_plane.accounts.api_keys import adopt_api_key
from tensormesh_local.control_plane.accounts.users import default_api_key
from tensormesh_local.control_plane.billing.gpu_charges import charged_until, settle
from tensormesh_local.control_plane.billing.ledger import balance_of
from tensormesh_local.control_plane.billing.payments import has_payment_method
from tensormesh_local.control_plane.context import EMPTY, operation, required
from tensormesh_local.control_plane.deployments import records
from tensormesh_local.control_plane.errors import (
    already_exists,
    failed_precondition,
    invalid_argument,
)
from tensormesh_local.control_plane.paging import numbered_page

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from tensormesh_local.control_plane.context import Context

_MAX_GPUS: Final = 64
_ALL: Final = "MODEL_STATUS_UNSPECIFIED"
_UNSET_INFRA: Final = {
    "cloudProvider": "CLOUD_PROVIDER_NEBIUS",
    "nebiusRegion": "NEBIUS_REGION_UNSPECIFIED",
    "lambdaRegion": "LAMBDA_REGION_UNSPECIFIED",
    "onpremRegion": "",
}


@operation
def deploy_model(context: Context) -> dict[str, Any]:
    """Deploy a model, once billing agrees."""
    body = context.body
    owner = context.owner(body.get("userId"))
    name, path = required(body, "modelName"), required(body, "modelPath")
    count = body.get("gpuCount", 1)
    if not 1 <= count <= _MAX_GPUS:
        raise invalid_argument("gpuCount", f"Input should be from 1 to {_MAX_GPUS}")
    gpu_type = body.get("gpuType")
    if gpu_type in (None, "GPU_TYPE_UNSPECIFIED"):
        raise invalid_argument("gpuType", "Field required")
    model_id = context.ids.new_uuid()
    with context.state.write() as db:
        settle(db, context.new_id, owner, context.now)
        _require_funds(db, owner)
        names = {"owner": owner, "name": name}
        if db.execute(
            "SELECT 1 FROM models WHERE user_id = :owner AND name = :name AND deleted_at IS NULL",
            names,
        ).fetchone():
            raise already_exists(f"modelName: there is a model {name} already.")
        key_id = None
        if body.get("apiKey") and body["apiKey"] != default_api_key(db, context, owner):
            key_id = adopt_api_key(db, context, owner, body["apiKey"], name)
        db.execute(
            "INSERT INTO models VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
            (
                model_id,
                owner,
                name,
                path,
                body.get("description", ""),
                records.free_served_name(db, owner, path, gpu_type, count),
                json.dumps(body.get("modelSpec", {})),
                json.dumps(_infra(body.get("infra") or {})),
                gpu_type,
                count,
                key_id,
                context.now,
            ),
        )
        records.plan_deployment(db, model_id, path, body, context.now)
        record_activity(
            db,
            context,
            "MODEL_DEPLOYED",
            user_id=owner,
            resource=("model", model_id),
            message=f"Deployed {name}",
            metadata={"modelPath": path, "gpuType": gpu_type, "gpuCount": count},
        )
        row = records.find_model(db, model_id, context.now)
        assert row is not None
        return {"model": records.model_to_wire(db, context, row)}


@operation
def get_model(context: Context) -> dict[str, Any]:
    """Return a model."""
    with context.state.read() as db:
        return {"model": records.model_to_wire(db, context, _accessible(db, context))}


@operation
def list_models(context: Context) -> dict[str, Any]:
    """List a user's models, newest first."""
    owner = context.owner(context.query.get("userId"))
    return _page(context, owner, _ALL)


@operation
def admin_list_models(context: Context) -> dict[str, Any]:
    """List models of all users, or of one, newest first."""
    query = context.query
    context.require_admin(query.get("userId"))
    target = query.get("targetUserId") or None
    if target:
        context.require_user(target)
    return _page(context, target, query.get("status", _ALL))


@operation
def delete_model(context: Context) -> dict[str, Any]:
    """Take a model down."""
    with context.state.write() as db:
        row = _accessible(db, context)
        if row["deleted_at"] is not None:
            raise failed_precondition("The model is being deleted already.", "MODEL_DELETED")
        settle(db, context.new_id, row["user_id"], context.now)
        # Who read the balance a moment ago may have been told of a little more time.
        now = max(context.now, charged_until(db, row["id"]))
        db.execute("UPDATE models SET deleted_at = ? WHERE id = ?", (now, row["id"]))
        records.plan_deletion(db, row["id"], now)
        record_activity(
            db,
            context,
            "MODEL_DELETED",
            user_id=row["user_id"],
            resource=("model", row["id"]),
            message=f"Deleted {row['name']}",
        )
    return EMPTY


def _require_funds(db: sqlite3.Connection, user_id: str) -> None:
    """Refuse to deploy for a user without a payment method or without a positive balance."""
    if not has_payment_method(db, user_id):
        raise failed_precondition("There is no payment method on file.", "NO_PAYMENT_METHOD")
    if balance_of(db, user_id) <= 0:
        raise failed_precondition("The balance is used up.", "INSUFFICIENT_BALANCE")


def _page(context: Context, owner: str | None, status: str) -> dict[str, Any]:
    with context.state.read() as db:
        return numbered_page(
            context,
            db,
            f"{records.SELECT_MODELS} WHERE (:owner IS NULL OR user_id = :owner) "
            "AND (:status = :all OR last.status = :status) "
            "ORDER BY created_at DESC, models.rowid DESC",
            {"now": context.now, "owner": owner, "status": status, "all": _ALL},
            "models",
            lambda row: records.model_to_wire(db, context, row),
        )


def _accessible(db: sqlite3.Connection, context: Context) -> sqlite3.Row:
    model_id = context.path["modelId"]
    row = records.find_model(db, model_id, context.now)
    context.require_access("model", model_id, row["user_id"] if row else None)
    assert row is not None
    return row


def _infra(given: Mapping[str, Any]) -> dict[str, Any]:
    infra = {**_UNSET_INFRA, **{name: given[name] for name in _UNSET_INFRA if name in given}}
    if infra["cloudProvider"] == "CLOUD_PROVIDER_UNSPECIFIED":
        infra["cloudProvider"] = _UNSET_INFRA["cloudProvider"]
    return infra
