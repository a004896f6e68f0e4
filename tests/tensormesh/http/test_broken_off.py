"""Calls that are broken off at any point leave nothing behind: no socket, no task, no full pool."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import selectors
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Self

import pytest
from support.raw_server import PATIENCE, RawServer, Turn
from support.sdk_faces import SETTINGS, AsyncFace, Face, SyncFace
from support.sdk_samples import CHAT, CHAT_CREATE, MODELS, chunk, sse

from tensormesh import APITimeoutError, AsyncTensormesh, StreamError, Tensormesh
from tensormesh._calls import responses as _response
from tensormesh._http import links
from tensormesh._http.pool import Limits

FIRST = sse(chunk("a"), done=False)


def answers(turn: Turn) -> None:
    if turn.method == "GET":
        turn.answer_json(MODELS)
    elif turn.json().get("stream"):
        turn.stream(FIRST, FIRST, sse())
    else:
        turn.answer_json(CHAT)


def answers_once(turn: Turn) -> None:
    """Makes every call connect anew."""
    if turn.method == "GET":
        turn.answer_json(MODELS)
    else:
        turn.answer_json(CHAT, connection="close")
        turn.close()


def endless(turn: Turn) -> None:
    if turn.method == "GET":
        turn.answer_json(MODELS)
        return
    turn.begin_stream()
    turn.chunk(FIRST)
    turn.wait_for_close()


def use(client: Any, stream: bool) -> Any:
    return CHAT_CREATE.of(client.inference.serverless)(**CHAT_CREATE.arguments, stream=stream)


def pool_of(client: Any) -> Any:
    (sender,) = client._links._made.values()
    return sender.pool


# Cancellation


async def one_call(client: AsyncTensormesh, stream: bool) -> None:
    found = await use(client, stream)
    if stream:
        async for _ in found:
            pass


@pytest.mark.parametrize("handler", [answers, answers_once])
@pytest.mark.parametrize("stream", [False, True])
def test_a_task_may_be_cancelled_at_any_of_its_waits(
    handler: Callable[[Turn], None], stream: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A full pool of two: what one cancelled task keeps, others miss.
    monkeypatch.setattr(links, "LIMITS", Limits(max_connections=2))
    stream = stream and handler is answers
    face = AsyncFace(own=True)

    async def storm(client: Any) -> None:
        for steps in range(48):
            for width in (1, 2, 4):
                tasks = [asyncio.create_task(one_call(client, stream)) for _ in range(width)]
                for _ in range(steps):
                    await asyncio.sleep(0)
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                models = client.inference.serverless.models
                assert (await models.list(timeout_seconds=PATIENCE)).data
                assert not client._links.held
        assert pool_of(client).used == 0

    with RawServer(handler) as server:
        client = face.client(serverless_base_url=server.url)
        face.run(storm(client))
        assert server.wait_until(lambda: server.open <= 2)
        assert len(asyncio.all_tasks(face._runner.get_loop())) == 0
        face.finish()
        assert server.wait_until(lambda: server.open == 0)


def test_a_task_group_that_fails_takes_its_streams_with_it() -> None:
    face = AsyncFace(own=True)

    async def read(client: Any) -> None:
        async for _ in await use(client, True):
            pass

    async def fail() -> None:
        await asyncio.sleep(0.03)
        raise KeyError("in another task")

    async def group(client: Any) -> None:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(20):
                tasks.create_task(read(client))
            tasks.create_task(fail())

    with RawServer(endless) as server:
        client = face.client(serverless_base_url=server.url)
        with pytest.raises(ExceptionGroup) as caught:
            face.run(group(client))
        assert [type(each) for each in caught.value.exceptions] == [KeyError]
        assert not client._links.held
        assert server.wait_until(lambda: server.open == 0)
        face.finish()


def test_deadlines_in_a_storm_leave_the_pool_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "LIMITS", Limits(max_connections=2))
    face = AsyncFace(own=True)

    async def storm(client: Any) -> None:
        for number in range(60):
            calls = [
                client.inference.serverless.models.list(total_timeout_seconds=number * 5e-5 + 1e-6)
                for _ in range(3)
            ]
            for found in await asyncio.gather(*calls, return_exceptions=True):
                assert isinstance(found, APITimeoutError) or not isinstance(found, BaseException)
        assert (await client.inference.serverless.models.list(timeout_seconds=PATIENCE)).data

    with RawServer(answers) as server:
        face.run(storm(face.client(serverless_base_url=server.url)))
        face.finish()
        assert server.wait_until(lambda: server.open == 0)


# Ctrl-C


@contextlib.contextmanager
def interrupted_after(seconds: float) -> Iterator[None]:
    """A Ctrl-C into the middle of what this thread waits for."""
    old = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)


def waits_for_headers(turn: Turn) -> None:
    if turn.method == "GET":
        turn.answer_json(MODELS)
    else:
        turn.wait_for_close()


def waits_in_its_body(turn: Turn) -> None:
    if turn.method == "GET":
        turn.answer_json(MODELS)
    elif turn.json().get("stream"):
        endless(turn)
    else:
        turn.head(content_length="100")
        turn.send(b'{"id')
        turn.wait_for_close()


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers that interrupt")
@pytest.mark.parametrize("handler", [waits_for_headers, waits_in_its_body])
@pytest.mark.parametrize("stream", [False, True])
def test_ctrl_c_gives_the_connection_back(
    handler: Callable[[Turn], None], stream: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "LIMITS", Limits(max_connections=1))
    face = SyncFace(own=True)
    with RawServer(handler) as server:
        client = face.client(serverless_base_url=server.url)
        for _ in range(3):
            with pytest.raises(KeyboardInterrupt), interrupted_after(0.02):
                list(use(client, stream))
            assert not client._links.held
            assert client.inference.serverless.models.list(timeout_seconds=PATIENCE).data
        assert server.wait_until(lambda: server.open <= 1)
        face.finish()


def test_ctrl_c_before_anybody_has_the_open_response_gives_the_connection_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(links, "LIMITS", Limits(max_connections=1))
    face = SyncFace(own=True)
    with RawServer(waits_in_its_body) as server:
        client = face.client(serverless_base_url=server.url)
        models = client.inference.serverless.models
        with monkeypatch.context() as interrupted:
            interrupted.setattr(_response.StreamedResponse, "__init__", interrupt)
            with pytest.raises(KeyboardInterrupt):
                models.with_streaming_response.list()
        assert models.list(timeout_seconds=PATIENCE).data
        face.finish()


def interrupt(*arguments: object) -> None:
    raise KeyboardInterrupt


def test_ctrl_c_ends_an_event_loop_and_its_streams() -> None:
    async def read(url: str) -> None:
        async with AsyncTensormesh(**{**SETTINGS, "serverless_base_url": url}) as client:
            async for _ in await use(client, True):
                pass

    with RawServer(endless) as server:
        with pytest.raises(KeyboardInterrupt), interrupted_after(0.03):
            asyncio.run(read(server.url))
        assert server.wait_until(lambda: server.open == 0)


# Ten thousand streams

# Together ten thousand. An asynchronous connection takes longer to make.
STREAMS = {"sync": 7_500, "async": 2_500}


class Crowd:
    """Begins a stream for each connection and ends none, in one thread that keeps nothing else.

    Attributes:
        url: Its base URL.
        connections: How many connections were ever made.
        open: How many the client has not closed.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.connections = self.open = 0
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._is_over = False
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over = True
        self._thread.join(PATIENCE)
        self._listener.close()
        self._selector.close()

    def _serve(self) -> None:
        while not self._is_over:
            for key, _ in self._selector.select(0.01):
                if key.fileobj is self._listener:
                    self._selector.register(self._listener.accept()[0], selectors.EVENT_READ)
                    self.connections += 1
                    self.open += 1
                else:
                    assert isinstance(key.fileobj, socket.socket)
                    self._answer(key.fileobj)

    def _answer(self, sock: socket.socket) -> None:
        data = b""
        with contextlib.suppress(ConnectionError):
            data = sock.recv(65536)
        if data.endswith(b"}"):
            sock.sendall(BEGINNING)
        elif not data:
            self._selector.unregister(sock)
            sock.close()
            self.open -= 1


BEGINNING = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
    b"transfer-encoding: chunked\r\n\r\n%x\r\n%b\r\n"
) % (len(FIRST), FIRST)


@pytest.mark.slow
@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="descriptors cannot be counted")
def test_ten_thousand_abandoned_streams_leave_nothing(face: Face) -> None:
    async def many(number: int) -> None:
        for _ in range(number):
            await use(client, True)

    def few(number: int) -> None:
        for _ in range(number):
            use(client, True)

    def left() -> tuple[int, int, int]:
        """Descriptors, objects, and tasks or threads."""
        # The last stream is still there for the next call to close.
        gc.collect()
        tasks = len(asyncio.all_tasks(face._runner.get_loop())) if type(face) is AsyncFace else 0
        return len(os.listdir("/proc/self/fd")), len(gc.get_objects()), tasks

    leave = few if face.name == "sync" else many
    with Crowd() as server:
        client = face.client(serverless_base_url=server.url)
        face.run(leave(100))
        before = left()
        face.run(leave(STREAMS[face.name]))
        after = left()
        assert after[0] <= before[0] + 3
        assert after[1] <= before[1] + 500
        assert after[2] == before[2] == 0
        assert len(client._links.held) + pool_of(client).used <= 4
        assert server.connections == STREAMS[face.name] + 100
        face.run(client.close())
        end = time.monotonic() + PATIENCE
        while server.open and time.monotonic() < end:
            time.sleep(0.005)
        assert server.open == 0


def test_streams_that_end_by_an_error_keep_nothing_open(face: Face) -> None:
    def breaks(turn: Turn) -> None:
        turn.begin_stream()
        turn.chunk(FIRST)
        turn.reset()

    with RawServer(breaks) as server:
        client = face.client(serverless_base_url=server.url)
        errors = []
        for _ in range(50):
            stream = face.run(use(client, True))
            with pytest.raises(StreamError) as caught:
                face.list(stream)
            errors.append(caught.value)
        # The errors are kept, and with them no socket.
        assert server.wait_until(lambda: server.open == 0)
        assert not client._links.held
        assert len(errors) == 50


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("is_closed", [True, False], ids=["closed", "dropped"])
def test_clients_that_are_gone_have_closed_their_sockets(is_closed: bool) -> None:
    with RawServer(answers) as server:
        for _ in range(100):
            client = Tensormesh(**{**SETTINGS, "serverless_base_url": server.url})
            client.inference.serverless.models.list()
            if is_closed:
                client.close()
            del client
        gc.collect()
        assert server.connections == 100
        assert server.wait_until(lambda: server.open == 0)
