"""Models: deploy, list and delete them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from tensormesh_local.control_plane.accounts.activities import record_activity
from tensormesh_local.control_plane.accounts.api_keys import adopt_api_key
from tensormesh_local.control_plane.accounts.users import default_api_key
from tensormesh_local.control_plane.billing.gpu_charges import charged_until, settle
from tensormesh_local.control_plane.billing.ledger import balance_of
from tensormesh_local.control_plane.billing.payments import has_payment_method
from tensormesh_local.control_plane.context import EMPTY, Context, Json, reads, required, writes
from tensormesh_local.control_plane.deployments import records
from tensormesh_local.control_plane.errors import (
    Code,
    ControlPlaneError,
    failed_precondition,
    invalid_argument,
)
from tensormesh_local.control_plane.paging import numbered_page
from tensormesh_local.control_plane.state import Row

_MAX_GPUS: Final = 64
_ALL: Final = "MODEL_STATUS_UNSPECIFIED"
_UNSET_INFRA: Final = {
    "cloudProvider": "CLOUD_PROVIDER_NEBIUS",
    "nebiusRegion": "NEBIUS_REGION_UNSPECIFIED",
    "lambdaRegion": "LAMBDA_REGION_UNSPECIFIED",
    "onpremRegion": "",
}


@writes
def deploy_model(context: Context) -> Json:
    """Deploy a model, if the user has a payment method and a positive balance."""
    body, db = context.body, context.db
    owner = context.owner(body.get("userId"))
    name, path = required(body, "modelName"), required(body, "modelPath")
    count = body.get("gpuCount", 1)
    if not 1 <= count <= _MAX_GPUS:
        raise invalid_argument("gpuCount", f"Input should be from 1 to {_MAX_GPUS}")
    gpu_type = body.get("gpuType")
    if gpu_type in (None, "GPU_TYPE_UNSPECIFIED"):
        raise invalid_argument("gpuType", "Field required")
    model_id = context.ids.new_uuid()
    settle(db, context.new_id, owner, context.now)
    if not has_payment_method(db, owner):
        raise failed_precondition("There is no payment method on file.", "NO_PAYMENT_METHOD")
    if balance_of(db, owner) <= 0:
        raise failed_precondition("The balance is used up.", "INSUFFICIENT_BALANCE")
    names = "SELECT 1 FROM models WHERE user_id = ? AND name = ? AND deleted_at IS NULL"
    if db.one(names, (owner, name)):
        raise ControlPlaneError(Code.ALREADY_EXISTS, f"modelName: there is already a model {name}.")
    key_id = None
    if body.get("apiKey") and body["apiKey"] != default_api_key(context, owner):
        key_id = adopt_api_key(context, owner, body["apiKey"], name)
    db.insert(
        "models",
        id=model_id,
        user_id=owner,
        name=name,
        path=path,
        description=body.get("description", ""),
        served_name=records.free_served_name(db, owner, path, gpu_type, count),
        spec=json.dumps(body.get("modelSpec", {})),
        infra=json.dumps(_infra(body.get("infra") or {})),
        gpu_type=gpu_type,
        gpu_count=count,
        api_key_id=key_id,
        created_at=context.now,
    )
    records.plan_deployment(db, model_id, path, body, context.now)
    message, facts = f"Deployed {name}", {"gpuType": gpu_type, "gpuCount": count}
    record_activity(
        context, "MODEL_DEPLOYED", owner, "model", model_id, message, modelPath=path, **facts
    )
    return {"model": records.model_to_wire(context, _find(context, model_id))}


@reads
def get_model(context: Context) -> Json:
    """Return a model."""
    return {"model": records.model_to_wire(context, _find(context, context.path["modelId"]))}


@reads
def list_models(context: Context) -> Json:
    """List a user's models, newest first."""
    return _page(context, context.owner(context.query.get("userId")), _ALL)


@reads
def admin_list_models(context: Context) -> Json:
    """List models of all users, or of one, newest first."""
    query = context.query
    context.require_admin(query.get("userId"))
    target = query.get("targetUserId") or None
    if target:
        context.require_user(target)
    return _page(context, target, query.get("status", _ALL))


@writes
def delete_model(context: Context) -> Json:
    """Delete a model and release its GPUs."""
    model_id = context.path["modelId"]
    row = _find(context, model_id)
    if row["deleted_at"] is not None:
        raise failed_precondition("The model is already being deleted.", "MODEL_DELETED")
    settle(context.db, context.new_id, row["user_id"], context.now)
    # Another process, whose clock is ahead, may have charged for a little more time.
    now = max(context.now, charged_until(context.db, model_id))
    context.db.update("models", model_id, deleted_at=now)
    records.plan_deletion(context.db, model_id, now)
    message = f"Deleted {row['name']}"
    record_activity(context, "MODEL_DELETED", row["user_id"], "model", model_id, message)
    return EMPTY


def _page(context: Context, owner: str | None, status: str) -> Json:
    return numbered_page(
        context,
        f"{records.SELECT_MODELS} WHERE (:owner IS NULL OR user_id = :owner) "
        "AND (:status = :all OR last.status = :status) "
        "ORDER BY created_at DESC, models.rowid DESC",
        {"now": context.now, "owner": owner, "status": status, "all": _ALL},
        "models",
        lambda row: records.model_to_wire(context, row),
    )


def _find(context: Context, model_id: str) -> Row:
    query = f"{records.SELECT_MODELS} WHERE models.id = :id"
    row = context.db.one(query, {"id": model_id, "now": context.now})
    return context.require_access("model", model_id, row)


def _infra(given: Mapping[str, Any]) -> dict[str, Any]:
    infra = {**_UNSET_INFRA, **{name: given[name] for name in _UNSET_INFRA if name in given}}
    if infra["cloudProvider"] == "CLOUD_PROVIDER_UNSPECIFIED":
        infra["cloudProvider"] = _UNSET_INFRA["cloudProvider"]
    return infra
