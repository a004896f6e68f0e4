"""Calls that are ready to be sent, for tests of what is below."""

from __future__ import annotations

from typing import Any

from tensormesh._calls.call import Call, Headers
from tensormesh_api._raw import raw_request
from tensormesh_api.inference.api import SERVERLESS


def call_to(
    url: str,
    *,
    method: str = "POST",
    headers: dict[str, str] | None = None,
    content: bytes | None = None,
    query: dict[str, Any] | None = None,
    seconds: float = 5.0,
) -> Call:
    """A call to any URL."""
    operation = raw_request(SERVERLESS, method, "/", None, None).operation
    timeouts = (seconds, seconds, None)
    return Call(operation, url, query, Headers(headers or {}), content, timeouts)
