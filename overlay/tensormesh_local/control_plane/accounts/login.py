"""Logins of the command line: a person approves in a browser, and the program gets tokens."""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import replace
from hashlib import sha256
from typing import Final

from tensormesh_local.auth import DEFAULT_USER_ID
from tensormesh_local.clock import DAY, HOUR, SECOND, format_time
from tensormesh_local.control_plane.accounts.activities import record_activity
from tensormesh_local.control_plane.accounts.users import find_user
from tensormesh_local.control_plane.context import Caller, Context, Json, writes
from tensormesh_local.control_plane.errors import (
    ControlPlaneError,
    failed_precondition,
    invalid_argument,
    not_found,
    permission_denied,
    resource_exhausted,
    unauthenticated,
)
from tensormesh_local.control_plane.ids import digest
from tensormesh_local.control_plane.state import Database, Row

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


@writes
def start_cli_login(context: Context) -> Json:
    """Start a login that waits for approval."""
    body = context.body
    challenge = body.get("codeChallenge") or None
    if challenge is not None and not _CHALLENGE.fullmatch(challenge):
        raise invalid_argument("codeChallenge", "Input should be a SHA-256 hash in base64url")
    login_id = context.new_id("lg")
    expires_at = context.now + LOGIN_SECONDS * SECOND
    approved = context.settings.auto_approve
    client = f"{body.get('clientName') or 'A program'} {body.get('clientVersion') or ''}".strip()
    context.db.execute("DELETE FROM logins WHERE expires_at <= ?", (context.now,))
    context.db.insert(
        "logins",
        id=login_id,
        client=client,
        code_challenge=challenge,
        form_token=context.ids.new_secret("form"),
        status=APPROVED if approved else PENDING,
        user_id=DEFAULT_USER_ID if approved else None,
        expires_at=expires_at,
    )
    return {
        "loginId": login_id,
        "verificationUrl": f"{context.base_url}/cli?login={login_id}",
        "pollIntervalSeconds": POLL_SECONDS,
        "expiresAt": format_time(expires_at),
    }


def find_login(db: Database, login_id: str, now: int) -> Row:
    """Return the row of a login, or raise a 404 if it was used or has expired."""
    row = db.one(
        "SELECT * FROM logins WHERE id = ? AND status != ? AND expires_at > ?",
        (login_id, _USED, now),
    )
    if row is None:
        raise not_found("login", login_id)
    return row


@writes
def exchange_cli_login(context: Context) -> Json | ControlPlaneError:
    """Exchange an approved login for tokens, once."""
    login = find_login(context.db, context.body["loginId"], context.now)
    _check_verifier(login["code_challenge"], context.body.get("codeVerifier"))
    next_poll = (login["polled_at"] or 0) + POLL_SECONDS * SECOND
    if context.now < next_poll:
        raise resource_exhausted("polled too often", next_poll - context.now)
    if login["status"] == APPROVED:
        context.db.update("logins", login["id"], status=_USED)
        session_id = context.new_id("ses")
        user_id = login["user_id"]
        context.db.insert("sessions", id=session_id, user_id=user_id, created_at=context.now)
        caller = Caller.from_row(find_user(context.db, user_id))
        message = f"Logged in by {login['client']}"
        by_user = replace(context, user=caller)
        record_activity(by_user, "LOGIN", user_id, "login", login["id"], message)
        return _new_tokens(context, session_id)
    context.db.update("logins", login["id"], polled_at=context.now)
    if login["status"] == DENIED:
        return permission_denied("login denied")
    return failed_precondition("login not approved yet", "AUTHORIZATION_PENDING")


@writes
def refresh_cli_login(context: Context) -> Json | ControlPlaneError:
    """Replace a refresh token. If one is used twice it was stolen, and its session ends."""
    row = context.db.one(
        "SELECT session_tokens.*, revoked_at FROM session_tokens "
        "JOIN sessions ON sessions.id = session_id WHERE refresh_hash = ?",
        (digest(context.body["refreshToken"]),),
    )
    if row is not None and row["revoked_at"] is None:
        if row["refreshed_at"] is not None:
            context.db.update("sessions", row["session_id"], revoked_at=context.now)
        elif row["refresh_expires_at"] > context.now:
            context.db.execute(
                "UPDATE session_tokens SET refreshed_at = ? WHERE refresh_hash = ?",
                (context.now, row["refresh_hash"]),
            )
            return _new_tokens(context, row["session_id"])
    return unauthenticated("refresh token is not valid")


def find_token_user(db: Database, token: str, now: int) -> Row | None:
    """Return the row of the user to whom an access token belongs, or None if it is not valid."""
    return db.one(
        "SELECT users.* FROM session_tokens JOIN sessions ON sessions.id = session_id "
        "JOIN users ON users.id = sessions.user_id "
        "WHERE access_hash = ? AND access_expires_at > ? AND revoked_at IS NULL",
        (digest(token), now),
    )


def _new_tokens(context: Context, session_id: str) -> Json:
    access, refresh = context.ids.new_secret("cp-access"), context.ids.new_secret("cp-refresh")
    expires_at = context.now + ACCESS_SECONDS * SECOND
    context.db.insert(
        "session_tokens",
        refresh_hash=digest(refresh),
        access_hash=digest(access),
        session_id=session_id,
        access_expires_at=expires_at,
        refresh_expires_at=context.now + REFRESH_DAYS * DAY,
    )
    return {"accessToken": access, "refreshToken": refresh, "expiresAt": format_time(expires_at)}


def _check_verifier(challenge: str | None, verifier: str | None) -> None:
    if challenge is None:
        return
    if not verifier:
        raise invalid_argument("codeVerifier", "Field required")
    hashed = sha256(verifier.encode()).digest()
    expected = urlsafe_b64encode(hashed).decode().rstrip("=")
    if not hmac.compare_digest(expected, challenge):
        raise invalid_argument("codeVerifier", "Input does not match the codeChallenge")
