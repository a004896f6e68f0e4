"""Connection pools after a call was broken off in the middle.

A cancelled task, or a Ctrl-C, may end the pool's own tidying at any of its waits. What it then
keeps counts for ever as in use, until the pool is full of connections that nobody has. So whoever
was broken off looks after the pool: its request goes, and connections without one are closed.

This is the one place that knows the inside of httpcore's pools. Where they look different, as those
of a user's own transport may, nothing is done.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import anyio
import httpx

_LOCK_SECONDS = 1.0


def mend(sender: httpx.Client | httpx.BaseTransport, request: httpx.Request) -> None:
    """Take a request that was broken off out of its pool."""
    pool = _pool_of(sender, request)
    if pool is not None:
        for connection in _free(pool, request):
            with suppress(Exception):
                connection.close()


async def mend_async(
    sender: httpx.AsyncClient | httpx.AsyncBaseTransport, request: httpx.Request
) -> None:
    """Take a request that was broken off out of its pool."""
    pool = _pool_of(sender, request)
    if pool is not None:
        with anyio.CancelScope(shield=True):
            for connection in _free(pool, request):
                with suppress(Exception):
                    await connection.aclose()


def _pool_of(sender: Any, request: httpx.Request) -> Any:
    if isinstance(sender, (httpx.Client, httpx.AsyncClient)):
        sender = sender._transport_for_url(request.url)
    pool = getattr(sender, "_pool", None)
    names = (
        "_requests",
        "_connections",
        "_optional_thread_lock",
        "_assign_requests_to_connections",
    )
    return pool if all(hasattr(pool, name) for name in names) else None


def _free(pool: Any, request: httpx.Request) -> list[Any]:
    """Forget a request and the connections that nobody has. Gives those that are to be closed."""
    # Asynchronous pools have none. It is taken bare, and not for ever: a Ctrl-C may have hit
    # whoever was about to release it, and must not become a wait without end.
    lock = getattr(pool._optional_thread_lock, "_lock", None)
    if lock is not None and not lock.acquire(timeout=_LOCK_SECONDS):
        return []
    try:
        left = []
        for held in list(pool._requests):
            # The pool has a request of its own for ours, with the very same extensions.
            if held.request.extensions is request.extensions:
                pool._requests.remove(held)
                left.append(held.connection)
        used = {id(held.connection) for held in pool._requests}
        left += [each for each in pool._connections if id(each) not in used]
        lost = [each for each in pool._connections if each in left and not _is_free(each)]
        for connection in lost:
            pool._connections.remove(connection)
        # Whoever waits for a connection may have one now.
        return lost + list(pool._assign_requests_to_connections())
    finally:
        if lock is not None:
            lock.release()


def _is_free(connection: Any) -> bool:
    return bool(connection.is_idle() or connection.is_closed())
