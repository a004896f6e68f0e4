"""Networks and servers that misbehave, over real sockets."""

from __future__ import annotations

import gzip
import json
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest
from support.cases import for_each
from support.raw_server import RawServer, Turn
from support.sdk_faces import Face
from support.sdk_samples import CHAT, CHAT_CREATE, MODELS, chunk, sse

from tensormesh import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    InternalServerError,
    StreamError,
)
from tensormesh._calls import retry as _retry

FIRST = sse(chunk("a"), done=False)


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits between tries are tested elsewhere."""
    monkeypatch.setattr(_retry, "FIRST_DELAY_SECONDS", 0.01)


def call(face: Face, server: RawServer, *, stream: bool = False, **settings: Any) -> Any:
    client = face.client(serverless_base_url=server.url, **settings)
    create = CHAT_CREATE.of(client.inference.serverless)
    return face.run(create(**CHAT_CREATE.arguments, stream=stream))


def test_a_port_where_nobody_listens(face: Face) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    client = face.client(serverless_base_url=f"http://127.0.0.1:{port}", max_retries=1)
    with pytest.raises(
        APIConnectionError, match=r"connection failed: .*after 2 attempts"
    ) as caught:
        face.run(client.inference.serverless.models.list())
    assert caught.value.attempts == 2


def test_a_name_that_does_not_exist(face: Face) -> None:
    client = face.client(serverless_base_url="http://does-not-exist.invalid")
    with pytest.raises(APIConnectionError, match="connection failed"):
        face.run(client.inference.serverless.models.list())


def resets_at_once(turn: Turn) -> None:
    turn.reset()


def closes_at_once(turn: Turn) -> None:
    turn.close()


def cuts_the_head(turn: Turn) -> None:
    turn.send(b"HTTP/1.1 200 OK\r\ncontent-ty")
    turn.close()


def cuts_the_body(turn: Turn) -> None:
    turn.head(content_length="1000")
    turn.send(b'{"id": ')
    turn.close()


def resets_in_the_body(turn: Turn) -> None:
    turn.head(content_length="1000")
    turn.send(b'{"id": ')
    time.sleep(0.01)
    turn.reset()


def cuts_a_chunk(turn: Turn) -> None:
    turn.head(transfer_encoding="chunked")
    turn.send(b'40\r\n{"id": ')
    turn.close()


def lies_about_a_chunk(turn: Turn) -> None:
    turn.head(transfer_encoding="chunked")
    turn.send(b"zz\r\n{}\r\n0\r\n\r\n")
    turn.close()


def speaks_nonsense(turn: Turn) -> None:
    turn.send(b"220 mail.test ESMTP\r\n\r\n")
    turn.close()


def sends_a_header_without_end(turn: Turn) -> None:
    turn.send(b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000)
    turn.close()


def sends_two_lengths(turn: Turn) -> None:
    turn.send(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}")
    turn.close()


BROKEN = [
    resets_at_once,
    closes_at_once,
    cuts_the_head,
    cuts_the_body,
    resets_in_the_body,
    cuts_a_chunk,
    lies_about_a_chunk,
    speaks_nonsense,
    sends_a_header_without_end,
    sends_two_lengths,
]


@for_each("handler", BROKEN)
@for_each("stream", [False, True])
def test_a_broken_exchange_is_an_error_of_ours_and_sent_once(
    face: Face, handler: Callable[[Turn], None], stream: bool
) -> None:
    with RawServer(handler) as server:
        with pytest.raises((APIConnectionError, StreamError)) as caught:
            face.list(call(face, server, stream=stream, max_retries=3))
        assert len(server.turns) == 1
        assert caught.value.attempts == 1
        assert not isinstance(caught.value, APITimeoutError)
        assert server.wait_until(lambda: server.open == 0)


@for_each("handler", BROKEN)
def test_the_client_works_on_after_a_broken_exchange(
    face: Face, handler: Callable[[Turn], None]
) -> None:
    def first_bad(turn: Turn) -> None:
        if len(server.turns) == 1:
            handler(turn)
        else:
            turn.answer_json(CHAT)

    with RawServer(first_bad) as server:
        client = face.client(serverless_base_url=server.url)
        create = CHAT_CREATE.of(client.inference.serverless)
        with pytest.raises(APIError):
            face.run(create(**CHAT_CREATE.arguments))
        for _ in range(2):
            assert face.run(create(**CHAT_CREATE.arguments)).id == "chatcmpl-1"
        assert server.connections == 2


def breaks_by(how: str) -> Callable[[Turn], None]:
    def handler(turn: Turn) -> None:
        turn.begin_stream()
        turn.chunk(FIRST)
        time.sleep(0.02)
        if how == "reset":
            turn.reset()
        elif how == "cut chunk":
            turn.send(b"ffff\r\ndata: {")
            turn.close()
        elif how == "end of body":
            turn.end()
        else:
            turn.close()

    return handler


@pytest.mark.parametrize("how", ["reset", "cut chunk", "end of body", "close"])
def test_a_stream_that_breaks_keeps_what_came(face: Face, how: str) -> None:
    with RawServer(breaks_by(how)) as server:
        stream = call(face, server, stream=True)
        assert face.next(stream).choices[0].delta.content == "a"
        with pytest.raises(StreamError) as caught:
            face.next(stream)
        assert caught.value.partial.choices[0].message.content == "a"
        assert ("ended without" in str(caught.value)) == (how == "end of body")


def test_a_stream_of_http_1_0_ends_with_its_connection(face: Face) -> None:
    def handler(turn: Turn) -> None:
        turn.send(b"HTTP/1.0 200 OK\r\ncontent-type: text/event-stream\r\n\r\n" + sse(chunk("a")))
        turn.close()

    with RawServer(handler) as server:
        assert face.list(call(face, server, stream=True).text_deltas()) == ["a"]


def test_early_hints_come_before_the_answer(face: Face) -> None:
    def handler(turn: Turn) -> None:
        turn.send(b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n")
        turn.answer_json(CHAT)

    with RawServer(handler) as server:
        assert call(face, server).id == "chatcmpl-1"


def test_a_compressed_stream_is_read_as_it_comes(face: Face) -> None:
    def handler(turn: Turn) -> None:
        turn.head(
            content_type="text/event-stream", transfer_encoding="chunked", content_encoding="gzip"
        )
        whole = gzip.compress(sse(chunk("a"), chunk("b")))
        for start in range(0, len(whole), 20):
            turn.chunk(whole[start : start + 20])
        turn.end()

    with RawServer(handler) as server:
        client = face.client(serverless_base_url=server.url)
        create = CHAT_CREATE.of(client.inference.serverless)
        for _ in range(3):
            stream = face.run(create(**CHAT_CREATE.arguments, stream=True))
            assert face.list(stream.text_deltas()) == ["a", "b"]
        assert server.connections == 1


@pytest.mark.parametrize("stream", [False, True])
def test_a_refusal_with_a_huge_body_is_told_at_once(face: Face, stream: bool) -> None:
    def handler(turn: Turn) -> None:
        turn.head("500 Oh No", content_type="text/plain", content_length=str(50 << 20))
        for _ in range(50):
            turn.send(b"x" * (1 << 20))

    with RawServer(handler) as server:
        with pytest.raises(InternalServerError, match="500 Oh No") as caught:
            call(face, server, stream=stream)
        assert len(str(caught.value)) < 5_000
        assert server.wait_until(lambda: server.open == 0)


def test_a_refusal_that_is_cut_off_is_told(face: Face) -> None:
    def handler(turn: Turn) -> None:
        turn.head("401 Unauthorized", content_length="1000")
        turn.send(b'{"error": "no')
        turn.close()

    with RawServer(handler) as server, pytest.raises(AuthenticationError):
        call(face, server)


def test_reading_is_tried_again_over_a_new_connection(face: Face) -> None:
    def handler(turn: Turn) -> None:
        if len(server.turns) == 1:
            turn.reset()
        elif len(server.turns) == 2:
            turn.answer(b"", "503 Busy", retry_after="0.01")
        else:
            turn.answer_json(MODELS)

    with RawServer(handler) as server:
        client = face.client(serverless_base_url=server.url, max_retries=2)
        assert face.run(client.inference.serverless.models.list()).data[0].id == "m"
        assert len(server.turns) == 3


# Timeouts


def stalls_before_its_answer(turn: Turn) -> None:
    turn.wait_for_close()


def stalls_in_its_answer(turn: Turn) -> None:
    turn.head(content_length="1000")
    turn.send(b'{"id"')
    turn.wait_for_close()


@pytest.mark.parametrize("handler", [stalls_before_its_answer, stalls_in_its_answer])
def test_a_server_that_stalls_times_out(face: Face, handler: Callable[[Turn], None]) -> None:
    with RawServer(handler) as server:
        with pytest.raises(APITimeoutError, match=r"longer than 0\.05 s") as caught:
            call(face, server, timeout_seconds=0.05)
        assert caught.value.phase == "read"
        assert server.wait_until(lambda: server.open == 0)


def test_a_stream_that_stalls_times_out_and_keeps_what_came(face: Face) -> None:
    def handler(turn: Turn) -> None:
        turn.begin_stream()
        turn.chunk(FIRST)
        turn.wait_for_close()

    with RawServer(handler) as server:
        stream = call(face, server, stream=True, timeout_seconds=0.05)
        with pytest.raises(APITimeoutError) as caught:
            face.run(stream.get_final_completion())
        assert caught.value.phase == "read"
        assert caught.value.partial.choices[0].message.content == "a"
        assert server.wait_until(lambda: server.open == 0)


def test_a_slow_stream_is_no_stalled_one(face: Face) -> None:
    def handler(turn: Turn) -> None:
        turn.begin_stream()
        for _ in range(6):
            time.sleep(0.05)
            turn.chunk(FIRST)
        turn.chunk(sse())
        turn.end()

    with RawServer(handler) as server:
        stream = call(face, server, stream=True, timeout_seconds=0.2)
        assert "".join(face.list(stream.text_deltas())) == "a" * 6


def test_a_server_that_reads_nothing_times_out_while_sending(face: Face) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        client = face.client(serverless_base_url=url, timeout_seconds=0.1)
        create = CHAT_CREATE.of(client.inference.serverless)
        messages = [{"role": "user", "content": "x" * (16 << 20)}]
        with pytest.raises(APITimeoutError, match="sending") as caught:
            face.run(create(model="m", messages=messages))
        assert caught.value.phase == "write"


# Redirects, with a second server that must never be spoken to


def redirect_to(url: str, status: int) -> Callable[[Turn], None]:
    def handler(turn: Turn) -> None:
        turn.answer(b"", f"{status} Moved", location=url)

    return handler


@for_each("follow", [False, True])
@for_each("status", [301, 302, 303, 307, 308])
def test_another_port_is_another_host(face: Face, status: int, follow: bool) -> None:
    def elsewhere(turn: Turn) -> None:
        turn.answer_json(MODELS)

    with RawServer(elsewhere) as other:
        with RawServer(redirect_to(f"{other.url}/v1/models", status)) as server:
            settings: dict[str, Any] = {"on_demand_base_url": server.url}
            if follow:
                settings["http_client"] = face.http(follow_redirects=True)
            client = face.client(**settings)
            with pytest.raises(APIStatusError, match="was not followed"):
                face.run(client.inference.on_demand.models.list())
            create = CHAT_CREATE.of(client.inference.on_demand)
            with pytest.raises(APIStatusError):
                face.run(create(**CHAT_CREATE.arguments))
        assert other.connections == 0


def test_the_same_host_is_followed_for_what_only_reads(face: Face) -> None:
    def handler(turn: Turn) -> None:
        if turn.path == "/v1/models":
            turn.answer(b"", "307 Moved", location="/moved?x=1")
        else:
            turn.answer_json(MODELS)

    with RawServer(handler) as server:
        client = face.client(on_demand_base_url=server.url)
        assert face.run(client.inference.on_demand.models.list()).data[0].id == "m"
        first, second = server.turns
        assert second.path == "/moved?x=1"
        assert second.headers["x-user-id"] == first.headers["x-user-id"]
        assert second.headers["authorization"] == first.headers["authorization"]
        assert server.connections == 1


def test_what_goes_over_the_wire(face: Face) -> None:
    with RawServer(lambda turn: turn.answer_json(CHAT)) as server:
        call(face, server)
        (turn,) = server.turns
        assert (turn.method, turn.path) == ("POST", "/v1/chat/completions")
        assert turn.headers["host"] == f"127.0.0.1:{server.port}"
        assert turn.headers["content-length"] == str(len(turn.body))
        assert "gzip" in turn.headers["accept-encoding"]
        assert json.loads(turn.body)["model"] == "m"
        assert "x-user-id" not in turn.headers
