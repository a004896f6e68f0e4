"""Connections on asyncio.

They are protocols of the event loop itself. One timer serves many waits, and there is no cancel
scope: the two together would cost more than reading.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any, cast

from . import sockets
from .errors import (
    ConnectError,
    ConnectTimeout,
    LinkTimeout,
    ReadError,
    ReadTimeout,
    WriteError,
    WriteTimeout,
)
from .http1 import ResponseParser
from .pool import Origin

# How long to wait for an address while there are others.
_PATIENCE_SECONDS = 2.0
# Reading pauses when so much was not taken yet.
_READ_AHEAD_BYTES = 256 * 1024
_READ_BYTES = 64 * 1024
_WRITE_BYTES = 64 * 1024


def new_buffer() -> memoryview:
    """Return the buffer that all connections of an event loop read into, one after the other."""
    return memoryview(bytearray(_READ_BYTES))


async def connect(
    origin: Origin, context: ssl.SSLContext | None, timeout: float, buffer: memoryview
) -> Connection:
    """Connect to an origin, with TLS for `https`.

    Args:
        origin: Scheme, host and port.
        context: Certificates for `https`.
        timeout: The longest wait, in seconds.
        buffer: What to read into.

    Raises:
        LinkError: The connection could not be made.
    """
    scheme, host, port = origin
    name = host.decode("ascii")
    used = context if scheme == b"https" else None
    loop = asyncio.get_running_loop()
    connection = Connection(loop, buffer)
    try:
        async with asyncio.timeout(timeout):
            await loop.create_connection(
                lambda: connection,
                sock=await _connected(loop, name, port),
                ssl=used,
                server_hostname=name if used else None,
            )
    except TimeoutError as error:
        raise ConnectTimeout(str(error)) from error
    except (OSError, UnicodeError) as error:
        raise ConnectError(str(error)) from error
    return connection


async def wait_for_grant(wait: Callable[[Callable[[], None]], None], timeout: float) -> None:
    """Wait until the pool grants a lease, at most for some seconds.

    Args:
        wait: Takes the function that the pool calls then.
        timeout: The longest wait, in seconds.
    """
    granted = asyncio.get_running_loop().create_future()
    wait(lambda: None if granted.done() else granted.set_result(None))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(timeout):
            await granted


async def _connected(loop: asyncio.AbstractEventLoop, name: str, port: int) -> socket.socket:
    """Return a socket connected to the first address that accepts."""
    addresses = await _addresses(loop, name, port)
    for family, kind, protocol, _, address in addresses[:-1]:
        # On a network without IPv6, the first address of a host may never respond.
        with contextlib.suppress(OSError):
            async with asyncio.timeout(_PATIENCE_SECONDS):
                return await _connect_to(loop, socket.socket(family, kind, protocol), address)
    family, kind, protocol, _, address = addresses[-1]
    return await _connect_to(loop, socket.socket(family, kind, protocol), address)


async def _addresses(loop: asyncio.AbstractEventLoop, name: str, port: int) -> list[Any]:
    flags = {"type": socket.SOCK_STREAM, "proto": socket.IPPROTO_TCP}
    with contextlib.suppress(OSError):
        # A numeric address. Looking up a name takes another thread.
        return socket.getaddrinfo(name, port, flags=socket.AI_NUMERICHOST, **flags)
    return await loop.getaddrinfo(name, port, **flags)


async def _connect_to(
    loop: asyncio.AbstractEventLoop, made: socket.socket, address: Any
) -> socket.socket:
    try:
        made.setblocking(False)
        for option in sockets.options():
            made.setsockopt(*option)
        await loop.sock_connect(made, address)
    except BaseException:
        made.close()
        raise
    return made


class Connection(asyncio.BufferedProtocol):
    """One connection, for one exchange after the other. One task at a time uses it.

    Args:
        loop: The event loop.
        buffer: What to read into. It is emptied at once, so all connections of a loop share it:
            allocating a buffer for each read would take longer than the rest of a small one.

    Attributes:
        is_idle: Whether the last exchange ended well, or there was none yet.
        expires_at: When it has been idle for too long, on the clock of `time.monotonic`.
    """

    __slots__ = (
        "_buffer",
        "_can_write",
        "_deadline",
        "_is_lost",
        "_is_paused",
        "_kind",
        "_loop",
        "_parser",
        "_timer",
        "_transport",
        "_unread",
        "_waiter",
        "expires_at",
        "is_idle",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, buffer: memoryview) -> None:
        self.is_idle = True
        self.expires_at = 0.0
        self._loop = loop
        self._buffer = buffer
        self._transport: asyncio.Transport | None = None
        self._parser: ResponseParser | None = None
        self._unread = 0
        self._is_paused = False
        self._is_lost = False
        self._can_write = True
        self._waiter: asyncio.Future[None] | None = None
        self._kind: type[LinkTimeout] = ReadTimeout
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None

    # Callbacks of the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002
        """Return the buffer to read into."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Parse what arrived."""
        parser = self._parser
        if parser is None or parser.is_over:
            # Nobody asked for it.
            self.discard()
            return
        parser.feed(self._buffer[:nbytes])
        self._unread += nbytes
        if self._unread > _READ_AHEAD_BYTES and not self._is_paused and self._transport:
            self._is_paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        """Note that the peer sends no more."""
        self._lose(None)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the connection is closed."""
        self._lose(exc)
        if self._timer is not None:
            self._timer.cancel()

    def pause_writing(self) -> None:
        """Note that the peer is slower than we are."""
        self._can_write = False

    def resume_writing(self) -> None:
        """Note that the peer has caught up."""
        self._can_write = True
        self._wake()

    def _lose(self, error: Exception | None) -> None:
        self._is_lost = True
        parser = self._parser
        if parser is not None and error is not None:
            broken = ReadError(str(error))
            broken.__cause__ = error
            parser.fail(broken)
        elif parser is not None:
            parser.feed(b"")
        self._wake()

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    # Called by links and bodies

    def begin(self, parser: ResponseParser) -> None:
        """Begin an exchange: what arrives from now on is its response."""
        self.is_idle = False
        self._unread = 0
        self._parser = parser
        if self._is_lost:
            parser.feed(b"")

    async def send(self, data: bytes, timeout: float, deadline: float | None) -> None:
        """Send all of it.

        Raises:
            LinkError: Nothing could be sent in time, or the connection broke.
        """
        parser = self._parser
        for start in range(0, len(data), _WRITE_BYTES):
            if self._transport is None or self._transport.is_closing():
                raise WriteError("the connection is closed")
            self._transport.write(data[start : start + _WRITE_BYTES])
            while not self._can_write and not self._is_lost:
                if parser is not None and parser.is_over:
                    raise WriteError("the server has already responded")
                await self._wait(sockets.wait_seconds(timeout, deadline), WriteTimeout)

    async def receive(self, timeout: float, deadline: float | None) -> None:
        """Wait until more of the response has arrived, or its end.

        Raises:
            LinkTimeout: Nothing arrived in time.
        """
        await self._wait(sockets.wait_seconds(timeout, deadline), ReadTimeout)

    def take(self) -> bytes:
        """Return the parts of the body that have arrived, joined."""
        assert self._parser is not None
        self._unread = 0
        if self._is_paused and self._transport:
            self._is_paused = False
            self._transport.resume_reading()
        return self._parser.take()

    def has_expired(self) -> bool:
        """Whether it cannot be used any more: idle for too long, or closed by the server."""
        if self._is_lost or time.monotonic() > self.expires_at:
            return True
        connected = None if self._transport is None else self._transport.get_extra_info("socket")
        return connected is None or sockets.is_readable(connected.fileno())

    async def aclose(self) -> None:
        """Close the connection. Can be called more than once."""
        self.discard()

    def discard(self) -> None:
        """Close the connection at once."""
        self._is_lost = True
        if self._transport is not None:
            self._transport.abort()

    async def _wait(self, seconds: float, kind: type[LinkTimeout]) -> None:
        """Wait for whatever happens next; raise if it takes too long."""
        self._deadline = self._loop.time() + seconds
        timer = self._timer
        # A timer that would fire too early checks again when it does.
        if timer is None or timer.when() > self._deadline:
            if timer is not None:
                timer.cancel()
            self._timer = self._loop.call_at(self._deadline, self._check_deadline)
        self._kind = kind
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _check_deadline(self) -> None:
        """Break off a wait that has lasted too long."""
        self._timer = None
        waiter = self._waiter
        if waiter is None:
            return
        if self._loop.time() < self._deadline:
            self._timer = self._loop.call_at(self._deadline, self._check_deadline)
        elif not waiter.done():
            waiter.set_exception(self._kind())
