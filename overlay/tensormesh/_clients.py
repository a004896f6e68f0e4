"""The HTTP clients below a public client. This module loads without httpx."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

from ._errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._http import AsyncSender, Sender

ClientT = TypeVar("ClientT")
BodyT = TypeVar("BodyT")


class Clients(Generic[ClientT, BodyT]):
    """HTTP clients, one for each scheme, shared by a public client and its copies.

    Args:
        given: The user's own HTTP client: used for everything, and never closed here.
        make: Builds a client for a scheme and a CA bundle.

    Attributes:
        held: Every body that is not closed yet.
        abandoned: Those whose streams were dropped.
        closed: Whether the owner was closed.
    """

    def __init__(self, given: ClientT | None, make: Callable[[str, str | None], ClientT]) -> None:
        self.held: set[BodyT] = set()
        self.abandoned: deque[BodyT] = deque()
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
            raise closed_error()
        if self._given is not None:
            return self._given
        key = (url.partition(":")[0], ca_bundle)
        found = self._made.get(key)
        if found is None:
            with self._lock:
                # Looked at again: another thread may have made one, or closed them all.
                if self.closed:
                    raise closed_error()
                found = self._made.get(key)
                if found is None:
                    found = self._made[key] = self._make(*key)
        return found

    def take(self) -> list[ClientT]:
        """Close for good. Gives the clients that are now to be closed."""
        with self._lock:
            self.closed = True
            made, self._made = list(self._made.values()), {}
        return made


def closed_error() -> ConfigurationError:
    """The error for a call of a client that was closed."""
    return ConfigurationError("the client is closed: make a new one, or call it inside its `with`")


def check_given(client: object, kind: str) -> None:
    """Refuse an `http_client` of the wrong kind now, not in the middle of a call.

    Raises:
        ConfigurationError: It is not of the class of `httpx` that is named.
    """
    from . import _http

    if not isinstance(client, getattr(_http, kind)):
        raise ConfigurationError(
            f"`http_client` must be an httpx.{kind}, not {type(client).__name__}",
            argument="http_client",
        )


def make_sync(scheme: str, ca_bundle: str | None) -> Sender:
    """What sends synchronous requests."""
    from . import _http

    return _http.new_sender(scheme, ca_bundle)


def make_async(scheme: str, ca_bundle: str | None) -> AsyncSender:
    """What sends asynchronous requests."""
    from . import _http

    return _http.new_async_sender(scheme, ca_bundle)
