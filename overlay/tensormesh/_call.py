"""From a generated request to the bytes of an HTTP request. Sans I/O."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ._json import dumps
from ._version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tensormesh_api._operation import CallOptions, Operation, Request

    from ._config import Settings

USER_AGENT = f"tensormesh-python/{__version__} python/{sys.version_info[0]}.{sys.version_info[1]}"

_BASE_HEADERS = {"user-agent": USER_AGENT, "accept": "application/json"}
_INFERENCE = frozenset({"serverless", "on_demand"})


class Call:
    """One HTTP request, ready to be sent as often as the retry policy says.

    Attributes:
        operation: What is asked for.
        method: HTTP method.
        url: Whole URL, without the query.
        query: Query parameters, or None.
        headers: Header names in lower case.
        content: Body, or None.
        seconds: Timeout of each read and write, in seconds.
        connect_seconds: Timeout of connecting, in seconds.
    """

    __slots__ = (
        "connect_seconds",
        "content",
        "headers",
        "method",
        "operation",
        "query",
        "seconds",
        "url",
    )

    def __init__(
        self,
        operation: Operation[Any, Any],
        url: str,
        query: dict[str, Any] | None,
        headers: dict[str, str],
        content: bytes | None,
        timeouts: tuple[float, float],
    ) -> None:
        self.operation = operation
        self.method = operation.method
        self.url = url
        self.query = query
        self.headers = headers
        self.content = content
        self.seconds, self.connect_seconds = timeouts


def prepare(
    settings: Settings, request: Request[Any, Any], options: CallOptions, *, stream: bool
) -> Call:
    """Add what the host needs and what the caller asked for.

    Args:
        settings: The client's settings.
        request: What to send.
        options: What the caller said of this call.
        stream: Whether server-sent events are wanted.

    Raises:
        ConfigurationError: A credential or a host is missing.
        TypeError, ValueError: An argument cannot be sent; the message names it.
    """
    operation = request.operation
    body = request.body
    if options.extra_body:
        body = {**(body or {}), **options.extra_body}
    query = request.query
    if options.extra_query:
        query = {**query, **options.extra_query}
    if body is not None and body.get("response_format") is not None:
        _check_format(operation, body["response_format"])
    headers = _headers(settings, operation, stream=stream)
    content = None
    if body is not None:
        content = dumps(body)
        headers["content-type"] = "application/json"
    if options.extra_headers:
        _add_headers(headers, options.extra_headers)
    timeouts = settings.timeout_for(
        operation.method,
        inference=operation.surface.name in _INFERENCE,
        timeout_seconds=options.timeout_seconds,
    )
    base = settings.require(operation.surface.base_url_setting)
    return Call(operation, base + request.path, query or None, headers, content, timeouts)


def _check_format(operation: Operation[Any, Any], value: Any) -> None:
    if operation.id == "create_chat_completion":
        from ._chat import check_response_format

        check_response_format(value)


def _headers(settings: Settings, operation: Operation[Any, Any], *, stream: bool) -> dict[str, str]:
    headers = dict(_BASE_HEADERS)
    if stream:
        headers["accept"] = "text/event-stream"
    surface = operation.surface
    if operation.auth == "required":
        headers["authorization"] = f"{surface.auth_scheme} {settings.require(surface.auth_setting)}"
    elif operation.auth == "optional":
        credential = getattr(settings, surface.auth_setting)
        if credential is not None:
            headers["authorization"] = f"{surface.auth_scheme} {credential}"
    for name, setting in operation.headers:
        headers[name.lower()] = settings.require(setting)
    return headers


def _add_headers(headers: dict[str, str], extra: Mapping[str, str | None]) -> None:
    for name, value in extra.items():
        if not all(isinstance(text, str) for text in (name, value or "")):
            raise TypeError(f"extra_headers[{name!r}] must be a string or None")
        if not name.isascii() or not name.replace("-", "").replace("_", "").isalnum():
            raise ValueError(f"extra_headers: {name!r} is not a valid header name")
        if value is None:
            headers.pop(name.lower(), None)
        elif not value.isprintable() and "\t" not in value:
            raise ValueError(f"extra_headers[{name!r}] holds a control character")
        else:
            headers[name.lower()] = value
