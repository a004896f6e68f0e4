"""Runs of tools with an asynchronous client: the I/O around `Loop`."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import inspect
import threading
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from .._closing import AsyncClosing
from .._errors import ConfigurationError
from .run import RunState
from .workers import Job, Outcome, attempt

if TYPE_CHECKING:
    from tensormesh_api._protocols import AsyncStream
    from tensormesh_api.inference.models.chat_completion import ChatCompletion
    from tensormesh_api.inference.models.chat_completion_chunk import ChatCompletionChunk

    from .call import ToolCall
    from .events import RunEvent, RunResult


class AsyncRunStream(RunState, AsyncClosing):
    """A run of tools. Iterate over its events, once. The first step sends the first request.

    To stop early, call `close()` or use it in an `async with` statement. Reading stops, and tasks
    of async functions are cancelled and awaited; functions that are running on threads are left
    to finish.
    """

    _stream: AsyncStream[ChatCompletionChunk, ChatCompletion] | None = None
    _tasks: dict[asyncio.Task[Outcome], ToolCall] | None = None

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
            await self._collect(self._tasks)
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
        else:
            self._feed(chunk)

    async def _begin_calls(self, completion: ChatCompletion) -> None:
        for call in self._take(completion):
            verdict = True if self._approve is None else self._approve(call)
            self._admit(call, await verdict if inspect.isawaitable(verdict) else verdict)
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

    async def _collect(self, tasks: dict[asyncio.Task[Outcome], ToolCall]) -> None:
        done, _ = await asyncio.wait(
            tasks, timeout=self._loop.remaining(), return_when=asyncio.FIRST_COMPLETED
        )
        if not done:
            raise self._loop.late()
        for task in [task for task in tasks if task in done]:
            call = tasks.pop(task)
            if task.cancelled():  # by itself; nothing else cancels it
                outcome = Outcome(None, RuntimeError("the tool cancelled itself"))
            else:
                outcome = task.result()
            self._settle(call, outcome)
        if not tasks:
            self._end_round()

    async def get_final_result(self) -> RunResult:
        """Finish the run and return its result.

        Raises:
            ToolLoopError: The run ended without a final text.
            RuntimeError: The run was closed before its end.
        """
        async for _ in self:
            pass
        return self._whole()

    async def close(self) -> None:
        """Stop the run. Further calls do nothing."""
        self._is_over = True
        self._ready.clear()
        stream, self._stream = self._stream, None
        tasks, self._tasks = list(self._tasks or ()), None
        for task in tasks:
            task.cancel()
        try:
            if tasks:
                await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            if stream is not None:
                await stream.close()


async def on_thread(job: Job) -> Outcome:
    """Run a job on a thread of its own.

    The event loop's own executor would make the end of the loop wait for a job that hangs.
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
    """Refuse a run outside asyncio before a request is sent and paid for."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        raise ConfigurationError(
            "`run` calls tools in asyncio tasks, and no asyncio event loop is running: use "
            "`create` with `tools`, or the synchronous client in a thread"
        ) from None
