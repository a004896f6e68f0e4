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
from contextvars import ContextVar
from typing import Any

import httpx

from .pool import Origin

# The deadline of the call that this thread is sending, on the clock of `time.monotonic`.
sending_until: ContextVar[float | None] = ContextVar("sending_until", default=None)

# After a minute of silence the kernel asks the peer whether it is there: routers and load
# balancers forget connections on which nothing moves.
_KEEPALIVE_SECONDS = 60
_KEEPALIVE_PROBES = 5

_READ_BYTES = 64 * 1024

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


def connect(origin: Origin, context: ssl.SSLContext | None, timeout: float | None) -> Stream:
    """A connection to an origin, encrypted for `https`.

    Every wait ends at the deadline of the call that is being sent.

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
        made = socket.create_connection((name, port), _left(sending_until.get(), timeout))
        try:
            for option in options():
                made.setsockopt(*option)
            if scheme == b"https":
                assert context is not None
                made.settimeout(_left(sending_until.get(), timeout))
                made = context.wrap_socket(made, server_hostname=name)
        except BaseException:
            made.close()
            raise
    except TimeoutError as error:
        raise httpx.ConnectTimeout(str(error)) from error
    except (OSError, UnicodeError) as error:
        raise httpx.ConnectError(str(error)) from error
    return Stream(made)


class Stream:
    """One connection."""

    __slots__ = ("__weakref__", "_deadline", "_socket", "_timeout")

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._deadline = sending_until.get()
        self._timeout = connected.gettimeout()
        _open.add(self)

    def read(self, timeout: float | None) -> bytes:
        """What has come, or comes next; nothing at the end.

        Raises:
            httpx.ReadTimeout: Nothing came for so many seconds.
            httpx.ReadError: The connection broke.
        """
        try:
            self._wait_at_most(timeout)
            return self._socket.recv(_READ_BYTES)
        except TimeoutError as error:
            raise httpx.ReadTimeout(str(error)) from error
        except OSError as error:
            raise httpx.ReadError(str(error)) from error

    def write(self, data: bytes, timeout: float | None) -> None:
        """Send all of it. The deadline of the call that is being sent holds from here on.

        Raises:
            httpx.WriteTimeout: Nothing could be sent for so many seconds.
            httpx.WriteError: The connection broke.
        """
        self._deadline = sending_until.get()
        rest = memoryview(data)
        try:
            while rest:
                self._wait_at_most(timeout)
                rest = rest[self._socket.send(rest) :]
        except TimeoutError as error:
            raise httpx.WriteTimeout(str(error)) from error
        except OSError as error:
            raise httpx.WriteError(str(error)) from error

    def _wait_at_most(self, timeout: float | None) -> None:
        """Bound the next wait. That costs a call of the kernel, which few of them need."""
        if self._deadline is not None:
            timeout = _left(self._deadline, timeout)
        if timeout != self._timeout:
            self._socket.settimeout(timeout)
            self._timeout = timeout

    @property
    def is_readable(self) -> bool:
        """Whether there is something to read, which while it is idle is its end."""
        return is_readable(self._socket.fileno())

    def shut_down(self) -> None:
        """End whatever another thread waits for. The connection is still to be closed."""
        shut_down(self._socket)

    def close(self) -> None:
        """Close it. May be called twice."""
        self._socket.close()

    def get_extra_info(self, info: str) -> Any:
        """Its `socket`; None for anything else, as of httpx's own streams."""
        return self._socket if info == "socket" else None


def shut_down(connected: socket.socket) -> None:
    """End whatever another thread reads or writes on a socket."""
    with contextlib.suppress(OSError):
        # Not the TLS socket's own method, which would forget its state meanwhile.
        socket.socket.shutdown(connected, socket.SHUT_RDWR)


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
