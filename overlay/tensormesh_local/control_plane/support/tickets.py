"""Support tickets and the conversations about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tensormesh_local.clock import format_time
from tensormesh_local.control_plane.accounts.activities import record_activity
from tensormesh_local.control_plane.accounts.users import find_user
from tensormesh_local.control_plane.context import operation, required
from tensormesh_local.control_plane.errors import failed_precondition, invalid_argument
from tensormesh_local.control_plane.paging import numbered_page

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from tensormesh_local.control_plane.context import Context

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS tickets (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    subject TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS tickets_of_user ON tickets (user_id);
CREATE TABLE IF NOT EXISTS ticket_messages (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket_id TEXT NOT NULL REFERENCES tickets (id),
    user_id TEXT NOT NULL REFERENCES users (id),
    user_name TEXT NOT NULL,
    user_role TEXT NOT NULL,
    content TEXT NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS messages_of_ticket ON ticket_messages (ticket_id);
"""

_OPEN: Final = "TICKET_STATUS_OPEN"
_CLOSED: Final = "TICKET_STATUS_CLOSED"
_ANSWERED: Final = ("TICKET_STATUS_WAITING_ON_CUSTOMER", "TICKET_STATUS_RESOLVED")
_ALL: Final = "TICKET_STATUS_UNSPECIFIED"


@operation
def create_ticket(context: Context) -> dict[str, Any]:
    """Open a ticket, with a first message if one is given."""
    body = context.body
    owner = context.owner(body.get("userId"))
    subject = required(body, "subject")
    message = body.get("message")
    content = required(message, "content", "message.") if message is not None else None
    ticket_id = context.new_id("tk")
    with context.state.write() as db:
        db.execute(
            "INSERT INTO tickets VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                ticket_id,
                owner,
                subject,
                body.get("type") or "TICKET_TYPE_UNSPECIFIED",
                _OPEN,
                context.now,
                context.now,
            ),
        )
        if content is not None:
            _add_message(db, context, ticket_id, owner, content)
        _record(db, context, "TICKET_CREATED", ticket_id, owner, f"Opened the ticket: {subject}")
        return {"ticket": _ticket(db, ticket_id)}


@operation
def list_tickets(context: Context) -> dict[str, Any]:
    """List a user's tickets, newest first."""
    query = context.query
    owner = context.owner(query.get("userId"))
    status = query.get("status", _ALL)
    with context.state.read() as db:
        return numbered_page(
            context,
            db,
            "SELECT * FROM tickets WHERE user_id = :owner AND (:status = :all OR status = :status) "
            "ORDER BY created_at DESC, rowid DESC",
            {"owner": owner, "status": status, "all": _ALL},
            "tickets",
            lambda row: _to_wire(db, row),
        )


@operation
def get_ticket(context: Context) -> dict[str, Any]:
    """Return a ticket with its whole conversation."""
    with context.state.read() as db:
        return {"ticket": _to_wire(db, _accessible(db, context))}


@operation
def update_ticket_status(context: Context) -> dict[str, Any]:
    """Set a ticket's status."""
    status = context.body["status"]
    if status == _ALL:
        raise invalid_argument("status", "Input should be a status to set")
    with context.state.write() as db:
        row = _accessible(db, context, named_user_owns_it=False)
        context.require_caller(context.body.get("userId"))
        if row["status"] != status:
            _set_status(db, context, row["id"], status)
            short = status.removeprefix("TICKET_STATUS_").lower().replace("_", " ")
            message = f"Set the ticket to {short}: {row['subject']}"
            _record(db, context, "TICKET_UPDATED", row["id"], row["user_id"], message)
        return {"ticket": _ticket(db, row["id"])}


@operation
def append_ticket_message(context: Context) -> dict[str, Any]:
    """Add a message. One of the requester opens a ticket again that was answered."""
    body = context.body
    message: Mapping[str, Any] = required(body, "message")
    content = required(message, "content", "message.")
    with context.state.write() as db:
        row = _accessible(db, context, named_user_owns_it=False)
        context.require_caller(body.get("userId"))
        sender = context.caller.id
        if row["status"] == _CLOSED:
            raise failed_precondition("The ticket is closed.", "TICKET_CLOSED")
        reopens = sender == row["user_id"] and row["status"] in _ANSWERED
        _add_message(db, context, row["id"], sender, content)
        _set_status(db, context, row["id"], _OPEN if reopens else row["status"])
        text = f"Added a message to the ticket: {row['subject']}"
        _record(db, context, "TICKET_UPDATED", row["id"], row["user_id"], text)
        return {"ticket": _ticket(db, row["id"])}


def _accessible(
    db: sqlite3.Connection, context: Context, *, named_user_owns_it: bool = True
) -> sqlite3.Row:
    ticket_id = context.path["ticketId"]
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM tickets WHERE id = ?", (ticket_id,)
    ).fetchone()
    owner = row["user_id"] if row else None
    context.require_access("ticket", ticket_id, owner, named_user_owns_it=named_user_owns_it)
    assert row is not None
    return row


def _add_message(
    db: sqlite3.Connection, context: Context, ticket_id: str, sender: str, content: str
) -> None:
    user = find_user(db, sender)
    db.execute(
        "INSERT INTO ticket_messages (ticket_id, user_id, user_name, user_role, content, "
        "created_at) VALUES (?, ?, ?, ?, ?, ?)",
        (
            ticket_id,
            sender,
            user["display_name"] or user["email"],
            user["role"],
            content,
            context.now,
        ),
    )


def _set_status(db: sqlite3.Connection, context: Context, ticket_id: str, status: str) -> None:
    db.execute(
        "UPDATE tickets SET status = ?, updated_at = ? WHERE id = ?",
        (status, context.now, ticket_id),
    )


def _record(
    db: sqlite3.Connection, context: Context, kind: str, ticket_id: str, owner: str, message: str
) -> None:
    resource = ("ticket", ticket_id)
    record_activity(db, context, kind, user_id=owner, resource=resource, message=message)


def _ticket(db: sqlite3.Connection, ticket_id: str) -> dict[str, Any]:
    row = db.execute("SELECT * FROM tickets WHERE id = ?", (ticket_id,)).fetchone()
    return _to_wire(db, row)


def _to_wire(db: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    messages = db.execute(
        "SELECT * FROM ticket_messages WHERE ticket_id = ? ORDER BY position", (row["id"],)
    )
    return {
        "ticketId": row["id"],
        "subject": row["subject"],
        "requesterUserId": row["user_id"],
        "status": row["status"],
        "type": row["type"],
        "conversations": [
            {
                "userId": message["user_id"],
                "userName": message["user_name"],
                "userRole": message["user_role"],
                "content": message["content"],
                "createdAt": format_time(message["created_at"]),
            }
            for message in messages
        ],
        "createdAt": format_time(row["created_at"]),
        "updatedAt": format_time(row["updated_at"]),
    }
