"""Runs of tools with an asynchronous client: the I/O around `Loop`."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import inspect
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

from .._closing import AsyncClosing
from .._errors import ConfigurationError
from .run import RunState, decide
from .workers import Job, Outcome, attempt

if TYPE_CHECKING:
    from tensormesh_api._protocols import AsyncStream
    from tensormesh_api.inference.models.chat_completion import ChatCompletion
    from tensormesh_api.inference.models.chat_completion_chunk import ChatCompletionChunk

    from .call import ToolCall
    from .events import RunEvent, RunResult
    from .loop import Loop


class AsyncRunStream(RunState, AsyncClosing):
    """A run of tools, event by event. Iterate it once; the first step sends the first request.

    Leave it early by `close()`, or use it in an `async with`: the answer is no longer read, and
    tasks of async functions are cancelled and waited for. Functions that run on threads are left
    to end on their own.
    """

    def __init__(
        self,
        create: Callable[..., Awaitable[Any]],
        loop: Loop,
        *,
        approve: Callable[[ToolCall], bool | str | Awaitable[bool | str]] | None,
        is_streamed: bool,
        max_parallel: int,
    ) -> None:
        super().__init__(loop, is_streamed=is_streamed, max_parallel=max_parallel)
        self._create = create
        self._approve = approve
        self._stream: AsyncStream[ChatCompletionChunk, ChatCompletion] | None = None
        self._tasks: dict[asyncio.Task[Outcome], ToolCall] = {}

    def __aiter__(self) -> AsyncIterator[RunEvent]:
        return self

    async def __anext__(self) -> RunEvent:
        while not self._ready:
            if self._is_over:
                raise StopAsyncIteration
            try:
                await self._step()
            except BaseException as error:
                await self.close()
                explained = self._explained(error)
                if explained is error:
                    raise
                raise explained from error
        return self._ready.popleft()

    async def _step(self) -> None:
        if self._tasks:
            await self._collect()
        elif self._stream is not None:
            await self._read(self._stream)
        else:
            await self._ask()

    async def _ask(self) -> None:
        _check_asyncio()
        params = self._request()
        if self._is_streamed:
            self._stream = await self._create(stream=True, **params)
        else:
            await self._begin_calls(await self._create(**params))

    async def _read(self, stream: AsyncStream[ChatCompletionChunk, ChatCompletion]) -> None:
        self._loop.check_time()
        chunk = await anext(stream, None)
        if chunk is None:
            completion = await stream.get_final_completion()
            self._stream = None
            await self._begin_calls(completion)
        elif self._deltas is not None:
            self._ready.extend(self._deltas.feed(chunk))

    async def _begin_calls(self, completion: ChatCompletion) -> None:
        for call in self._take(completion):
            if self._approve is not None:
                verdict = self._approve(call)
                decide(call, await verdict if inspect.isawaitable(verdict) else verdict)
                self._note(call)
            if call.status == "pending":
                self._pending.append(call)
        if not self._pending:
            self._end_round()
            return
        places = asyncio.Semaphore(self._max_parallel)
        self._tasks = {
            asyncio.create_task(self._make(call, places)): call for call in self._pending
        }

    async def _make(self, call: ToolCall, places: asyncio.Semaphore) -> Outcome:
        entry = self._loop.toolbox.entries[call.name]
        async with places:
            outcome = Outcome(None)
            try:
                if entry.is_async:
                    return Outcome(await entry.call_validated(call.arguments))
                outcome = await on_thread(lambda: entry.call_validated(call.arguments))
                if inspect.isawaitable(outcome.value):
                    return Outcome(await outcome.value)
            except Exception as error:
                return Outcome(None, error)
            return outcome

    async def _collect(self) -> None:
        done, _ = await asyncio.wait(
            self._tasks, timeout=self._loop.remaining(), return_when=asyncio.FIRST_COMPLETED
        )
        if not done:
            raise self._loop.late()
        for task in [task for task in self._tasks if task in done]:
            call = self._tasks.pop(task)
            if task.cancelled():  # by itself: nobody else would have
                outcome = Outcome(None, RuntimeError("the tool cancelled itself"))
            else:
                outcome = task.result()
            self._settle(call, outcome)
        if not self._tasks:
            self._end_round()

    async def get_final_result(self) -> RunResult:
        """Go on to the end, and give what came of the run.

        Raises:
            ToolLoopError: It ended without a text.
            RuntimeError: It was closed before its end.
        """
        async for _ in self:
            pass
        return self._whole()

    async def close(self) -> None:
        """Leave the run. May be called twice."""
        self._is_over = True
        self._ready.clear()
        stream, self._stream = self._stream, None
        tasks, self._tasks = list(self._tasks), {}
        for task in tasks:
            task.cancel()
        try:
            if tasks:
                await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            if stream is not None:
                await stream.close()


async def on_thread(job: Job) -> Outcome:
    """Do a job on a thread of its own.

    Not on the loop's own threads: the end of the loop would wait for one that hangs.
    """
    future: concurrent.futures.Future[Outcome] = concurrent.futures.Future()
    future.set_running_or_notify_cancel()
    context = contextvars.copy_context()
    threading.Thread(
        target=lambda: future.set_result(attempt(lambda: context.run(job))),
        name="tensormesh-tools",
        daemon=True,
    ).start()
    return await asyncio.wrap_future(future)


def _check_asyncio() -> None:
    """Refuse before anything is asked, and paid for, what could not be gone on with."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        raise ConfigurationError(
            "`run` calls tools in tasks of asyncio, and no loop of asyncio runs here: use "
            "`create` with `tools`, or the synchronous client in a thread"
        ) from None
