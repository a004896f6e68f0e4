"""What a server sends beyond an answer is never taken for the answer to another question."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

import pytest
from support.raw_server import PATIENCE, RawServer, Turn
from support.sdk_faces import Face
from support.sdk_samples import CHAT, CHAT_CREATE


def whole(id: str) -> bytes:
    content = json.dumps({**CHAT, "id": id}).encode()
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    return head % len(content) + content


def in_chunks(id: str) -> bytes:
    content = json.dumps({**CHAT, "id": id}).encode()
    head = (
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    return head + b"%x\r\n%b\r\n0\r\n\r\n" % (len(content), content)


def another_answer_after_its_length(turn: Turn) -> None:
    turn.send(whole("right") + whole("of somebody else"))


def another_answer_after_its_chunks(turn: Turn) -> None:
    turn.send(in_chunks("right") + whole("of somebody else"))


def half_an_answer_more(turn: Turn) -> None:
    turn.send(whole("right") + whole("of somebody else")[:40])


def more_bytes_than_it_said(turn: Turn) -> None:
    turn.send(whole("right") + b'{"id": "garbage"}')


@pytest.mark.parametrize(
    "send",
    [
        another_answer_after_its_length,
        another_answer_after_its_chunks,
        half_an_answer_more,
        more_bytes_than_it_said,
    ],
)
def test_a_connection_with_more_on_it_than_was_asked_for_is_not_used_again(
    face: Face, send: Callable[[Turn], None]
) -> None:
    def handler(turn: Turn) -> None:
        if turn.connection == 0:
            send(turn)
        else:
            turn.send(whole("right"))

    with RawServer(handler) as server:
        client = face.client(serverless_base_url=server.url)
        create = CHAT_CREATE.of(client.inference.serverless)
        for _ in range(3):
            assert face.run(create(**CHAT_CREATE.arguments)).id == "right"
        assert server.connections == 2


def test_an_answer_that_nobody_asked_for_is_not_kept_for_the_next_question(face: Face) -> None:
    sent, may_send = threading.Event(), threading.Event()

    def handler(turn: Turn) -> None:
        turn.send(whole("right"))
        if turn.connection == 0:
            may_send.wait(PATIENCE)
            turn.send(whole("of somebody else"))
            sent.set()

    with RawServer(handler) as server:
        client = face.client(serverless_base_url=server.url)
        create = CHAT_CREATE.of(client.inference.serverless)
        assert face.run(create(**CHAT_CREATE.arguments)).id == "right"
        may_send.set()
        assert sent.wait(PATIENCE)
        for _ in range(2):
            assert face.run(create(**CHAT_CREATE.arguments)).id == "right"
        assert server.connections == 2


def test_a_body_that_a_204_may_not_have_is_no_answer_to_the_next_question(face: Face) -> None:
    def handler(turn: Turn) -> None:
        if turn.connection == 0:
            turn.send(b"HTTP/1.1 204 No Content\r\n\r\n" + whole("of somebody else"))
        else:
            turn.answer_json({})

    with RawServer(handler) as server:
        client = face.client(control_plane_base_url=server.url, control_plane_token="token-123456")
        for _ in range(2):
            assert face.run(client.control_plane.users.api_keys.delete(api_key_id="k")) is None
        assert server.connections == 2
