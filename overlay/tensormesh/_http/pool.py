"""Which connections are free, who has one, and who waits for one. No I/O, no locks, no clock.

Everything takes the same time however many connections there are. What is handed out is written
into a lease before anything else can go wrong, so whoever is broken off, by a cancelled task or a
Ctrl-C, gives the lease back and nothing is lost.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar
from weakref import WeakSet

from .._errors import closed_error

# A place where connections lead to: scheme, host, port.
Origin = tuple[bytes, bytes, int]

ConnectionT = TypeVar("ConnectionT", bound=Hashable)

# How many idle connections are looked at when one is given back. More than one, so that those that
# expired become fewer.
_SWEPT = 2


class Lease(Generic[ConnectionT]):
    """The right of one request to one connection.

    Attributes:
        origin: Where the request goes.
        connection: An idle connection to there; None if one is to be made.
    """

    __slots__ = ("__weakref__", "connection", "origin")

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.connection: ConnectionT | None = None


class Pool(Generic[ConnectionT]):
    """Connections to any number of origins.

    Args:
        most: How many connections there may be.
        most_idle: How many of them may be idle.
        idle_seconds: After how long an idle connection is not used again.

    Attributes:
        surplus: Connections that are no longer in the pool. The caller closes them.
        is_closed: Whether it was closed.
    """

    def __init__(self, *, most: float, most_idle: float, idle_seconds: float) -> None:
        self.surplus: deque[ConnectionT] = deque()
        self.is_closed = False
        self._most = most
        self._most_idle = most_idle
        self._idle_seconds = idle_seconds
        # Of a lease that a signal has lost between two steps, nothing is left.
        self._used: WeakSet[Lease[ConnectionT]] = WeakSet()
        self._waiting: OrderedDict[Lease[ConnectionT], Callable[[], object]] = OrderedDict()
        # The one that was given back first comes first.
        self._idle: OrderedDict[ConnectionT, tuple[Origin, float]] = OrderedDict()
        self._idle_to: dict[Origin, dict[ConnectionT, None]] = {}

    @property
    def used(self) -> int:
        """How many leases are out."""
        return len(self._used)

    @property
    def idle(self) -> int:
        """How many connections are idle."""
        return len(self._idle)

    @property
    def waiting(self) -> int:
        """How many requests wait."""
        return len(self._waiting)

    def take(self, lease: Lease[ConnectionT]) -> bool:
        """Whether the lease has its right: to `lease.connection`, or to make one.

        Raises:
            ConfigurationError: The pool was closed.
        """
        if self.is_closed:
            raise closed_error()
        # Where anybody waits there is nothing to have, so nobody is overtaken.
        return self._grant(lease)

    def wait(self, lease: Lease[ConnectionT], wake: Callable[[], object]) -> None:
        """Stand in line. `wake` is called when the lease has its right, or the pool is closed."""
        self._waiting[lease] = wake

    def has(self, lease: Lease[ConnectionT]) -> bool:
        """Whether the lease has its right."""
        return lease in self._used

    def replace(self, lease: Lease[ConnectionT]) -> None:
        """Give up a lease's connection, which is of no use, for the next idle one or none."""
        connection, lease.connection = lease.connection, self._newest_idle(lease.origin)
        if connection is not None:
            self.surplus.append(connection)

    def release(self, lease: Lease[ConnectionT], *, is_reusable: bool, now: float) -> None:
        """Take a lease back, or out of the line. May be called twice.

        Args:
            lease: The lease.
            is_reusable: Whether its connection can serve again.
            now: The time in seconds.
        """
        self._waiting.pop(lease, None)
        connection, lease.connection = lease.connection, None
        if connection is None and lease not in self._used:
            return
        self._used.discard(lease)
        if connection is not None:
            if is_reusable and not self.is_closed:
                self._idle[connection] = (lease.origin, now)
                self._idle_to.setdefault(lease.origin, {})[connection] = None
            else:
                self.surplus.append(connection)
        self._serve()
        self._sweep(now)

    def close(self) -> list[ConnectionT]:
        """Hand out nothing any more. Gives the connections that are in use."""
        self.is_closed = True
        while self._idle:
            self._evict_oldest()
        waiting, self._waiting = self._waiting, OrderedDict()
        for wake in waiting.values():
            wake()
        return [each.connection for each in self._used if each.connection is not None]

    def _grant(self, lease: Lease[ConnectionT]) -> bool:
        lease.connection = self._newest_idle(lease.origin)
        if lease.connection is None and len(self._used) + len(self._idle) >= self._most:
            if not self._idle:
                return False
            # One that goes elsewhere makes room.
            self._evict_oldest()
        self._used.add(lease)
        return True

    def _newest_idle(self, origin: Origin) -> ConnectionT | None:
        idle = self._idle_to.get(origin)
        if not idle:
            return None
        connection, _ = idle.popitem()
        if not idle:
            del self._idle_to[origin]
        # A signal may have come between the two, here as below.
        self._idle.pop(connection, None)
        return connection

    def _serve(self) -> None:
        """Give what is free to those who wait, in their order."""
        while self._waiting:
            lease, wake = next(iter(self._waiting.items()))
            if lease not in self._used and not self._grant(lease):
                return
            del self._waiting[lease]
            wake()

    def _sweep(self, now: float) -> None:
        for _ in range(_SWEPT):
            if not self._idle:
                return
            _, since = next(iter(self._idle.values()))
            if now - since <= self._idle_seconds and len(self._idle) <= self._most_idle:
                return
            self._evict_oldest()

    def _evict_oldest(self) -> None:
        connection, (origin, _) = self._idle.popitem(last=False)
        idle = self._idle_to.get(origin, {})
        idle.pop(connection, None)
        if not idle:
            self._idle_to.pop(origin, None)
        self.surplus.append(connection)
