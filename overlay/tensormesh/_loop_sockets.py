"""The sockets below our own asynchronous connections.

On asyncio they are transports of the event loop itself: one timer for many waits, and no scope to
cancel, which together cost more than the reading. Elsewhere they are those of httpcore.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections import deque
from collections.abc import Callable
from typing import Any, cast

import anyio
import httpcore

from . import _sockets
from ._pool import Origin

# How long an address is waited for while there are others.
_PATIENCE_SECONDS = 2.0
# With so much unread, nothing more is taken from the kernel.
_READ_AHEAD_BYTES = 256 * 1024


async def connect(
    origin: Origin, context: ssl.SSLContext | None, timeout: float | None
) -> httpcore.AsyncNetworkStream:
    """A connection to an origin, encrypted for `https`.

    Raises:
        httpcore.ConnectTimeout: It took longer than `timeout` seconds.
        httpcore.ConnectError: There is none to be had.
    """
    scheme, host, port = origin
    name = host.decode("ascii")
    used = context if scheme == b"https" else None
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return await _connect_elsewhere(name, port, used, timeout)
    stream = Stream(loop)
    try:
        async with asyncio.timeout(timeout):
            await loop.create_connection(
                lambda: stream,
                sock=await _connected(loop, name, port),
                ssl=used,
                server_hostname=name if used else None,
            )
    except TimeoutError as error:
        raise httpcore.ConnectTimeout(str(error)) from error
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(str(error)) from error
    return stream


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
        for option in _sockets.options():
            made.setsockopt(*option)
        await loop.sock_connect(made, address)
    except BaseException:
        made.close()
        raise
    return made


async def _connect_elsewhere(
    name: str, port: int, context: ssl.SSLContext | None, timeout: float | None
) -> httpcore.AsyncNetworkStream:
    stream = await httpcore.TrioBackend().connect_tcp(
        name, port, timeout=timeout, socket_options=_sockets.options()
    )
    if context is None:
        return stream
    try:
        return await stream.start_tls(context, server_hostname=name, timeout=timeout)
    except BaseException:
        await discard(stream)
        raise


async def discard(stream: httpcore.AsyncNetworkStream) -> None:
    """Close a connection that is of no use, even if the task is being cancelled."""
    if isinstance(stream, Stream):
        stream.discard()
        return
    with anyio.CancelScope(shield=True):
        await stream.aclose()


class Stream(httpcore.AsyncNetworkStream, asyncio.Protocol):
    """One connection of an asyncio event loop. One task at a time reads or writes."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._blocks: deque[bytes] = deque()
        self._size = 0
        self._is_paused = False
        self._is_over = False
        self._error: Exception | None = None
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None
        self._can_write = True
        self._unsent = b""
        self._kind: Callable[[], Exception] = httpcore.ReadTimeout
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It begins."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Something came."""
        self._blocks.append(data)
        self._size += len(data)
        _wake(self._reader)
        if self._size > _READ_AHEAD_BYTES and not self._is_paused and self._transport:
            self._is_paused = True
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        """Nothing more comes."""
        self._is_over = True
        _wake(self._reader)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """It is closed."""
        self._is_over = True
        self._error = exc
        if self._timer is not None:
            self._timer.cancel()
        _wake(self._reader)
        _wake(self._writer)

    def pause_writing(self) -> None:
        """The peer takes less than is sent."""
        self._can_write = False

    def resume_writing(self) -> None:
        """The peer has taken most of it."""
        self._can_write = True
        _wake(self._writer)

    # What httpcore calls

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """What has come, or comes next; nothing at the end."""
        if self._unsent:
            unsent, self._unsent = self._unsent, b""
            if self._transport is not None:
                self._transport.write(unsent)
        if not self._blocks and not self._is_over:
            self._reader = self._loop.create_future()
            try:
                await self._wait(self._reader, timeout, httpcore.ReadTimeout)
            finally:
                self._reader = None
        if not self._blocks:
            if self._error is not None:
                raise httpcore.ReadError(str(self._error)) from self._error
            return b""
        block = self._blocks.popleft()
        if len(block) > max_bytes:
            self._blocks.appendleft(block[max_bytes:])
            block = block[:max_bytes]
        self._size -= len(block)
        if self._is_paused and self._size <= _READ_AHEAD_BYTES and self._transport:
            self._is_paused = False
            self._transport.resume_reading()
        return block

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of it, the last of it with the next `read`: head and body in one packet."""
        unsent = self._unsent + buffer if self._unsent else buffer
        start = 0
        while len(unsent) - start > _sockets.WRITE_BYTES:
            if self._transport is None or self._transport.is_closing():
                raise httpcore.WriteError("the connection is closed")
            self._transport.write(unsent[start : start + _sockets.WRITE_BYTES])
            start += _sockets.WRITE_BYTES
            if not self._can_write:
                self._writer = self._loop.create_future()
                try:
                    await self._wait(self._writer, timeout, httpcore.WriteTimeout)
                finally:
                    self._writer = None
        self._unsent = unsent[start:] if start else unsent

    async def aclose(self) -> None:
        """Close it. May be called twice."""
        self.discard()

    def discard(self) -> None:
        """Close it at once, without a last word to the peer."""
        if self._transport is not None:
            self._transport.abort()

    def get_extra_info(self, info: str) -> Any:
        """What httpcore asks of a connection; None for what there is not."""
        if info == "is_readable":
            return bool(self._blocks) or self._is_over or _sockets.is_readable(self._number())
        if self._transport is None:
            return None
        names = {"client_addr": "sockname", "server_addr": "peername"}
        return self._transport.get_extra_info(names.get(info, info))

    def _number(self) -> int:
        connected = self.get_extra_info("socket")
        return -1 if connected is None else int(connected.fileno())

    async def _wait(
        self,
        event: asyncio.Future[None],
        timeout: float | None,
        kind: Callable[[], Exception],
    ) -> None:
        """Wait for an event; an error if it takes too long."""
        if timeout is not None:
            self._deadline = self._loop.time() + timeout
            timer = self._timer
            # A timer that would come too early looks again when it comes.
            if timer is None or timer.when() > self._deadline:
                if timer is not None:
                    timer.cancel()
                self._timer = self._loop.call_at(self._deadline, self._look)
        else:
            self._deadline = 0.0
        self._kind = kind
        await event

    def _look(self) -> None:
        """Break a wait off if it has lasted too long."""
        self._timer = None
        event = self._reader or self._writer
        if event is None or not self._deadline:
            return
        if self._loop.time() < self._deadline:
            self._timer = self._loop.call_at(self._deadline, self._look)
        elif not event.done():
            event.set_exception(self._kind())


def _wake(event: asyncio.Future[None] | None) -> None:
    if event is not None and not event.done():
        event.set_result(None)
