"""Run ordinary functions on threads."""

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
    """Result of a job: its value, or the exception it raised."""

    value: Any
    error: BaseException | None = None


def attempt(job: Job) -> Outcome:
    """Run a job in the calling thread."""
    try:
        return Outcome(job())
    except BaseException as error:
        return Outcome(None, error)


class Workers:
    """Run jobs on threads or, with a maximum of 0 threads, in the thread that asks for results.

    Threads cannot be stopped. They are daemon threads, so that a job that hangs does not keep the
    interpreter alive.
    """

    def __init__(self, jobs: Sequence[tuple[ToolCall, Job]], max_threads: int) -> None:
        self._jobs = deque((call, _in_context(job) if max_threads else job) for call, job in jobs)
        self._done: queue.SimpleQueue[tuple[ToolCall, Outcome]] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f"tensormesh-tools-{number}", daemon=True)
            for number in range(min(max_threads, len(jobs)))
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
        """Return the next result. Raise `queue.Empty` if there is none in time."""
        if not self._threads:
            call, job = self._jobs.popleft()
            return call, attempt(job)
        return self._done.get(timeout=seconds)

    def stop(self) -> None:
        """Start no further job."""
        self._jobs.clear()

    def join(self, seconds: float | None) -> None:
        """Wait for the running jobs, at most for `seconds` unless that is None."""
        for thread in self._threads:
            thread.join(seconds)


def _in_context(job: Job) -> Job:
    context = contextvars.copy_context()
    return lambda: context.run(job)
