"""Between httpx's requests, responses and errors, and those of httpcore."""

from __future__ import annotations

import math
from typing import Any

import httpcore
import httpx

from ._pool import Origin, Pool

_PORTS = {b"http": 80, b"https": 443}
_NAMES = (
    *("TimeoutException", "ConnectTimeout", "ReadTimeout", "WriteTimeout", "PoolTimeout"),
    *("NetworkError", "ConnectError", "ReadError", "WriteError", "ProxyError"),
    *("UnsupportedProtocol", "ProtocolError", "LocalProtocolError", "RemoteProtocolError"),
)
_ERRORS: dict[type[BaseException], type[httpx.TransportError]] = {
    getattr(httpcore, name): getattr(httpx, name) for name in _NAMES
}
# What a connection may raise that stands in the table.
ERRORS = tuple(_ERRORS)

FULL = "every connection is in use"


def to_httpx(error: BaseException, request: httpx.Request) -> httpx.TransportError:
    """One of `ERRORS` as httpx names it."""
    kind = next(_ERRORS[each] for each in type(error).__mro__ if each in _ERRORS)
    return kind(str(error), request=request)


def to_httpcore(request: httpx.Request) -> httpcore.Request:
    """The request as a connection takes it."""
    url = request.url
    return httpcore.Request(
        request.method.encode("ascii"),
        httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        headers=request.headers.raw,
        content=request.stream,
        extensions=request.extensions,
    )


def origin_of(request: httpcore.Request) -> Origin:
    """Where a request goes."""
    url = request.url
    return url.scheme, url.host, url.port or _PORTS[url.scheme]


def new_pool(limits: httpx.Limits) -> Pool[Any]:
    """An empty pool within limits."""
    return Pool(
        most=_or_infinite(limits.max_connections),
        most_idle=_or_infinite(limits.max_keepalive_connections),
        idle_seconds=_or_infinite(limits.keepalive_expiry),
    )


def _or_infinite(limit: float | None) -> float:
    return math.inf if limit is None else limit


def timeouts_of(request: httpx.Request) -> dict[str, float | None]:
    """The longest waits in seconds by their names."""
    found: dict[str, float | None] = request.extensions.get("timeout", {})
    return found


def response(
    found: httpcore.Response, stream: httpx.SyncByteStream | httpx.AsyncByteStream
) -> httpx.Response:
    """The response with a body of ours."""
    extensions: dict[str, Any] = dict(found.extensions)
    return httpx.Response(found.status, headers=found.headers, stream=stream, extensions=extensions)
