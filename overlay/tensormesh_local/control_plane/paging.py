"""Pages of lists: numbered ones, and those with tokens."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from tensormesh_local.control_plane.errors import invalid_argument

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping

    from tensormesh_local.control_plane.context import Context


def numbered_page(
    context: Context,
    db: sqlite3.Connection,
    query: str,
    parameters: Mapping[str, Any],
    name: str,
    to_wire: Callable[[sqlite3.Row], dict[str, Any]],
) -> dict[str, Any]:
    """Return the page that a request's ``page`` and ``size`` ask for, as a whole answer.

    Args:
        context: The request.
        db: Where to look.
        query: A SELECT with its order, without limits.
        parameters: The query's parameters.
        name: What the answer calls the list.
        to_wire: Makes an entry of a row.
    """
    page, size = context.query["page"], context.query["size"]
    total = db.execute(f"SELECT count(*) FROM ({query})", parameters).fetchone()[0]  # noqa: S608
    offset = (page - 1) * size
    rows: list[sqlite3.Row] = []
    # A page far out may be more than SQLite can count.
    if offset < total:
        limited = f"{query} LIMIT :size_ OFFSET :offset_"
        rows = db.execute(limited, {**parameters, "size_": size, "offset_": offset}).fetchall()
    return {name: [to_wire(row) for row in rows], "page": page, "size": size, "total": total}


def page_token(position: int, filters: Mapping[str, Any]) -> str:
    """Return the token of the page that begins after ``position``.

    Args:
        position: Where the page before ended; what that means is up to the list.
        filters: The parameters that the token is valid with.
    """
    text = json.dumps([position, _digest(filters)], separators=(",", ":"))
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def page_position(token: str | None, filters: Mapping[str, Any]) -> int | None:
    """Return the position that a token stands for; None for the first page.

    Raises:
        ControlPlaneError: 400, the token is not one, or was given with other parameters.
    """
    if not token:
        return None
    try:
        padded = token.encode("ascii") + b"=" * (-len(token) % 4)
        position, digest = json.loads(urlsafe_b64decode(padded))
    except (ValueError, TypeError, RecursionError):
        position = digest = None
    if not isinstance(position, int) or not -(2**63) <= position < 2**63:
        raise invalid_argument("pageToken", "Input should be a nextPageToken of this list")
    if digest != _digest(filters):
        raise invalid_argument("pageToken", "Input is valid only with the same parameters")
    return position


def _digest(filters: Mapping[str, Any]) -> str:
    text = json.dumps(filters, sort_keys=True)
    return blake2b(text.encode(), digest_size=6).hexdigest()
