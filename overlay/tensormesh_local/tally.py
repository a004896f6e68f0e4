"""What an answer took: counted by whoever answers, told to the meter when it ends."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

CLIENT_GONE: Final = 499
"""The status of an answer whose client was gone before its end."""


class Counts(NamedTuple):
    """Tokens; ``prompt`` includes ``cached``."""

    prompt: int = 0
    cached: int = 0
    completion: int = 0


class Tally:
    """Follows one answer.

    Args:
        report: Called once, at the end, with status, counts, seconds, and the seconds that the
            first token took (None if that cannot be told).
        keep: Returns when what was reported is safe.
    """

    def __init__(
        self,
        report: Callable[[int, Counts, float, float | None], None] | None = None,
        keep: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._report = report
        self._keep = keep
        self._start = time.perf_counter()
        self._first: float | None = None
        self.counts: Callable[[], Counts] = Counts
        """Tells what was taken so far; set by whoever answers."""
        self.silent_chunks = 0
        """How many chunks a stream begins with that have no token in them."""
        self.failure: int | None = None
        """The status of an error that came after the answer had begun."""

    def first_token(self) -> None:
        """Note that the first token is there."""
        self._first = time.perf_counter() - self._start

    def finish(self, status: int) -> None:
        """Report the answer, unless that was done before."""
        report, self._report = self._report, None
        if report is not None:
            seconds = time.perf_counter() - self._start
            report(self.failure or status, self.counts(), seconds, self._first)

    async def close(self, status: int) -> None:
        """Report the answer, unless that was done before; return when that is safe.

        Called before the client sees the end, so that a kill loses nothing that it has seen.
        """
        if self._report is not None:
            self.finish(status)
            if self._keep is not None:
                await self._keep()
