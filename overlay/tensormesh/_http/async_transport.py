"""Our own asynchronous connections, under the interface of httpx's transports.

A cancelled task may be broken off at each of its waits, even while it tidies up. So what belongs to
the pool is put in order first, and without a wait.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import anyio
import httpx

from .._errors import closed_error
from . import loop_sockets, wire
from .http1 import Answer, Outgoing
from .pool import Lease, Origin, Pool

if TYPE_CHECKING:
    from . import any_sockets

    Connection = loop_sockets.Connection | any_sockets.Connection


class Transport(httpx.AsyncBaseTransport):
    """Sends requests over a pool of connections, in one event loop.

    Args:
        context: Certificates for `https`.
        limits: How many connections there may be, and how long idle ones last.
    """

    def __init__(self, context: ssl.SSLContext | None, limits: httpx.Limits) -> None:
        self.pool: Pool[Connection] = wire.new_pool(limits)
        self._context = context
        self._buffer = loop_sockets.new_buffer()
        self._idle_seconds = wire.or_infinite(limits.keepalive_expiry)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request. The body of its response is still to be read, and to be closed.

        Raises:
            httpx.TransportError: It failed.
            ConfigurationError: The transport was closed.
        """
        timeouts = wire.timeouts_of(request)
        outgoing = wire.outgoing(request)
        lease: Lease[Connection] = Lease(wire.origin_of(request))
        try:
            connection = await self._connection(lease, timeouts)
            answer = await _ask(connection, outgoing, request, timeouts)
        except BaseException as error:
            await self.release(lease)
            if isinstance(error, httpx.TransportError):
                error.request = request
            raise
        body = Body(self, lease, connection, answer, request)
        return wire.response(answer, body, connection)

    async def release(self, lease: Lease[Connection]) -> None:
        """Take a connection back, to be used again if its exchange was brought to its end."""
        connection, now = lease.connection, time.monotonic()
        is_reusable = connection is not None and connection.is_idle
        if connection is not None:
            connection.expires_at = now + self._idle_seconds
        self.pool.release(lease, is_reusable=is_reusable, now=now)
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
        while lease.connection is not None and lease.connection.has_expired():
            self.pool.replace(lease)
        if self.pool.surplus:
            await self._close_surplus()
        if lease.connection is None:
            lease.connection = await self._connect(lease.origin, timeouts.get("connect"))
        return lease.connection

    async def _connect(self, origin: Origin, timeout: float | None) -> Connection:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            from . import any_sockets

            return await any_sockets.connect(origin, self._context, timeout)
        return await loop_sockets.connect(origin, self._context, timeout, self._buffer)

    async def _wait(self, lease: Lease[Connection], timeout: float | None) -> None:
        granted = anyio.Event()
        self.pool.wait(lease, granted.set)
        with anyio.move_on_after(timeout):
            await granted.wait()
        # It may have come in the last moment.
        if not self.pool.has(lease):
            raise closed_error() if self.pool.is_closed else httpx.PoolTimeout(wire.FULL)

    async def _close_surplus(self) -> None:
        surplus = self.pool.surplus
        while surplus:
            await surplus.popleft().aclose()


async def _ask(
    connection: Connection,
    outgoing: Outgoing,
    request: httpx.Request,
    timeouts: dict[str, float | None],
) -> Answer:
    """Send a request, and read the head of its answer."""
    answer = Answer(request.method)
    connection.begin(answer)
    is_sent = await _send(connection, outgoing, request, timeouts.get("write"))
    seconds = timeouts.get("read")
    while not answer.has_head:
        if answer.error is not None:
            raise answer.error
        await connection.receive(seconds)
    if not is_sent:
        answer.is_spoiled = True
    return answer


async def _send(
    connection: Connection, outgoing: Outgoing, request: httpx.Request, seconds: float | None
) -> bool:
    """Send a request. False if the server would not have all of it, and may have said why."""
    stream = request.stream
    try:
        if isinstance(stream, httpx.SyncByteStream):
            # Content that is there: nothing to wait for.
            for part in stream:
                await _send_block(connection, outgoing.add(part), seconds)
        else:
            async for part in stream:
                await _send_block(connection, outgoing.add(part), seconds)
        await _send_block(connection, outgoing.end(), seconds)
    except httpx.WriteError:
        return False
    return True


async def _send_block(connection: Connection, block: bytes, seconds: float | None) -> None:
    if block:
        await connection.send(block, seconds)


class Body(httpx.AsyncByteStream):
    """The body of a response, which holds a connection until it is closed.

    Attributes:
        closes_unbroken: That no cancellation of a scope breaks `aclose` off.
    """

    closes_unbroken = True

    def __init__(
        self,
        transport: Transport,
        lease: Lease[Connection],
        connection: Connection,
        answer: Answer,
        request: httpx.Request,
    ) -> None:
        self._transport = transport
        self._lease = lease
        self._connection = connection
        self._answer = answer
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        answer, connection = self._answer, self._connection
        seconds = wire.timeouts_of(self._request).get("read")
        try:
            while True:
                if answer.parts:
                    yield connection.take()
                elif answer.error is not None:
                    raise answer.error
                elif answer.is_over:
                    return
                else:
                    await connection.receive(seconds)
        except BaseException as error:
            # It may be the end of its event loop.
            await self.aclose()
            if isinstance(error, httpx.TransportError):
                error.request = self._request
            raise

    @property
    def is_whole(self) -> bool:
        """Whether all of it has come, read or not: the connection needs no reading to its end."""
        return self._answer.is_over and self._answer.error is None

    async def aclose(self) -> None:
        """Give the connection back. May be called twice."""
        answer = self._answer
        if self._lease.connection is not None:
            self._connection.is_idle = answer.is_reusable
        answer.close()
        await self._transport.release(self._lease)
