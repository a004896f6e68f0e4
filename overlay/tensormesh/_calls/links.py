"""The links below a public client. This module loads without them."""

from __future__ import annotations

import os
import threading
import weakref
from collections import deque
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .._errors import ConfigurationError, closed_error
from .._http.loops import running_loop

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable


LinkT = TypeVar("LinkT")
HeldT = TypeVar("HeldT")

_all: weakref.WeakSet[Links[Any, Any]] = weakref.WeakSet()


class Links(Generic[LinkT, HeldT]):
    """Links, one for each scheme, shared by a public client and its copies.

    Args:
        given: The link over the user's own HTTP client. It is used for everything and never closed.
        make: Makes a link for a scheme and a CA bundle.

    Attributes:
        held: Every response that is not closed yet.
        abandoned: Those whose streams were dropped.
        closed: Whether the owner was closed.
    """

    def __init__(self, given: LinkT | None, make: Callable[[str, str | None], LinkT]) -> None:
        self.held: set[HeldT] = set()
        self.abandoned: deque[HeldT] = deque()
        self.closed = False
        self._given = given
        self._make = make
        self._made: dict[tuple[Any, ...], LinkT] = {}
        self._lock = threading.Lock()
        self._is_used = False
        self._is_inherited = False
        _all.add(self)

    def get(self, url: str, ca_bundle: str | None) -> LinkT:
        """Return the link for a URL. It is made when it is first needed.

        Raises:
            ConfigurationError: The owner was closed, or the user's client belongs to the parent of
                this process.
        """
        if self.closed:
            raise closed_error()
        if self._given is not None:
            if self._is_inherited:
                raise ConfigurationError(
                    "`http_client` was used before this process was forked, and its connections "
                    "belong to the parent: create a client in each process",
                    argument="http_client",
                )
            self._is_used = True
            return self._given
        scheme = url.partition(":")[0]
        key = self._key(scheme, ca_bundle)
        found = self._made.get(key)
        if found is None:
            with self._lock:
                # Check again: another thread may have made one, or closed them all.
                if self.closed:
                    raise closed_error()
                found = self._made.get(key)
                if found is None:
                    found = self._make(scheme, ca_bundle)
                    self._made = {**self._usable(), key: found}
        return found

    def _key(self, scheme: str, ca_bundle: str | None) -> tuple[Any, ...]:
        return scheme, ca_bundle

    def _usable(self) -> dict[tuple[Any, ...], LinkT]:
        return self._made

    def reset_after_fork(self) -> None:
        """In a child process: leave the parent's connections alone, and make new ones.

        No lock is taken, as another thread of the parent may have held it.
        """
        self._lock = threading.Lock()
        self._made = {}
        self._is_inherited = self._is_used
        for held in self.held:
            held.is_open = False  # type: ignore[attr-defined]
        self.held = set()
        self.abandoned = deque()

    def take(self) -> list[LinkT]:
        """Refuse further calls. Return the links that are to be closed now."""
        with self._lock:
            self.closed = True
            made, self._made = list(self._made.values()), {}
        return made


class LoopLinks(Links[LinkT, HeldT]):
    """Links, one for each scheme and event loop: a connection belongs to the loop it began in."""

    _first: asyncio.AbstractEventLoop | None = None

    def get(self, url: str, ca_bundle: str | None) -> LinkT:
        """Return the link for a URL in this event loop. It is made when it is first needed."""
        if self._given is not None and not self._is_used:
            self._first = running_loop()
        return super().get(url, ca_bundle)

    def _key(self, scheme: str, ca_bundle: str | None) -> tuple[Any, ...]:
        return scheme, ca_bundle, running_loop()

    def _usable(self) -> dict[tuple[Any, ...], LinkT]:
        return {
            key: link
            for key, link in self._made.items()
            if key[2] is None or not key[2].is_closed()
        }

    def take(self) -> list[LinkT]:
        """Refuse further calls. Return the links of this event loop, which are to be closed now."""
        loop = running_loop()
        with self._lock:
            self.closed = True
            made, self._made = self._made, {}
        return [link for key, link in made.items() if key[2] is loop]

    def wrong_loop_error(self, error: RuntimeError) -> ConfigurationError | None:
        """Return the error for a failure of the user's client in a loop that is not its own."""
        if self._given is None or self._first is running_loop():
            return None
        return ConfigurationError(
            f"`http_client` belongs to another event loop ({error}): create a client in each loop, "
            "or omit `http_client`",
            argument="http_client",
        )


def link_over(client: Any, kind: str) -> Any:
    """Return the link over the user's own HTTP client; None if there is no client.

    Raises:
        ConfigurationError: It is not of the class of httpx that is named.
    """
    if client is None:
        return None
    from .._http import httpx_link

    if not isinstance(client, getattr(httpx_link, kind)):
        raise ConfigurationError(
            f"`http_client` must be an httpx.{kind}, not {type(client).__name__}",
            argument="http_client",
        )
    return httpx_link.HttpxLink(client) if kind == "Client" else httpx_link.AsyncHttpxLink(client)


def make_link(scheme: str, ca_bundle: str | None) -> Any:
    """Make a link of a synchronous client."""
    from .._http import links

    return links.new_link(scheme, ca_bundle)


def make_async_link(scheme: str, ca_bundle: str | None) -> Any:
    """Make a link of an asynchronous client."""
    from .._http import links

    return links.new_async_link(scheme, ca_bundle)


def _reset_after_fork() -> None:
    for links in list(_all):
        links.reset_after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_after_fork)
