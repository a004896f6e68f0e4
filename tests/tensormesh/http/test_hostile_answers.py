"""Whatever bytes come back, a call ends in an answer or in an error of ours, soon and small."""

from __future__ import annotations

import contextlib
import json
import random
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from support.cases import for_each
from support.raw_server import EVENT_STREAM, PATIENCE, RawServer, Turn
from support.sdk_faces import Face
from support.sdk_samples import CHAT, CHAT_CREATE, chunk, sse

from tensormesh import APIConnectionError, APIError

CONTENT = json.dumps(CHAT).encode()
EVENTS = sse(chunk("a"), chunk("b"))
CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nTransfer-Encoding: chunked\r\n\r\n"
LENGTH = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
ANSWERS = (
    LENGTH % (len(CONTENT), CONTENT),
    CHUNKED % b"application/json" + b"%x\r\n%b\r\n0\r\n\r\n" % (len(CONTENT), CONTENT),
    b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + LENGTH % (len(CONTENT), CONTENT),
    b"HTTP/1.1 429 Slow Down\r\nRetry-After: 0\r\nContent-Length: 2\r\n\r\n{}",
)
STREAM = CHUNKED % EVENT_STREAM.encode() + b"%x\r\n%b\r\n0\r\n\r\n" % (len(EVENTS), EVENTS)
ODD = (b"\r\n", b"\n", b"\0", b":", b" ", b"\xff", b"0", b"-1", b"\r\n\r\n", b"HTTP/1.1 200 OK\r\n")
ROUNDS = 100


def damaged(answer: bytes, chance: random.Random) -> bytes:
    """An answer with a few places of it changed."""
    content = bytearray(answer)
    for _ in range(chance.randrange(1, 4)):
        place = chance.randrange(len(content))
        # Most of what can go wrong is in its head.
        place = place if chance.random() < 0.3 else place % 120
        content[place : place + chance.randrange(4)] = chance.choice(ODD)
    return bytes(content)


@pytest.mark.parametrize("is_stream", [False, True], ids=["call", "stream"])
def test_damaged_answers_end_in_an_answer_or_an_error_of_ours(face: Face, is_stream: bool) -> None:
    chance = random.Random(f"{face.name} {is_stream}")
    sent = [
        damaged(STREAM if is_stream else chance.choice(ANSWERS), chance)
        if chance.random() < 0.9
        else chance.randbytes(chance.randrange(200))
        for _ in range(ROUNDS)
    ]
    answers = iter(sent)

    def handler(turn: Turn) -> None:
        if turn.json()["model"] == "good":
            turn.send(LENGTH % (len(CONTENT), CONTENT))
        else:
            turn.send(next(answers))
            turn.close()

    with RawServer(handler) as server:
        client = face.client(serverless_base_url=server.url, timeout_seconds=PATIENCE)
        create = CHAT_CREATE.of(client.inference.serverless)
        begun = time.monotonic()
        for number in range(ROUNDS):
            with contextlib.suppress(APIError):
                found = face.run(create(**CHAT_CREATE.arguments, stream=is_stream))
                if is_stream:
                    face.list(found)
            # Else the next question might go out just as this connection ends.
            assert server.wait_until(lambda: server.open == 0), sent[number]
            good = face.run(create(**{**CHAT_CREATE.arguments, "model": "good"}))
            assert good.to_dict() == CHAT, (number, sent[number])
        assert len(server.turns) == 2 * ROUNDS
        assert time.monotonic() - begun < PATIENCE


def endless(beginning: bytes, piece: bytes) -> Callable[[Turn], None]:
    def handler(turn: Turn) -> None:
        turn.send(beginning)
        with contextlib.suppress(OSError):
            for _ in range(2_000):
                turn.send(piece)
        turn.close()

    return handler


# 20 MB each, unless the client has had enough.
ENDLESS: dict[str, Callable[[Turn], None]] = {
    "a status line": endless(b"HTTP/1.1 200 ", b"O" * 10_000),
    "a header": endless(b"HTTP/1.1 200 OK\r\nX-A: ", b"a" * 10_000),
    "headers": endless(b"HTTP/1.1 200 OK\r\n", b"".join(b"X-%d: a\r\n" % n for n in range(999))),
    "a size of a chunk": endless(CHUNKED % b"application/json", b"1" * 10_000),
    "an extension of a chunk": endless(CHUNKED % b"application/json" + b"1;", b"a" * 10_000),
    "trailers": endless(
        CHUNKED % b"application/json" + b"%x\r\n%b\r\n0\r\n" % (len(CONTENT), CONTENT),
        b"X-A: " + b"a" * 9_990 + b"\r\n",
    ),
    "no HTTP at all": endless(b"", b"\x16\x03\x01" * 3_000),
}


@for_each("name", ENDLESS)
def test_a_head_without_an_end_is_an_error_in_little_memory(face: Face, name: str) -> None:
    with RawServer(ENDLESS[name]) as server:
        client = face.client(serverless_base_url=server.url, total_timeout_seconds=PATIENCE)
        create = CHAT_CREATE.of(client.inference.serverless)
        begun = time.monotonic()
        tracemalloc.start()
        try:
            with pytest.raises(APIConnectionError):
                face.run(create(**CHAT_CREATE.arguments))
            peak: Any = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 4_000_000
        assert time.monotonic() - begun < PATIENCE
        assert len(server.turns) == 1
        assert server.wait_until(lambda: server.open == 0)
