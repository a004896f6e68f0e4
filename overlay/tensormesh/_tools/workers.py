"""Ordinary functions on threads."""

from __future__ import annotations

import contextvars
import queue
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from .call import ToolCall

Job = Callable[[], Any]


class Outcome(NamedTuple):
    """What came of a job: its value, or what it raised."""

    value: Any
    error: BaseException | None = None


def attempt(job: Job) -> Outcome:
    """Do a job here."""
    try:
        return Outcome(job())
    except BaseException as error:
        return Outcome(None, error)


class Inline:
    """Makes calls one after another, where their results are asked for."""

    def __init__(self, jobs: Sequence[tuple[ToolCall, Job]]) -> None:
        self._jobs = deque(jobs)

    def next(self, seconds: float | None) -> tuple[ToolCall, Outcome]:
        """The next result."""
        del seconds  # nobody can interrupt what runs here
        call, job = self._jobs.popleft()
        return call, attempt(job)

    def stop(self) -> None:
        """Make no further call."""
        self._jobs.clear()

    def join(self, seconds: float | None) -> None:
        """Wait for calls that run: there are none."""


class Workers:
    """Makes calls on threads.

    A thread cannot be stopped. They are daemons, so that one that hangs does not keep the
    interpreter alive.
    """

    def __init__(self, jobs: Sequence[tuple[ToolCall, Job]], most: int) -> None:
        self._jobs = deque((call, _in_context(job)) for call, job in jobs)
        self._done: queue.SimpleQueue[tuple[ToolCall, Outcome]] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f"tensormesh-tools-{number}", daemon=True)
            for number in range(min(most, len(jobs)))
        ]
        for thread in self._threads:
            thread.start()

    def _work(self) -> None:
        while True:
            try:
                call, job = self._jobs.popleft()
            except IndexError:
                return
            self._done.put((call, attempt(job)))

    def next(self, seconds: float | None) -> tuple[ToolCall, Outcome]:
        """The next result. Raises `queue.Empty` if there is none in time."""
        return self._done.get(timeout=seconds)

    def stop(self) -> None:
        """Begin no further call."""
        self._jobs.clear()

    def join(self, seconds: float | None) -> None:
        """Wait for the calls that run, for so many seconds at most if that is not None."""
        for thread in self._threads:
            thread.join(seconds)


def _in_context(job: Job) -> Job:
    context = contextvars.copy_context()
    return lambda: context.run(job)
