"""Carries requests over HTTP: tries, waits, reads, and gives results. One class for each colour.

What makes an answer out of a response is loaded when the response is there.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from .._errors import closed_error
from .._errors.tracebacks import clears_frames, clears_frames_async
from .._http import httpx_link as _http
from .bodies import AsyncBody, SyncBody
from .call import prepare
from .exchange import MAX_ERROR_BYTES, Exchange, parse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tensormesh_api._operation import CallOptions, Request

    from .._settings import Settings
    from .._streams.stream import AsyncStream, Stream
    from .call import Call
    from .links import Clients, LoopClients
    from .responses import AsyncStreamedResponse, RawResponse, StreamedResponse

ResultT = TypeVar("ResultT")
EventT = TypeVar("EventT")


class SyncTransport:
    """Carries requests of a synchronous client. Safe to share between threads."""

    def __init__(self, settings: Settings, clients: Clients[_http.Sender, SyncBody]) -> None:
        self.settings = settings
        self.clients = clients
        self.closed = False

    @clears_frames
    def send(self, request: Request[ResultT, Any], options: CallOptions) -> ResultT:
        """The typed result."""
        exchange, response = self._open(request, options)
        content = self._read(exchange, response, _http.read)
        result: ResultT = parse(exchange, response.status_code, response.headers, content)
        return result

    @clears_frames
    def stream(
        self, request: Request[ResultT, EventT], options: CallOptions
    ) -> Stream[EventT, ResultT]:
        """An open stream of typed events."""
        exchange, response = self._open(request, options)
        try:
            from .._streams.stream import Stream

            if exchange.is_no_stream(response.headers):
                raise exchange.no_stream(response.headers, _read_some(response, exchange.call))
            return Stream(SyncBody(response, self.clients, exchange.call), exchange)
        except BaseException:
            # A Ctrl-C may come before anybody else has the response.
            _http.close(response)
            raise

    @clears_frames
    def send_raw(
        self, request: Request[ResultT, Any], options: CallOptions
    ) -> RawResponse[ResultT]:
        """The response, read whole."""
        exchange, response = self._open(request, options)
        content = self._read(exchange, response, _http.read)
        from .responses import RawResponse

        return RawResponse(response, content, exchange)

    @clears_frames
    def stream_raw(self, request: Request[Any, Any], options: CallOptions) -> StreamedResponse:
        """The response, still open."""
        exchange, response = self._open(request, options)
        try:
            from .responses import StreamedResponse

            return StreamedResponse(SyncBody(response, self.clients, exchange.call), exchange)
        except BaseException:
            # As in a stream of events.
            _http.close(response)
            raise

    def _open(
        self, request: Request[Any, Any], options: CallOptions
    ) -> tuple[Exchange, _http.Response]:
        """Send until there is a good answer; its body is still to be read."""
        if self.closed:
            raise closed_error()
        call = prepare(self.settings, request, options)
        sender = self.clients.get(call.url, self.settings.ca_bundle)
        self._release_abandoned()
        exchange = Exchange(call, self.settings.max_retries)
        while True:
            exchange.begin()
            try:
                response = _http.send(sender, call)
                if exchange.succeeded(response.status_code):
                    return exchange, response
                content = _read_some(response, call)
            except _http.SEND_ERRORS as error:
                delay = exchange.after_failure(error)
            else:
                target = _http.same_origin_target(response)
                if exchange.redirected(response.status_code, target):
                    continue
                delay = exchange.after_refusal(
                    response.status_code, response.reason_phrase, response.headers, content
                )
            time.sleep(delay)

    def _read(
        self,
        exchange: Exchange,
        response: _http.Response,
        read: Callable[[_http.Response, Call], bytes],
    ) -> bytes:
        try:
            return read(response, exchange.call)
        except _http.TransportError as error:
            raise exchange.failure(error) from error
        except _http.UNREADABLE as error:
            raise exchange.unreadable(error, response.status_code, response.headers) from error
        finally:
            _http.close(response)

    def _release_abandoned(self) -> None:
        abandoned = self.clients.abandoned
        while abandoned:
            with suppress(IndexError, Exception):
                abandoned.popleft().close()

    def close(self, *, keep_connections: bool) -> None:
        """Refuse further calls, and close every connection unless they are to be kept."""
        self.closed = True
        if keep_connections:
            return
        made = self.clients.take()
        for body in list(self.clients.held):
            with suppress(Exception):
                body.close()
        for client in made:
            client.close()


class AsyncTransport:
    """Carries requests of an asynchronous client."""

    def __init__(
        self, settings: Settings, clients: LoopClients[_http.AsyncSender, AsyncBody]
    ) -> None:
        self.settings = settings
        self.clients = clients
        self.closed = False

    @clears_frames_async
    async def send(self, request: Request[ResultT, Any], options: CallOptions) -> ResultT:
        """The typed result."""
        exchange, response = await self._open(request, options)
        content = await self._read(exchange, response, _http.read_async)
        result: ResultT = parse(exchange, response.status_code, response.headers, content)
        return result

    @clears_frames_async
    async def stream(
        self, request: Request[ResultT, EventT], options: CallOptions
    ) -> AsyncStream[EventT, ResultT]:
        """An open stream of typed events."""
        exchange, response = await self._open(request, options)
        from .._streams.stream import AsyncStream

        if exchange.is_no_stream(response.headers):
            raise exchange.no_stream(response.headers, await _aread_some(response, exchange.call))
        return AsyncStream(AsyncBody(response, self.clients, exchange.call), exchange)

    @clears_frames_async
    async def send_raw(
        self, request: Request[ResultT, Any], options: CallOptions
    ) -> RawResponse[ResultT]:
        """The response, read whole."""
        exchange, response = await self._open(request, options)
        content = await self._read(exchange, response, _http.read_async)
        from .responses import RawResponse

        return RawResponse(response, content, exchange)

    @clears_frames_async
    async def stream_raw(
        self, request: Request[Any, Any], options: CallOptions
    ) -> AsyncStreamedResponse:
        """The response, still open."""
        exchange, response = await self._open(request, options)
        from .responses import AsyncStreamedResponse

        return AsyncStreamedResponse(AsyncBody(response, self.clients, exchange.call), exchange)

    async def _open(
        self, request: Request[Any, Any], options: CallOptions
    ) -> tuple[Exchange, _http.Response]:
        """Send until there is a good answer; its body is still to be read."""
        if self.closed:
            raise closed_error()
        call = prepare(self.settings, request, options)
        sender = self.clients.get(call.url, self.settings.ca_bundle)
        await self._release_abandoned()
        exchange = Exchange(call, self.settings.max_retries)
        while True:
            exchange.begin()
            try:
                response = await _http.send_async(sender, call)
                if exchange.succeeded(response.status_code):
                    return exchange, response
                content = await _aread_some(response, call)
            except _http.SEND_ERRORS as error:
                delay = exchange.after_failure(error)
            except RuntimeError as error:
                foreign = self.clients.foreign_loop(error)
                if foreign is None:
                    raise
                raise foreign from None
            else:
                target = _http.same_origin_target(response)
                if exchange.redirected(response.status_code, target):
                    continue
                delay = exchange.after_refusal(
                    response.status_code, response.reason_phrase, response.headers, content
                )
            await _http.sleep(delay)

    async def _read(
        self,
        exchange: Exchange,
        response: _http.Response,
        read: Callable[[_http.Response, Call], Awaitable[bytes]],
    ) -> bytes:
        try:
            return await read(response, exchange.call)
        except _http.TransportError as error:
            raise exchange.failure(error) from error
        except _http.UNREADABLE as error:
            raise exchange.unreadable(error, response.status_code, response.headers) from error
        finally:
            await _http.aclose(response)

    async def _release_abandoned(self) -> None:
        abandoned = self.clients.abandoned
        while abandoned:
            # It may belong to an event loop that is no more.
            with suppress(IndexError, Exception):
                await abandoned.popleft().close()

    async def close(self, *, keep_connections: bool) -> None:
        """Refuse further calls, and close every connection unless they are to be kept."""
        self.closed = True
        if keep_connections:
            return
        made = self.clients.take()
        for body in list(self.clients.held):
            with suppress(Exception):
                await body.close()
        for client in made:
            await client.aclose()


def _read_some(response: _http.Response, call: Call) -> bytes:
    """The beginning of an error's body, which is enough to tell what is wrong.

    What cannot be read is left out: the status, which is known, says more than a second error.
    """
    content = b""
    try:
        for chunk in _http.iter_chunks(response, call.deadline):
            content += chunk
            if len(content) > MAX_ERROR_BYTES:
                break
    except (_http.TransportError, _http.DecodingError):
        pass
    except BaseException:
        _http.close(response)
        raise
    _http.close(response)
    return content


async def _aread_some(response: _http.Response, call: Call) -> bytes:
    content = b""
    try:
        async for chunk in _http.aiter_chunks(response, call.deadline):
            content += chunk
            if len(content) > MAX_ERROR_BYTES:
                break
    except (_http.TransportError, _http.DecodingError):
        pass
    except BaseException:
        await _http.aclose(response)
        raise
    await _http.aclose(response)
    return content
