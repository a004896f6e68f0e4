"""What follows the end mark of a stream is read, so that its connection can serve again.

A client that stops at the end mark throws the connection away, and each stream then pays for a new
one. A server that never ends its body must not hold the client either.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

from . import _http

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

DRAIN_SECONDS = 0.05
DRAIN_BYTES = 64 * 1024


def drain(response: _http.Response, chunks: Iterator[bytes]) -> None:
    """Read to the end of the body, within bounds, and close the response."""
    watch = _Watch(response)
    try:
        size = 0
        for chunk in chunks:
            size += len(chunk)
            if size > DRAIN_BYTES:
                break
    except _http.TransportError:
        pass
    finally:
        watch.stop()
        response.close()


async def drain_async(response: _http.Response, chunks: AsyncIterator[bytes]) -> None:
    """The same for an asynchronous response."""
    try:
        with contextlib.suppress(_http.TransportError), _http.move_on_after(DRAIN_SECONDS):
            size = 0
            async for chunk in chunks:
                size += len(chunk)
                if size > DRAIN_BYTES:
                    break
    finally:
        with _http.shielded():
            await response.aclose()


class _Watch:
    """Ends a read that takes too long, by shutting its socket down from another thread.

    A blocking read has the timeout it began with, which for a slow model is minutes.
    """

    def __init__(self, response: _http.Response) -> None:
        self._lock = threading.Lock()
        self._socket = _http.socket_of(response)
        self._timer: threading.Timer | None = None
        if self._socket is not None:
            self._timer = threading.Timer(DRAIN_SECONDS, self._shut)
            self._timer.daemon = True
            self._timer.start()

    def _shut(self) -> None:
        with self._lock:
            if self._socket is not None:
                with contextlib.suppress(OSError):
                    # Not the TLS socket's own method, which would forget its state meanwhile.
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def stop(self) -> None:
        """From here on the socket may belong to another request."""
        with self._lock:
            self._socket = None
        if self._timer is not None:
            self._timer.cancel()
