"""What a caller waits for is bounded: a connection, bytes, events, and the whole call."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support.raw_server import PATIENCE, RawServer, Turn
from support.sdk_faces import AsyncFace, Face
from support.sdk_samples import CHAT_CREATE, MODELS, chunk, sse

from tensormesh import APITimeoutError, InternalServerError
from tensormesh._http import links, sockets
from tensormesh._http.pool import Limits

FIRST = sse(chunk("a"), done=False)
SOON = 2.5


def call(face: Face, server: RawServer, **settings: Any) -> Any:
    """A call that is no stream."""
    client = face.client(serverless_base_url=server.url, **settings)
    return face.run(CHAT_CREATE.of(client.inference.serverless)(**CHAT_CREATE.arguments))


def open_stream(face: Face, server: RawServer, variant: str | None = None, **settings: Any) -> Any:
    client = face.client(serverless_base_url=server.url, **settings)
    create = CHAT_CREATE.of(client.inference.serverless, variant)
    return face.run(create(**CHAT_CREATE.arguments, stream=True))


@pytest.fixture
def quickly() -> Iterator[None]:
    """Fails what takes far longer than its limit."""
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < SOON


# Events


def sends_signs_of_life(turn: Turn) -> None:
    turn.begin_stream()
    turn.chunk(FIRST)
    while True:
        turn.chunk(b": still here\n\n")
        time.sleep(0.005)


def sends_empty_events(turn: Turn) -> None:
    turn.begin_stream()
    turn.chunk(FIRST)
    while True:
        turn.chunk(b"data:\n\n")
        time.sleep(0.005)


def drips_an_event(turn: Turn) -> None:
    turn.begin_stream()
    turn.chunk(FIRST)
    turn.chunk(b"data: {")
    while True:
        turn.chunk(b" ")
        time.sleep(0.005)


@pytest.mark.parametrize("handler", [sends_signs_of_life, sends_empty_events, drips_an_event])
@pytest.mark.usefixtures("quickly")
def test_signs_of_life_do_not_hold_a_caller_for_ever(
    face: Face, handler: Callable[[Turn], None]
) -> None:
    with RawServer(handler) as server:
        stream = open_stream(face, server, timeout_seconds=0.2)
        with pytest.raises(APITimeoutError, match=r"next event took longer than 0\.2 s") as caught:
            face.run(stream.get_final_completion())
        error = caught.value
        assert (error.phase, error.seconds) == ("idle", 0.2)
        assert error.partial.choices[0].message.content == "a"
        assert server.wait_until(lambda: server.open == 0)


@pytest.mark.usefixtures("quickly")
def test_signs_of_life_do_not_hold_a_reader_of_raw_events_for_ever(face: Face) -> None:
    with RawServer(sends_signs_of_life) as server:
        opened = open_stream(face, server, "with_streaming_response", timeout_seconds=0.2)
        with pytest.raises(APITimeoutError) as caught:
            face.list(opened.iter_events())
        assert caught.value.phase == "idle"
        assert server.wait_until(lambda: server.open == 0)


def test_events_keep_a_stream_alive_among_signs_of_life(face: Face) -> None:
    def handler(turn: Turn) -> None:
        turn.begin_stream()
        for _ in range(5):
            for _ in range(3):
                turn.chunk(b": still here\n\n")
                time.sleep(0.04)
            turn.chunk(FIRST)
        turn.chunk(sse())
        turn.end()

    with RawServer(handler) as server:
        stream = open_stream(face, server, timeout_seconds=0.5)
        assert "".join(face.list(stream.text_deltas())) == "a" * 5


def test_a_caller_that_takes_its_time_is_not_timed_out(face: Face) -> None:
    def handler(turn: Turn) -> None:
        turn.begin_stream()
        turn.chunk(FIRST)
        turn.chunk(b": still here\n\n")
        turn.chunk(FIRST)
        turn.chunk(sse())
        turn.end()

    with RawServer(handler) as server:
        stream = open_stream(face, server, timeout_seconds=0.2)
        face.next(stream)
        time.sleep(0.3)
        assert "".join(face.list(stream.text_deltas())) == "a"


# The whole call


def drips(turn: Turn, *, first: bytes = b"") -> None:
    turn.send(first)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        turn.send(b"x")
        time.sleep(0.005)


def drips_its_status(turn: Turn) -> None:
    drips(turn, first=b"HTTP/1.1 200 ")


def drips_a_header(turn: Turn) -> None:
    drips(turn, first=b"HTTP/1.1 200 OK\r\nx: ")


def drips_its_answer(turn: Turn) -> None:
    drips(turn, first=b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")


def drips_its_refusal(turn: Turn) -> None:
    # What has come of a refusal by then is told: its status says more than the time that it took.
    drips(turn, first=b"HTTP/1.1 500 Oh No\r\ncontent-length: 100000\r\n\r\n")


def says_nothing(turn: Turn) -> None:
    turn.wait_for_close()


DRIPS = [drips_its_status, drips_a_header, drips_its_answer, says_nothing]


@pytest.mark.parametrize("handler", DRIPS)
@pytest.mark.usefixtures("quickly")
def test_a_drip_cannot_hold_a_call_for_ever(face: Face, handler: Callable[[Turn], None]) -> None:
    with RawServer(handler) as server:
        with pytest.raises(APITimeoutError, match=r"whole call took longer than 0\.15 s") as caught:
            call(face, server, total_timeout_seconds=0.15)
        assert (caught.value.phase, caught.value.seconds) == ("total", 0.15)
        assert len(server.turns) == 1
        assert server.wait_until(lambda: server.open == 0)


@pytest.mark.usefixtures("quickly")
def test_a_refusal_that_drips_is_told_in_time(face: Face) -> None:
    with RawServer(drips_its_refusal) as server, pytest.raises(InternalServerError, match="Oh No"):
        call(face, server, total_timeout_seconds=0.15)


@pytest.mark.parametrize("variant", ["with_raw_response", "with_streaming_response"])
@pytest.mark.usefixtures("quickly")
def test_a_drip_cannot_hold_a_raw_response_for_ever(face: Face, variant: str) -> None:
    with RawServer(drips_its_answer) as server:
        client = face.client(serverless_base_url=server.url)
        create = CHAT_CREATE.of(client.inference.serverless, variant)

        def read() -> Any:
            found = face.run(create(**CHAT_CREATE.arguments, total_timeout_seconds=0.15))
            return face.list(found.iter_bytes())

        with pytest.raises(APITimeoutError) as caught:
            read()
        assert caught.value.phase == "total"
        assert server.wait_until(lambda: server.open == 0)


def streams_on_and_on(turn: Turn) -> None:
    turn.begin_stream()
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        turn.chunk(FIRST)
        time.sleep(0.005)


def stalls(turn: Turn) -> None:
    turn.begin_stream()
    turn.chunk(FIRST)
    turn.wait_for_close()


@pytest.mark.parametrize("handler", [streams_on_and_on, stalls])
@pytest.mark.usefixtures("quickly")
def test_the_reading_of_a_stream_is_part_of_its_call(
    face: Face, handler: Callable[[Turn], None]
) -> None:
    with RawServer(handler) as server:
        stream = open_stream(face, server, total_timeout_seconds=0.15)
        with pytest.raises(APITimeoutError) as caught:
            face.list(stream)
        assert caught.value.phase == "total"
        assert caught.value.partial.choices[0].message.content.startswith("a")
        assert server.wait_until(lambda: server.open == 0)


@pytest.mark.parametrize("handler", [drips_its_answer, says_nothing])
@pytest.mark.usefixtures("quickly")
def test_the_deadline_holds_for_a_users_http_client_too(
    face: Face, handler: Callable[[Turn], None]
) -> None:
    with RawServer(handler) as server, pytest.raises(APITimeoutError) as caught:
        call(face, server, http_client=face.http(), total_timeout_seconds=0.15)
    assert caught.value.phase == "total"


@pytest.mark.usefixtures("quickly")
def test_tries_and_the_waits_between_them_end_at_the_deadline(face: Face) -> None:
    # The next try would begin after it, so the refusal is told at once.
    with RawServer(lambda turn: turn.answer(b"", "503 Busy", retry_after="30")) as server:
        client = face.client(serverless_base_url=server.url, max_retries=9)
        with pytest.raises(InternalServerError) as caught:
            face.run(client.inference.serverless.models.list(total_timeout_seconds=5))
        assert caught.value.attempts == len(server.turns) == 1


@pytest.mark.usefixtures("quickly")
def test_a_later_try_has_only_what_is_left(face: Face) -> None:
    def handler(turn: Turn) -> None:
        if len(server.turns) == 1:
            turn.answer(b"", "503 Busy", retry_after="0.05")
        else:
            turn.wait_for_close()

    with RawServer(handler) as server:
        client = face.client(serverless_base_url=server.url, max_retries=9)
        begun = time.monotonic()
        with pytest.raises(APITimeoutError, match="after 2 attempts") as caught:
            face.run(client.inference.serverless.models.list(total_timeout_seconds=0.2))
        assert time.monotonic() - begun < SOON
        assert (caught.value.phase, caught.value.attempts) == ("total", 2)


def test_a_deadline_ends_with_its_call(face: Face) -> None:
    with RawServer(lambda turn: turn.answer_json(MODELS)) as server:
        client = face.client(serverless_base_url=server.url)
        models = client.inference.serverless.models
        assert face.run(models.list(total_timeout_seconds=0.3)).data
        time.sleep(0.31)
        assert face.run(models.list()).data
        assert server.connections == 1


# Connections


def test_connecting_has_a_timeout_of_its_own(face: Face) -> None:
    # A full queue: the kernel leaves further connections unanswered.
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        place = listener.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        try:
            for each in waiting:
                each.setblocking(False)
                each.connect_ex(place)
            client = face.client(
                serverless_base_url=f"http://127.0.0.1:{place[1]}", connect_timeout_seconds=0.05
            )
            with pytest.raises(
                APITimeoutError, match=r"connecting took longer than 0\.05 s"
            ) as caught:
                face.run(client.inference.serverless.models.list())
        finally:
            for each in waiting:
                each.close()
    assert (caught.value.phase, caught.value.seconds) == ("connect", 0.05)


@pytest.mark.parametrize("limit", ["connect_timeout_seconds", "total_timeout_seconds"])
def test_an_asynchronous_call_does_not_wait_for_a_resolver_that_is_down(
    limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_over = threading.Event()
    look_up = socket.getaddrinfo

    def hang(host: Any, *arguments: Any, **options: Any) -> Any:
        if host == "slow.invalid" and not options.get("flags"):
            is_over.wait(PATIENCE)
        return look_up("127.0.0.1" if not options.get("flags") else host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    face = AsyncFace(own=True)
    try:
        limits: dict[str, Any] = {limit: 0.1}
        client = face.client(serverless_base_url="http://slow.invalid:9", **limits)
        begun = time.monotonic()
        with pytest.raises(APITimeoutError) as caught:
            face.run(client.inference.serverless.models.list())
        assert time.monotonic() - begun < SOON
        assert caught.value.phase == limit.partition("_")[0]
    finally:
        # The thread that asks ends by itself, later.
        is_over.set()
        face.finish()


def test_no_free_connection_is_a_timeout_of_its_own(
    face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "LIMITS", Limits(max_connections=1))
    with RawServer(stalls) as server:
        client = face.client(serverless_base_url=server.url, timeout_seconds=0.05)
        create = CHAT_CREATE.of(client.inference.serverless)
        stream = face.run(create(**CHAT_CREATE.arguments, stream=True, timeout_seconds=5))
        with pytest.raises(APITimeoutError, match="waiting for a free connection") as caught:
            face.run(create(**CHAT_CREATE.arguments))
        assert (caught.value.phase, caught.value.seconds) == ("pool", 0.05)
        assert len(server.turns) == 1
        face.run(stream.close())


def socket_of(body: Any) -> Any:
    """The socket below a body of either colour."""
    if hasattr(body, "_connection"):
        return body._connection._transport.get_extra_info("socket")
    return body._lease.connection.stream.socket


def test_the_kernel_watches_over_idle_connections(face: Face) -> None:
    with RawServer(stalls) as server:
        stream = open_stream(face, server)
        found = socket_of(stream._response.body)
        assert found.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        for level, option, value in sockets.options():
            assert found.getsockopt(level, option) in (value, *([True] if value == 1 else []))
        face.run(stream.close())
    names = ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT")
    expected = {getattr(socket, name) for name in names if hasattr(socket, name)}
    assert expected <= {option for _, option, _ in sockets.options()}
