"""Support tickets and their conversations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tensormesh_local.clock import format_time
from tensormesh_local.control_plane.accounts.activities import record_activity
from tensormesh_local.control_plane.accounts.users import find_user
from tensormesh_local.control_plane.context import Context, Json, reads, required, writes
from tensormesh_local.control_plane.errors import failed_precondition, invalid_argument
from tensormesh_local.control_plane.paging import numbered_page
from tensormesh_local.control_plane.state import Row

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


@writes
def create_ticket(context: Context) -> Json:
    """Open a ticket, with a first message if one is given."""
    body = context.body
    owner = context.owner(body.get("userId"))
    subject = required(body, "subject")
    message = body.get("message")
    content = required(message, "content", "message.") if message is not None else None
    ticket_id = context.new_id("tk")
    context.db.insert(
        "tickets",
        id=ticket_id,
        user_id=owner,
        subject=subject,
        type=body.get("type") or "TICKET_TYPE_UNSPECIFIED",
        status=_OPEN,
        created_at=context.now,
        updated_at=context.now,
    )
    if content is not None:
        _add_message(context, ticket_id, owner, content)
    text = f"Opened the ticket: {subject}"
    record_activity(context, "TICKET_CREATED", owner, "ticket", ticket_id, text)
    return {"ticket": _to_wire(context, _find(context, ticket_id))}


@reads
def list_tickets(context: Context) -> Json:
    """List a user's tickets, newest first."""
    query = context.query
    owner = context.owner(query.get("userId"))
    return numbered_page(
        context,
        "SELECT * FROM tickets WHERE user_id = :owner AND (:status = :all OR status = :status) "
        "ORDER BY created_at DESC, rowid DESC",
        {"owner": owner, "status": query.get("status", _ALL), "all": _ALL},
        "tickets",
        lambda row: _to_wire(context, row),
    )


@reads
def get_ticket(context: Context) -> Json:
    """Return a ticket with its conversation."""
    return {"ticket": _to_wire(context, _find(context, context.path["ticketId"]))}


@writes
def update_ticket_status(context: Context) -> Json:
    """Set the status of a ticket."""
    status = context.body["status"]
    if status == _ALL:
        raise invalid_argument("status", "Input should be a status other than unspecified")
    row = _find(context, context.path["ticketId"], named_user_owns_it=False)
    context.require_caller(context.body.get("userId"))
    if row["status"] == status:
        return {"ticket": _to_wire(context, row)}
    short = status.removeprefix("TICKET_STATUS_").lower().replace("_", " ")
    return _update(context, row, status, f"Set the ticket to {short}: {row['subject']}")


@writes
def append_ticket_message(context: Context) -> Json:
    """Add a message. A message of the requester reopens a ticket that was answered."""
    body = context.body
    message: Mapping[str, Any] = required(body, "message")
    content = required(message, "content", "message.")
    row = _find(context, context.path["ticketId"], named_user_owns_it=False)
    context.require_caller(body.get("userId"))
    sender = context.caller.id
    if row["status"] == _CLOSED:
        raise failed_precondition("The ticket is closed.", "TICKET_CLOSED")
    reopens = sender == row["user_id"] and row["status"] in _ANSWERED
    _add_message(context, row["id"], sender, content)
    text = f"Added a message to the ticket: {row['subject']}"
    return _update(context, row, _OPEN if reopens else row["status"], text)


def _find(context: Context, ticket_id: str, *, named_user_owns_it: bool = True) -> Row:
    row = context.db.one("SELECT * FROM tickets WHERE id = ?", (ticket_id,))
    return context.require_access("ticket", ticket_id, row, named_user_owns_it=named_user_owns_it)


def _add_message(context: Context, ticket_id: str, sender: str, content: str) -> None:
    user = find_user(context.db, sender)
    context.db.insert(
        "ticket_messages",
        ticket_id=ticket_id,
        user_id=sender,
        user_name=user["display_name"] or user["email"],
        user_role=user["role"],
        content=content,
        created_at=context.now,
    )


def _update(context: Context, row: Row, status: str, text: str) -> Json:
    """Set the status of a ticket, record the change, and return the response."""
    context.db.update("tickets", row["id"], status=status, updated_at=context.now)
    record_activity(context, "TICKET_UPDATED", row["user_id"], "ticket", row["id"], text)
    return {"ticket": _to_wire(context, _find(context, row["id"], named_user_owns_it=False))}


def _to_wire(context: Context, row: Row) -> Json:
    messages = context.db.all(
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
