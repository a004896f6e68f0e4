"""Users: their records, the terms of service, and roles."""

from __future__ import annotations

from typing import Final

from tensormesh_local.auth import DEFAULT_USER_ID
from tensormesh_local.clock import format_time
from tensormesh_local.control_plane.accounts.activities import record_activity
from tensormesh_local.control_plane.context import (
    ADMIN,
    EMPTY,
    SUPER_ADMIN,
    USER,
    Context,
    Json,
    reads,
    required,
    writes,
)
from tensormesh_local.control_plane.errors import (
    failed_precondition,
    invalid_argument,
    not_found,
    permission_denied,
)
from tensormesh_local.control_plane.paging import numbered_page
from tensormesh_local.control_plane.state import Database, Row

DEFAULT_USER_EMAIL: Final = "local@tensormesh.test"

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS users (
    id TEXT PRIMARY KEY,
    email TEXT NOT NULL UNIQUE COLLATE NOCASE,
    first_name TEXT NOT NULL DEFAULT '',
    last_name TEXT NOT NULL DEFAULT '',
    display_name TEXT NOT NULL DEFAULT '',
    company TEXT NOT NULL DEFAULT '',
    role TEXT NOT NULL,
    stripe_customer_id TEXT NOT NULL DEFAULT '',
    tos_accepted_at INTEGER,
    survey_completed_at INTEGER,
    created_at INTEGER NOT NULL
);
"""

_CHANGEABLE: Final = {
    "firstName": "first_name",
    "lastName": "last_name",
    "displayName": "display_name",
    "company": "company",
}


def ensure_default_user(db: Database, now: int) -> None:
    """Create the user to whom the host's own key and token belong, if missing."""
    db.execute(
        "INSERT INTO users (id, email, first_name, last_name, display_name, role, created_at) "
        "VALUES (?, ?, 'Local', 'User', 'Local User', ?, ?) ON CONFLICT (id) DO NOTHING",
        (DEFAULT_USER_ID, DEFAULT_USER_EMAIL, ADMIN, now),
    )


def create_user(db: Database, user_id: str, email: str, now: int) -> None:
    """Create a user without privileges, named after the e-mail address."""
    name = email.partition("@")[0]
    db.insert("users", id=user_id, email=email, display_name=name, role=USER, created_at=now)


def find_user(db: Database, user_id: str) -> Row:
    """Return a user's row, or raise a 404."""
    row = db.one("SELECT * FROM users WHERE id = ?", (user_id,))
    if row is None:
        raise not_found("user", user_id)
    return row


def default_api_key(context: Context, user_id: str) -> str:
    """Return the API key in a user's record; empty if it was deleted."""
    if user_id == DEFAULT_USER_ID:
        return context.settings.api_key
    row = context.db.one(
        "SELECT shown_secret FROM api_keys WHERE user_id = ? AND is_default AND deleted_at IS NULL",
        (user_id,),
    )
    return str(row["shown_secret"]) if row else ""


@reads
def get_auth_profile(context: Context) -> Json:
    """Return the caller's record."""
    return _profile(context, context.caller.id)


@reads
def get_user_profile(context: Context) -> Json:
    """Return a user's record by id."""
    return _profile(context, context.owner(context.path["userId"]))


@reads
def get_user_profile_by_email(context: Context) -> Json:
    """Return a user's record by e-mail address."""
    email = context.path["userEmail"]
    row = context.db.one("SELECT * FROM users WHERE email = ?", (email,))
    if not context.is_admin and (row is None or row["id"] != context.caller.id):
        raise permission_denied("Only administrators may see other users.")
    if row is None:
        raise not_found("user", email)
    return {"user": _to_wire(context, row)}


@writes
def update_user_profile(context: Context) -> Json:
    """Change names and company. Fields that are left out keep their values."""
    user_id = context.owner(context.path["userId"])
    changes = {
        column: context.body[name]
        for name, column in _CHANGEABLE.items()
        if context.body.get(name) is not None
    }
    if changes:
        context.db.update("users", user_id, **changes)
    return EMPTY


@writes
def accept_tos(context: Context) -> Json:
    """Record that a user accepts the terms of service. The time of the first call is kept."""
    user_id = context.owner(context.query.get("userId"))
    if find_user(context.db, user_id)["tos_accepted_at"] is None:
        context.db.update("users", user_id, tos_accepted_at=context.now)
    return _profile(context, user_id)


@reads
def list_users(context: Context) -> Json:
    """List all users, oldest first."""
    context.require_admin(context.query.get("userId"))
    query = "SELECT * FROM users ORDER BY created_at, id"
    return numbered_page(context, query, {}, "users", lambda row: _to_wire(context, row))


@writes
def change_user_role(context: Context) -> Json:
    """Change the role of another user. Super administrators are needed to add or remove one."""
    body = context.body
    context.require_admin(body.get("userId"))
    target = required(body, "targetUserId")
    role = body.get("targetUserRole")
    if role not in (USER, ADMIN, SUPER_ADMIN):
        raise invalid_argument("targetUserRole", "Input should be a role other than unspecified")
    row = find_user(context.db, target)
    if target == context.caller.id:
        # Otherwise the last administrator could lock everyone out.
        raise failed_precondition("targetUserId: nobody can change their own role.", "OWN_ROLE")
    if SUPER_ADMIN in (role, row["role"]) and context.caller.role != SUPER_ADMIN:
        raise permission_denied("Only super administrators may do this.")
    if row["role"] != role:
        context.db.update("users", target, role=role)
        message = f"Changed the role of {row['email']}"
        change = {"from": row["role"], "to": role}
        record_activity(context, "ROLE_CHANGED", target, "user", target, message, **change)
    return _profile(context, target)


def _profile(context: Context, user_id: str) -> Json:
    return {"user": _to_wire(context, find_user(context.db, user_id))}


def _to_wire(context: Context, row: Row) -> Json:
    """Return a user's record. The API key is included only in the caller's own."""
    own = row["id"] == context.caller.id
    return {
        "id": row["id"],
        "firstName": row["first_name"],
        "lastName": row["last_name"],
        "displayName": row["display_name"],
        "userEmail": row["email"],
        "authProvider": "AUTH_PROVIDER_EMAIL",
        "authProviderId": row["email"],
        "avatarUrl": "",
        "stripeCusId": row["stripe_customer_id"],
        "userRole": row["role"],
        "apiKey": default_api_key(context, row["id"]) if own else "",
        "company": row["company"],
        "tosAcceptedAt": format_time(row["tos_accepted_at"]),
        "surveyCompletedAt": format_time(row["survey_completed_at"]),
    }
