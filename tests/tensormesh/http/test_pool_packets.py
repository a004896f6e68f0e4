"""Head and body of a small request leave in one piece, and a large one piece by piece."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import httpx
import pytest

from tensormesh._http import async_transport, loop_sockets, sockets, transport, wire
from tensormesh._http.http1 import WRITE_BYTES, Answer

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
HEAD = b"POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: %d\r\n\r\n"
PIECES = [b'{"n": 1}', b"x" * (WRITE_BYTES + 1)]


def request_with(body: bytes) -> httpx.Request:
    return httpx.Request(
        "POST",
        "http://a.test/x",
        headers={"host": "a.test", "content-length": str(len(body))},
        stream=httpx.ByteStream(body),
    )


def head_of(body: bytes) -> bytes:
    return (HEAD % len(body)).lower().replace(b"post", b"POST").replace(b"http/", b"HTTP/")


@pytest.mark.parametrize("body", PIECES, ids=["small", "large"])
def test_a_synchronous_request_leaves_in_one_piece(
    body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = socket.socketpair()
    write, written = sockets.Stream.write, []

    def spy(self: sockets.Stream, data: bytes, timeout: float | None) -> None:
        written.append(data)
        write(self, data, timeout)

    monkeypatch.setattr(sockets.Stream, "write", spy)
    with ours, theirs:
        theirs.sendall(ANSWER)
        connection = transport.Connection(sockets.Stream(ours))
        request = request_with(body)
        assert connection.ask(wire.outgoing(request), request, {"read": 5.0}).status == 200
        assert [each for each in written if each] == [head_of(body) + body]
        assert theirs.recv(1 << 20) == head_of(body) + body


@pytest.mark.parametrize("body", PIECES, ids=["small", "large"])
def test_an_asynchronous_request_leaves_in_pieces_of_a_bounded_size(body: bytes) -> None:
    written: list[bytes] = []

    class Transport(asyncio.Transport):
        def write(self, data: Any) -> None:
            written.append(bytes(data))

        def is_closing(self) -> bool:
            return False

    async def use() -> None:
        connection = loop_sockets.Connection(asyncio.get_running_loop(), loop_sockets.new_buffer())
        connection.connection_made(Transport())
        answer = Answer("POST")
        connection.begin(answer)
        request = request_with(body)
        assert await async_transport._send(connection, wire.outgoing(request), request, 5.0)

    asyncio.run(use())
    whole = head_of(body) + body
    assert written == [
        whole[start : start + WRITE_BYTES] for start in range(0, len(whole), WRITE_BYTES)
    ]


def test_a_request_waits_while_the_server_takes_nothing() -> None:
    written: list[bytes] = []

    class Transport(asyncio.Transport):
        def write(self, data: Any) -> None:
            written.append(bytes(data))
            made[0].pause_writing()

        def is_closing(self) -> bool:
            return False

    async def use() -> None:
        loop = asyncio.get_running_loop()
        connection = made[0] = loop_sockets.Connection(loop, loop_sockets.new_buffer())
        connection.connection_made(Transport())
        connection.begin(Answer("POST"))
        sending = asyncio.create_task(connection.send(b"x" * (2 * WRITE_BYTES), 5.0))
        await asyncio.sleep(0)
        assert len(written) == 1
        connection.resume_writing()
        await asyncio.sleep(0)
        assert (len(written), sending.done()) == (2, False)
        connection.resume_writing()
        await sending
        with pytest.raises(httpx.WriteTimeout):
            await connection.send(b"x", 0.0)

    made: dict[int, loop_sockets.Connection] = {}
    asyncio.run(use())
