"""Links that ask a handler instead of a server. The request is the bytes that would be sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import h11
import httpx

from tensormesh._http import httpx_link, url
from tensormesh._http.link import encode
from tensormesh._http.response import Response

Handler = Callable[[httpx.Request], httpx.Response]


def request_of(call: Any) -> httpx.Request:
    """Read a request as a server does."""
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(encode(call, url.parse(call.url)))
    head = connection.next_event()
    assert isinstance(head, h11.Request), head
    content = b""
    while isinstance(event := connection.next_event(), h11.Data):
        content += event.data
    assert isinstance(event, h11.EndOfMessage), event
    target = url.parse(call.url)
    place = f"{target.origin[0].decode()}://{target.host}{head.target.decode()}"
    timeout = {"connect": call.connect_seconds}
    timeout |= dict.fromkeys(("read", "write", "pool"), call.seconds)
    return httpx.Request(
        head.method.decode(),
        place,
        headers=list(head.headers.raw_items()),
        content=content,
        extensions={"timeout": timeout},
    )


class HandlerLink:
    """Asks a handler."""

    def __init__(self, handler: Handler) -> None:
        self._transport = httpx.MockTransport(handler)

    def send(self, call: Any, deadline: float | None) -> Response:
        request = request_of(call)
        try:
            response = self._transport.handle_request(request)
        except httpx_link._ERRORS as error:
            raise httpx_link._translated(error) from error
        response.request = request
        return httpx_link._response(response, httpx_link._Body(response, deadline))

    def close(self) -> None:
        pass


class AsyncHandlerLink:
    """Asks a handler in an event loop."""

    def __init__(self, handler: Handler) -> None:
        self._transport = httpx.MockTransport(handler)

    async def send(self, call: Any, deadline: float | None) -> Response:
        request = request_of(call)
        try:
            response = await self._transport.handle_async_request(request)
        except httpx_link._ERRORS as error:
            raise httpx_link._translated(error) from error
        response.request = request
        return httpx_link._response(response, httpx_link._AsyncBody(response, deadline))

    async def close(self) -> None:
        pass
