"""Connections are used again: read to its end, a stream costs no new one."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from support.cases import for_each
from support.raw_server import RawServer, Turn
from support.sdk_faces import Face
from support.sdk_samples import (
    CHAT,
    CHAT_CREATE,
    MODELS,
    RESPONSE,
    RESPONSES_CREATE,
    chunk,
    sse,
)

from tensormesh import NotFoundError

STREAM = [sse(chunk("a"), done=False), sse(chunk("b"), done=False), sse()]


def client_of(face: Face, server: RawServer, **settings: Any) -> Any:
    return face.client(serverless_base_url=server.url, on_demand_base_url=server.url, **settings)


def open_stream(face: Face, client: Any) -> Any:
    create = CHAT_CREATE.of(client.inference.serverless)
    return face.run(create(**CHAT_CREATE.arguments, stream=True))


READERS: dict[str, Callable[[Face, Any], Any]] = {
    "chunks": lambda face, stream: face.list(stream),
    "text": lambda face, stream: face.list(stream.text_deltas()),
    "final": lambda face, stream: face.run(stream.get_final_completion()),
}


def one_chunk_each(turn: Turn) -> None:
    turn.stream(*STREAM)


def all_in_one_chunk(turn: Turn) -> None:
    turn.stream(b"".join(STREAM))


def mark_and_end_apart(turn: Turn) -> None:
    turn.begin_stream()
    turn.chunk(b"".join(STREAM))
    time.sleep(0.005)
    turn.end()


def with_a_length(turn: Turn) -> None:
    turn.answer(b"".join(STREAM), content_type="text/event-stream")


@for_each("handler", [one_chunk_each, all_in_one_chunk, mark_and_end_apart, with_a_length])
@for_each("way", READERS)
def test_twenty_streams_take_one_connection(
    face: Face, way: str, handler: Callable[[Turn], None]
) -> None:
    with RawServer(handler) as server:
        client = client_of(face, server)
        for _ in range(20):
            READERS[way](face, open_stream(face, client))
        assert (server.connections, len(server.turns)) == (1, 20)
        face.run(client.close())


def test_streams_of_a_users_http_client_take_one_connection_too(face: Face) -> None:
    with RawServer(one_chunk_each) as server:
        client = client_of(face, server, http_client=face.http())
        for _ in range(5):
            face.list(open_stream(face, client))
        assert server.connections == 1


@pytest.mark.parametrize("done", [True, False])
def test_a_responses_stream_takes_no_new_connection(face: Face, done: bool) -> None:
    body = sse({"type": "response.completed", "response": RESPONSE}, done=done)
    with RawServer(lambda turn: turn.stream(body)) as server:
        client = client_of(face, server)
        create = RESPONSES_CREATE.of(client.inference.serverless)
        for _ in range(5):
            stream = face.run(create(**RESPONSES_CREATE.arguments, stream=True))
            assert face.run(stream.get_final_response()).id == "resp_1"
        assert server.connections == 1


def test_raw_streams_that_are_read_to_their_end_take_one_connection(face: Face) -> None:
    with RawServer(one_chunk_each) as server:
        create = CHAT_CREATE.of(
            client_of(face, server).inference.serverless, "with_streaming_response"
        )
        for _ in range(5):
            opened = face.run(create(**CHAT_CREATE.arguments, stream=True))
            face.list(opened.iter_lines())
            face.run(opened.close())
        assert server.connections == 1


def test_answers_errors_and_streams_share_a_connection_and_so_do_copies(face: Face) -> None:
    def handler(turn: Turn) -> None:
        if turn.method == "GET":
            turn.answer_json(MODELS)
        elif turn.json().get("model") == "none":
            turn.answer_json({"error": {"message": "no"}}, "404 Not Found")
        elif turn.json().get("stream"):
            turn.stream(*STREAM)
        else:
            turn.answer_json(CHAT)

    with RawServer(handler) as server:
        client = client_of(face, server)
        for each in (client, client.with_options(timeout_seconds=9), client):
            face.run(each.inference.on_demand.models.list())
            create = CHAT_CREATE.of(each.inference.serverless)
            face.run(create(**CHAT_CREATE.arguments))
            with pytest.raises(NotFoundError):
                face.run(create(**{**CHAT_CREATE.arguments, "model": "none"}))
            face.list(open_stream(face, each))
        assert (server.connections, len(server.turns)) == (1, 12)


def lingers(turn: Turn) -> None:
    turn.begin_stream()
    for piece in STREAM:
        turn.chunk(piece)
    turn.wait_for_close()


def chatters(turn: Turn) -> None:
    turn.begin_stream()
    for piece in STREAM:
        turn.chunk(piece)
    for _ in range(100_000):
        turn.chunk(b": still here\n\n" * 1000)


@for_each("handler", [lingers, chatters])
@for_each("way", READERS)
def test_a_server_that_never_ends_its_body_does_not_hold_the_client(
    face: Face, way: str, handler: Callable[[Turn], None]
) -> None:
    with RawServer(handler) as server:
        client = client_of(face, server)
        begun = time.monotonic()
        READERS[way](face, open_stream(face, client))
        assert time.monotonic() - begun < 1.5
        assert server.wait_until(lambda: server.open == 0)
        # And the next call is not hurt by it.
        READERS[way](face, open_stream(face, client))
        assert server.connections == 2


def test_a_connection_that_the_server_closed_meanwhile_is_not_used_again(face: Face) -> None:
    def handler(turn: Turn) -> None:
        turn.answer_json(CHAT)
        turn.close()

    with RawServer(handler) as server:
        create = CHAT_CREATE.of(client_of(face, server).inference.serverless)
        for _ in range(3):
            face.run(create(**CHAT_CREATE.arguments))
            assert server.wait_until(lambda: server.open == 0)
        assert server.connections == 3


def test_a_server_that_asks_to_close_is_obeyed(face: Face) -> None:
    with RawServer(lambda turn: turn.answer_json(CHAT, connection="close")) as server:
        create = CHAT_CREATE.of(client_of(face, server).inference.serverless)
        for _ in range(2):
            face.run(create(**CHAT_CREATE.arguments))
        assert server.connections == 2
        assert server.wait_until(lambda: server.open == 0)


def test_closing_the_client_closes_its_connections(face: Face) -> None:
    with RawServer(lambda turn: turn.answer_json(CHAT)) as server:
        client = client_of(face, server)
        face.run(CHAT_CREATE.of(client.inference.serverless)(**CHAT_CREATE.arguments))
        assert server.open == 1
        face.run(client.close())
        assert server.wait_until(lambda: server.open == 0)
