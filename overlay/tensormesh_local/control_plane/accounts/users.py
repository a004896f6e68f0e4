"""Users: their records, the terms of service, and roles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tensormesh_local.auth import DEFAULT_USER_ID
from tensormesh_local.clock import format_optional_time
from tensormesh_local.control_plane.accounts.activities import record_activity
from tensormesh_local.control_plane.context import (
    ADMIN,
    EMPTY,
    SUPER_ADMIN,
    USER,
    operation,
    required,
)
from tensormesh_local.control_plane.errors import (
    failed_precondition,
    invalid_argument,
    not_found,
    permission_denied,
)
from tensormesh_local.control_plane.paging import numbered_page

if TYPE_CHECKING:
    import sqlite3

    from tensormesh_local.control_plane.context import Context

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


def ensure_default_user(db: sqlite3.Connection, now: int) -> None:
    """Make the user to whom the host's own keys and token belong, if it is not there."""
    db.execute(
        "INSERT INTO users (id, email, first_name, last_name, display_name, role, created_at) "
        "VALUES (?, ?, 'Local', 'User', 'Local User', ?, ?) ON CONFLICT (id) DO NOTHING",
        (DEFAULT_USER_ID, DEFAULT_USER_EMAIL, ADMIN, now),
    )


def create_user(db: sqlite3.Connection, user_id: str, email: str, now: int) -> None:
    """Make a user without privileges, named after the e-mail address."""
    db.execute(
        "INSERT INTO users (id, email, display_name, role, created_at) VALUES (?, ?, ?, ?, ?)",
        (user_id, email, email.partition("@")[0], USER, now),
    )


def find_user(db: sqlite3.Connection, user_id: str) -> sqlite3.Row:
    """Return a user's row.

    Raises:
        ControlPlaneError: 404.
    """
    row: sqlite3.Row | None = db.execute("SELECT * FROM users WHERE id = ?", (user_id,)).fetchone()
    if row is None:
        raise not_found("user", user_id)
    return row


def user_to_wire(db: sqlite3.Connection, context: Context, row: sqlite3.Row) -> dict[str, Any]:
    """Return a user's record as the caller may see it: only one's own has the API key."""
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
        "apiKey": default_api_key(db, context, row["id"]) if own else "",
        "company": row["company"],
        "tosAcceptedAt": format_optional_time(row["tos_accepted_at"]),
        "surveyCompletedAt": format_optional_time(row["survey_completed_at"]),
    }


def default_api_key(db: sqlite3.Connection, context: Context, user_id: str) -> str:
    """Return the key for inference that a user's record tells; empty if it was deleted."""
    if user_id == DEFAULT_USER_ID:
        return context.settings.api_key
    row = db.execute(
        "SELECT shown_secret FROM api_keys WHERE user_id = ? AND is_default AND deleted_at IS NULL",
        (user_id,),
    ).fetchone()
    return str(row["shown_secret"]) if row else ""


@operation
def get_auth_profile(context: Context) -> dict[str, Any]:
    """Return the caller's record."""
    return _profile(context, context.caller.id)


@operation
def get_user_profile(context: Context) -> dict[str, Any]:
    """Return a user's record by id."""
    return _profile(context, context.owner(context.path["userId"]))


@operation
def get_user_profile_by_email(context: Context) -> dict[str, Any]:
    """Return a user's record by e-mail address."""
    email = context.path["userEmail"]
    with context.state.read() as db:
        row = db.execute("SELECT * FROM users WHERE email = ?", (email,)).fetchone()
        if not context.is_admin and (row is None or row["id"] != context.caller.id):
            raise permission_denied("Only administrators may see other users.")
        if row is None:
            raise not_found("user", email)
        return {"user": user_to_wire(db, context, row)}


@operation
def update_user_profile(context: Context) -> dict[str, Any]:
    """Change names and company; fields left out keep their values."""
    user_id = context.owner(context.path["userId"])
    with context.state.write() as db:
        for name, column in _CHANGEABLE.items():
            if context.body.get(name) is not None:
                statement = f"UPDATE users SET {column} = ? WHERE id = ?"  # noqa: S608
                db.execute(statement, (context.body[name], user_id))
    return EMPTY


@operation
def accept_tos(context: Context) -> dict[str, Any]:
    """Record that a user accepts the terms; the first time counts."""
    user_id = context.owner(context.query.get("userId"))
    with context.state.write() as db:
        db.execute(
            "UPDATE users SET tos_accepted_at = ? WHERE id = ? AND tos_accepted_at IS NULL",
            (context.now, user_id),
        )
        return {"user": user_to_wire(db, context, find_user(db, user_id))}


@operation
def list_users(context: Context) -> dict[str, Any]:
    """List all users, oldest first."""
    context.require_admin(context.query.get("userId"))
    with context.state.read() as db:
        return numbered_page(
            context,
            db,
            "SELECT * FROM users ORDER BY created_at, id",
            {},
            "users",
            lambda row: user_to_wire(db, context, row),
        )


@operation
def change_user_role(context: Context) -> dict[str, Any]:
    """Give another user a role; only super administrators make and unmake their like."""
    body = context.body
    context.require_admin(body.get("userId"))
    target = required(body, "targetUserId")
    role = body.get("targetUserRole")
    if role not in (USER, ADMIN, SUPER_ADMIN):
        raise invalid_argument("targetUserRole", "Input should be a role to give")
    with context.state.write() as db:
        row = find_user(db, target)
        if target == context.caller.id:
            # Else the last administrator could lock everybody out.
            raise failed_precondition("targetUserId: nobody changes their own role.", "OWN_ROLE")
        if SUPER_ADMIN in (role, row["role"]) and context.caller.role != SUPER_ADMIN:
            raise permission_denied("Only super administrators may do this.")
        if row["role"] != role:
            db.execute("UPDATE users SET role = ? WHERE id = ?", (role, target))
            record_activity(
                db,
                context,
                "ROLE_CHANGED",
                user_id=target,
                resource=("user", target),
                message=f"Changed the role of {row['email']}",
                metadata={"from": row["role"], "to": role},
            )
        return {"user": user_to_wire(db, context, find_user(db, target))}


def _profile(context: Context, user_id: str) -> dict[str, Any]:
    with context.state.read() as db:
        return {"user": user_to_wire(db, context, find_user(db, user_id))}
