"""Our own synchronous connections, under the interface of httpx's transports.

httpx's pool looks through all of its connections for each request; this one does not. It knows
HTTP/1.1 and no proxies: whoever needs more goes through an `httpx.Client`.
"""

from __future__ import annotations

import contextlib
import ssl
import threading
import time
from collections.abc import Iterator

import httpx

from .._errors import closed_error
from . import sockets, wire
from .http1 import Answer, Outgoing
from .pool import Lease, Pool


class Connection:
    """A connection, and one exchange on it after the other.

    Attributes:
        stream: What is below it.
        is_idle: Whether the last exchange was brought to its end, or there was none yet.
        expires_at: When it has been idle for too long, on the clock of `time.monotonic`.
    """

    __slots__ = ("expires_at", "is_idle", "stream")

    def __init__(self, stream: sockets.Stream) -> None:
        self.stream = stream
        self.is_idle = True
        self.expires_at = 0.0

    def ask(
        self, outgoing: Outgoing, request: httpx.Request, timeouts: dict[str, float | None]
    ) -> Answer:
        """Send a request, and read the head of its answer."""
        self.is_idle = False
        stream, answer = self.stream, Answer(request.method)
        is_sent = self._send(outgoing, request, timeouts.get("write"))
        seconds = timeouts.get("read")
        while not answer.has_head:
            if answer.error is not None:
                raise answer.error
            answer.feed(stream.read(seconds))
        if not is_sent:
            answer.is_spoiled = True
        return answer

    def _send(self, outgoing: Outgoing, request: httpx.Request, seconds: float | None) -> bool:
        """Send a request. False if the server would not have all of it, and may have said why."""
        assert isinstance(request.stream, httpx.SyncByteStream)
        try:
            for part in request.stream:
                block = outgoing.add(part)
                if block:
                    self.stream.write(block, seconds)
            self.stream.write(outgoing.end(), seconds)
        except httpx.WriteError:
            return False
        except httpx.WriteTimeout:
            if not self.stream.is_readable:
                raise
            return False
        return True

    def has_expired(self) -> bool:
        """Whether it is of no use any more: idle for too long, or the server has closed it."""
        return time.monotonic() > self.expires_at or self.stream.is_readable


class Transport(httpx.BaseTransport):
    """Sends requests over a pool of connections. Safe to share between threads.

    Args:
        context: Certificates for `https`.
        limits: How many connections there may be, and how long idle ones last.
    """

    def __init__(self, context: ssl.SSLContext | None, limits: httpx.Limits) -> None:
        self.pool: Pool[Connection] = wire.new_pool(limits)
        self.lock = threading.Lock()
        self._context = context
        self._idle_seconds = wire.or_infinite(limits.keepalive_expiry)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request. The body of its response is still to be read, and to be closed.

        Raises:
            httpx.TransportError: It failed.
            ConfigurationError: The transport was closed.
        """
        timeouts = wire.timeouts_of(request)
        outgoing = wire.outgoing(request)
        lease: Lease[Connection] = Lease(wire.origin_of(request))
        try:
            connection = self._connection(lease, timeouts)
            answer = connection.ask(outgoing, request, timeouts)
        except BaseException as error:
            self.release(lease)
            if isinstance(error, httpx.TransportError):
                error.request = request
            raise
        body = Body(self, lease, answer, request)
        return wire.response(answer, body, connection.stream)

    def release(self, lease: Lease[Connection]) -> None:
        """Take a connection back, to be used again if its exchange was brought to its end."""
        connection, now = lease.connection, time.monotonic()
        is_reusable = connection is not None and connection.is_idle
        if connection is not None:
            connection.expires_at = now + self._idle_seconds
        with self.lock:
            self.pool.release(lease, is_reusable=is_reusable, now=now)
        self._close_surplus()

    def close(self) -> None:
        """Close every connection. Whoever reads from one in another thread is told of its end."""
        with self.lock:
            used = self.pool.close()
        for connection in used:
            # Not closed: a thread that waits for it would sleep on. The thread closes it.
            connection.stream.shut_down()
        self._close_surplus()

    def _connection(
        self, lease: Lease[Connection], timeouts: dict[str, float | None]
    ) -> Connection:
        self._take(lease, timeouts.get("pool"))
        while lease.connection is not None and lease.connection.has_expired():
            with self.lock:
                self.pool.replace(lease)
        if self.pool.surplus:
            self._close_surplus()
        if lease.connection is None:
            stream = sockets.connect(lease.origin, self._context, timeouts.get("connect"))
            lease.connection = Connection(stream)
        return lease.connection

    def _take(self, lease: Lease[Connection], timeout: float | None) -> None:
        with self.lock:
            if self.pool.take(lease):
                return
            granted = threading.Lock()
            granted.acquire()
            self.pool.wait(lease, granted.release)
        granted.acquire(timeout=-1 if timeout is None else timeout)
        # It may have come in the last moment.
        if not self.pool.has(lease):
            raise closed_error() if self.pool.is_closed else httpx.PoolTimeout(wire.FULL)

    def _close_surplus(self) -> None:
        surplus = self.pool.surplus
        while surplus:
            with contextlib.suppress(IndexError, OSError):
                surplus.popleft().stream.close()


class Body(httpx.SyncByteStream):
    """The body of a response, which holds a connection until it is closed."""

    def __init__(
        self, transport: Transport, lease: Lease[Connection], answer: Answer, request: httpx.Request
    ) -> None:
        self._transport = transport
        self._lease = lease
        self._answer = answer
        self._request = request

    def __iter__(self) -> Iterator[bytes]:
        answer, connection = self._answer, self._lease.connection
        seconds = wire.timeouts_of(self._request).get("read")
        try:
            while True:
                if answer.parts:
                    yield answer.take()
                elif not answer.is_over and connection is not None:
                    answer.feed(connection.stream.read(seconds))
                elif answer.error is not None:
                    raise answer.error
                else:
                    return
        except httpx.TransportError as error:
            self.close()
            error.request = self._request
            raise

    @property
    def is_whole(self) -> bool:
        """Whether all of it has come, read or not: the connection needs no reading to its end."""
        return self._answer.is_over and self._answer.error is None

    def close(self) -> None:
        """Give the connection back. May be called twice."""
        answer, connection = self._answer, self._lease.connection
        if connection is not None:
            connection.is_idle = answer.is_reusable
        answer.close()
        self._transport.release(self._lease)
