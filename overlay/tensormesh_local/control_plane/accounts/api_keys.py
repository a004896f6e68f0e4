"""API keys for inference. Of a secret only its hash is kept, so it is told once.

The exception are keys that the API tells again: a user's default key, which is part of the
user's record, and keys that were given to a model at its deployment.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from tensormesh_local.clock import format_optional_time, format_time, parse_time
from tensormesh_local.control_plane.accounts.activities import record_activity
from tensormesh_local.control_plane.context import EMPTY, operation
from tensormesh_local.control_plane.errors import already_exists, invalid_argument, not_found
from tensormesh_local.control_plane.ids import digest

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from tensormesh_local.control_plane.context import Context

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS api_keys (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    scopes TEXT NOT NULL DEFAULT '[]',
    secret_hash TEXT NOT NULL UNIQUE,
    shown_secret TEXT,
    is_default INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    deleted_at INTEGER
);
CREATE INDEX IF NOT EXISTS api_keys_of_user ON api_keys (user_id);
"""

_KEY_PREFIX: Final = "ak"
_SHOWN_CHARACTERS: Final = 8


def add_api_key(
    db: sqlite3.Connection,
    context: Context,
    user_id: str,
    secret: str,
    *,
    name: str,
    scopes: Sequence[str] = (),
    expires_at: int | None = None,
    shown: bool = False,
    is_default: bool = False,
) -> str:
    """Make a key of ``secret`` and return its id.

    Args:
        db: The transaction to do it in.
        context: The request.
        user_id: Who will own the key.
        secret: The key itself.
        name: What its owner calls it.
        scopes: What it opens; nothing for everything.
        expires_at: When it stops working, in microseconds.
        shown: Whether the secret is kept, to be told again.
        is_default: Whether it is the key in the user's record.
    """
    key_id = context.new_id("key")
    db.execute(
        "INSERT INTO api_keys (id, user_id, name, scopes, secret_hash, shown_secret, is_default, "
        "created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            key_id,
            user_id,
            name,
            json.dumps(list(scopes)),
            digest(secret),
            secret if shown else None,
            is_default,
            context.now,
            expires_at,
        ),
    )
    return key_id


def add_default_api_key(db: sqlite3.Connection, context: Context, user_id: str) -> None:
    """Make the key that a new user's record tells."""
    secret = context.ids.new_secret(_KEY_PREFIX)
    add_api_key(db, context, user_id, secret, name="default", shown=True, is_default=True)


def adopt_api_key(
    db: sqlite3.Connection, context: Context, user_id: str, secret: str, name: str
) -> str:
    """Return the id of the user's key with this secret, made now if there is none.

    Raises:
        ControlPlaneError: 409, the secret is taken.
    """
    row = db.execute(
        "SELECT id, user_id, deleted_at FROM api_keys WHERE secret_hash = ?", (digest(secret),)
    ).fetchone()
    if row is None and secret != context.settings.api_key:
        return add_api_key(db, context, user_id, secret, name=name, shown=True)
    if row is None or row["user_id"] != user_id or row["deleted_at"] is not None:
        raise already_exists("apiKey: this key is taken; use another, or none.")
    return str(row["id"])


@operation
def create_user_api_key(context: Context) -> dict[str, Any]:
    """Make a key; this answer alone has its secret."""
    body = context.body
    owner = context.owner(body.get("userId"))
    expires_at = parse_time(body["expiresAt"]) if body.get("expiresAt") else None
    if expires_at is not None and expires_at <= context.now:
        raise invalid_argument("expiresAt", "Input should be in the future")
    secret = context.ids.new_secret(_KEY_PREFIX)
    # Without a name, the beginning of the secret tells keys from each other.
    name = body.get("name") or f"{secret[:_SHOWN_CHARACTERS]}..."
    with context.state.write() as db:
        key_id = add_api_key(
            db,
            context,
            owner,
            secret,
            name=name,
            scopes=body.get("scopes") or (),
            expires_at=expires_at,
        )
        record_activity(
            db,
            context,
            "API_KEY_CREATED",
            user_id=owner,
            resource=("api_key", key_id),
            message=f"Created the API key {name}",
        )
        row = db.execute("SELECT * FROM api_keys WHERE id = ?", (key_id,)).fetchone()
    return {"apiKey": {**_to_wire(row), "secret": secret}}


@operation
def list_user_api_keys(context: Context) -> dict[str, Any]:
    """List a user's keys, oldest first."""
    owner = context.owner(context.query.get("userId"))
    with context.state.read() as db:
        rows = db.execute(
            "SELECT * FROM api_keys WHERE user_id = ? AND (? OR deleted_at IS NULL) "
            "ORDER BY created_at, rowid",
            (owner, context.query.get("includeDeleted", False)),
        ).fetchall()
    return {"apiKeys": [_to_wire(row) for row in rows]}


@operation
def delete_user_api_key(context: Context) -> dict[str, Any]:
    """Delete a key: it stops working at once and stays on record."""
    key_id = context.path["apiKeyId"]
    with context.state.write() as db:
        row = db.execute("SELECT * FROM api_keys WHERE id = ?", (key_id,)).fetchone()
        context.require_access("API key", key_id, row["user_id"] if row else None)
        if row["deleted_at"] is not None:
            raise not_found("API key", key_id)
        db.execute(
            "UPDATE api_keys SET deleted_at = ?, shown_secret = NULL WHERE id = ?",
            (context.now, key_id),
        )
        record_activity(
            db,
            context,
            "API_KEY_DELETED",
            user_id=row["user_id"],
            resource=("api_key", key_id),
            message=f"Deleted the API key {row['name']}",
        )
    return EMPTY


def _to_wire(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "name": row["name"],
        "scopes": json.loads(row["scopes"]),
        "createdAt": format_time(row["created_at"]),
        "expiresAt": format_optional_time(row["expires_at"]),
        "deletedAt": format_optional_time(row["deleted_at"]),
    }
