"""Carry out calls: send attempts over a link, retry them, and parse the responses.

What reads a response is loaded when the response has arrived.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from .._errors import closed_error
from .._errors.tracebacks import clears_frames
from .._http.errors import LinkError
from .._http.response import read
from .call import prepare
from .exchange import Exchange
from .held import Held

if TYPE_CHECKING:
    from tensormesh_api._operation import CallOptions, Request

    from .._http.response import Response
    from .._settings import Settings
    from .._streams.stream import Stream
    from .links import Links
    from .responses import RawResponse, StreamedResponse

ResultT = TypeVar("ResultT")
EventT = TypeVar("EventT")


class Dispatcher:
    """Carries out calls of a synchronous client. Can be shared between threads."""

    def __init__(self, settings: Settings, links: Links[Any, Held]) -> None:
        self.settings = settings
        self.links = links
        self.closed = False

    @clears_frames
    def send(self, request: Request[ResultT, Any], options: CallOptions) -> ResultT:
        """Return the typed result."""
        exchange, response = self._open(request, options)
        result: ResultT = exchange.parse(_read(exchange, response), response)
        return result

    @clears_frames
    def stream(
        self, request: Request[ResultT, EventT], options: CallOptions
    ) -> Stream[EventT, ResultT]:
        """Return an open stream of typed events."""
        exchange, response = self._open(request, options)
        try:
            from .._streams.stream import Stream

            if exchange.is_no_stream(response):
                raise exchange.no_stream(response, read(response, is_refusal=True))
            return Stream(Held(response, self.links), exchange)
        except BaseException:
            # A Ctrl-C may come before anybody else has the response.
            response.body.close()
            raise

    @clears_frames
    def send_raw(
        self, request: Request[ResultT, Any], options: CallOptions
    ) -> RawResponse[ResultT]:
        """Return the response, read whole."""
        exchange, response = self._open(request, options)
        content = _read(exchange, response)
        from .responses import RawResponse

        return RawResponse(response, content, exchange)

    @clears_frames
    def stream_raw(self, request: Request[Any, Any], options: CallOptions) -> StreamedResponse:
        """Return the open response."""
        exchange, response = self._open(request, options)
        try:
            from .responses import StreamedResponse

            return StreamedResponse(Held(response, self.links), exchange)
        except BaseException:
            response.body.close()
            raise

    def _open(self, request: Request[Any, Any], options: CallOptions) -> tuple[Exchange, Response]:
        """Send attempts until one succeeds. The body of its response is still to be read."""
        if self.closed:
            raise closed_error()
        call = prepare(self.settings, request, options)
        link = self.links.get(call.url, self.settings.ca_bundle)
        self._close_abandoned()
        exchange = Exchange(call, self.settings.max_retries)
        while True:
            exchange.begin()
            try:
                response = link.send(call, call.deadline)
            except LinkError as error:
                delay = exchange.after_failure(error)
            else:
                if exchange.succeeded(response):
                    return exchange, response
                content = read(response, is_refusal=True)
                delay = exchange.after_refusal(response, content)
            if delay:
                time.sleep(delay)

    def _close_abandoned(self) -> None:
        abandoned = self.links.abandoned
        while abandoned:
            with suppress(IndexError, Exception):
                abandoned.popleft().close()

    def close(self, *, keep_connections: bool) -> None:
        """Refuse further calls, and close every connection unless they are to be kept."""
        self.closed = True
        if keep_connections:
            return
        made = self.links.take()
        for held in list(self.links.held):
            with suppress(Exception):
                held.close()
        for link in made:
            link.close()


def _read(exchange: Exchange, response: Response) -> bytes:
    try:
        return read(response)
    except LinkError as error:
        failure = exchange.read_failure(error, response)
    raise failure
