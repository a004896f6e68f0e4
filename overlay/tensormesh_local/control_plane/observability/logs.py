"""Logs: a line for each request to a model, and lines about its deployment."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final

from tensormesh_local.clock import HOUR, format_time
from tensormesh_local.control_plane.context import Context, Json, reads
from tensormesh_local.control_plane.errors import invalid_argument
from tensormesh_local.control_plane.observability.targets import Target, find_target, read_range
from tensormesh_local.control_plane.paging import page_position, token_page
from tensormesh_local.control_plane.state import Database, Row

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS log_entries (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id TEXT NOT NULL,
    model TEXT NOT NULL,
    model_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    severity INTEGER NOT NULL,
    message TEXT NOT NULL,
    labels TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS log_of_model ON log_entries (user_id, model_id, at);
"""

DEBUG, INFO, WARNING, ERROR, CRITICAL = range(1, 6)
MAX_ENTRIES: Final = 100_000
"""How many lines about requests are kept. Older ones are deleted."""

_SEVERITIES: Final = ("UNSPECIFIED", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_PREFIX: Final = "LOG_SEVERITY_"
# Lines about requests have even codes. Lines about a deployment, which are stored with the model,
# have odd ones.
_ENTRIES: Final = """
WITH entries AS (
    SELECT position * 2 AS code, at, severity, message, labels FROM log_entries
    WHERE user_id = :user_id AND model_id = :model_id AND :name IN (model, :no_name)
    UNION ALL
    SELECT position * 2 + 1, at,
        iif(event = 'EVENT_TYPE_FAILED', :error, :info), log, '{"component":"deployment"}'
    FROM model_milestones WHERE model_id = :model_id AND at <= :now AND log != ''
)
SELECT * FROM entries WHERE at >= :start AND at < :end AND severity >= :severity
AND (:before IS NULL OR (at, code) < (:before_at, :before))
ORDER BY at DESC, code DESC LIMIT :limit
"""


def write_log(db: Database, lines: Iterable[tuple[str, str, str, int, int, str, str]]) -> None:
    """Add lines: user, model name, model id, time, severity, message, and labels as JSON."""
    db.executemany(
        "INSERT INTO log_entries (user_id, model, model_id, at, severity, message, labels) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        lines,
    )
    db.execute(
        "DELETE FROM log_entries WHERE position <= (SELECT max(position) FROM log_entries) - ?",
        (MAX_ENTRIES,),
    )


@reads
def query_logs(context: Context) -> Json:
    """Return lines of a model's log, newest first."""
    query = context.query
    owner = context.owner(query.get("userId"))
    model_id, deployment_id = query.get("modelId"), query.get("deploymentId")
    if not model_id and not deployment_id:
        raise invalid_argument("modelId", "Field required unless deploymentId is given")
    names = ("modelId", "deploymentId", "startTime", "endTime", "severity")
    filters = {name: query.get(name) for name in names}
    before = page_position(query.get("pageToken"), filters)
    start, end = read_range(context, HOUR)
    size = query["limit"]
    severity = query.get("severity", _PREFIX + _SEVERITIES[0]).removeprefix(_PREFIX)
    target = find_target(context, owner, model_id, deployment_id)
    rows = context.db.all(
        _ENTRIES,
        {
            **target.parameters,
            "error": ERROR,
            "info": INFO,
            "now": context.now,
            "start": start,
            "end": end,
            "severity": _SEVERITIES.index(severity),
            "before": before,
            "before_at": None if before is None else _time_of(context.db, before),
            "limit": size + 1,
        },
    )
    return token_page(rows, size, filters, "entries", lambda row: _to_wire(row, target), "code")


def _time_of(db: Database, code: int) -> int | None:
    """Return the time of a line, or None if it is no longer kept."""
    table = "model_milestones" if code % 2 else "log_entries"
    row = db.one(f"SELECT at FROM {table} WHERE position = ?", (code // 2,))  # noqa: S608
    return row["at"] if row else None


def _to_wire(row: Row, target: Target) -> Json:
    return {
        "entryId": f"log_{row['code']:08x}",
        "timestamp": format_time(row["at"]),
        "severity": _PREFIX + _SEVERITIES[row["severity"]],
        "message": row["message"],
        "modelId": target.model_id,
        "deploymentId": target.name,
        "replica": "0",
        "labels": json.loads(row["labels"]),
    }
