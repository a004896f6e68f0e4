"""A rate limit, like that of the real Control Plane."""

from __future__ import annotations

import threading
from collections import deque

from tensormesh_local.clock import MINUTE, Clock, to_micros
from tensormesh_local.control_plane.errors import resource_exhausted


class RateLimit:
    """Limits the requests of each access token within any minute.

    Args:
        per_minute: Maximum of requests, 1 or more; None for no limit.
        clock: Provides the time.
    """

    def __init__(self, per_minute: int | None, clock: Clock) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._lock = threading.Lock()
        self._times: dict[str, deque[int]] = {}

    def check(self, token: str) -> None:
        """Count a request of a valid access token, or raise a 429. Refusals do not count."""
        if self._per_minute is None:
            return
        now = to_micros(self._clock.now())
        with self._lock:
            self._forget(now - MINUTE)
            times = self._times.setdefault(token, deque())
            if len(times) >= self._per_minute:
                raise resource_exhausted(
                    f"more than {self._per_minute} requests in a minute", times[0] + MINUTE - now
                )
            times.append(now)

    def _forget(self, until: int) -> None:
        for token, times in list(self._times.items()):
            while times and times[0] <= until:
                times.popleft()
            if not times:
                del self._times[token]
