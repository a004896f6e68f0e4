"""API keys for inference. Only the hash of a secret is stored, so it is shown once.

Two kinds of secrets are stored because the API returns them again: a user's default key, which
is part of the user's record, and keys that were passed to a deployment.
"""

from __future__ import annotations

import json
from typing import Any, Final

from tensormesh_local.clock import format_time, parse_time
from tensormesh_local.control_plane.accounts.activities import record_activity
from tensormesh_local.control_plane.context import EMPTY, Context, Json, reads, writes
from tensormesh_local.control_plane.errors import (
    Code,
    ControlPlaneError,
    invalid_argument,
    not_found,
)
from tensormesh_local.control_plane.ids import digest
from tensormesh_local.control_plane.state import Row

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


def _add_api_key(context: Context, user_id: str, secret: str, name: str, **columns: Any) -> str:
    key_id = context.new_id("key")
    context.db.insert(
        "api_keys",
        id=key_id,
        user_id=user_id,
        name=name,
        secret_hash=digest(secret),
        created_at=context.now,
        **columns,
    )
    return key_id


def add_default_api_key(context: Context, user_id: str) -> None:
    """Create the key in the record of a new user."""
    secret = context.ids.new_secret(_KEY_PREFIX)
    _add_api_key(context, user_id, secret, "default", shown_secret=secret, is_default=True)


def adopt_api_key(context: Context, user_id: str, secret: str, name: str) -> str:
    """Return the id of the user's key with a secret, creating it if it does not exist.

    Raise a 409 if the secret belongs to another user or to a deleted key.
    """
    row = context.db.one("SELECT * FROM api_keys WHERE secret_hash = ?", (digest(secret),))
    if row is None and secret != context.settings.api_key:
        return _add_api_key(context, user_id, secret, name, shown_secret=secret)
    if row is None or row["user_id"] != user_id or row["deleted_at"] is not None:
        raise ControlPlaneError(
            Code.ALREADY_EXISTS, "apiKey: this key is already in use; pass another one, or none."
        )
    return str(row["id"])


@writes
def create_user_api_key(context: Context) -> Json:
    """Create a key. Only this response contains its secret."""
    body = context.body
    owner = context.owner(body.get("userId"))
    expires_at = parse_time(body["expiresAt"]) if body.get("expiresAt") else None
    if expires_at is not None and expires_at <= context.now:
        raise invalid_argument("expiresAt", "Input should be in the future")
    secret = context.ids.new_secret(_KEY_PREFIX)
    # Without a name, the start of the secret distinguishes keys.
    name = body.get("name") or f"{secret[:_SHOWN_CHARACTERS]}..."
    scopes = json.dumps(body.get("scopes") or [])
    key_id = _add_api_key(context, owner, secret, name, scopes=scopes, expires_at=expires_at)
    message = f"Created the API key {name}"
    record_activity(context, "API_KEY_CREATED", owner, "api_key", key_id, message)
    return {"apiKey": {**_to_wire(_find(context, key_id)), "secret": secret}}


@reads
def list_user_api_keys(context: Context) -> Json:
    """List a user's keys, oldest first."""
    owner = context.owner(context.query.get("userId"))
    rows = context.db.all(
        "SELECT * FROM api_keys WHERE user_id = ? AND (? OR deleted_at IS NULL) "
        "ORDER BY created_at, rowid",
        (owner, context.query.get("includeDeleted", False)),
    )
    return {"apiKeys": [_to_wire(row) for row in rows]}


@writes
def delete_user_api_key(context: Context) -> Json:
    """Delete a key: it stops working at once, and its record is kept."""
    key_id = context.path["apiKeyId"]
    row = _find(context, key_id)
    if row["deleted_at"] is not None:
        raise not_found("API key", key_id)
    context.db.update("api_keys", key_id, deleted_at=context.now, shown_secret=None)
    message = f"Deleted the API key {row['name']}"
    record_activity(context, "API_KEY_DELETED", row["user_id"], "api_key", key_id, message)
    return EMPTY


def _find(context: Context, key_id: str) -> Row:
    row = context.db.one("SELECT * FROM api_keys WHERE id = ?", (key_id,))
    return context.require_access("API key", key_id, row)


def _to_wire(row: Row) -> Json:
    return {
        "id": row["id"],
        "name": row["name"],
        "scopes": json.loads(row["scopes"]),
        "createdAt": format_time(row["created_at"]),
        "expiresAt": format_time(row["expires_at"]),
        "deletedAt": format_time(row["deleted_at"]),
    }
