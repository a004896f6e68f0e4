"""Head and body of a small request leave in one piece, and a large one piece by piece."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest
from support.calls import call_to

from tensormesh._http import async_link, link, loop_sockets, sockets, url
from tensormesh._http.errors import WriteTimeout
from tensormesh._http.http1 import ResponseParser

WRITE_BYTES = loop_sockets._WRITE_BYTES
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
PIECES = [b'{"n": 1}', b"x" * (WRITE_BYTES + 1)]


def encoded(body: bytes) -> bytes:
    call = call_to("http://a.test/x", content=body)
    return link.encode(call, url.parse(call.url))


@pytest.mark.parametrize("body", PIECES, ids=["small", "large"])
def test_a_synchronous_request_leaves_in_one_piece(
    body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = socket.socketpair()
    write, written = sockets.Stream.write, []

    def spy(self: sockets.Stream, data: bytes, timeout: float, deadline: float | None) -> None:
        written.append(data)
        write(self, data, timeout, deadline)

    monkeypatch.setattr(sockets.Stream, "write", spy)
    with ours, theirs:
        theirs.sendall(ANSWER)
        connection = link.Connection(sockets.Stream(ours, 5.0))
        call = call_to("http://a.test/x", content=body)
        assert connection.exchange(call, encoded(body), None).status == 200
        assert [each for each in written if each] == [encoded(body)]
        assert encoded(body).endswith(b"\r\n\r\n" + body)
        assert theirs.recv(1 << 20) == encoded(body)


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
        call = call_to("http://a.test/x", content=body)
        with pytest.raises(asyncio.TimeoutError):
            async with asyncio.timeout(0.01):
                await async_link._exchange(connection, call, encoded(body), None)

    asyncio.run(use())
    whole = encoded(body)
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
        connection.begin(ResponseParser("POST"))
        sending = asyncio.create_task(connection.send(b"x" * (2 * WRITE_BYTES), 5.0, None))
        await asyncio.sleep(0)
        assert len(written) == 1
        connection.resume_writing()
        await asyncio.sleep(0)
        assert (len(written), sending.done()) == (2, False)
        connection.resume_writing()
        await sending
        with pytest.raises(WriteTimeout):
            await connection.send(b"x", 0.0, None)

    made: dict[int, loop_sockets.Connection] = {}
    asyncio.run(use())
