"""Carries requests over HTTP: tries, waits, reads, and gives results. One class for each colour."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from . import _http
from ._call import prepare
from ._exchange import MAX_ERROR_BYTES, Exchange, parse
from ._response import AsyncStreamedResponse, RawResponse, StreamedResponse
from ._streaming import AsyncStream, Stream

if TYPE_CHECKING:
    from tensormesh_api._operation import CallOptions, Request

    from ._clients import Clients
    from ._config import Settings

ResultT = TypeVar("ResultT")
EventT = TypeVar("EventT")


class SyncTransport:
    """Carries requests of a synchronous client. Safe to share between threads."""

    def __init__(self, settings: Settings, clients: Clients[_http.Client]) -> None:
        self.settings = settings
        self.clients = clients

    def send(self, request: Request[ResultT, Any], options: CallOptions) -> ResultT:
        """The typed result."""
        exchange, response = self._open(request, options, stream=False)
        content = self._read(exchange, response)
        result: ResultT = parse(exchange, response.status_code, response.headers, content)
        return result

    def stream(
        self, request: Request[ResultT, EventT], options: CallOptions
    ) -> Stream[EventT, ResultT]:
        """An open stream of typed events."""
        exchange, response = self._open(request, options, stream=True)
        return Stream(response, exchange, self.clients.abandoned)

    def send_raw(
        self, request: Request[ResultT, Any], options: CallOptions
    ) -> RawResponse[ResultT]:
        """The response, read whole."""
        exchange, response = self._open(request, options, stream=False)
        self._read(exchange, response)
        return RawResponse(response, exchange)

    def stream_raw(self, request: Request[Any, Any], options: CallOptions) -> StreamedResponse:
        """The response, still open."""
        exchange, response = self._open(request, options, stream=True)
        return StreamedResponse(response, exchange, self.clients.abandoned)

    def _open(
        self, request: Request[Any, Any], options: CallOptions, *, stream: bool
    ) -> tuple[Exchange, _http.Response]:
        """Send until there is a good answer; its body is still to be read."""
        call = prepare(self.settings, request, options, stream=stream)
        client = self.clients.get(call.url, self.settings.ca_bundle)
        self._release_abandoned()
        exchange = Exchange(call, self.settings.max_retries)
        while True:
            exchange.begin()
            try:
                response = client.send(
                    _http.build_request(client, call), stream=True, follow_redirects=False
                )
                if exchange.succeeded(response.status_code):
                    return exchange, response
                content = _read_some(response)
            except _http.TransportError as error:
                failure = _http.connection_error(error, call, exchange.attempts)
                failure.__cause__ = error
                delay = exchange.after_failure(failure)
            else:
                target = _http.same_origin_target(response)
                if exchange.redirected(response.status_code, target):
                    continue
                delay = exchange.after_refusal(
                    response.status_code, response.reason_phrase, response.headers, content
                )
            time.sleep(delay)

    def _read(self, exchange: Exchange, response: _http.Response) -> bytes:
        try:
            return response.read()
        except _http.TransportError as error:
            raise _http.connection_error(error, exchange.call, exchange.attempts) from error
        finally:
            response.close()

    def _release_abandoned(self) -> None:
        abandoned = self.clients.abandoned
        while abandoned:
            with suppress(IndexError, Exception):
                abandoned.popleft().close()

    def close(self) -> None:
        """Close every connection."""
        self._release_abandoned()
        for client in self.clients.take():
            client.close()


class AsyncTransport:
    """Carries requests of an asynchronous client."""

    def __init__(self, settings: Settings, clients: Clients[_http.AsyncClient]) -> None:
        self.settings = settings
        self.clients = clients

    async def send(self, request: Request[ResultT, Any], options: CallOptions) -> ResultT:
        """The typed result."""
        exchange, response = await self._open(request, options, stream=False)
        content = await self._read(exchange, response)
        result: ResultT = parse(exchange, response.status_code, response.headers, content)
        return result

    async def stream(
        self, request: Request[ResultT, EventT], options: CallOptions
    ) -> AsyncStream[EventT, ResultT]:
        """An open stream of typed events."""
        exchange, response = await self._open(request, options, stream=True)
        return AsyncStream(response, exchange, self.clients.abandoned)

    async def send_raw(
        self, request: Request[ResultT, Any], options: CallOptions
    ) -> RawResponse[ResultT]:
        """The response, read whole."""
        exchange, response = await self._open(request, options, stream=False)
        await self._read(exchange, response)
        return RawResponse(response, exchange)

    async def stream_raw(
        self, request: Request[Any, Any], options: CallOptions
    ) -> AsyncStreamedResponse:
        """The response, still open."""
        exchange, response = await self._open(request, options, stream=True)
        return AsyncStreamedResponse(response, exchange, self.clients.abandoned)

    async def _open(
        self, request: Request[Any, Any], options: CallOptions, *, stream: bool
    ) -> tuple[Exchange, _http.Response]:
        """Send until there is a good answer; its body is still to be read."""
        call = prepare(self.settings, request, options, stream=stream)
        client = self.clients.get(call.url, self.settings.ca_bundle)
        await self._release_abandoned()
        exchange = Exchange(call, self.settings.max_retries)
        while True:
            exchange.begin()
            try:
                response = await client.send(
                    _http.build_request(client, call), stream=True, follow_redirects=False
                )
                if exchange.succeeded(response.status_code):
                    return exchange, response
                content = await _aread_some(response)
            except _http.TransportError as error:
                failure = _http.connection_error(error, call, exchange.attempts)
                failure.__cause__ = error
                delay = exchange.after_failure(failure)
            else:
                target = _http.same_origin_target(response)
                if exchange.redirected(response.status_code, target):
                    continue
                delay = exchange.after_refusal(
                    response.status_code, response.reason_phrase, response.headers, content
                )
            await _http.sleep(delay)

    async def _read(self, exchange: Exchange, response: _http.Response) -> bytes:
        try:
            return await response.aread()
        except _http.TransportError as error:
            raise _http.connection_error(error, exchange.call, exchange.attempts) from error
        finally:
            with _http.shielded():
                await response.aclose()

    async def _release_abandoned(self) -> None:
        abandoned = self.clients.abandoned
        while abandoned:
            # It may belong to an event loop that is no more.
            with suppress(IndexError, Exception):
                await abandoned.popleft().aclose()

    async def close(self) -> None:
        """Close every connection."""
        await self._release_abandoned()
        for client in self.clients.take():
            await client.aclose()


def _read_some(response: _http.Response) -> bytes:
    """The beginning of an error's body, which is enough to tell what is wrong."""
    try:
        content = b""
        for chunk in response.iter_bytes():
            content += chunk
            if len(content) > MAX_ERROR_BYTES:
                break
        return content
    finally:
        response.close()


async def _aread_some(response: _http.Response) -> bytes:
    try:
        content = b""
        async for chunk in response.aiter_bytes():
            content += chunk
            if len(content) > MAX_ERROR_BYTES:
                break
        return content
    finally:
        with _http.shielded():
            await response.aclose()
