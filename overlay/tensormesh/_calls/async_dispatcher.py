"""Carry out calls in an event loop. See `dispatcher`."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from .._errors import closed_error
from .._errors.tracebacks import clears_frames_async
from .._http.errors import LinkError
from .._http.loops import sleep
from .._http.response import read_async
from .call import prepare
from .exchange import Exchange
from .held import AsyncHeld

if TYPE_CHECKING:
    from tensormesh_api._operation import CallOptions, Request

    from .._http.response import Response
    from .._settings import Settings
    from .._streams.stream import AsyncStream
    from .links import LoopLinks
    from .responses import AsyncStreamedResponse, RawResponse

ResultT = TypeVar("ResultT")
EventT = TypeVar("EventT")


class AsyncDispatcher:
    """Carries out calls of an asynchronous client."""

    def __init__(self, settings: Settings, links: LoopLinks[Any, AsyncHeld]) -> None:
        self.settings = settings
        self.links = links
        self.closed = False

    @clears_frames_async
    async def send(self, request: Request[ResultT, Any], options: CallOptions) -> ResultT:
        """Return the typed result."""
        exchange, response = await self._open(request, options)
        result: ResultT = exchange.parse(await _read(exchange, response), response)
        return result

    @clears_frames_async
    async def stream(
        self, request: Request[ResultT, EventT], options: CallOptions
    ) -> AsyncStream[EventT, ResultT]:
        """Return an open stream of typed events."""
        exchange, response = await self._open(request, options)
        from .._streams.stream import AsyncStream

        if exchange.is_no_stream(response):
            raise exchange.no_stream(response, await read_async(response, is_refusal=True))
        return AsyncStream(AsyncHeld(response, self.links), exchange)

    @clears_frames_async
    async def send_raw(
        self, request: Request[ResultT, Any], options: CallOptions
    ) -> RawResponse[ResultT]:
        """Return the response, read whole."""
        exchange, response = await self._open(request, options)
        content = await _read(exchange, response)
        from .responses import RawResponse

        return RawResponse(response, content, exchange)

    @clears_frames_async
    async def stream_raw(
        self, request: Request[Any, Any], options: CallOptions
    ) -> AsyncStreamedResponse:
        """Return the open response."""
        exchange, response = await self._open(request, options)
        from .responses import AsyncStreamedResponse

        return AsyncStreamedResponse(AsyncHeld(response, self.links), exchange)

    async def _open(
        self, request: Request[Any, Any], options: CallOptions
    ) -> tuple[Exchange, Response]:
        """Send attempts until one succeeds. The body of its response is still to be read."""
        if self.closed:
            raise closed_error()
        call = prepare(self.settings, request, options)
        link = self.links.get(call.url, self.settings.ca_bundle)
        await self._close_abandoned()
        exchange = Exchange(call, self.settings.max_retries)
        while True:
            exchange.begin()
            try:
                response = await link.send(call, call.deadline)
            except LinkError as error:
                delay = exchange.after_failure(error)
            except RuntimeError as error:
                wrong_loop = self.links.wrong_loop_error(error)
                if wrong_loop is None:
                    raise
                raise wrong_loop from None
            else:
                if exchange.succeeded(response):
                    return exchange, response
                content = await read_async(response, is_refusal=True)
                delay = exchange.after_refusal(response, content)
            if delay:
                await sleep(delay)

    async def _close_abandoned(self) -> None:
        abandoned = self.links.abandoned
        while abandoned:
            # It may belong to an event loop that was closed.
            with suppress(IndexError, Exception):
                await abandoned.popleft().close()

    async def close(self, *, keep_connections: bool) -> None:
        """Refuse further calls, and close every connection unless they are to be kept."""
        self.closed = True
        if keep_connections:
            return
        made = self.links.take()
        for held in list(self.links.held):
            with suppress(Exception):
                await held.close()
        for link in made:
            await link.close()


async def _read(exchange: Exchange, response: Response) -> bytes:
    try:
        return await read_async(response)
    except LinkError as error:
        failure = exchange.read_failure(error, response)
    raise failure
