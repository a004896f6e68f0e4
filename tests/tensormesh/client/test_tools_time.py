"""Bounds on the time that a run may take."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any, cast

import httpx
import pytest
from support.sdk_faces import AsyncFace, Body, Face, Server, SyncFace, events
from support.sdk_samples import MESSAGES, chunk, sse
from support.tool_samples import calls, completions, run, saying

from tensormesh import ToolLimitError, tool

SOON = 0.2
LATE = 10.0


@pytest.fixture(autouse=True, scope="module")
def _all_is_loaded() -> None:
    """What is loaded by a first call takes time of its own."""
    for made in (SyncFace(), AsyncFace()):
        run(made, Server(saying()), [tool(lambda: 1, name="x", description="X.")])
        made.finish()


@pytest.fixture
def face(colour: Face) -> Face:
    """How requests go out makes no difference here."""
    return colour


def test_a_function_that_takes_too_long_is_not_waited_for(face: Face) -> None:
    release = threading.Event()

    @tool
    def wait(number: int) -> None:
        """Wait."""
        release.wait(LATE)

    try:
        with pytest.raises(ToolLimitError, match=r"took longer than 0\.2 s") as caught:
            run(face, Server(calls("wait", 2)), [wait], max_seconds=SOON)
    finally:
        release.set()
    assert caught.value.reason == "max_seconds"
    assert [made.status for made in caught.value.calls] == ["pending", "pending"]
    assert [message.role for message in caught.value.messages] == ["user"]


def test_an_async_function_that_takes_too_long_is_cancelled(asynchronous: Face) -> None:
    ended = []

    @tool
    async def wait(number: int) -> None:
        """Wait."""
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(number)

    with pytest.raises(ToolLimitError):
        run(asynchronous, Server(calls("wait", 2)), [wait], max_seconds=SOON)
    assert sorted(ended) == [0, 1]


def test_a_request_that_takes_too_long_ends_the_run(face: Face) -> None:
    seconds = []

    def slow(request: httpx.Request) -> httpx.Response:
        seconds.append(request.extensions["timeout"]["read"])
        threading.Event().wait(2 * SOON)
        raise httpx.ReadTimeout("slow", request=request)

    with pytest.raises(ToolLimitError) as caught:
        run(face, Server(slow), [tool(lambda: 1, name="x", description="X.")], max_seconds=SOON)
    assert caught.value.reason == "max_seconds"
    if face.name == "sync":
        assert seconds[0] <= SOON


def test_a_request_without_end_is_given_up(asynchronous: Face) -> None:
    async def never(request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    chat = completions(asynchronous, cast("Any", never))
    tools = [tool(lambda: 1, name="x", description="X.")]
    asked = chat.run(model="m", messages=MESSAGES, tools=tools, max_seconds=SOON)
    with pytest.raises(ToolLimitError):
        asynchronous.run(asked)


def test_no_call_is_made_when_time_is_up(sync: Face) -> None:
    made: list[int] = []

    def slow(request: httpx.Request) -> httpx.Response:
        threading.Event().wait(2 * SOON)
        return calls("note", 1)

    @tool
    def note(number: int) -> None:
        """Note."""
        made.append(number)

    with pytest.raises(ToolLimitError):
        run(sync, Server(slow), [note], max_seconds=SOON)
    assert made == []


@pytest.mark.parametrize(("given", "seconds"), [(1.0, 1.0), (LATE, 5.0), (None, 5.0)])
def test_a_request_gets_the_time_that_is_left(
    sync: Face, given: float | None, seconds: float
) -> None:
    server = Server(saying())
    tools = [tool(lambda: 1, name="x", description="X.")]
    run(sync, server, tools, max_seconds=5, timeout_seconds=given)
    assert server.request.extensions["timeout"]["read"] == pytest.approx(seconds, abs=0.5)


class Drip(httpx.SyncByteStream):
    """A body that comes a byte at a time."""

    def __iter__(self) -> Iterator[bytes]:
        for _ in range(int(LATE / 0.02)):
            threading.Event().wait(0.02)
            yield b" "


def test_an_answer_that_comes_bit_by_bit_does_not_hold_a_run(sync: Face) -> None:
    response = httpx.Response(200, headers={"content-type": "application/json"}, stream=Drip())
    began = time.monotonic()
    with pytest.raises(ToolLimitError):
        run(
            sync,
            Server(response),
            [tool(lambda: 1, name="x", description="X.")],
            max_seconds=SOON,
        )
    assert time.monotonic() - began < LATE / 2


@pytest.mark.parametrize(("given", "seconds"), [(2.0, 2.0), (LATE, 5.0), (None, 3.0)])
def test_a_run_lengthens_no_bound_of_a_request(
    given: float | None, seconds: float, sync: Face
) -> None:
    server = Server(saying())
    client = sync.client(server, total_timeout_seconds=3)
    client.inference.serverless.chat.completions.run(
        model="m",
        messages=MESSAGES,
        tools=[tool(lambda: 1, name="x", description="X.")],
        max_seconds=5,
        total_timeout_seconds=given,
    )
    assert server.request.extensions["timeout"]["read"] == pytest.approx(seconds, abs=0.5)


def test_no_request_is_begun_when_time_is_up(face: Face) -> None:
    @tool
    def wait(number: int) -> None:
        """Wait."""
        threading.Event().wait(2 * SOON)

    server = Server(calls("wait", 1))
    with pytest.raises(ToolLimitError):
        run(face, server, [wait], max_seconds=SOON, max_parallel=1)
    assert len(server.requests) == 1


def test_a_stream_that_goes_on_too_long_ends_the_run(sync: Face) -> None:
    moments = iter([0.0, *[0.0] * 3, 99.0, 99.0, 99.0, 99.0])
    body = Body(*(sse(chunk("x"), done=False) for _ in range(50)))
    response = events()
    response.stream = body
    stream = run(
        sync,
        Server(response),
        [tool(lambda: 1, name="x", description="X.")],
        max_seconds=5,
        stream=True,
    )
    stream._loop._clock = lambda: next(moments)
    stream._loop._deadline = 5.0
    with pytest.raises(ToolLimitError):
        list(stream)
    assert body.is_closed
    assert body.given < 50
