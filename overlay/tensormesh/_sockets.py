"""The sockets below our own synchronous connections: deadlines, keep-alive, and forked processes.

A timeout of a socket bounds one wait. A server that sends a byte from time to time never reaches
it, so a call that has a deadline bounds each wait by what is left of it, too.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import ssl
import time
import weakref
from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any

import httpcore

# The deadline of the call that this thread is sending, on the clock of `time.monotonic`.
sending_until: ContextVar[float | None] = ContextVar("sending_until", default=None)

# After a minute of silence the kernel asks the peer whether it is there: routers and load
# balancers forget connections on which nothing moves.
_KEEPALIVE_SECONDS = 60
_KEEPALIVE_PROBES = 5

# So much is sent at once, and waits for more before.
WRITE_BYTES = 64 * 1024

_open: weakref.WeakSet[Stream] = weakref.WeakSet()


def options() -> list[tuple[int, int, int]]:
    """Options of every socket, as far as the platform has them."""
    found = [
        (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    ]
    idle = getattr(socket, "TCP_KEEPIDLE", getattr(socket, "TCP_KEEPALIVE", None))
    interval = getattr(socket, "TCP_KEEPINTVL", None)
    probes = getattr(socket, "TCP_KEEPCNT", None)
    if idle is not None:
        found.append((socket.IPPROTO_TCP, idle, _KEEPALIVE_SECONDS))
    if interval is not None:
        found.append((socket.IPPROTO_TCP, interval, _KEEPALIVE_SECONDS))
    if probes is not None:
        found.append((socket.IPPROTO_TCP, probes, _KEEPALIVE_PROBES))
    return found


class Backend(httpcore.NetworkBackend):
    """Makes the connections of a pool."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> Stream:
        """Connect; every wait ends at the deadline of the call that is being sent."""
        source = None if local_address is None else (local_address, 0)
        try:
            timeout = _left(sending_until.get(), timeout)
            made = socket.create_connection((host, port), timeout, source)
            for option in socket_options or ():
                made.setsockopt(*option)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(str(error)) from error
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(str(error)) from error
        return Stream(made)


class Stream(httpcore.NetworkStream):
    """One connection."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._deadline = sending_until.get()
        self._timeout = connected.gettimeout()
        self._unsent = b""
        _open.add(self)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """What has come, or comes next; nothing at the end."""
        if self._unsent:
            # Of a server that refuses a request before it has all of it, the answer is read.
            with contextlib.suppress(httpcore.WriteError):
                self._send(timeout)
        try:
            self._wait_at_most(timeout)
            return self._socket.recv(max_bytes)
        except TimeoutError as error:
            raise httpcore.ReadTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.ReadError(str(error)) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of it, the last of it with the next `read`: head and body in one packet.

        With it begins a request, whose deadline holds until the next one.
        """
        self._deadline = sending_until.get()
        self._unsent = self._unsent + buffer if self._unsent else buffer
        if len(self._unsent) > WRITE_BYTES:
            self._send(timeout)

    def _send(self, timeout: float | None) -> None:
        rest, self._unsent = memoryview(self._unsent), b""
        try:
            while rest:
                self._wait_at_most(timeout)
                rest = rest[self._socket.send(rest) :]
        except TimeoutError as error:
            raise httpcore.WriteTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.WriteError(str(error)) from error

    def _wait_at_most(self, timeout: float | None) -> None:
        """Bound the next wait. That costs a call of the kernel, which few of them need."""
        if self._deadline is not None:
            timeout = _left(self._deadline, timeout)
        if timeout != self._timeout:
            self._socket.settimeout(timeout)
            self._timeout = timeout

    def close(self) -> None:
        """Close it. May be called twice."""
        self._socket.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> Stream:
        """Encrypt the connection, once its peer has shown who it is."""
        try:
            self._socket.settimeout(_left(sending_until.get(), timeout))
            encrypted = ssl_context.wrap_socket(self._socket, server_hostname=server_hostname)
        except BaseException as error:
            self.close()
            if isinstance(error, TimeoutError):
                raise httpcore.ConnectTimeout(str(error)) from error
            if isinstance(error, OSError):
                raise httpcore.ConnectError(str(error)) from error
            raise
        return Stream(encrypted)

    def get_extra_info(self, info: str) -> Any:
        """What httpcore asks of a connection; None for what there is not."""
        if info == "socket":
            return self._socket
        if info == "is_readable":
            return is_readable(self._socket.fileno())
        if info == "ssl_object":
            return self._socket if isinstance(self._socket, ssl.SSLSocket) else None
        if info == "client_addr":
            return self._socket.getsockname()
        if info == "server_addr":
            return self._socket.getpeername()
        return None


def _left(deadline: float | None, timeout: float | None) -> float | None:
    """The longest wait in seconds that both allow."""
    if deadline is None:
        return timeout
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the deadline of the call has passed")
    return left if timeout is None else min(left, timeout)


def is_readable(number: int) -> bool:
    """Whether a socket has something to read, which for an idle connection is its end.

    Args:
        number: Its file descriptor.
    """
    if number < 0:
        return True
    if hasattr(select, "poll"):
        # Unlike select, it knows no largest number.
        poll = select.poll()
        poll.register(number, select.POLLIN)
        return bool(poll.poll(0))
    return bool(select.select([number], [], [], 0)[0])


def _close_inherited() -> None:
    """Close what a child process shares with its parent: two readers would get half of it each.

    The parent's connections stay as they are. No lock is taken: another thread of the parent may
    have held it.
    """
    for stream in list(_open):
        with contextlib.suppress(OSError):
            stream.close()
    _open.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_inherited)
