"""Login of the command line: a person approves in a browser, the program gets tokens."""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from tensormesh_local.auth import DEFAULT_USER_ID
from tensormesh_local.clock import DAY, HOUR, SECOND, format_time
from tensormesh_local.control_plane.accounts.activities import record_activity
from tensormesh_local.control_plane.accounts.users import find_user
from tensormesh_local.control_plane.context import Caller, operation
from tensormesh_local.control_plane.errors import (
    failed_precondition,
    invalid_argument,
    not_found,
    permission_denied,
    resource_exhausted,
    unauthenticated,
)
from tensormesh_local.control_plane.ids import digest

if TYPE_CHECKING:
    import sqlite3

    from tensormesh_local.control_plane.context import Context

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS logins (
    id TEXT PRIMARY KEY,
    client TEXT NOT NULL,
    code_challenge TEXT,
    form_token TEXT NOT NULL,
    status TEXT NOT NULL,
    user_id TEXT REFERENCES users (id),
    polled_at INTEGER,
    expires_at INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS sessions (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
);
CREATE TABLE IF NOT EXISTS session_tokens (
    refresh_hash TEXT PRIMARY KEY,
    access_hash TEXT NOT NULL UNIQUE,
    session_id TEXT NOT NULL REFERENCES sessions (id),
    access_expires_at INTEGER NOT NULL,
    refresh_expires_at INTEGER NOT NULL,
    refreshed_at INTEGER
);
"""

LOGIN_SECONDS: Final = 300
POLL_SECONDS: Final = 2
ACCESS_SECONDS: Final = HOUR // SECOND
REFRESH_DAYS: Final = 30

PENDING: Final = "pending"
APPROVED: Final = "approved"
DENIED: Final = "denied"
_USED: Final = "used"

# A SHA-256 hash in base64url without padding.
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")


@operation
def start_cli_login(context: Context) -> dict[str, Any]:
    """Start a login that waits for approval."""
    body = context.body
    challenge = body.get("codeChallenge") or None
    if challenge is not None and not _CHALLENGE.fullmatch(challenge):
        raise invalid_argument("codeChallenge", "Input should be a SHA-256 hash in base64url")
    login_id = context.new_id("lg")
    expires_at = context.now + LOGIN_SECONDS * SECOND
    approved = context.settings.auto_approve
    client = f"{body.get('clientName') or 'A program'} {body.get('clientVersion') or ''}".strip()
    with context.state.write() as db:
        db.execute("DELETE FROM logins WHERE expires_at <= ?", (context.now,))
        db.execute(
            "INSERT INTO logins VALUES (?, ?, ?, ?, ?, ?, NULL, ?)",
            (
                login_id,
                client,
                challenge,
                context.ids.new_secret("form"),
                APPROVED if approved else PENDING,
                DEFAULT_USER_ID if approved else None,
                expires_at,
            ),
        )
    return {
        "loginId": login_id,
        "verificationUrl": f"{context.base_url}/cli?login={login_id}",
        "pollIntervalSeconds": POLL_SECONDS,
        "expiresAt": format_time(expires_at),
    }


def find_login(db: sqlite3.Connection, login_id: str, now: int) -> sqlite3.Row:
    """Return the row of a login that was not used yet.

    Raises:
        ControlPlaneError: 404, there is none, or it has expired.
    """
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM logins WHERE id = ? AND status != ? AND expires_at > ?",
        (login_id, _USED, now),
    ).fetchone()
    if row is None:
        raise not_found("login", login_id)
    return row


@operation
def exchange_cli_login(context: Context) -> dict[str, Any]:
    """Exchange an approved login for tokens, once."""
    with context.state.write() as db:
        login = find_login(db, context.body["loginId"], context.now)
        _check_verifier(login["code_challenge"], context.body.get("codeVerifier"))
        _check_pace(login["polled_at"], context.now)
        if login["status"] == APPROVED:
            db.execute("UPDATE logins SET status = ? WHERE id = ?", (_USED, login["id"]))
            session_id = context.new_id("ses")
            db.execute(
                "INSERT INTO sessions VALUES (?, ?, ?, NULL)",
                (session_id, login["user_id"], context.now),
            )
            _record_login(db, context, login)
            return _new_tokens(db, context, session_id)
        # Kept although the answer is an error: the block ends without one.
        db.execute("UPDATE logins SET polled_at = ? WHERE id = ?", (context.now, login["id"]))
    if login["status"] == DENIED:
        raise permission_denied("login denied")
    raise failed_precondition("login not approved yet", "AUTHORIZATION_PENDING")


@operation
def refresh_cli_login(context: Context) -> dict[str, Any]:
    """Replace a refresh token. One that comes a second time was stolen: its session ends."""
    with context.state.write() as db:
        row = db.execute(
            "SELECT session_tokens.*, revoked_at FROM session_tokens "
            "JOIN sessions ON sessions.id = session_id WHERE refresh_hash = ?",
            (digest(context.body["refreshToken"]),),
        ).fetchone()
        if row is not None and row["revoked_at"] is None:
            if row["refreshed_at"] is not None:
                db.execute(
                    "UPDATE sessions SET revoked_at = ? WHERE id = ?",
                    (context.now, row["session_id"]),
                )
            elif row["refresh_expires_at"] > context.now:
                db.execute(
                    "UPDATE session_tokens SET refreshed_at = ? WHERE refresh_hash = ?",
                    (context.now, row["refresh_hash"]),
                )
                return _new_tokens(db, context, row["session_id"])
    raise unauthenticated("refresh token is not valid")


def find_token_user(db: sqlite3.Connection, token: str, now: int) -> sqlite3.Row | None:
    """Return the row of the user to whom an access token belongs; None if it is not valid."""
    row: sqlite3.Row | None = db.execute(
        "SELECT users.* FROM session_tokens JOIN sessions ON sessions.id = session_id "
        "JOIN users ON users.id = sessions.user_id "
        "WHERE access_hash = ? AND access_expires_at > ? AND revoked_at IS NULL",
        (digest(token), now),
    ).fetchone()
    return row


def _new_tokens(db: sqlite3.Connection, context: Context, session_id: str) -> dict[str, Any]:
    access, refresh = context.ids.new_secret("cp-access"), context.ids.new_secret("cp-refresh")
    expires_at = context.now + ACCESS_SECONDS * SECOND
    db.execute(
        "INSERT INTO session_tokens VALUES (?, ?, ?, ?, ?, NULL)",
        (
            digest(refresh),
            digest(access),
            session_id,
            expires_at,
            context.now + REFRESH_DAYS * DAY,
        ),
    )
    return {
        "accessToken": access,
        "refreshToken": refresh,
        "expiresAt": format_time(expires_at),
    }


def _record_login(db: sqlite3.Connection, context: Context, login: sqlite3.Row) -> None:
    user = find_user(db, login["user_id"])
    record_activity(
        db,
        replace(context, user=Caller(user["id"], user["email"], user["role"])),
        "LOGIN",
        user_id=user["id"],
        resource=("login", login["id"]),
        message=f"Logged in by {login['client']}",
    )


def _check_verifier(challenge: str | None, verifier: str | None) -> None:
    if challenge is None:
        return
    if not verifier:
        raise invalid_argument("codeVerifier", "Field required")
    hashed = sha256(verifier.encode()).digest()
    expected = urlsafe_b64encode(hashed).decode().rstrip("=")
    if not hmac.compare_digest(expected, challenge):
        raise invalid_argument("codeVerifier", "Input does not belong to the codeChallenge")


def _check_pace(polled_at: int | None, now: int) -> None:
    if polled_at is not None and now < polled_at + POLL_SECONDS * SECOND:
        raise resource_exhausted("polled too often", polled_at + POLL_SECONDS * SECOND - now)
