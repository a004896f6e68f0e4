"""What follows the end mark of a stream is read, so that its connection can serve again.

A client that stops at the end mark throws the connection away, and each stream then pays for a new
one. A server that never ends its body must not hold the client either.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from typing import TYPE_CHECKING

from . import httpx_link as _http
from . import sockets

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

DRAIN_SECONDS = 0.05
DRAIN_BYTES = 64 * 1024
_IDLE_SECONDS = 5.0


def drain(response: _http.Response, chunks: Iterator[bytes]) -> None:
    """Read to the end of the body, within bounds, and close the response."""
    if _http.is_shared(response) or _http.is_whole(response):
        _http.close(response)
        return
    watched = _http.socket_of(response)
    if watched is not None and not _watch.begin(watched):
        _http.close(response)
        return
    try:
        size = 0
        for chunk in chunks:
            size += len(chunk)
            if size > DRAIN_BYTES:
                break
    except _http.BODY_ERRORS:
        pass
    finally:
        try:
            # From here on the socket may belong to another request.
            if watched is not None:
                _watch.end(watched)
        finally:
            _http.close(response)


async def drain_async(response: _http.Response, chunks: AsyncIterator[bytes]) -> None:
    """The same for an asynchronous response."""
    if _http.is_whole(response):
        await _http.aclose(response)
        return
    try:
        with contextlib.suppress(*_http.BODY_ERRORS), _http.move_on_after(DRAIN_SECONDS):
            size = 0
            async for chunk in chunks:
                size += len(chunk)
                if size > DRAIN_BYTES:
                    break
    finally:
        await _http.aclose(response)


class _Watch:
    """Ends reads that take too long, by shutting their sockets down from another thread.

    A blocking read has the timeout it began with, which for a slow model is minutes. One thread
    watches all sockets, and ends when there is nothing to do: one for each stream would cost a
    quarter of a short stream.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._deadlines: dict[socket.socket, float] = {}
        self._is_running = False

    def begin(self, watched: socket.socket) -> bool:
        """Shut this socket down after `DRAIN_SECONDS`, or twice that at most.

        False if nobody can: the program is ending.
        """
        with self._changed:
            if not self._is_running:
                thread = threading.Thread(target=self._run, name="tensormesh-drain", daemon=True)
                try:
                    thread.start()
                except RuntimeError:
                    return False
                self._is_running = True
            self._deadlines[watched] = time.monotonic() + DRAIN_SECONDS
            self._changed.notify()
            return True

    def end(self, watched: socket.socket) -> None:
        """Leave this socket alone."""
        with self._changed:
            self._deadlines.pop(watched, None)

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._deadlines and not self._changed.wait(_IDLE_SECONDS):
                    self._is_running = bool(self._deadlines)
                    if not self._is_running:
                        return
            # Nearly every read is over by then, and this thread was woken once for many of them.
            time.sleep(DRAIN_SECONDS)
            with self._changed:
                self._shut_overdue()

    def _shut_overdue(self) -> None:
        now = time.monotonic()
        for watched, deadline in list(self._deadlines.items()):
            if deadline <= now:
                del self._deadlines[watched]
                sockets.shut_down(watched)


_watch = _Watch()


def _begin_anew() -> None:
    """Forget a thread that a child process does not have, and a lock that it may have held."""
    global _watch
    _watch = _Watch()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
