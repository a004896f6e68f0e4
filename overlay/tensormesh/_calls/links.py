"""The HTTP clients below a public client. This module loads without httpx."""

from __future__ import annotations

import os
import threading
import weakref
from collections import deque
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from .._errors import ConfigurationError, closed_error

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from .._http.httpx_link import AsyncSender, Sender

    class Closable(Protocol):
        """What is open, or is not."""

        is_open: bool


ClientT = TypeVar("ClientT")
BodyT = TypeVar("BodyT", bound="Closable")

_all: weakref.WeakSet[Clients[Any, Any]] = weakref.WeakSet()


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
        self._made: dict[tuple[Any, ...], ClientT] = {}
        self._lock = threading.Lock()
        self._is_used = False
        self._is_inherited = False
        _all.add(self)

    def get(self, url: str, ca_bundle: str | None) -> ClientT:
        """The client for a URL, made when it is first needed.

        Raises:
            ConfigurationError: The owner was closed, or this process has no right to the client.
        """
        if self.closed:
            raise closed_error()
        if self._given is not None:
            if self._is_inherited:
                raise ConfigurationError(
                    "`http_client` was used before this process was forked, and its connections "
                    "belong to the parent: make a client in each process",
                    argument="http_client",
                )
            self._is_used = True
            return self._given
        scheme = url.partition(":")[0]
        key = self._key(scheme, ca_bundle)
        found = self._made.get(key)
        if found is None:
            with self._lock:
                # Looked at again: another thread may have made one, or closed them all.
                if self.closed:
                    raise closed_error()
                found = self._made.get(key)
                if found is None:
                    found = self._make(scheme, ca_bundle)
                    self._made = {**self._still_good(), key: found}
        return found

    def _key(self, scheme: str, ca_bundle: str | None) -> tuple[Any, ...]:
        return scheme, ca_bundle

    def _still_good(self) -> dict[tuple[Any, ...], ClientT]:
        return self._made

    def begin_anew(self) -> None:
        """In a child process: leave the parent's connections alone, and make new ones.

        No lock is taken, as another thread of the parent may have held it.
        """
        self._lock = threading.Lock()
        self._made = {}
        self._is_inherited = self._is_used
        for body in self.held:
            body.is_open = False
        self.held = set()
        self.abandoned = deque()

    def take(self) -> list[ClientT]:
        """Close for good. Gives the clients that are now to be closed."""
        with self._lock:
            self.closed = True
            made, self._made = list(self._made.values()), {}
        return made


class LoopClients(Clients[ClientT, BodyT]):
    """The same for each event loop, since a connection lives and dies with the one it began in."""

    _first: asyncio.AbstractEventLoop | None = None

    def get(self, url: str, ca_bundle: str | None) -> ClientT:
        """The client for a URL in this event loop, made when it is first needed."""
        if self._given is not None and not self._is_used:
            self._first = _running_loop()
        return super().get(url, ca_bundle)

    def _key(self, scheme: str, ca_bundle: str | None) -> tuple[Any, ...]:
        return scheme, ca_bundle, _running_loop()

    def _still_good(self) -> dict[tuple[Any, ...], ClientT]:
        return {key: made for key, made in self._made.items() if not _is_over(key[2])}

    def take(self) -> list[ClientT]:
        """Close for good. Gives the clients of this event loop, which are now to be closed."""
        loop = _running_loop()
        with self._lock:
            self.closed = True
            made, self._made = self._made, {}
        return [client for key, client in made.items() if key[2] is loop]

    def foreign_loop(self, error: RuntimeError) -> ConfigurationError | None:
        """What to tell of a failure that comes from a user's client in a loop that is not its."""
        if self._given is None or self._first is _running_loop():
            return None
        return ConfigurationError(
            f"`http_client` belongs to another event loop ({error}): make a client in each loop, "
            "or leave `http_client` out",
            argument="http_client",
        )


def _running_loop() -> asyncio.AbstractEventLoop | None:
    # Whoever runs a loop has loaded it.
    import asyncio

    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None  # trio


def _is_over(loop: asyncio.AbstractEventLoop | None) -> bool:
    return loop is not None and loop.is_closed()


def check_given(client: object, kind: str) -> None:
    """Refuse an `http_client` of the wrong kind now, not in the middle of a call.

    Raises:
        ConfigurationError: It is not of the class of `httpx` that is named.
    """
    from .._http import httpx_link as _http

    if not isinstance(client, getattr(_http, kind)):
        raise ConfigurationError(
            f"`http_client` must be an httpx.{kind}, not {type(client).__name__}",
            argument="http_client",
        )


def make_sync(scheme: str, ca_bundle: str | None) -> Sender:
    """What sends synchronous requests."""
    from .._http import httpx_link as _http

    return _http.new_sender(scheme, ca_bundle)


def make_async(scheme: str, ca_bundle: str | None) -> AsyncSender:
    """What sends asynchronous requests."""
    from .._http import httpx_link as _http

    return _http.new_async_sender(scheme, ca_bundle)


def _begin_anew() -> None:
    for clients in list(_all):
        clients.begin_anew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
