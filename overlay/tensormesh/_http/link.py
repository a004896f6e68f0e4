"""Send requests over the SDK's own connections.

httpx's pool looks through all of its connections for each request. This one does not. It supports
HTTP/1.1 and no proxies.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .._errors import closed_error
from . import sockets, url
from .errors import LinkError, PoolTimeout, WriteError, WriteTimeout
from .http1 import ResponseParser, encode_request
from .pool import Lease, Limits, Pool
from .response import DRAIN_BYTES, Headers, Response, drain_deadline

if TYPE_CHECKING:
    import ssl

    from .request import OutgoingCall

# The compressions whose decompressors can stop after a given number of bytes.
_ACCEPT_ENCODING = "gzip, deflate"


def encode(call: OutgoingCall, target: url.Target) -> bytes:
    """Encode the request of a call.

    Raises:
        LocalProtocolError: It cannot be sent as it is.
    """
    content = call.content or b""
    headers = {"host": target.host, "accept-encoding": _ACCEPT_ENCODING}
    if content or call.method != "GET":
        headers["content-length"] = str(len(content))
    headers.update(call.headers)
    for name in call.removed:
        headers.pop(name, None)
    path = url.with_query(target.path, call.query) if call.query else target.path
    return encode_request(call.method, path, headers, content)


def new_response(parser: ResponseParser, body: Any) -> Response:
    """Return the response whose head was parsed."""
    return Response(parser.status, parser.reason, Headers(parser.headers), body, is_decoded=False)


class Connection:
    """A connection, for one exchange after the other.

    Attributes:
        stream: The socket.
        is_idle: Whether the last exchange ended well, or there was none yet.
        expires_at: When it has been idle for too long, on the clock of `time.monotonic`.
    """

    __slots__ = ("expires_at", "is_idle", "stream")

    def __init__(self, stream: sockets.Stream) -> None:
        self.stream = stream
        self.is_idle = True
        self.expires_at = 0.0

    def exchange(self, call: OutgoingCall, data: bytes, deadline: float | None) -> ResponseParser:
        """Send a request, and read the head of its response."""
        self.is_idle = False
        stream, parser = self.stream, ResponseParser(call.method)
        try:
            stream.write(data, call.seconds, deadline)
        except (WriteError, WriteTimeout) as error:
            # The server may have responded before it had everything.
            if isinstance(error, WriteTimeout) and not stream.is_readable:
                raise
            parser.must_close = True
        while not parser.has_head:
            if parser.error is not None:
                raise parser.error
            parser.feed(stream.read(call.seconds, deadline))
        return parser

    def has_expired(self) -> bool:
        """Whether it cannot be used any more: idle for too long, or closed by the server."""
        return time.monotonic() > self.expires_at or self.stream.is_readable


class Link:
    """Sends requests over a pool of connections. Can be shared between threads.

    Args:
        context: Certificates for `https`.
        limits: How many connections there may be, and how long idle ones last.
    """

    def __init__(self, context: ssl.SSLContext | None, limits: Limits) -> None:
        self.pool: Pool[Connection] = Pool(limits)
        self.lock = threading.Lock()
        self._context = context
        self._idle_seconds = limits.idle_seconds

    def send(self, call: OutgoingCall, deadline: float | None) -> Response:
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
            connection = self._connection(lease, call, deadline)
            parser = connection.exchange(call, data, deadline)
        except BaseException:
            self.release(lease)
            raise
        body = Body(self, lease, parser, call.seconds, deadline)
        return new_response(parser, body)

    def release(self, lease: Lease[Connection]) -> None:
        """Return a connection to the pool. It is reused only if its last exchange ended well."""
        connection, now = lease.connection, time.monotonic()
        is_reusable = connection is not None and connection.is_idle
        if connection is not None:
            connection.expires_at = now + self._idle_seconds
        with self.lock:
            self.pool.release(lease, is_reusable=is_reusable, now=now)
        self._close_surplus()

    def close(self) -> None:
        """Close every connection. Threads that read from one get an error."""
        with self.lock:
            used = self.pool.close()
        for connection in used:
            # Not closed: a thread that waits for it would sleep on. That thread closes it.
            connection.stream.shut_down()
        self._close_surplus()

    def _connection(
        self, lease: Lease[Connection], call: OutgoingCall, deadline: float | None
    ) -> Connection:
        self._take(lease, call, deadline)
        while lease.connection is not None and lease.connection.has_expired():
            with self.lock:
                self.pool.replace(lease)
        if self.pool.surplus:
            self._close_surplus()
        if lease.connection is None:
            stream = sockets.connect(lease.origin, self._context, call.connect_seconds, deadline)
            lease.connection = Connection(stream)
        return lease.connection

    def _take(self, lease: Lease[Connection], call: OutgoingCall, deadline: float | None) -> None:
        with self.lock:
            if self.pool.take(lease):
                return
            granted = threading.Lock()
            granted.acquire()
            self.pool.wait(lease, granted.release)
        granted.acquire(timeout=sockets.wait_seconds(call.seconds, deadline))
        # It may have been granted at the last moment.
        if not self.pool.has(lease):
            raise closed_error() if self.pool.is_closed else PoolTimeout()

    def _close_surplus(self) -> None:
        surplus = self.pool.surplus
        while surplus:
            with contextlib.suppress(IndexError, OSError):
                surplus.popleft().stream.close()


class Body:
    """The body of a response. It holds a connection until it is closed."""

    __slots__ = ("_deadline", "_is_reading", "_lease", "_link", "_parser", "_seconds")

    def __init__(
        self,
        link: Link,
        lease: Lease[Connection],
        parser: ResponseParser,
        seconds: float,
        deadline: float | None,
    ) -> None:
        self._link = link
        self._lease = lease
        self._parser = parser
        self._seconds = seconds
        self._deadline = deadline
        self._is_reading = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        parser, connection = self._parser, self._lease.connection
        try:
            while not parser.parts:
                if parser.error is not None:
                    raise parser.error
                if parser.is_over or connection is None:
                    raise StopIteration
                parser.feed(self._read(connection.stream))
        except LinkError:
            self.close()
            raise
        return parser.take()

    def _read(self, stream: sockets.Stream) -> bytes:
        self._is_reading = True
        try:
            return stream.read(self._seconds, self._deadline)
        finally:
            self._is_reading = False

    def drain(self) -> None:
        """Read what is left, within bounds, so that the connection can be reused; then close."""
        self._deadline = drain_deadline(self._deadline)
        size = 0
        try:
            with contextlib.suppress(LinkError):
                for chunk in self:
                    size += len(chunk)
                    if size > DRAIN_BYTES:
                        break
        finally:
            self.close()

    def close(self) -> None:
        """Release the connection. Can be called more than once, and while another thread reads."""
        parser, connection = self._parser, self._lease.connection
        if connection is not None:
            if self._is_reading:
                # The other thread wakes up and closes. Closing here would leave it asleep.
                connection.stream.shut_down()
                return
            connection.is_idle = parser.is_reusable
        parser.close()
        self._link.release(self._lease)
