"""Prepare a generated request for sending. Sans I/O."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from .._json import dumps
from .._version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tensormesh_api._operation import CallOptions, Operation, Request

    from .._settings import Settings

USER_AGENT = f"tensormesh-python/{__version__} python/{sys.version_info[0]}.{sys.version_info[1]}"

_BASE_HEADERS = {"user-agent": USER_AGENT, "accept": "application/json"}
# Characters of header names.
_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


class Headers(dict[str, str]):
    """Headers of a request. Their `repr` shows names only, so no printed variable shows a key."""

    def __repr__(self) -> str:
        return f"<headers: {', '.join(self)}>"


class Call:
    """One call of a user, ready to be sent in as many attempts as it takes.

    Attributes:
        operation: The operation.
        method: HTTP method.
        url: URL without the query.
        query: Query parameters, or None.
        headers: Headers by lower-case name.
        content: Body, or None.
        removed: Headers that are not sent, whoever would add them.
        seconds: Timeout of each read, each write and each wait for an event, in seconds.
        connect_seconds: Timeout of connecting, in seconds.
        total_seconds: Timeout of the whole call, or None.
        deadline: When that ends, on the clock of `time.monotonic`, or None.
    """

    __slots__ = (
        "connect_seconds",
        "content",
        "deadline",
        "headers",
        "method",
        "operation",
        "query",
        "removed",
        "seconds",
        "total_seconds",
        "url",
    )

    def __init__(
        self,
        operation: Operation[Any, Any],
        url: str,
        query: dict[str, Any] | None,
        headers: dict[str, str],
        content: bytes | None,
        timeouts: tuple[float, float, float | None],
        removed: tuple[str, ...] = (),
    ) -> None:
        self.operation = operation
        self.method = operation.method
        self.url = url
        self.query: Mapping[str, Any] | None = query
        self.headers: Mapping[str, str] = headers
        self.content = content
        self.removed = removed
        self.seconds, self.connect_seconds, self.total_seconds = timeouts
        total = self.total_seconds
        self.deadline = None if total is None else time.monotonic() + total


def prepare(settings: Settings, request: Request[Any, Any], options: CallOptions) -> Call:
    """Add what the host needs and what the caller asked for to a request.

    Args:
        settings: The client's settings.
        request: What to send.
        options: Options of this call.

    Raises:
        ConfigurationError: A credential or a host is missing.
        TypeError, ValueError: An argument cannot be sent; the message names it.
    """
    operation = request.operation
    body = request.body
    if options.extra_body:
        body = {**(body or {}), **_mapping(options.extra_body, "extra_body")}
    query = request.query
    if options.extra_query:
        query = {**query, **_mapping(options.extra_query, "extra_query")}
    is_object = isinstance(body, dict)
    if is_object:
        operation.behavior.check(body)
    content = None if body is None else dumps(body)
    headers = _headers(settings, operation)
    if content is not None:
        headers["content-type"] = "application/json"
        if is_object and body.get("stream"):
            headers["accept"] = "text/event-stream"
    removed: tuple[str, ...] = ()
    if options.extra_headers:
        removed = _add_headers(headers, _mapping(options.extra_headers, "extra_headers"))
    timeouts = settings.timeout_for(
        operation.method,
        post_timeout_seconds=operation.host.post_timeout_seconds,
        timeout_seconds=options.timeout_seconds,
        total_timeout_seconds=options.total_timeout_seconds,
    )
    base = settings.require(operation.host.base_url_setting)
    return Call(operation, base + request.path, query or None, headers, content, timeouts, removed)


def _mapping(value: Any, name: str) -> Mapping[Any, Any]:
    if not hasattr(value, "keys"):
        raise TypeError(f"{name} must be a mapping, got {type(value).__name__}")
    mapping: Mapping[Any, Any] = value
    return mapping


def _headers(settings: Settings, operation: Operation[Any, Any]) -> Headers:
    headers = Headers(_BASE_HEADERS)
    host = operation.host
    if operation.auth == "required":
        headers["authorization"] = f"{host.auth_scheme} {settings.require(host.auth_setting)}"
    elif operation.auth != "none":
        credential = getattr(settings, host.auth_setting)
        if credential is not None:
            headers["authorization"] = f"{host.auth_scheme} {credential}"
    for name, setting in operation.headers:
        if operation.auth != "given":
            headers[name.lower()] = settings.require(setting)
        elif (value := getattr(settings, setting)) is not None:
            headers[name.lower()] = value
    return headers


def _add_headers(headers: dict[str, str], extra: Mapping[Any, Any]) -> tuple[str, ...]:
    """Add headers in place. Return the names of those that are to be removed."""
    removed = []
    for name, value in extra.items():
        if not isinstance(name, str) or not _TOKEN.issuperset(name) or not name:
            raise ValueError(f"extra_headers: {name!r} is not a valid header name")
        key = name.lower()
        if value is None:
            headers.pop(key, None)
            removed.append(key)
            continue
        if not isinstance(value, str):
            raise TypeError(f"extra_headers[{name!r}] must be a string or None")
        # Its value is not shown: it may be a credential.
        if not value.isascii() or not value.replace("\t", " ").isprintable():
            raise ValueError(
                f"extra_headers[{name!r}] contains a character other than printable ASCII"
            )
        if value != value.strip():
            raise ValueError(f"extra_headers[{name!r}] starts or ends with whitespace")
        headers[key] = value
    return tuple(name for name in removed if name not in headers)
