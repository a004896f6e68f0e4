"""Send requests over the SDK's own connections in an event loop.

A task may be cancelled at any `await`, even while it cleans up. So the state of the pool is put in
order first, without awaiting anything.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator
from functools import partial
from typing import TYPE_CHECKING

from .._errors import closed_error
from . import url
from .errors import LinkError, PoolTimeout, WriteError
from .http1 import ResponseParser
from .link import encode, new_response
from .loops import running_loop, sleep
from .pool import Lease, Limits, Pool
from .response import DRAIN_BYTES, Response, drain_deadline
from .sockets import wait_seconds

if TYPE_CHECKING:
    import ssl

    from . import any_sockets, loop_sockets
    from .request import OutgoingCall

    Connection = loop_sockets.Connection | any_sockets.Connection


class AsyncLink:
    """Sends requests over a pool of connections, in the event loop in which it is made.

    Args:
        context: Certificates for `https`.
        limits: How many connections there may be, and how long idle ones last.
    """

    def __init__(self, context: ssl.SSLContext | None, limits: Limits) -> None:
        if running_loop() is not None:
            from . import loop_sockets as sockets
        else:
            from . import any_sockets as sockets  # type: ignore[no-redef]
        self.pool: Pool[Connection] = Pool(limits)
        self._sockets = sockets
        self._context = context
        self._buffer = sockets.new_buffer()
        self._idle_seconds = limits.idle_seconds
        self._closes_at_end: AsyncGenerator[None, None] | None = None

    async def send(self, call: OutgoingCall, deadline: float | None) -> Response:
        """Send a request. The body of the response is still to be read, and closed.

        Args:
            call: What to send.
            deadline: When the call ends, on the clock of `time.monotonic`.

        Raises:
            LinkError: It failed.
            ConfigurationError: The link was closed.
        """
        target = url.parse(call.url)
        data = encode(call, target)
        lease: Lease[Connection] = Lease(target.origin)
        try:
            connection = await self._connection(lease, call, deadline)
            parser = await _exchange(connection, call, data, deadline)
        except BaseException:
            await self.release(lease)
            raise
        body = Body(self, lease, connection, parser, call.seconds, deadline)
        return new_response(parser, body)

    async def release(self, lease: Lease[Connection]) -> None:
        """Return a connection to the pool. It is reused only if its last exchange ended well."""
        connection, now = lease.connection, time.monotonic()
        is_reusable = connection is not None and connection.is_idle
        if connection is not None:
            connection.expires_at = now + self._idle_seconds
        self.pool.release(lease, is_reusable=is_reusable, now=now)
        if self.pool.surplus:
            await self._close_surplus()

    async def close(self) -> None:
        """Close every connection. Tasks that read from one get an error."""
        self.pool.surplus.extend(self.pool.close())
        await self._close_surplus()
        if self._closes_at_end is not None:
            await self._closes_at_end.aclose()
        # A socket is closed in the next round of its event loop.
        await sleep(0)

    async def _connection(
        self, lease: Lease[Connection], call: OutgoingCall, deadline: float | None
    ) -> Connection:
        await self._take(lease, call, deadline)
        while lease.connection is not None and lease.connection.has_expired():
            self.pool.replace(lease)
        if self.pool.surplus:
            await self._close_surplus()
        if lease.connection is None:
            if self._closes_at_end is None:
                self._closes_at_end = _close_at_end_of_loop(self.pool)
                await anext(self._closes_at_end)
            seconds = wait_seconds(call.connect_seconds, deadline)
            lease.connection = await self._sockets.connect(
                lease.origin, self._context, seconds, self._buffer
            )
        return lease.connection

    async def _take(
        self, lease: Lease[Connection], call: OutgoingCall, deadline: float | None
    ) -> None:
        if self.pool.take(lease):
            return
        wait = partial(self.pool.wait, lease)
        await self._sockets.wait_for_grant(wait, wait_seconds(call.seconds, deadline))
        # It may have been granted at the last moment.
        if not self.pool.has(lease):
            raise closed_error() if self.pool.is_closed else PoolTimeout()

    async def _close_surplus(self) -> None:
        surplus = self.pool.surplus
        while surplus:
            await surplus.popleft().aclose()


async def _close_at_end_of_loop(pool: Pool[Connection]) -> AsyncGenerator[None, None]:
    """Close what is still open when the event loop ends: it closes generators that have begun."""
    try:
        yield
    finally:
        for connection in pool.connections():
            await connection.aclose()


async def _exchange(
    connection: Connection, call: OutgoingCall, data: bytes, deadline: float | None
) -> ResponseParser:
    """Send a request, and read the head of its response."""
    parser = ResponseParser(call.method)
    connection.begin(parser)
    try:
        await connection.send(data, call.seconds, deadline)
    except WriteError:
        # The server may have responded before it had everything.
        parser.must_close = True
    while not parser.has_head:
        if parser.error is not None:
            raise parser.error
        await connection.receive(call.seconds, deadline)
    return parser


class Body:
    """The body of a response. It holds a connection until it is closed."""

    __slots__ = ("_connection", "_deadline", "_lease", "_link", "_parser", "_seconds")

    def __init__(
        self,
        link: AsyncLink,
        lease: Lease[Connection],
        connection: Connection,
        parser: ResponseParser,
        seconds: float,
        deadline: float | None,
    ) -> None:
        self._link = link
        self._lease = lease
        self._connection = connection
        self._parser = parser
        self._seconds = seconds
        self._deadline = deadline

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        parser = self._parser
        try:
            while not parser.parts:
                if parser.error is not None:
                    raise parser.error
                if parser.is_over:
                    raise StopAsyncIteration
                await self._connection.receive(self._seconds, self._deadline)
        except StopAsyncIteration:
            raise
        except BaseException:
            # Perhaps the end of the event loop.
            await self.close()
            raise
        return self._connection.take()

    async def drain(self) -> None:
        """Read what is left, within bounds, so that the connection can be reused; then close."""
        self._deadline = drain_deadline(self._deadline)
        size = 0
        try:
            with contextlib.suppress(LinkError):
                async for chunk in self:
                    size += len(chunk)
                    if size > DRAIN_BYTES:
                        break
        finally:
            await self.close()

    async def close(self) -> None:
        """Release the connection, even in a cancelled task. Can be called more than once."""
        if self._lease.connection is not None:
            self._connection.is_idle = self._parser.is_reusable
        self._parser.close()
        await self._link.release(self._lease)
