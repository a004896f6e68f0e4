"""Measure one response and report it when it ends."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

CLIENT_GONE: Final = 499
"""The status of a response whose client disconnected before its end."""


class Counts(NamedTuple):
    """Token counts; ``prompt`` includes ``cached``."""

    prompt: int = 0
    cached: int = 0
    completion: int = 0


class Tally:
    """The measurements of one response.

    Args:
        report: Called once, at the end, with status, counts, duration in seconds, and seconds to
            the first token (None if unknown).
        keep: Returns when the report is stored safely.

    Attributes:
        counts: Returns the tokens used so far; set by the engine.
        silent_chunks: Number of chunks without a token at the start of a stream.
        failure: Status of an error after the response had started.
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
        self.silent_chunks = 0
        self.failure: int | None = None

    def first_token(self) -> None:
        """Note that the first token was generated."""
        self._first = time.perf_counter() - self._start

    def finish(self, status: int) -> None:
        """Report the response, unless it was reported before."""
        report, self._report = self._report, None
        if report is not None:
            seconds = time.perf_counter() - self._start
            report(self.failure or status, self.counts(), seconds, self._first)

    async def close(self, status: int) -> None:
        """Report the response, unless it was reported before, and wait until it is stored.

        Call it before the client sees the end, so that a kill loses nothing that it has seen.
        """
        if self._report is not None:
            self.finish(status)
            if self._keep is not None:
                await self._keep()
