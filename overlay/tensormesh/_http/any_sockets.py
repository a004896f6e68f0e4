"""Connections where there is no asyncio: on trio."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable

import anyio
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.tls import TLSStream

from . import sockets
from .errors import ConnectError, ConnectTimeout, ReadError, ReadTimeout, WriteError, WriteTimeout
from .http1 import ResponseParser
from .pool import Origin

_READ_BYTES = 64 * 1024
_BROKEN = (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError)


def new_buffer() -> memoryview:
    """Return no buffer: anyio has its own."""
    return memoryview(b"")


async def connect(
    origin: Origin,
    context: ssl.SSLContext | None,
    timeout: float,
    buffer: memoryview,  # noqa: ARG001
) -> Connection:
    """Connect to an origin, with TLS for `https`.

    Args:
        origin: Scheme, host and port.
        context: Certificates for `https`.
        timeout: The longest wait, in seconds.
        buffer: Not used.

    Raises:
        LinkError: The connection could not be made.
    """
    scheme, host, port = origin
    name = host.decode("ascii")
    try:
        with anyio.fail_after(timeout):
            stream: ByteStream = await anyio.connect_tcp(name, port)
            connected = stream.extra(SocketAttribute.raw_socket)  # noqa: S610
            for option in sockets.options():
                connected.setsockopt(*option)
            if scheme == b"https":
                stream = await TLSStream.wrap(
                    stream, hostname=name, ssl_context=context, standard_compatible=False
                )
    except TimeoutError as error:
        raise ConnectTimeout(str(error)) from error
    except (anyio.EndOfStream, UnicodeError, *_BROKEN) as error:
        raise ConnectError(str(error)) from error
    return Connection(stream, connected)


async def wait_for_grant(wait: Callable[[Callable[[], None]], None], timeout: float) -> None:
    """Wait until the pool grants a lease, at most for some seconds.

    Args:
        wait: Takes the function that the pool calls then.
        timeout: The longest wait, in seconds.
    """
    granted = anyio.Event()
    wait(granted.set)
    with anyio.move_on_after(timeout):
        await granted.wait()


class Connection:
    """One connection, for one exchange after the other. One task at a time uses it.

    Attributes:
        is_idle: Whether the last exchange ended well, or there was none yet.
        expires_at: When it has been idle for too long, on the clock of `time.monotonic`.
    """

    def __init__(self, stream: ByteStream, connected: socket.socket) -> None:
        self.is_idle = True
        self.expires_at = 0.0
        self._stream = stream
        self._socket = connected
        self._parser: ResponseParser | None = None

    def begin(self, parser: ResponseParser) -> None:
        """Begin an exchange: what arrives from now on is its response."""
        self.is_idle = False
        self._parser = parser

    async def send(self, data: bytes, timeout: float, deadline: float | None) -> None:
        """Send all of it.

        Raises:
            LinkError: It could not be sent in time, or the connection broke.
        """
        try:
            with anyio.fail_after(sockets.wait_seconds(timeout, deadline)):
                await self._stream.send(data)
        except TimeoutError as error:
            raise WriteTimeout(str(error)) from error
        except _BROKEN as error:
            raise WriteError(str(error)) from error

    async def receive(self, timeout: float, deadline: float | None) -> None:
        """Wait until more of the response has arrived, or its end.

        Raises:
            LinkError: Nothing arrived in time, or the connection broke.
        """
        assert self._parser is not None
        try:
            with anyio.fail_after(sockets.wait_seconds(timeout, deadline)):
                data = await self._stream.receive(_READ_BYTES)
        except anyio.EndOfStream:
            data = b""
        except TimeoutError as error:
            raise ReadTimeout(str(error)) from error
        except _BROKEN as error:
            raise ReadError(str(error)) from error
        self._parser.feed(data)

    def take(self) -> bytes:
        """Return the parts of the body that have arrived, joined."""
        assert self._parser is not None
        return self._parser.take()

    def has_expired(self) -> bool:
        """Whether it cannot be used any more: idle for too long, or closed by the server."""
        return time.monotonic() > self.expires_at or sockets.is_readable(self._socket.fileno())

    async def aclose(self) -> None:
        """Close the connection at once, even while the task is cancelled."""
        with anyio.CancelScope(shield=True):
            await anyio.aclose_forcefully(self._stream)
