"""Which connections are idle, which are leased, and who waits for one. No I/O, locks or clock.

Every step takes constant time. A connection is written into its lease before anything else can go
wrong, so a request that is interrupted, by cancellation or Ctrl-C, returns the lease and nothing is
lost.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from typing import Generic, NamedTuple, TypeVar
from weakref import WeakSet

from .._errors import closed_error

# Where connections lead to: scheme, host, port.
Origin = tuple[bytes, bytes, int]

ConnectionT = TypeVar("ConnectionT", bound=Hashable)

# How many idle connections are checked when one is returned. More than one, so that expired ones
# become fewer.
_SWEPT = 2


class Limits(NamedTuple):
    """Limits of a pool.

    Attributes:
        max_connections: How many connections there may be, in use or idle.
        idle_seconds: After how long an idle connection is not used again.
    """

    max_connections: int = 1000
    idle_seconds: float = 60.0


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
        limits: How many connections there may be, and how long idle ones last.

    Attributes:
        surplus: Connections that are no longer in the pool. The caller closes them.
        is_closed: Whether the pool was closed.
    """

    def __init__(self, limits: Limits) -> None:
        self.surplus: deque[ConnectionT] = deque()
        self.is_closed = False
        self._limits = limits
        # Weak, so that a lease that a signal lost between two steps frees its place.
        self._used: WeakSet[Lease[ConnectionT]] = WeakSet()
        self._waiting: OrderedDict[Lease[ConnectionT], Callable[[], object]] = OrderedDict()
        # In the order in which they were returned.
        self._idle: OrderedDict[ConnectionT, tuple[Origin, float]] = OrderedDict()
        self._idle_to: dict[Origin, dict[ConnectionT, None]] = {}

    @property
    def used(self) -> int:
        """Number of leased connections."""
        return len(self._used)

    @property
    def idle(self) -> int:
        """Number of idle connections."""
        return len(self._idle)

    @property
    def waiting(self) -> int:
        """Number of waiting requests."""
        return len(self._waiting)

    def take(self, lease: Lease[ConnectionT]) -> bool:
        """Try to grant a lease: `lease.connection`, or the right to make one.

        Raises:
            ConfigurationError: The pool was closed.
        """
        if self.is_closed:
            raise closed_error()
        # While somebody waits there is nothing to grant, so nobody is overtaken.
        return self._grant(lease)

    def wait(self, lease: Lease[ConnectionT], wake: Callable[[], object]) -> None:
        """Queue a lease. `wake` is called when it is granted, or when the pool is closed."""
        self._waiting[lease] = wake

    def has(self, lease: Lease[ConnectionT]) -> bool:
        """Whether a lease is granted."""
        return lease in self._used

    def replace(self, lease: Lease[ConnectionT]) -> None:
        """Swap a lease's connection, which cannot be used, for the next idle one or none."""
        connection, lease.connection = lease.connection, self._newest_idle(lease.origin)
        if connection is not None:
            self.surplus.append(connection)

    def release(self, lease: Lease[ConnectionT], *, is_reusable: bool, now: float) -> None:
        """Return a lease, or remove it from the queue. Can be called more than once.

        Args:
            lease: The lease.
            is_reusable: Whether its connection can be used again.
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
        """Grant nothing any more. Return the connections that are in use."""
        self.is_closed = True
        while self._idle:
            self._evict_oldest()
        waiting, self._waiting = self._waiting, OrderedDict()
        for wake in waiting.values():
            wake()
        return self._in_use()

    def connections(self) -> list[ConnectionT]:
        """Return the connections that are in use or idle."""
        return [*self._in_use(), *self._idle]

    def _in_use(self) -> list[ConnectionT]:
        return [each.connection for each in self._used if each.connection is not None]

    def _grant(self, lease: Lease[ConnectionT]) -> bool:
        lease.connection = self._newest_idle(lease.origin)
        if (
            lease.connection is None
            and len(self._used) + len(self._idle) >= self._limits.max_connections
        ):
            if not self._idle:
                return False
            # An idle connection to another origin makes room.
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
        # A signal may have arrived between the two steps, here and below.
        self._idle.pop(connection, None)
        return connection

    def _serve(self) -> None:
        """Grant what is free to those who wait, in their order."""
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
            if now - since <= self._limits.idle_seconds:
                return
            self._evict_oldest()

    def _evict_oldest(self) -> None:
        connection, (origin, _) = self._idle.popitem(last=False)
        idle = self._idle_to.get(origin, {})
        idle.pop(connection, None)
        if not idle:
            self._idle_to.pop(origin, None)
        self.surplus.append(connection)
