"""Runs of tools with a synchronous client: the I/O around `Loop`."""

from __future__ import annotations

import queue
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from .._closing import Closing
from .._errors import APIError, APITimeoutError
from .call import fail, finish, refuse
from .deltas import Deltas
from .events import CallFinished, RoundFinished, RunFinished, RunResult
from .workers import Outcome, Workers

if TYPE_CHECKING:
    from tensormesh_api._protocols import Stream
    from tensormesh_api.inference.models.chat_completion import ChatCompletion
    from tensormesh_api.inference.models.chat_completion_chunk import ChatCompletionChunk

    from .call import ToolCall
    from .events import RunEvent
    from .loop import Loop


class RunState:
    """State and logic that synchronous and asynchronous runs share. Sans I/O.

    Args:
        create: The method that sends a request.
        loop: The state machine of the run.
        approve: Function that allows or refuses a call, or None to allow all.
        is_streamed: Whether to stream the responses.
        max_parallel: Maximum number of calls to run at once.
    """

    _allows_async: bool = True  # whether it can call async functions

    def __init__(
        self,
        create: Callable[..., Any],
        loop: Loop,
        *,
        approve: Callable[[ToolCall], Any] | None,
        is_streamed: bool,
        max_parallel: int,
    ) -> None:
        if max_parallel < 1:
            raise ValueError(f"max_parallel must be positive, got {max_parallel!r}")
        self._create = create
        self._loop = loop
        self._approve = approve
        self._is_streamed = is_streamed
        self._max_parallel = max_parallel
        self._ready: deque[RunEvent] = deque()
        self._pending: list[ToolCall] = []
        self._deltas: Deltas | None = None
        self._result: RunResult | None = None
        self._is_over = False

    def __repr__(self) -> str:
        return f"<{type(self).__name__}, {self._loop.rounds} rounds>"

    def _request(self) -> dict[str, Any]:
        params = self._loop.request()
        if self._is_streamed:
            gated = self._loop.rules.parse_text_calls
            self._deltas = Deltas(self._loop.rounds + 1, gated=gated)
            if params.get("stream_options") is None:
                params["stream_options"] = {"include_usage": True}
        return params

    def _feed(self, chunk: ChatCompletionChunk) -> None:
        """Add the events of a chunk."""
        if self._deltas is not None:
            self._ready.extend(self._deltas.feed(chunk))

    def _take(self, completion: ChatCompletion) -> list[ToolCall]:
        """Take a complete response. Return the calls that need approval."""
        calls = self._loop.take(completion)
        if self._deltas is not None:
            self._ready.extend(self._deltas.finish(is_call=bool(calls)))
            self._deltas = None
        for call in calls:
            self._note(call)
        return [call for call in calls if call.status == "pending"]

    def _admit(self, call: ToolCall, verdict: object) -> None:
        """Queue a call or refuse it, as `approve` decided.

        Raises:
            TypeError: The verdict is not True, False or a reason.
        """
        if isinstance(verdict, str) or verdict is False:
            refuse(call, verdict or "")
            self._note(call)
        elif verdict is True:
            self._pending.append(call)
        else:
            kind = type(verdict).__name__
            raise TypeError(f"approve must return True, False or a reason, got {kind}")

    def _note(self, call: ToolCall) -> None:
        if call.status != "pending":
            self._ready.append(CallFinished(call))

    def _settle(self, call: ToolCall, outcome: Outcome) -> None:
        """Record the outcome of a call."""
        self._pending.remove(call)
        if outcome.error is None:
            finish(call, outcome.value)
        elif isinstance(outcome.error, Exception):
            fail(call, outcome.error)
        else:
            raise outcome.error
        self._note(call)
        if call.status == "failed" and self._loop.rules.on_error == "raise":
            raise self._loop.failure(call) from call.error

    def _end_round(self) -> None:
        loop = self._loop
        assert loop.completion is not None
        loop.end_round()
        self._ready.append(RoundFinished(loop.completion, loop.rounds))
        if loop.is_finished:
            self._result = loop.result()
            self._ready.append(RunFinished(self._result))
            self._is_over = True

    def _explained(self, error: BaseException) -> BaseException:
        """Return the error to raise for a failed request."""
        is_total = isinstance(error, APITimeoutError) and error.phase == "total"
        if is_total and self._loop.is_spent():
            late = self._loop.late()
            late.__cause__ = error
            return late
        if isinstance(error, APIError):
            error.transcript = list(self._loop.messages)
        return error

    def _whole(self) -> RunResult:
        if self._result is None:
            raise RuntimeError("the run was closed or has failed, so it has no result")
        return self._result


class RunStream(RunState, Closing):
    """A run of tools. Iterate over its events, once. The first step sends the first request.

    To stop early, call `close()` or use it in a `with` statement. Reading stops and no further
    call starts; functions that are running on threads are left to finish.
    """

    _allows_async = False
    _stream: Stream[ChatCompletionChunk, ChatCompletion] | None = None
    _workers: Workers | None = None

    def __iter__(self) -> Iterator[RunEvent]:
        return self

    def __next__(self) -> RunEvent:
        while not self._ready:
            if self._is_over:
                raise StopIteration
            try:
                self._step()
            except BaseException as error:
                self.close()
                explained = self._explained(error)
                if explained is error:
                    raise
                raise explained from error
        return self._ready.popleft()

    def _step(self) -> None:
        if self._stream is not None:
            self._read(self._stream)
        elif self._workers is not None:
            self._collect(self._workers)
        else:
            self._ask()

    def _ask(self) -> None:
        params = self._request()
        if self._is_streamed:
            self._stream = self._create(stream=True, **params)
        else:
            self._begin_calls(self._create(**params))

    def _read(self, stream: Stream[ChatCompletionChunk, ChatCompletion]) -> None:
        self._loop.check_time()
        chunk = next(stream, None)
        if chunk is None:
            completion = stream.get_final_completion()
            self._stream = None
            self._begin_calls(completion)
        else:
            self._feed(chunk)

    def _begin_calls(self, completion: ChatCompletion) -> None:
        for call in self._take(completion):
            self._admit(call, True if self._approve is None else self._approve(call))
        if not self._pending:
            self._end_round()
            return
        jobs = [(call, self._job(call)) for call in self._pending]
        self._workers = Workers(jobs, self._max_parallel if self._max_parallel > 1 else 0)

    def _job(self, call: ToolCall) -> Callable[[], Any]:
        entry = self._loop.toolbox.entries[call.name]
        return lambda: entry.call_validated(call.arguments)

    def _collect(self, workers: Workers) -> None:
        self._loop.check_time()
        try:
            call, outcome = workers.next(self._loop.remaining())
        except queue.Empty:
            raise self._loop.late() from None
        try:
            self._settle(call, outcome)
        except BaseException:
            workers.stop()
            workers.join(self._loop.remaining())
            raise
        if not self._pending:
            self._workers = None
            self._end_round()

    def get_final_result(self) -> RunResult:
        """Finish the run and return its result.

        Raises:
            ToolLoopError: The run ended without a final text.
            RuntimeError: The run was closed before its end.
        """
        for _ in self:
            pass
        return self._whole()

    def close(self) -> None:
        """Stop the run. Further calls do nothing."""
        self._is_over = True
        self._ready.clear()
        stream, self._stream = self._stream, None
        workers, self._workers = self._workers, None
        if workers is not None:
            workers.stop()
        if stream is not None:
            stream.close()
