"""Head and body of a small request leave in one piece."""

from __future__ import annotations

import asyncio
import socket

import pytest

from tensormesh import _loop_sockets, _sockets

HEAD, BODY = b"POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\n", b"{}"
LARGE = b"x" * (_sockets.WRITE_BYTES + 1)


def test_a_synchronous_request_leaves_with_the_wait_for_its_answer() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.setblocking(False)
        stream = _sockets.Stream(ours)
        stream.write(HEAD)
        stream.write(BODY)
        with pytest.raises(BlockingIOError):
            theirs.recv(1)
        theirs.send(b"answer")
        assert stream.read(100, 1.0) == b"answer"
        assert theirs.recv(100) == HEAD + BODY
        stream.write(LARGE)
        assert len(theirs.recv(1 << 20)) == len(LARGE)


def test_an_asynchronous_request_leaves_with_the_wait_for_its_answer() -> None:
    ours, theirs = socket.socketpair()

    async def use() -> None:
        loop = asyncio.get_running_loop()
        stream = _loop_sockets.Stream(loop)
        await loop.create_connection(lambda: stream, sock=ours)
        await stream.write(HEAD)
        await stream.write(BODY)
        with pytest.raises(BlockingIOError):
            theirs.recv(1)
        theirs.send(b"answer")
        assert await stream.read(100, 1.0) == b"answer"
        assert theirs.recv(100) == HEAD + BODY
        await stream.write(LARGE)
        assert len(theirs.recv(1 << 20)) == _sockets.WRITE_BYTES
        theirs.send(b"longer than asked for")
        assert await stream.read(6) == b"longer"
        assert await stream.read(100) == b" than asked for"
        assert theirs.recv(100) == b"x"
        await stream.aclose()
        await asyncio.sleep(0)

    with theirs:
        theirs.setblocking(False)
        asyncio.run(use())
