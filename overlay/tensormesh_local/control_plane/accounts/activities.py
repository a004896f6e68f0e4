"""Activities: what was done in an account."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from tensormesh_local.clock import format_time
from tensormesh_local.control_plane.context import operation
from tensormesh_local.control_plane.paging import page_position, page_token

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from tensormesh_local.control_plane.context import Context

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
    db: sqlite3.Connection,
    context: Context,
    kind: str,
    *,
    user_id: str,
    resource: tuple[str, str],
    message: str,
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """Record what the caller does now.

    Args:
        db: The transaction that does it.
        context: The request.
        kind: The member of ActivityType without its prefix, such as ``MODEL_DEPLOYED``.
        user_id: Whose account it concerns.
        resource: Kind and id of what it is done to, such as ``("model", "...")``.
        message: What is done, in words.
        metadata: Further facts, as JSON.
    """
    db.execute(
        "INSERT INTO activities (id, user_id, actor_id, type, resource_type, resource_id, "
        "message, metadata, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            context.new_id("act"),
            user_id,
            context.caller.id,
            f"ACTIVITY_TYPE_{kind}",
            *resource,
            message,
            json.dumps(metadata or {}),
            context.now,
        ),
    )


@operation
def list_activities(context: Context) -> dict[str, Any]:
    """List what was done in a user's account, newest first."""
    query = context.query
    kind = query.get("type", _ALL)
    filters = {"userId": context.owner(query.get("userId")), "type": kind}
    before = page_position(query.get("pageToken"), filters)
    size = query["pageSize"]
    with context.state.read() as db:
        # One more than asked for tells whether there is another page.
        rows = db.execute(
            "SELECT * FROM activities WHERE user_id = :userId AND (:type = :all OR type = :type) "
            "AND (:before IS NULL OR position < :before) ORDER BY position DESC LIMIT :limit",
            {**filters, "all": _ALL, "before": before, "limit": size + 1},
        ).fetchall()
    more = len(rows) > size
    return {
        "activities": [_activity(row) for row in rows[:size]],
        "nextPageToken": page_token(rows[size - 1]["position"], filters) if more else "",
    }


def _activity(row: sqlite3.Row) -> dict[str, Any]:
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
