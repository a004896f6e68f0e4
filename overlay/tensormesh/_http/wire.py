"""Between httpx's requests and responses and our own connections."""

from __future__ import annotations

import math
from typing import Any

import httpx

from .http1 import Answer, Outgoing
from .pool import Origin, Pool

_PORTS = {b"http": 80, b"https": 443}

FULL = "every connection is in use"


def outgoing(request: httpx.Request) -> Outgoing:
    """The request as it leaves.

    Raises:
        httpx.LocalProtocolError: It cannot be sent as it is.
    """
    return Outgoing(request.method, request.url.raw_path, request.headers.raw)


def origin_of(request: httpx.Request) -> Origin:
    """Where a request goes.

    Raises:
        httpx.UnsupportedProtocol: It goes nowhere by HTTP.
    """
    url = request.url
    scheme = url.raw_scheme
    if scheme not in _PORTS:
        raise httpx.UnsupportedProtocol(f"the URL begins with {url.scheme!r}, not with http(s)")
    return scheme, url.raw_host, url.port or _PORTS[scheme]


def new_pool(limits: httpx.Limits) -> Pool[Any]:
    """An empty pool within limits."""
    return Pool(
        most=or_infinite(limits.max_connections),
        most_idle=or_infinite(limits.max_keepalive_connections),
        idle_seconds=or_infinite(limits.keepalive_expiry),
    )


def or_infinite(limit: float | None) -> float:
    """A limit as a number."""
    return math.inf if limit is None else limit


def timeouts_of(request: httpx.Request) -> dict[str, float | None]:
    """The longest waits in seconds by their names."""
    found: dict[str, float | None] = request.extensions.get("timeout", {})
    return found


def response(
    answer: Answer, stream: httpx.SyncByteStream | httpx.AsyncByteStream, network_stream: object
) -> httpx.Response:
    """The response with a body of ours."""
    extensions = {
        "http_version": b"HTTP/" + answer.version.encode("ascii"),
        "reason_phrase": answer.reason,
        "network_stream": network_stream,
    }
    return httpx.Response(
        answer.status, headers=answer.headers, stream=stream, extensions=extensions
    )
