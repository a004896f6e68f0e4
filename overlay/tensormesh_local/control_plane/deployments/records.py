"""What is kept of models, and what it means at a given time.

What will happen to a model is written down when it is deployed or deleted, as milestones; what
has happened are those up to now. So a model lives on with nothing running in the background.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tensormesh_local.clock import SECOND, format_time
from tensormesh_local.control_plane.accounts.users import default_api_key

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from tensormesh_local.control_plane.context import Context

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
"""A model whose ``modelPath`` begins so fails to deploy, for tests of bad days."""

PENDING_SECONDS: Final = 1
DEPLOYING_SECONDS: Final = 2
DELETING_SECONDS: Final = 1

RUNNING: Final = "MODEL_STATUS_RUNNING"
REPLICAS: Final = 1
"""How many times a running model runs, each time on all its GPUs."""

# A model with the status and the time of its last milestone.
SELECT_MODELS: Final = """
SELECT models.*, last.status, last.at AS updated_at
FROM models JOIN model_milestones AS last ON last.position = (
    SELECT position FROM model_milestones WHERE model_id = models.id AND at <= :now
    ORDER BY at DESC, position DESC LIMIT 1
)
"""


@dataclass(frozen=True, slots=True)
class DeployedModel:
    """A model that On-Demand serves now; ``created`` is in unix seconds."""

    model_id: str
    name: str
    path: str
    created: int


def served_models(db: sqlite3.Connection, user_id: str, now: int) -> list[DeployedModel]:
    """Return the user's running models, oldest first."""
    rows = db.execute(
        f"{SELECT_MODELS} WHERE user_id = :user_id AND last.status = :running "
        "ORDER BY created_at, models.rowid",
        {"user_id": user_id, "running": RUNNING, "now": now},
    )
    return [
        DeployedModel(row["id"], row["served_name"], row["path"], row["created_at"] // SECOND)
        for row in rows
    ]


def find_model(db: sqlite3.Connection, model_id: str, now: int) -> sqlite3.Row | None:
    """Return a model's row with its status as of ``now``, if there is one."""
    row: sqlite3.Row | None = db.execute(
        f"{SELECT_MODELS} WHERE models.id = :id", {"id": model_id, "now": now}
    ).fetchone()
    return row


def plan_deployment(
    db: sqlite3.Connection, model_id: str, path: str, body: Mapping[str, Any], now: int
) -> None:
    """Write down how a model comes to run, or fails to; ``body`` is the request."""
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
        _plan(db, model_id, settled, "FAILED", "FAILED", f"There are no weights at {path}")
    else:
        _plan(db, model_id, settled, "RUNNING", "RUNNING", "Ready")


def plan_deletion(db: sqlite3.Connection, model_id: str, now: int) -> None:
    """Write down how a model goes, in place of what else was to happen to it."""
    db.execute("DELETE FROM model_milestones WHERE model_id = ? AND at > ?", (model_id, now))
    _plan(db, model_id, now, "DELETING", None, "")
    gone = now + DELETING_SECONDS * SECOND
    _plan(db, model_id, gone, "DELETED", "DELETED", "Gave back the GPUs")


def _plan(
    db: sqlite3.Connection, model_id: str, at: int, status: str, event: str | None, log: str
) -> None:
    db.execute(
        "INSERT INTO model_milestones (model_id, at, status, event, log) VALUES (?, ?, ?, ?, ?)",
        (model_id, at, f"MODEL_STATUS_{status}", event and f"EVENT_TYPE_{event}", log),
    )


def free_served_name(
    db: sqlite3.Connection, owner: str, path: str, gpu_type: str, gpu_count: int
) -> str:
    """Return a gateway name, as a deployment has them, that none of the user's models has."""
    slug = re.sub(r"[^a-z0-9._]+", "-", path.lower()).strip("-") or "model"
    gpu = gpu_type.removeprefix("GPU_TYPE_").lower()
    name = base = f"{slug}-gpu-type-{gpu}x{gpu_count}"
    taken = {
        row["served_name"]
        for row in db.execute(
            "SELECT served_name FROM models WHERE user_id = ? AND deleted_at IS NULL", (owner,)
        )
    }
    number = 1
    while name in taken:
        number += 1
        name = f"{base}_{number}"
    return name


def model_to_wire(db: sqlite3.Connection, context: Context, row: sqlite3.Row) -> dict[str, Any]:
    """Return a model as it is now, as the caller may see it."""
    running = row["status"] == RUNNING
    events = db.execute(
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
        "apiKey": _api_key(db, context, row),
    }


def _api_key(db: sqlite3.Connection, context: Context, model: sqlite3.Row) -> str:
    """Return a key that may ask the model, to its owner alone."""
    if model["user_id"] != context.caller.id:
        return ""
    if model["api_key_id"] is None:
        return default_api_key(db, context, model["user_id"])
    key = db.execute(
        "SELECT shown_secret FROM api_keys WHERE id = ?", (model["api_key_id"],)
    ).fetchone()
    return str(key["shown_secret"] or "")
