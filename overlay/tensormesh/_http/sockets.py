"""Blocking sockets: deadlines, keep-alive, and forked processes.

The timeout of a socket bounds one wait. A server that sends a byte from time to time never reaches
it, so a deadline bounds each wait by what is left of it, too.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import time
import weakref
from typing import TYPE_CHECKING

from .errors import (
    ConnectError,
    ConnectTimeout,
    ReadError,
    ReadTimeout,
    TotalTimeout,
    WriteError,
    WriteTimeout,
)

if TYPE_CHECKING:
    import ssl

    from .pool import Origin

# After a minute of silence the kernel checks whether the peer is alive: routers and load balancers
# forget idle connections.
_KEEPALIVE_SECONDS = 60
_KEEPALIVE_PROBES = 5

_READ_BYTES = 64 * 1024

_open: weakref.WeakSet[Stream] = weakref.WeakSet()


def wait_seconds(timeout: float, deadline: float | None) -> float:
    """Return how long a wait may take.

    Args:
        timeout: The longest wait, in seconds.
        deadline: When the call ends, on the clock of `time.monotonic`.

    Raises:
        TotalTimeout: The deadline has passed.
    """
    if deadline is None:
        return timeout
    left = deadline - time.monotonic()
    if left <= 0:
        raise TotalTimeout("the deadline of the call has passed")
    return min(left, timeout)


def options() -> list[tuple[int, int, int]]:
    """Return the options of every socket, as far as the platform has them."""
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


def connect(
    origin: Origin, context: ssl.SSLContext | None, timeout: float, deadline: float | None
) -> Stream:
    """Connect to an origin, with TLS for `https`.

    Args:
        origin: Scheme, host and port.
        context: Certificates for `https`.
        timeout: The longest wait, in seconds.
        deadline: When the call ends, on the clock of `time.monotonic`.

    Raises:
        LinkError: The connection could not be made.
    """
    scheme, host, port = origin
    name = host.decode("ascii")
    seconds = wait_seconds(timeout, deadline)
    try:
        made = socket.create_connection((name, port), seconds)
        try:
            for option in options():
                made.setsockopt(*option)
            if scheme == b"https":
                assert context is not None
                seconds = wait_seconds(timeout, deadline)
                made.settimeout(seconds)
                made = context.wrap_socket(made, server_hostname=name)
        except BaseException:
            made.close()
            raise
    except TimeoutError as error:
        raise ConnectTimeout(str(error)) from error
    except (OSError, UnicodeError) as error:
        raise ConnectError(str(error)) from error
    return Stream(made, seconds)


class Stream:
    """A connected socket.

    Args:
        connected: The socket.
        timeout: Its timeout, in seconds.
    """

    __slots__ = ("__weakref__", "_timeout", "socket")

    def __init__(self, connected: socket.socket, timeout: float) -> None:
        self.socket = connected
        self._timeout = timeout
        _open.add(self)

    def read(self, timeout: float, deadline: float | None) -> bytes:
        """Return the next bytes; none at the end.

        Raises:
            LinkError: Nothing arrived in time, or the connection broke.
        """
        try:
            self._set_timeout(timeout, deadline)
            return self.socket.recv(_READ_BYTES)
        except TimeoutError as error:
            raise ReadTimeout(str(error)) from error
        except OSError as error:
            raise ReadError(str(error)) from error

    def write(self, data: bytes, timeout: float, deadline: float | None) -> None:
        """Send all of it.

        Raises:
            LinkError: Nothing could be sent in time, or the connection broke.
        """
        rest = memoryview(data)
        try:
            while rest:
                self._set_timeout(timeout, deadline)
                rest = rest[self.socket.send(rest) :]
        except TimeoutError as error:
            raise WriteTimeout(str(error)) from error
        except OSError as error:
            raise WriteError(str(error)) from error

    def _set_timeout(self, timeout: float, deadline: float | None) -> None:
        """Bound the next wait. That is a system call, which few waits need."""
        seconds = wait_seconds(timeout, deadline)
        if seconds != self._timeout:
            self.socket.settimeout(seconds)
            self._timeout = seconds

    @property
    def is_readable(self) -> bool:
        """Whether there is something to read. For an idle connection, that is its end."""
        return is_readable(self.socket.fileno())

    def shut_down(self) -> None:
        """End whatever another thread waits for. The connection is still to be closed."""
        shut_down(self.socket)

    def close(self) -> None:
        """Close the connection. Can be called more than once."""
        self.socket.close()


def shut_down(connected: socket.socket) -> None:
    """End whatever another thread reads or writes on a socket."""
    with contextlib.suppress(OSError):
        # Not the TLS socket's own method, which would forget its state meanwhile.
        socket.socket.shutdown(connected, socket.SHUT_RDWR)


def is_readable(number: int) -> bool:
    """Whether a file descriptor has something to read."""
    if number < 0:
        return True
    if hasattr(select, "poll"):
        # Unlike select, it has no limit on the number.
        poll = select.poll()
        poll.register(number, select.POLLIN)
        return bool(poll.poll(0))
    return bool(select.select([number], [], [], 0)[0])


def _close_inherited() -> None:
    """Close the sockets that a child process shares with its parent.

    Two readers would get half of the bytes each. The parent's connections stay open. No lock is
    taken: another thread of the parent may have held it.
    """
    for stream in list(_open):
        with contextlib.suppress(OSError):
            stream.close()
    _open.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_inherited)
