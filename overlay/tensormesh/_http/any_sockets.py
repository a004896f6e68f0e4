"""The sockets below our own asynchronous connections where there is no asyncio: on trio."""

from __future__ import annotations

import socket
import ssl
import time
from typing import Any

import anyio
import httpx
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.tls import TLSStream

from . import sockets
from .http1 import Answer
from .pool import Origin

_READ_BYTES = 64 * 1024
_BROKEN = (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError)


async def connect(
    origin: Origin, context: ssl.SSLContext | None, timeout: float | None
) -> Connection:
    """A connection to an origin, encrypted for `https`.

    Args:
        origin: Where to.
        context: Certificates for `https`.
        timeout: The longest wait in seconds.

    Raises:
        httpx.ConnectTimeout: It took too long.
        httpx.ConnectError: There is none to be had.
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
        raise httpx.ConnectTimeout(str(error)) from error
    except (anyio.EndOfStream, UnicodeError, *_BROKEN) as error:
        raise httpx.ConnectError(str(error)) from error
    return Connection(stream, connected)


class Connection:
    """One connection, and one exchange on it after the other. One task at a time uses it.

    Attributes:
        is_idle: Whether the last exchange was brought to its end, or there was none yet.
        expires_at: When it has been idle for too long, on the clock of `time.monotonic`.
    """

    def __init__(self, stream: ByteStream, connected: socket.socket) -> None:
        self.is_idle = True
        self.expires_at = 0.0
        self._stream = stream
        self._socket = connected
        self._answer: Answer | None = None

    def begin(self, answer: Answer) -> None:
        """Begin an exchange: what comes from now on is this answer."""
        self.is_idle = False
        self._answer = answer

    async def send(self, data: bytes, timeout: float | None) -> None:
        """Send all of it.

        Raises:
            httpx.WriteTimeout: It took so many seconds.
            httpx.WriteError: The connection broke.
        """
        try:
            with anyio.fail_after(timeout):
                await self._stream.send(data)
        except TimeoutError as error:
            raise httpx.WriteTimeout(str(error)) from error
        except _BROKEN as error:
            raise httpx.WriteError(str(error)) from error

    async def receive(self, timeout: float | None) -> None:
        """Wait until more of the answer has come, or its end.

        Raises:
            httpx.ReadTimeout: Nothing came for so many seconds.
            httpx.ReadError: The connection broke.
        """
        assert self._answer is not None
        try:
            with anyio.fail_after(timeout):
                data = await self._stream.receive(_READ_BYTES)
        except anyio.EndOfStream:
            data = b""
        except TimeoutError as error:
            raise httpx.ReadTimeout(str(error)) from error
        except _BROKEN as error:
            raise httpx.ReadError(str(error)) from error
        self._answer.feed(data)

    def take(self) -> bytes:
        """What has come of the body, in one piece."""
        assert self._answer is not None
        return self._answer.take()

    def has_expired(self) -> bool:
        """Whether it is of no use any more: idle for too long, or the server has closed it."""
        return time.monotonic() > self.expires_at or sockets.is_readable(self._socket.fileno())

    async def aclose(self) -> None:
        """Close it at once, even if the task is being cancelled. May be called twice."""
        with anyio.CancelScope(shield=True):
            await anyio.aclose_forcefully(self._stream)

    def get_extra_info(self, info: str) -> Any:
        """Its `socket`; None for anything else."""
        return self._socket if info == "socket" else None
