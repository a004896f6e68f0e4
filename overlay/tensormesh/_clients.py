"""The HTTP clients below a public client. This module loads without httpx."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

from ._errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

ClientT = TypeVar("ClientT")


class Clients(Generic[ClientT]):
    """HTTP clients, one for each scheme, shared by a public client and its copies.

    Args:
        given: The user's own HTTP client: used for everything, and never closed here.
        make: Builds a client for a scheme and a CA bundle.

    Attributes:
        abandoned: Responses whose streams were dropped without being closed.
        closed: Whether the owner was closed.
    """

    def __init__(self, given: ClientT | None, make: Callable[[str, str | None], ClientT]) -> None:
        self.abandoned: deque[httpx.Response] = deque()
        self.closed = False
        self._given = given
        self._make = make
        self._made: dict[tuple[str, str | None], ClientT] = {}
        self._lock = threading.Lock()

    def get(self, url: str, ca_bundle: str | None) -> ClientT:
        """The client for a URL, made when it is first needed.

        Raises:
            ConfigurationError: The owner was closed.
        """
        if self.closed:
            raise ConfigurationError(
                "the client is closed: make a new one, or call it inside its `with`"
            )
        if self._given is not None:
            return self._given
        key = (url.partition(":")[0], ca_bundle)
        found = self._made.get(key)
        if found is None:
            with self._lock:
                found = self._made.get(key)
                if found is None:
                    found = self._made[key] = self._make(*key)
        return found

    def take(self) -> list[ClientT]:
        """Close for good. Gives the clients that are now to be closed."""
        self.closed = True
        with self._lock:
            made, self._made = list(self._made.values()), {}
        return made


def make_sync(scheme: str, ca_bundle: str | None) -> httpx.Client:
    """A synchronous HTTP client."""
    from . import _http

    return _http.new_client(scheme, ca_bundle)


def make_async(scheme: str, ca_bundle: str | None) -> httpx.AsyncClient:
    """An asynchronous HTTP client."""
    from . import _http

    return _http.new_async_client(scheme, ca_bundle)
