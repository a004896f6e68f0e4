"""Streams that are left, dropped or cancelled give their connections back."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from support.cases import for_each
from support.raw_server import PATIENCE, RawServer, Turn
from support.sdk_faces import SETTINGS, AsyncFace, Face, SyncFace
from support.sdk_samples import CHAT_CREATE, MODELS, chunk, sse

from tensormesh import AsyncTensormesh, StreamError, Tensormesh

FIRST = sse(chunk("a"), done=False)
VARIANTS = [None, "with_streaming_response"]


def endless(turn: Turn) -> None:
    """One chunk, then nothing until the client goes. To a GET, an answer."""
    if turn.method == "GET":
        turn.answer_json(MODELS)
        return
    turn.begin_stream()
    turn.chunk(FIRST)
    turn.wait_for_close()


def open_stream(face: Face, client: Any, variant: str | None = None) -> Any:
    create = CHAT_CREATE.of(client.inference.serverless, variant)
    return face.run(create(**CHAT_CREATE.arguments, stream=True))


def client_of(face: Face, server: RawServer) -> Any:
    return face.client(serverless_base_url=server.url)


def iterate(opened: Any) -> Any:
    """The iterator of either kind of stream."""
    return opened.iter_lines() if hasattr(opened, "iter_lines") else opened


def held_by_the_pool(client: Any) -> int:
    """How many streams a client still holds open."""
    return len(client._links.held)


def leave_by_break(face: Face, opened: Any) -> None:
    face.next(iterate(opened))


def leave_unread(face: Face, opened: Any) -> None:
    pass


def leave_in_a_cycle(face: Face, opened: Any) -> None:
    found = iterate(opened)
    face.next(found)
    cycle: list[Any] = [opened, found]
    cycle.append(cycle)


def leave_by_an_error(face: Face, opened: Any) -> None:
    try:
        face.next(iterate(opened))
        raise KeyError("in the user's loop")
    except KeyError:
        pass


def leave_text_deltas(face: Face, opened: Any) -> None:
    face.next(opened.text_deltas() if hasattr(opened, "text_deltas") else opened.iter_events())


LEAVING = [leave_by_break, leave_unread, leave_in_a_cycle, leave_by_an_error, leave_text_deltas]


@for_each("variant", VARIANTS)
@for_each("leave", LEAVING)
def test_dropped_streams_are_closed_by_the_next_call(
    face: Face, leave: Callable[[Face, Any], None], variant: str | None
) -> None:
    with RawServer(endless) as server:
        client = client_of(face, server)
        for _ in range(8):
            leave(face, open_stream(face, client, variant))
        gc.collect()
        face.run(client.inference.serverless.models.list())
        assert held_by_the_pool(client) == 0
        assert server.wait_until(lambda: server.open <= 1)


@pytest.mark.parametrize("variant", VARIANTS)
def test_dropped_streams_are_closed_with_the_client(face: Face, variant: str | None) -> None:
    with RawServer(endless) as server:
        client = client_of(face, server)
        dropped = open_stream(face, client, variant)
        face.next(iterate(dropped))
        del dropped
        kept = open_stream(face, client, variant)
        found = iterate(kept)
        face.next(found)
        face.run(client.close())
        assert server.wait_until(lambda: server.open == 0)
        with pytest.raises(StreamError):
            face.list(found)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_stream_outlives_the_name_of_its_client(face: Face, variant: str | None) -> None:
    def handler(turn: Turn) -> None:
        turn.stream(FIRST, FIRST, sse())

    with RawServer(handler) as server:
        client = face.new_client(**{**SETTINGS, "serverless_base_url": server.url})
        opened = open_stream(face, client, variant)
        found = iterate(opened)
        face.next(found)
        closing = client.close
        del client
        gc.collect()
        assert face.list(found)
        face.run(closing())


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_collector_closes_nothing_itself(variant: str | None) -> None:
    # It may run while the pool's lock is held, and closing would wait for that lock for ever.
    face = SyncFace(own=True)
    with RawServer(endless) as server:
        client = client_of(face, server)
        leave_in_a_cycle(face, open_stream(face, client, variant))
        (sender,) = client._links._made.values()
        lock = sender.lock
        collector = threading.Thread(target=gc.collect, daemon=True)
        with lock:
            collector.start()
            collector.join(PATIENCE)
            assert not collector.is_alive()
        assert held_by_the_pool(client) == 1
        client.inference.serverless.models.list()
        assert held_by_the_pool(client) == 0
        face.finish()


@pytest.mark.parametrize("variant", VARIANTS)
def test_close_and_with_give_the_connection_back_at_once(face: Face, variant: str | None) -> None:
    with RawServer(endless) as server:
        client = client_of(face, server)
        for _ in range(3):
            opened = open_stream(face, client, variant)
            face.next(iterate(opened))
            face.run(opened.close())
            assert held_by_the_pool(client) == 0
            assert server.wait_until(lambda: server.open == 0)


def test_a_stream_that_another_thread_closes_ends() -> None:
    with RawServer(endless) as server:
        client = Tensormesh(**{**SETTINGS, "serverless_base_url": server.url})
        create = CHAT_CREATE.of(client.inference.serverless)
        stream = create(**CHAT_CREATE.arguments, stream=True)
        found: list[Any] = []

        def read() -> None:
            try:
                found.extend(stream)
                found.append("end")
            except StreamError as error:
                found.append(error)

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        assert server.wait_until(lambda: bool(found))
        time.sleep(0.05)  # until it waits for more
        client.close()
        reader.join(PATIENCE / 5)  # well before the server loses its own
        assert not reader.is_alive()
        assert isinstance(found[-1], StreamError)


# Cancelled tasks


async def cancelled(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_task_that_is_cancelled_in_a_stream_gives_its_connection_back(
    variant: str | None,
) -> None:
    face = AsyncFace(own=True)

    async def use(client: Any, server: RawServer) -> None:
        create = CHAT_CREATE.of(client.inference.serverless, variant)
        started = asyncio.Event()

        async def read() -> None:
            async for _ in iterate(await create(**CHAT_CREATE.arguments, stream=True)):
                started.set()

        for _ in range(10):
            started.clear()
            task = asyncio.create_task(read())
            await started.wait()
            await cancelled(task)
        await client.inference.serverless.models.list()
        assert held_by_the_pool(client) == 0

    with RawServer(endless) as server:
        face.run(use(client_of(face, server), server))
        assert server.wait_until(lambda: server.open <= 1)
        face.finish()


def test_a_task_that_is_cancelled_while_it_waits_for_an_answer_gives_its_connection_back() -> None:
    face = AsyncFace(own=True)
    arrived = threading.Event()

    def silent(turn: Turn) -> None:
        if turn.method == "GET":
            turn.answer_json(MODELS)
            return
        arrived.set()
        turn.wait_for_close()

    async def use(client: Any) -> None:
        create = CHAT_CREATE.of(client.inference.serverless)
        for stream in (False, True) * 3:
            arrived.clear()
            task = asyncio.create_task(create(**CHAT_CREATE.arguments, stream=stream))
            await asyncio.to_thread(arrived.wait, PATIENCE)
            await cancelled(task)
        await client.inference.serverless.models.list()

    with RawServer(silent) as server:
        face.run(use(client_of(face, server)))
        assert server.wait_until(lambda: server.open <= 1)
        face.finish()


def test_a_stream_that_was_cancelled_does_not_pretend_an_end() -> None:
    face = AsyncFace(own=True)

    async def use(client: Any) -> None:
        create = CHAT_CREATE.of(client.inference.serverless)
        stream = await create(**CHAT_CREATE.arguments, stream=True)
        assert (await anext(stream)).choices
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await anext(stream)
        with pytest.raises(StreamError, match="cut off before its end") as caught:
            await anext(stream)
        assert caught.value.partial.choices[0].message.content == "a"

    with RawServer(endless) as server:
        face.run(use(client_of(face, server)))
        assert server.wait_until(lambda: server.open == 0)
        face.finish()


def test_a_stream_that_another_task_closes_ends() -> None:
    face = AsyncFace(own=True)

    async def use(client: Any) -> None:
        create = CHAT_CREATE.of(client.inference.serverless)
        stream = await create(**CHAT_CREATE.arguments, stream=True)
        started = asyncio.Event()

        async def read() -> list[Any]:
            found = []
            async for one in stream:
                found.append(one)
                started.set()
            return found

        task = asyncio.create_task(read())
        await started.wait()
        await stream.close()
        assert len(await asyncio.wait_for(task, PATIENCE)) == 1

    with RawServer(endless) as server:
        face.run(use(client_of(face, server)))
        face.finish()


# Event loops


def test_each_event_loop_may_have_a_client_of_its_own() -> None:
    async def use(url: str) -> str:
        async with AsyncTensormesh(**{**SETTINGS, "serverless_base_url": url}) as client:
            create = CHAT_CREATE.of(client.inference.serverless)
            stream = await create(**CHAT_CREATE.arguments, stream=True)
            return "".join([piece async for piece in stream.text_deltas()])

    with RawServer(lambda turn: turn.stream(FIRST, sse())) as server:
        assert [asyncio.run(use(server.url)) for _ in range(3)] == ["a"] * 3
        assert server.wait_until(lambda: server.open == 0)


def test_a_stream_that_is_left_when_its_loop_ends_is_quiet() -> None:
    complaints: list[Any] = []

    async def use(client: Any) -> Any:
        asyncio.get_running_loop().set_exception_handler(lambda _, what: complaints.append(what))
        create = CHAT_CREATE.of(client.inference.serverless)
        stream = await create(**CHAT_CREATE.arguments, stream=True)
        await anext(stream)
        return stream

    with RawServer(endless) as server:
        client = AsyncTensormesh(**{**SETTINGS, "serverless_base_url": server.url})
        stream = asyncio.run(use(client))
        del stream
        gc.collect()
        asyncio.run(client.close())
    assert complaints == []
