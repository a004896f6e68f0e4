"""Our own asynchronous connections, under the interface of httpx's transports.

A cancelled task may be broken off at each of its waits, even while it tidies up. So what belongs to
the pool is put in order first, and without a wait.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import AsyncIterable, AsyncIterator

import anyio
import httpcore
import httpx

from . import _loop_sockets, _wire
from ._errors import closed_error
from ._pool import Lease, Origin, Pool


class Connection:
    """A connection and the stream below it."""

    __slots__ = ("http", "stream")

    def __init__(
        self, origin: Origin, stream: httpcore.AsyncNetworkStream, idle_seconds: float | None
    ) -> None:
        self.stream = stream
        self.http = httpcore.AsyncHTTP11Connection(httpcore.Origin(*origin), stream, idle_seconds)


class Transport(httpx.AsyncBaseTransport):
    """Sends requests over a pool of connections, in one event loop.

    Args:
        context: Certificates for `https`.
        limits: How many connections there may be, and how long idle ones last.
    """

    def __init__(self, context: ssl.SSLContext | None, limits: httpx.Limits) -> None:
        self.pool: Pool[Connection] = _wire.new_pool(limits)
        self._context = context
        self._idle_seconds = limits.keepalive_expiry

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request. The body of its response is still to be read, and to be closed.

        Raises:
            httpx.TransportError: It failed.
            ConfigurationError: The transport was closed.
        """
        sent = _wire.to_httpcore(request)
        lease: Lease[Connection] = Lease(_wire.origin_of(sent))
        try:
            connection = await self._connection(lease, _wire.timeouts_of(request))
            found = await connection.http.handle_async_request(sent)
        except _wire.ERRORS as error:
            await self.release(lease)
            raise _wire.to_httpx(error, request) from error
        except BaseException:
            await self.release(lease)
            raise
        return _wire.response(found, Body(self, lease, found, request))

    async def release(self, lease: Lease[Connection]) -> None:
        """Take a connection back, to be used again if its exchange was brought to its end."""
        connection = lease.connection
        is_reusable = connection is not None and connection.http.is_idle()
        self.pool.release(lease, is_reusable=is_reusable, now=time.monotonic())
        if self.pool.surplus:
            await self._close_surplus()

    async def aclose(self) -> None:
        """Close every connection. Whoever reads from one is told of its end."""
        self.pool.surplus.extend(self.pool.close())
        await self._close_surplus()
        # A socket is closed in the next round of its event loop.
        await anyio.sleep(0)

    async def _connection(
        self, lease: Lease[Connection], timeouts: dict[str, float | None]
    ) -> Connection:
        if not self.pool.take(lease):
            await self._wait(lease, timeouts.get("pool"))
        while lease.connection is not None and lease.connection.http.has_expired():
            self.pool.replace(lease)
        if self.pool.surplus:
            await self._close_surplus()
        if lease.connection is None:
            stream = await _loop_sockets.connect(
                lease.origin, self._context, timeouts.get("connect")
            )
            lease.connection = Connection(lease.origin, stream, self._idle_seconds)
        return lease.connection

    async def _wait(self, lease: Lease[Connection], timeout: float | None) -> None:
        granted = anyio.Event()
        self.pool.wait(lease, granted.set)
        with anyio.move_on_after(timeout):
            await granted.wait()
        # It may have come in the last moment.
        if not self.pool.has(lease):
            raise closed_error() if self.pool.is_closed else httpcore.PoolTimeout(_wire.FULL)

    async def _close_surplus(self) -> None:
        surplus = self.pool.surplus
        while surplus:
            await _loop_sockets.discard(surplus.popleft().stream)


class Body(httpx.AsyncByteStream):
    """The body of a response, which holds a connection until it is closed."""

    def __init__(
        self,
        transport: Transport,
        lease: Lease[Connection],
        found: httpcore.Response,
        request: httpx.Request,
    ) -> None:
        self._transport = transport
        self._lease = lease
        self._found = found
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        assert isinstance(self._found.stream, AsyncIterable)
        try:
            async for part in self._found.stream:
                yield part
        except _wire.ERRORS as error:
            await self._transport.release(self._lease)
            raise _wire.to_httpx(error, self._request) from error

    async def aclose(self) -> None:
        """Give the connection back. May be called twice."""
        try:
            await self._found.aclose()
        finally:
            await self._transport.release(self._lease)
