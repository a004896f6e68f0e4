"""What a link needs to know of a call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class OutgoingCall(Protocol):
    """A call that is ready to be sent.

    Attributes:
        method: HTTP method.
        url: The URL.
        query: Query parameters, or None.
        headers: Headers by lower-case name.
        content: Body, or None.
        removed: Headers that are not sent, whoever would add them.
        seconds: The longest wait for bytes, in seconds.
        connect_seconds: The longest wait for a connection, in seconds.
    """

    method: str
    url: str
    query: Mapping[str, Any] | None
    headers: Mapping[str, str]
    content: bytes | None
    removed: tuple[str, ...]
    seconds: float
    connect_seconds: float
