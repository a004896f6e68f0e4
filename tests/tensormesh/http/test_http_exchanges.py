"""What servers do on a connection beside answering: too early, too much, too little."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable
from typing import Any, Self

import pytest
from support.calls import call_to
from support.raw_server import PATIENCE, RawServer, Turn
from support.sdk_faces import Face
from support.sdk_samples import CHAT, CHAT_CREATE

from tensormesh import BadRequestError
from tensormesh._calls.call import Call
from tensormesh._http.async_link import AsyncLink
from tensormesh._http.errors import LocalProtocolError
from tensormesh._http.link import Link
from tensormesh._http.pool import Limits

WHOLE = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b"


def ask(face: Face, client: Any, **options: Any) -> Any:
    create = CHAT_CREATE.of(client.inference.serverless)
    return face.run(create(**CHAT_CREATE.arguments, **options))


@pytest.mark.parametrize("pause", [0.0, 0.02], ids=["at once", "later"])
def test_a_second_answer_is_never_read_as_that_of_the_next_request(
    face: Face, pause: float
) -> None:
    def handler(turn: Turn) -> None:
        good = json.dumps(CHAT).encode()
        poisoned = json.dumps({**CHAT, "id": "chatcmpl-poisoned"}).encode()
        first, second = WHOLE % (len(good), good), WHOLE % (len(poisoned), poisoned)
        if pause:
            turn.send(first)
            time.sleep(pause)
            turn.send(second)
        else:
            turn.send(first + second)

    with RawServer(handler) as server:
        client = face.client(serverless_base_url=server.url)
        for _ in range(3):
            assert ask(face, client).id == "chatcmpl-1"
            time.sleep(2 * pause)
        assert server.connections == 3


@pytest.mark.parametrize("framing", ["length", "chunks", "close"])
def test_bytes_after_the_end_cost_the_connection_and_no_more(face: Face, framing: str) -> None:
    content = json.dumps(CHAT).encode()

    def handler(turn: Turn) -> None:
        if framing == "length":
            turn.send(WHOLE % (len(content), content) + b"\0garbage")
        elif framing == "chunks":
            turn.head(transfer_encoding="chunked")
            turn.send(b"%x\r\n%b\r\n0\r\n\r\nHTTP/1.1 500 No\r\n\r\n" % (len(content), content))
        else:
            turn.send(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n" + content)
            turn.close()

    with RawServer(handler) as server:
        client = face.client(serverless_base_url=server.url)
        for _ in range(3):
            assert ask(face, client).id == "chatcmpl-1"
        assert server.connections == 3


class Refuser:
    """Refuses each request as soon as it has the beginning of it, and reads no more."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(PATIENCE)
        self._listener.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                with sock:
                    sock.recv(1000)
                    content = b'{"error": {"message": "too large"}}'
                    sock.sendall(b"HTTP/1.1 400 No\r\ncontent-length: 35\r\n\r\n" + content)
                    # As a reset may overtake the answer.
                    self._is_over.wait(0.1)


def test_a_refusal_before_the_body_was_taken_is_told(face: Face) -> None:
    text = "x" * (16 << 20)
    with Refuser() as server:
        client = face.client(serverless_base_url=server.url)
        create = client.inference.serverless.chat.completions.create
        for _ in range(2):
            with pytest.raises(BadRequestError, match="too large"):
                face.run(create(model="m", messages=[{"role": "user", "content": text}]))
        (sender,) = client._links._made.values()
        assert (sender.pool.idle, sender.pool.used) == (0, 0)


def send(call: Call) -> None:
    Link(None, Limits()).send(call, None)


def send_async(call: Call) -> None:
    async def send() -> None:
        await AsyncLink(None, Limits()).send(call, None)

    asyncio.run(send())


@pytest.mark.parametrize("sender", [send, send_async])
@pytest.mark.parametrize("url", ["ftp://a.test/", "file:///a", "http://", "http://a:x/", "a.test"])
def test_a_request_that_is_not_for_http_is_not_sent(
    url: str, sender: Callable[[Call], None]
) -> None:
    with pytest.raises(LocalProtocolError, match="invalid URL"):
        sender(call_to(url))


@pytest.mark.parametrize("sender", [send, send_async])
def test_a_header_that_brings_another_one_is_refused_before_anything_is_sent(
    sender: Callable[[Call], None],
) -> None:
    with RawServer(lambda turn: turn.answer(b"")) as server:
        with pytest.raises(LocalProtocolError, match="x-a"):
            sender(call_to(server.url, headers={"x-a": "b\r\nX-Evil: 1"}))
        assert server.connections == 0
