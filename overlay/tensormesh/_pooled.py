"""Our own synchronous connections, under the interface of httpx's transports.

httpx's pool looks through all of its connections for each request; this one does not. It knows
HTTP/1.1 and no proxies: whoever needs more goes through an `httpx.Client`.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator

import httpcore
import httpx

from . import _sockets, _wire
from ._errors import closed_error
from ._pool import Lease, Origin, Pool


class Connection:
    """A connection and the socket below it."""

    __slots__ = ("http", "stream")

    def __init__(self, origin: Origin, stream: _sockets.Stream, idle_seconds: float | None) -> None:
        self.stream = stream
        self.http = httpcore.HTTP11Connection(httpcore.Origin(*origin), stream, idle_seconds)


class Transport(httpx.BaseTransport):
    """Sends requests over a pool of connections. Safe to share between threads.

    Args:
        context: Certificates for `https`.
        limits: How many connections there may be, and how long idle ones last.
    """

    def __init__(self, context: ssl.SSLContext | None, limits: httpx.Limits) -> None:
        self.pool: Pool[Connection] = _wire.new_pool(limits)
        self.lock = threading.Lock()
        self._context = context
        self._idle_seconds = limits.keepalive_expiry
        self._backend = _sockets.Backend()
        self._options = _sockets.options()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request. The body of its response is still to be read, and to be closed.

        Raises:
            httpx.TransportError: It failed.
            ConfigurationError: The transport was closed.
        """
        sent = _wire.to_httpcore(request)
        lease: Lease[Connection] = Lease(_wire.origin_of(sent))
        try:
            connection = self._connection(lease, _wire.timeouts_of(request))
            found = connection.http.handle_request(sent)
        except _wire.ERRORS as error:
            self.release(lease)
            raise _wire.to_httpx(error, request) from error
        except BaseException:
            self.release(lease)
            raise
        return _wire.response(found, Body(self, lease, found, request))

    def release(self, lease: Lease[Connection]) -> None:
        """Take a connection back, to be used again if its exchange was brought to its end."""
        connection = lease.connection
        is_reusable = connection is not None and connection.http.is_idle()
        with self.lock:
            self.pool.release(lease, is_reusable=is_reusable, now=time.monotonic())
        self._close_surplus()

    def close(self) -> None:
        """Close every connection. Whoever reads from one in another thread is told of its end."""
        with self.lock:
            used = self.pool.close()
        for connection in used:
            with contextlib.suppress(OSError):
                # Not closed: a thread that waits for it would sleep on. The thread closes it.
                socket.socket.shutdown(connection.stream.get_extra_info("socket"), socket.SHUT_RDWR)
        self._close_surplus()

    def _connection(
        self, lease: Lease[Connection], timeouts: dict[str, float | None]
    ) -> Connection:
        self._take(lease, timeouts.get("pool"))
        while lease.connection is not None and lease.connection.http.has_expired():
            with self.lock:
                self.pool.replace(lease)
        if self.pool.surplus:
            self._close_surplus()
        if lease.connection is None:
            lease.connection = self._connect(lease, timeouts.get("connect"))
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
            raise closed_error() if self.pool.is_closed else httpcore.PoolTimeout(_wire.FULL)

    def _connect(self, lease: Lease[Connection], timeout: float | None) -> Connection:
        scheme, host, port = origin = lease.origin
        name = host.decode("ascii")
        stream = self._backend.connect_tcp(
            name, port, timeout=timeout, socket_options=self._options
        )
        if scheme == b"https":
            assert self._context is not None
            stream = stream.start_tls(self._context, server_hostname=name, timeout=timeout)
        return Connection(origin, stream, self._idle_seconds)

    def _close_surplus(self) -> None:
        surplus = self.pool.surplus
        while surplus:
            with contextlib.suppress(IndexError, OSError):
                surplus.popleft().http.close()


class Body(httpx.SyncByteStream):
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

    def __iter__(self) -> Iterator[bytes]:
        try:
            assert isinstance(self._found.stream, Iterable)
            yield from self._found.stream
        except _wire.ERRORS as error:
            self.close()
            raise _wire.to_httpx(error, self._request) from error

    def close(self) -> None:
        """Give the connection back. May be called twice."""
        try:
            self._found.close()
        finally:
            self._transport.release(self._lease)
