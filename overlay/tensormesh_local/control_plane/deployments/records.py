"""What is stored of models, and what follows from it at a given time.

When a model is deployed or deleted, what will happen to it is stored as milestones. What has
happened are the milestones up to now, so nothing needs to run in the background.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain, count
from typing import Any, Final

from tensormesh_local.clock import SECOND, format_time
from tensormesh_local.control_plane.accounts.users import default_api_key
from tensormesh_local.control_plane.billing.gpu_charges import REPLICAS, RUNNING
from tensormesh_local.control_plane.context import Context, Json
from tensormesh_local.control_plane.state import Database, Row

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS models (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    path TEXT NOT NULL,
    description TEXT NOT NULL,
    served_name TEXT NOT NULL,
    spec TEXT NOT NULL,
    infra TEXT NOT NULL,
    gpu_type TEXT NOT NULL,
    gpu_count INTEGER NOT NULL,
    api_key_id TEXT REFERENCES api_keys (id),
    created_at INTEGER NOT NULL,
    deleted_at INTEGER
);
CREATE UNIQUE INDEX IF NOT EXISTS model_names ON models (user_id, name) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX IF NOT EXISTS served_names ON models (user_id, served_name)
    WHERE deleted_at IS NULL;
CREATE TABLE IF NOT EXISTS model_milestones (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    model_id TEXT NOT NULL REFERENCES models (id),
    at INTEGER NOT NULL,
    status TEXT NOT NULL,
    event TEXT,
    log TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS milestones_of_model ON model_milestones (model_id, at);
"""

UNSERVABLE_PREFIX: Final = "fail/"
"""Models whose ``modelPath`` has this prefix fail to deploy, for tests of failures."""

PENDING_SECONDS: Final = 1
DEPLOYING_SECONDS: Final = 2
DELETING_SECONDS: Final = 1

# Models with the status and the time of their last milestones.
SELECT_MODELS: Final = """
SELECT models.*, last.status, last.at AS updated_at
FROM models JOIN model_milestones AS last ON last.position = (
    SELECT position FROM model_milestones WHERE model_id = models.id AND at <= :now
    ORDER BY at DESC, position DESC LIMIT 1
)
"""


@dataclass(frozen=True, slots=True)
class DeployedModel:
    """A running deployment; ``created`` is in Unix seconds."""

    model_id: str
    name: str
    path: str
    created: int


def served_models(db: Database, user_id: str, now: int) -> list[DeployedModel]:
    """Return the user's running models, oldest first."""
    rows = db.all(
        f"{SELECT_MODELS} WHERE user_id = :user_id AND last.status = :running "
        "ORDER BY created_at, models.rowid",
        {"user_id": user_id, "running": RUNNING, "now": now},
    )
    return [
        DeployedModel(row["id"], row["served_name"], row["path"], row["created_at"] // SECOND)
        for row in rows
    ]


def plan_deployment(
    db: Database, model_id: str, path: str, body: Mapping[str, Any], now: int
) -> None:
    """Plan the milestones of a deployment; ``body`` is the request."""
    extras = [
        text
        for field, text in (
            ("kvCacheEnabled", "keeping the KV cache"),
            ("cpuOffloadingEnabled", "offloading to the CPU"),
        )
        if body.get(field)
    ]
    node = body.get("nodeId")
    accepted = ", ".join(["Accepted", *extras, *([f"on node {node}"] if node else [])])
    deploying = now + PENDING_SECONDS * SECOND
    settled = deploying + DEPLOYING_SECONDS * SECOND
    _plan(db, model_id, now, "PENDING", "CREATED", accepted)
    _plan(db, model_id, deploying, "DEPLOYING", "DEPLOYING", f"Loading weights of {path}")
    if path.startswith(UNSERVABLE_PREFIX):
        _plan(db, model_id, settled, "FAILED", "FAILED", f"No weights found at {path}")
    else:
        _plan(db, model_id, settled, "RUNNING", "RUNNING", "Ready")


def plan_deletion(db: Database, model_id: str, now: int) -> None:
    """Plan the milestones of a deletion, instead of those that were still planned."""
    db.execute("DELETE FROM model_milestones WHERE model_id = ? AND at > ?", (model_id, now))
    _plan(db, model_id, now, "DELETING", None, "")
    gone = now + DELETING_SECONDS * SECOND
    _plan(db, model_id, gone, "DELETED", "DELETED", "Released the GPUs")


def _plan(db: Database, model_id: str, at: int, status: str, event: str | None, log: str) -> None:
    db.insert(
        "model_milestones",
        model_id=model_id,
        at=at,
        status=f"MODEL_STATUS_{status}",
        event=event and f"EVENT_TYPE_{event}",
        log=log,
    )


def free_served_name(db: Database, owner: str, path: str, gpu_type: str, gpu_count: int) -> str:
    """Return a gateway name for a deployment that none of the user's models has."""
    slug = re.sub(r"[^a-z0-9._]+", "-", path.lower()).strip("-") or "model"
    gpu = gpu_type.removeprefix("GPU_TYPE_").lower()
    base = f"{slug}-gpu-type-{gpu}x{gpu_count}"
    query = "SELECT served_name FROM models WHERE user_id = ? AND deleted_at IS NULL"
    taken = {row["served_name"] for row in db.all(query, (owner,))}
    names = chain([base], (f"{base}_{number}" for number in count(2)))
    return next(name for name in names if name not in taken)


def model_to_wire(context: Context, row: Row) -> Json:
    """Return the current record of a model, as the caller may see it."""
    running = row["status"] == RUNNING
    events = context.db.all(
        "SELECT at, event, log FROM model_milestones "
        "WHERE model_id = ? AND at <= ? AND event IS NOT NULL ORDER BY at, position",
        (row["id"], context.now),
    )
    return {
        "modelId": row["id"],
        "deploymentId": row["served_name"] if running else "",
        "userId": row["user_id"],
        "description": row["description"],
        "modelPath": row["path"],
        "modelName": row["name"],
        "status": row["status"],
        "events": [
            {
                "createdAt": format_time(event["at"]),
                "log": event["log"],
                "eventType": event["event"],
            }
            for event in events
        ],
        "createdAt": format_time(row["created_at"]),
        "updatedAt": format_time(row["updated_at"]),
        "modelSpec": json.loads(row["spec"]),
        "infra": json.loads(row["infra"]),
        "gpuCount": row["gpu_count"],
        "gpuType": row["gpu_type"],
        "replicas": REPLICAS if running else 0,
        "endpoint": context.on_demand_base_url if running else "",
        "apiKey": _api_key(context, row),
    }


def _api_key(context: Context, model: Row) -> str:
    """Return an API key for the model, if the caller owns it."""
    if model["user_id"] != context.caller.id:
        return ""
    if model["api_key_id"] is None:
        return default_api_key(context, model["user_id"])
    key = context.db.one("SELECT shown_secret FROM api_keys WHERE id = ?", (model["api_key_id"],))
    return str(key["shown_secret"] or "") if key else ""
