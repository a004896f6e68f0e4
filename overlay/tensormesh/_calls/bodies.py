"""Bodies of open responses: who holds them, and how they are let go.

The client holds each of them until it is closed, so that the garbage collector never finalizes
one: closing takes a lock of the connection pool, and the collector may interrupt the very code that
holds it. What a dropped stream leaves is closed by the next call of the client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._http import httpx_link as _http

if TYPE_CHECKING:
    from .call import Call
    from .links import Clients


class _Body:
    """The body of one open response.

    Attributes:
        response: The response.
        is_open: Whether it is still to be closed.
    """

    __slots__ = ("_clients", "chunks", "is_open", "response")

    def __init__(self, response: _http.Response, clients: Clients[Any, Any]) -> None:
        self.response = response
        self.is_open = True
        self._clients = clients
        clients.held.add(self)

    def abandon(self) -> None:
        """Leave it to the next call of the client to close this."""
        self._clients.abandoned.append(self)

    def _let_go(self) -> bool:
        was_open, self.is_open = self.is_open, False
        self._clients.held.discard(self)
        return was_open


class SyncBody(_Body):
    """The body of one open response.

    Attributes:
        chunks: Its pieces as they come, decompressed.
    """

    __slots__ = ()

    def __init__(self, response: _http.Response, clients: Clients[Any, Any], call: Call) -> None:
        super().__init__(response, clients)
        self.chunks = _http.iter_chunks(response, call.deadline)

    def close(self) -> None:
        """Give the connection back. May be called twice, and while another thread reads."""
        if not self._let_go():
            return
        if getattr(self.chunks, "gi_running", False) and _http.shut_down(self.response):
            # The other thread wakes up and closes. Closing here would leave it asleep.
            return
        _http.close(self.response)

    def drain(self) -> None:
        """Read what is left, within bounds, so that the connection can serve again; and close."""
        if self._let_go():
            from .._http.drain import drain

            drain(self.response, self.chunks)


class AsyncBody(_Body):
    """The body of one open response.

    Attributes:
        chunks: Its pieces as they come, decompressed.
    """

    __slots__ = ()

    def __init__(self, response: _http.Response, clients: Clients[Any, Any], call: Call) -> None:
        super().__init__(response, clients)
        self.chunks = _http.aiter_chunks(response, call.deadline)

    async def close(self) -> None:
        """Give the connection back, even if the task is being cancelled. May be called twice."""
        if self._let_go():
            await _http.aclose(self.response)
            await _http.finish_chunks(self.chunks)

    async def drain(self) -> None:
        """Read what is left, within bounds, so that the connection can serve again; and close."""
        if self._let_go():
            from .._http.drain import drain_async

            await drain_async(self.response, self.chunks)
            await _http.finish_chunks(self.chunks)
