"""Open responses that a client holds, and how they are released.

A client holds each one until it is closed, so the garbage collector never finalizes it: closing
takes a lock of the pool, and the collector may interrupt the code that holds that lock. A stream
that is dropped without being closed is closed by the next call of its client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .._http.response import Response
    from .links import Links


class _Held:
    """An open response that a client holds.

    Attributes:
        response: The response.
        is_open: Whether it is still to be closed.
        chunks: Pieces of the body as they arrive, decompressed.
    """

    __slots__ = ("_links", "chunks", "is_open", "response")

    chunks: Any

    def __init__(self, response: Response, links: Links[Any, Any]) -> None:
        self.response = response
        self.is_open = True
        self._links = links
        links.held.add(self)

    def abandon(self) -> None:
        """Leave closing to the next call of the client."""
        self._links.abandoned.append(self)

    def _let_go(self) -> bool:
        was_open, self.is_open = self.is_open, False
        self._links.held.discard(self)
        return was_open


class Held(_Held):
    """An open response of a synchronous client."""

    __slots__ = ()

    def __init__(self, response: Response, links: Links[Any, Any]) -> None:
        super().__init__(response, links)
        self.chunks = iter(response)

    def close(self) -> None:
        """Release the connection. Can be called more than once, and while another thread reads."""
        if self._let_go():
            self.response.body.close()

    def drain(self) -> None:
        """Read what is left, within bounds, so that the connection can be reused; then close."""
        if self._let_go():
            self.response.body.drain()


class AsyncHeld(_Held):
    """An open response of an asynchronous client."""

    __slots__ = ()

    def __init__(self, response: Response, links: Links[Any, Any]) -> None:
        super().__init__(response, links)
        self.chunks = aiter(response)

    async def close(self) -> None:
        """Release the connection, even in a cancelled task. Can be called more than once."""
        if self._let_go():
            await self.response.body.close()

    async def drain(self) -> None:
        """Read what is left, within bounds, so that the connection can be reused; then close."""
        if self._let_go():
            await self.response.body.drain()
