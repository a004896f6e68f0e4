"""Pages of lists: by number, and by token."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

from tensormesh_local.control_plane.context import Context, Json
from tensormesh_local.control_plane.errors import invalid_argument
from tensormesh_local.control_plane.state import Row


def numbered_page(
    context: Context,
    query: str,
    parameters: Mapping[str, Any],
    name: str,
    to_wire: Callable[[Row], Json],
) -> Json:
    """Return the page that a request's ``page`` and ``size`` ask for, as a response body.

    Args:
        context: The operation.
        query: A SELECT with an order and without limits.
        parameters: The query's parameters.
        name: Name of the list in the body.
        to_wire: Returns the list entry for a row.
    """
    page, size = context.query["page"], context.query["size"]
    count = f"SELECT count(*) AS total FROM ({query})"  # noqa: S608
    found = context.db.one(count, parameters)
    total = found["total"] if found else 0
    offset = (page - 1) * size
    rows: list[Row] = []
    # The offset of a page far beyond the end may exceed SQLite's integers.
    if offset < total:
        limited = f"{query} LIMIT :size_ OFFSET :offset_"
        rows = context.db.all(limited, {**parameters, "size_": size, "offset_": offset})
    return {name: [to_wire(row) for row in rows], "page": page, "size": size, "total": total}


def token_page(
    rows: Sequence[Row],
    size: int,
    filters: Mapping[str, Any],
    name: str,
    to_wire: Callable[[Row], Json],
    position: str = "position",
) -> Json:
    """Return a page with the token of the next one, as a response body.

    Args:
        rows: The rows of the page, and one more if there is another page.
        size: The size of the page.
        filters: The request parameters with which the token is valid.
        name: Name of the list in the body.
        to_wire: Returns the list entry for a row.
        position: The column that tells where a page ends.
    """
    token = ""
    if len(rows) > size:
        values = [rows[size - 1][position], _digest(filters)]
        text = json.dumps(values, separators=(",", ":"))
        token = urlsafe_b64encode(text.encode()).decode().rstrip("=")
    return {name: [to_wire(row) for row in rows[:size]], "nextPageToken": token}


def page_position(token: str | None, filters: Mapping[str, Any]) -> int | None:
    """Return the position of the last entry before the page; None for the first page.

    Raises:
        ControlPlaneError: 400, the token is invalid, or was given with other parameters.
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
