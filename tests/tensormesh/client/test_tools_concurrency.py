"""Calls at once, and what is left running when a run ends early."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from support.sdk_faces import Face, Server
from support.sdk_samples import MESSAGES
from support.tool_samples import (
    call,
    calling,
    calls,
    calls_in_pieces,
    completions,
    run,
    saying,
    told,
)

from tensormesh import ToolCall, ToolCallError, tool
from tensormesh._tools.workers import Workers

SOON = 0.05
LATE = 10.0


@pytest.fixture
def face(colour: Face) -> Face:
    """How requests go out makes no difference here."""
    return colour


def test_ordinary_functions_run_at_once(face: Face) -> None:
    barrier = threading.Barrier(3, timeout=LATE)

    @tool
    def meet(number: int) -> int:
        """Meet the others."""
        barrier.wait()
        return number

    server = Server(calls("meet", 3), saying())
    run(face, server, [meet])
    assert told(server) == ["0", "1", "2"]


def test_async_functions_run_at_once(asynchronous: Face) -> None:
    arrived: list[int] = []
    all_here = asyncio.Event()

    @tool
    async def meet(number: int) -> int:
        """Meet the others."""
        arrived.append(number)
        if len(arrived) == 3:
            all_here.set()
        await asyncio.wait_for(all_here.wait(), LATE)
        return number

    server = Server(calls("meet", 3), saying())
    run(asynchronous, server, [meet])
    assert told(server) == ["0", "1", "2"]


def test_no_more_calls_run_at_once_than_allowed(face: Face) -> None:
    lock = threading.Lock()
    most = running = 0
    pair = threading.Barrier(2, timeout=LATE)

    @tool
    def work(number: int) -> None:
        """Work."""
        nonlocal most, running
        with lock:
            running += 1
            most = max(most, running)
        pair.wait()  # so there are two at once, and the next pair only after it
        with lock:
            running -= 1

    server = Server(calls("work", 6), saying())
    run(face, server, [work], max_parallel=2)
    assert most == 2


def test_no_more_tasks_run_at_once_than_allowed(asynchronous: Face) -> None:
    most = running = 0

    @tool
    async def work(number: int) -> None:
        """Work."""
        nonlocal most, running
        running += 1
        most = max(most, running)
        for _ in range(3):
            await asyncio.sleep(0)
        running -= 1

    run(asynchronous, Server(calls("work", 6), saying()), [work], max_parallel=2)
    assert most == 2


def test_what_is_stopped_begins_no_further_call() -> None:
    begun, release, made = threading.Event(), threading.Event(), []

    def first() -> None:
        begun.set()
        release.wait(LATE)

    asked = [ToolCall(id, "f", "", round=1, index=0) for id in "ab"]
    workers = Workers([(asked[0], first), (asked[1], lambda: made.append(1))], 1)
    assert begun.wait(LATE)
    workers.stop()
    release.set()
    workers.join(LATE)
    assert made == []


def test_one_at_a_time_runs_in_the_calling_thread(sync: Face) -> None:
    threads = []

    @tool
    def note(number: int) -> None:
        """Note."""
        threads.append(threading.current_thread())

    run(sync, Server(calls("note", 3), saying()), [note], max_parallel=1)
    assert threads == [threading.current_thread()] * 3


def test_threads_see_the_context_variables_of_the_caller(face: Face) -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="none")

    @tool
    def read(number: int) -> str:
        """Read."""
        return variable.get()

    server = Server(calls("read", 2), saying())
    token = variable.set("caller's")
    run(face, server, [read])
    variable.reset(token)
    expected = "caller's" if face.name == "sync" else told(server)[0]
    assert told(server) == [expected, expected]


def test_context_variables_of_a_task_reach_threads(asynchronous: Face) -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="none")

    @tool
    def read() -> str:
        """Read."""
        return variable.get()

    server = Server(calling(call("read")), saying())
    chat = completions(asynchronous, server)

    async def ask() -> None:
        variable.set("task's")
        await chat.run(model="m", messages=MESSAGES, tools=[read])

    asynchronous.run(ask())
    assert told(server) == ["task's"]


def test_both_kinds_of_functions_work_with_an_asynchronous_client(asynchronous: Face) -> None:
    def plain(x: int) -> int:
        """Double."""
        return x * 2

    async def fetch(x: int) -> int:
        """Triple."""
        return x * 3

    def late(x: int) -> Awaitable[int]:
        """Triple later."""
        return fetch(x)

    async def approve(asked: ToolCall) -> bool:
        return asked.id != "d"

    names = ["plain", "fetch", "late", "fetch"]
    asked = [call(name, {"x": 2}, id) for name, id in zip(names, "abcd", strict=True)]
    server = Server(calling(*asked), saying())
    run(asynchronous, server, [plain, fetch, late], approve=approve)
    assert told(server) == ["4", "6", "6", "Error: this call was refused."]


def test_async_functions_need_the_asynchronous_client(sync: Face) -> None:
    @tool
    async def fetch(x: int) -> int:
        """Fetch."""
        return x

    with pytest.raises(TypeError, match="'fetch' is an async function: use AsyncTensormesh"):
        run(sync, Server(), [fetch])


def test_a_failure_that_ends_the_run_waits_for_the_calls_that_run(sync: Face) -> None:
    begun, failed = threading.Event(), threading.Event()
    ended, threads = [], []

    @tool
    def work(number: int) -> None:
        """Work."""
        threads.append(threading.current_thread())
        if number == 0:
            begun.wait(LATE)
            failed.set()
            raise ValueError("no")
        begun.set()
        failed.wait(LATE)
        ended.append(number)

    with pytest.raises(ToolCallError):
        run(sync, Server(calls("work", 9)), [work], max_parallel=2, on_error="raise")
    assert 1 in ended
    assert not any(thread.is_alive() for thread in threads)


def test_a_failure_that_ends_the_run_cancels_async_functions(asynchronous: Face) -> None:
    ended = []

    @tool
    async def work(number: int) -> None:
        """Work."""
        if number == 0:
            raise ValueError("no")
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(number)

    with pytest.raises(ToolCallError):
        run(asynchronous, Server(calls("work", 3)), [work], on_error="raise")
    assert sorted(ended) == [1, 2]


def waiting_tool(ended: list[int], begun: asyncio.Event) -> Callable[..., Any]:
    @tool
    async def wait(number: int) -> None:
        """Wait."""
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(number)

    return wait


def test_cancelling_a_run_leaves_no_task_behind(asynchronous: Face) -> None:
    ended: list[int] = []
    chat = completions(asynchronous, Server(calls("wait", 3)))

    async def ask() -> int:
        begun = asyncio.Event()
        tools = [waiting_tool(ended, begun)]
        task = asyncio.create_task(chat.run(model="m", messages=MESSAGES, tools=tools))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return len(asyncio.all_tasks())

    assert asynchronous.run(ask()) == 1
    assert sorted(ended) == [0, 1, 2]


def test_leaving_a_streamed_run_cancels_its_calls(asynchronous: Face) -> None:
    ended: list[int] = []

    @tool
    async def quick() -> None:
        """Be quick."""

    asked = [call("quick", {}), call("wait", {"number": 1}, "c2")]

    async def ask() -> int:
        chat = completions(asynchronous, Server(calls_in_pieces(*asked)))
        tools = [quick, waiting_tool(ended, asyncio.Event())]
        async with await chat.run(model="m", messages=MESSAGES, tools=tools, stream=True) as run:
            async for event in run:
                if event.type == "call_result":
                    assert event.call.name == "quick"
                    break
        return len(asyncio.all_tasks())

    assert asynchronous.run(ask()) == 1
    assert ended == [1]


def test_a_tool_that_cancels_itself_has_failed(asynchronous: Face) -> None:
    @tool
    async def odd() -> None:
        """Be odd."""
        raise asyncio.CancelledError

    server = Server(calling(call("odd")), saying())
    run(asynchronous, server, [odd])
    assert told(server) == ["Error: RuntimeError: the tool cancelled itself"]


@pytest.mark.parametrize("parallel", [1, 2])
def test_an_exit_in_a_tool_is_not_told_the_model(sync: Face, parallel: int) -> None:
    @tool
    def leave() -> None:
        """Leave."""
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        run(sync, Server(calling(call("leave"))), [leave], max_parallel=parallel)
