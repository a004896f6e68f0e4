"""The sockets below our own asynchronous connections, on asyncio.

They are transports of the event loop itself: one timer for many waits, and no scope to cancel,
which together cost more than the reading.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any, cast

import httpx

from . import sockets
from .http1 import WRITE_BYTES, Answer
from .pool import Origin

# How long an address is waited for while there are others.
_PATIENCE_SECONDS = 2.0
# With so much unread, nothing more is taken from the kernel.
_READ_AHEAD_BYTES = 256 * 1024
_READ_BYTES = 64 * 1024


def new_buffer() -> memoryview:
    """What all connections of an event loop read into, one after the other."""
    return memoryview(bytearray(_READ_BYTES))


async def connect(
    origin: Origin, context: ssl.SSLContext | None, timeout: float | None, buffer: memoryview
) -> Connection:
    """A connection to an origin, encrypted for `https`.

    Args:
        origin: Where to.
        context: Certificates for `https`.
        timeout: The longest wait in seconds.
        buffer: What it reads into.

    Raises:
        httpx.ConnectTimeout: It took too long.
        httpx.ConnectError: There is none to be had.
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
        raise httpx.ConnectTimeout(str(error)) from error
    except (OSError, UnicodeError) as error:
        raise httpx.ConnectError(str(error)) from error
    return connection


async def _connected(loop: asyncio.AbstractEventLoop, name: str, port: int) -> socket.socket:
    """A socket that is connected to the first address that answers."""
    addresses = await _addresses(loop, name, port)
    for family, kind, protocol, _, address in addresses[:-1]:
        # Of a host with IPv6 on a network without, the first address may never answer.
        with contextlib.suppress(OSError):
            async with asyncio.timeout(_PATIENCE_SECONDS):
                return await _connect_to(loop, socket.socket(family, kind, protocol), address)
    family, kind, protocol, _, address = addresses[-1]
    return await _connect_to(loop, socket.socket(family, kind, protocol), address)


async def _addresses(loop: asyncio.AbstractEventLoop, name: str, port: int) -> list[Any]:
    flags = {"type": socket.SOCK_STREAM, "proto": socket.IPPROTO_TCP}
    with contextlib.suppress(OSError):
        # An address in figures. Looking up a name takes another thread.
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
    """One connection, and one exchange on it after the other. One task at a time uses it.

    Args:
        loop: The event loop.
        buffer: What it reads into. All that is there is taken out at once, so that connections of
            one loop share it: a loop that makes room for each read anew takes longer for that than
            for the rest of a small one.

    Attributes:
        is_idle: Whether the last exchange was brought to its end, or there was none yet.
        expires_at: When it has been idle for too long, on the clock of `time.monotonic`.
    """

    __slots__ = (
        "_answer",
        "_buffer",
        "_can_write",
        "_deadline",
        "_is_lost",
        "_is_paused",
        "_kind",
        "_loop",
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
        self._answer: Answer | None = None
        self._unread = 0
        self._is_paused = False
        self._is_lost = False
        self._can_write = True
        self._waiter: asyncio.Future[None] | None = None
        self._kind: Callable[[str], Exception] = httpx.ReadTimeout
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It begins."""
        self._transport = cast("asyncio.Transport", transport)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002
        """What to read into."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Something came."""
        answer = self._answer
        if answer is None or answer.is_over:
            # Nobody has asked for it.
            self.discard()
            return
        answer.feed(self._buffer[:nbytes])
        self._unread += nbytes
        if self._unread > _READ_AHEAD_BYTES and not self._is_paused and self._transport:
            self._is_paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        """Nothing more comes."""
        self._lose(None)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """It is closed."""
        self._lose(exc)
        if self._timer is not None:
            self._timer.cancel()

    def pause_writing(self) -> None:
        """The peer takes less than is sent."""
        self._can_write = False

    def resume_writing(self) -> None:
        """The peer has taken most of it."""
        self._can_write = True
        self._wake()

    def _lose(self, error: Exception | None) -> None:
        self._is_lost = True
        answer = self._answer
        if answer is not None and error is not None:
            broken = httpx.ReadError(str(error))
            broken.__cause__ = error
            answer.fail(broken)
        elif answer is not None:
            answer.feed(b"")
        self._wake()

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    # What an exchange calls

    def begin(self, answer: Answer) -> None:
        """Begin an exchange: what comes from now on is this answer."""
        self.is_idle = False
        self._unread = 0
        self._answer = answer
        if self._is_lost:
            answer.feed(b"")

    async def send(self, data: bytes, timeout: float | None) -> None:
        """Send all of it.

        Raises:
            httpx.WriteTimeout: Nothing could be sent for so many seconds.
            httpx.WriteError: The connection broke.
        """
        answer = self._answer
        for start in range(0, len(data), WRITE_BYTES):
            if self._transport is None or self._transport.is_closing():
                raise httpx.WriteError("the connection is closed")
            self._transport.write(data[start : start + WRITE_BYTES])
            while not self._can_write and not self._is_lost:
                if answer is not None and answer.is_over:
                    raise httpx.WriteError("the server has answered already")
                await self._wait(timeout, httpx.WriteTimeout)

    async def receive(self, timeout: float | None) -> None:
        """Wait until more of the answer has come, or its end.

        Raises:
            httpx.ReadTimeout: Nothing came for so many seconds.
        """
        await self._wait(timeout, httpx.ReadTimeout)

    def take(self) -> bytes:
        """What has come of the body, in one piece."""
        assert self._answer is not None
        self._unread = 0
        if self._is_paused and self._transport:
            self._is_paused = False
            self._transport.resume_reading()
        return self._answer.take()

    def has_expired(self) -> bool:
        """Whether it is of no use any more: idle for too long, or the server has closed it."""
        if self._is_lost or time.monotonic() > self.expires_at:
            return True
        connected = self.get_extra_info("socket")
        return connected is None or sockets.is_readable(connected.fileno())

    async def aclose(self) -> None:
        """Close it. May be called twice."""
        self.discard()

    def discard(self) -> None:
        """Close it at once, without a last word to the peer."""
        self._is_lost = True
        if self._transport is not None:
            self._transport.abort()

    def get_extra_info(self, info: str) -> Any:
        """What its transport knows, as its `socket`; None for what there is not."""
        return None if self._transport is None else self._transport.get_extra_info(info)

    async def _wait(self, timeout: float | None, kind: Callable[[str], Exception]) -> None:
        """Wait for whatever happens next; an error if it takes too long."""
        if timeout is None:
            self._deadline = 0.0
        else:
            self._deadline = self._loop.time() + timeout
            timer = self._timer
            # A timer that would come too early looks again when it comes.
            if timer is None or timer.when() > self._deadline:
                if timer is not None:
                    timer.cancel()
                self._timer = self._loop.call_at(self._deadline, self._look)
        self._kind = kind
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _look(self) -> None:
        """Break a wait off if it has lasted too long."""
        self._timer = None
        waiter = self._waiter
        if waiter is None or not self._deadline:
            return
        if self._loop.time() < self._deadline:
            self._timer = self._loop.call_at(self._deadline, self._look)
        elif not waiter.done():
            waiter.set_exception(self._kind(""))
