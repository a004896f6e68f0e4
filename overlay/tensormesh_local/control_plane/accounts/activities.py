"""Activities: the audit log of an account."""

from __future__ import annotations

import json
from typing import Any, Final

from tensormesh_local.clock import format_time
from tensormesh_local.control_plane.context import Context, Json, reads
from tensormesh_local.control_plane.paging import page_position, token_page
from tensormesh_local.control_plane.state import Row

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS activities (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    user_id TEXT NOT NULL REFERENCES users (id),
    actor_id TEXT NOT NULL REFERENCES users (id),
    type TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    message TEXT NOT NULL,
    metadata TEXT NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS activities_of_user ON activities (user_id, position);
"""

_ALL: Final = "ACTIVITY_TYPE_UNSPECIFIED"


def record_activity(
    context: Context,
    kind: str,
    user_id: str,
    resource_type: str,
    resource_id: str,
    message: str,
    **metadata: Any,
) -> None:
    """Record what the caller does.

    Args:
        context: The operation.
        kind: Member of ActivityType without its prefix, such as ``MODEL_DEPLOYED``.
        user_id: The user whose account it concerns.
        resource_type: Kind of the changed object, such as ``model``.
        resource_id: Its id.
        message: Description for people.
        metadata: Details for programs.
    """
    context.db.insert(
        "activities",
        id=context.new_id("act"),
        user_id=user_id,
        actor_id=context.caller.id,
        type=f"ACTIVITY_TYPE_{kind}",
        resource_type=resource_type,
        resource_id=resource_id,
        message=message,
        metadata=json.dumps(metadata),
        created_at=context.now,
    )


@reads
def list_activities(context: Context) -> Json:
    """List the activities in a user's account, newest first."""
    query = context.query
    kind = query.get("type", _ALL)
    filters = {"userId": context.owner(query.get("userId")), "type": kind}
    before = page_position(query.get("pageToken"), filters)
    size = query["pageSize"]
    rows = context.db.all(
        "SELECT * FROM activities WHERE user_id = :userId AND (:type = :all OR type = :type) "
        "AND (:before IS NULL OR position < :before) ORDER BY position DESC LIMIT :limit",
        {**filters, "all": _ALL, "before": before, "limit": size + 1},
    )
    return token_page(rows, size, filters, "activities", _to_wire)


def _to_wire(row: Row) -> Json:
    return {
        "activityId": row["id"],
        "userId": row["user_id"],
        "actorUserId": row["actor_id"],
        "type": row["type"],
        "resourceType": row["resource_type"],
        "resourceId": row["resource_id"],
        "message": row["message"],
        "metadata": json.loads(row["metadata"]),
        "createdAt": format_time(row["created_at"]),
    }
