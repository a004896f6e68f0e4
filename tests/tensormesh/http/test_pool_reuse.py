"""Our own connections: how many there are, who gets one, and how long they last."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from support.raw_server import PATIENCE, RawServer, Turn
from support.sdk_faces import SETTINGS, AsyncFace, Face, SyncFace
from support.sdk_samples import CHAT, CHAT_CREATE, MODELS, chunk, sse

from tensormesh import APIConnectionError, APITimeoutError, ConfigurationError, Tensormesh
from tensormesh._http import links, sockets
from tensormesh._http.pool import Limits

FIRST = sse(chunk("a"), done=False)


def echoes(turn: Turn) -> None:
    """Gives the text of a question back, and streams without an end."""
    if turn.method == "GET":
        turn.answer_json(MODELS)
    elif turn.json().get("stream"):
        turn.begin_stream()
        turn.chunk(FIRST)
        turn.wait_for_close()
    else:
        text = turn.json()["messages"][0]["content"]
        message = {"role": "assistant", "content": text}
        turn.answer_json(CHAT | {"choices": [{"index": 0, "message": message}]})


def say(client: Any, text: str, **options: Any) -> Any:
    messages = [{"role": "user", "content": text}]
    return client.inference.serverless.chat.completions.create(
        model="m", messages=messages, **options
    )


def text_of(answer: Any) -> str:
    text: str = answer.choices[0].message.content
    return text


def limit(monkeypatch: pytest.MonkeyPatch, most: int, idle_seconds: float = 60.0) -> None:
    monkeypatch.setattr(links, "LIMITS", Limits(most, idle_seconds))


def pool_of(client: Any) -> Any:
    (sender,) = client._links._made.values()
    return sender.pool


def test_sixty_four_threads_share_eight_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    limit(monkeypatch, 8)
    face = SyncFace(own=True)
    with RawServer(echoes) as server, ThreadPoolExecutor(64) as threads:
        client = face.client(serverless_base_url=server.url)
        said = [str(number) for number in range(640)]
        assert [text_of(each) for each in threads.map(lambda one: say(client, one), said)] == said
        assert server.connections <= 8
        assert len(server.turns) == 640
        assert (pool_of(client).used, pool_of(client).waiting) == (0, 0)
        face.finish()


def test_a_crowd_of_tasks_uses_its_connections_again() -> None:
    face = AsyncFace(own=True)

    async def crowd(client: Any) -> None:
        for _ in range(4):
            found = await asyncio.gather(*[say(client, str(number)) for number in range(40)])
            assert [text_of(each) for each in found] == [str(number) for number in range(40)]

    with RawServer(echoes) as server:
        face.run(crowd(face.client(serverless_base_url=server.url)))
        assert server.connections <= 40
        face.finish()


def test_tasks_get_a_connection_in_the_order_in_which_they_came(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limit(monkeypatch, 1)
    face = AsyncFace(own=True)

    async def crowd(client: Any) -> None:
        tasks = []
        for number in range(30):
            tasks.append(asyncio.create_task(say(client, str(number))))
            # It is in the line before the next one comes.
            await asyncio.sleep(0)
        # One that leaves the line holds nobody up.
        tasks[9].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    with RawServer(echoes) as server:
        face.run(crowd(face.client(serverless_base_url=server.url)))
        came = [turn.json()["messages"][0]["content"] for turn in server.turns]
        assert came == [str(number) for number in range(30) if number != 9]
        face.finish()


def test_threads_get_a_connection_in_the_order_in_which_they_came(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limit(monkeypatch, 1)
    face = SyncFace(own=True)
    with RawServer(echoes) as server, ThreadPoolExecutor(9) as threads:
        client = face.client(serverless_base_url=server.url)
        stream = say(client, "first", stream=True)
        calls = []
        for number in range(8):
            calls.append(threads.submit(say, client, str(number)))
            assert server.wait_until(lambda: pool_of(client).waiting == number + 1)  # noqa: B023
        stream.close()
        for call in calls:
            call.result(PATIENCE)
        came = [turn.json()["messages"][0]["content"] for turn in server.turns]
        assert came == ["first", *map(str, range(8))]
        face.finish()


def test_whoever_waits_too_long_for_a_connection_is_told_so(
    face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(monkeypatch, 1)
    with RawServer(echoes) as server:
        client = face.client(serverless_base_url=server.url, max_retries=0)
        stream = face.run(say(client, "x", stream=True))
        with pytest.raises(APITimeoutError) as caught:
            face.run(say(client, "y", timeout_seconds=0.02))
        assert caught.value.phase == "pool"
        assert pool_of(client).waiting == 0
        face.run(stream.close())
        assert text_of(face.run(say(client, "z"))) == "z"
        assert len(server.turns) == 2


def test_a_connection_that_was_idle_for_too_long_is_not_used_again(
    face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(monkeypatch, 5, idle_seconds=0.05)
    with RawServer(echoes) as server:
        client = face.client(serverless_base_url=server.url)
        for _ in range(2):
            face.run(say(client, "x"))
            face.run(say(client, "x"))
            time.sleep(0.06)
        assert server.connections == 2
        assert server.wait_until(lambda: server.open == 1)


def test_a_ctrl_c_whose_traceback_is_kept_keeps_no_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupt(*_: object, **__: object) -> bytes:
        raise KeyboardInterrupt

    limit(monkeypatch, 1)
    face = SyncFace(own=True)
    with RawServer(echoes) as server:
        client = face.client(serverless_base_url=server.url)
        with monkeypatch.context() as patch:
            patch.setattr(sockets.Stream, "read", interrupt)
            with pytest.raises(KeyboardInterrupt) as caught:
                say(client, "x")
        assert caught.tb is not None
        assert text_of(say(client, "y", timeout_seconds=PATIENCE)) == "y"
        face.finish()


def test_an_idle_connection_makes_room_for_one_to_another_host(
    face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(monkeypatch, 1)
    with RawServer(echoes) as one, RawServer(echoes) as other:
        client = face.client(serverless_base_url=one.url, on_demand_base_url=other.url)
        for _ in range(3):
            assert text_of(face.run(say(client, "x"))) == "x"
            assert face.run(client.inference.on_demand.models.list()).data
        assert (one.connections, other.connections) == (3, 3)
        assert one.wait_until(lambda: one.open == 0)


def test_a_question_that_meets_the_end_of_a_used_connection_goes_out_once(face: Face) -> None:
    def leaves(turn: Turn) -> None:
        if len(server.turns) == 1:
            turn.answer_json(CHAT)
        else:
            turn.close()

    with RawServer(leaves) as server:
        client = face.client(serverless_base_url=server.url, max_retries=3)
        create = CHAT_CREATE.of(client.inference.serverless)
        face.run(create(**CHAT_CREATE.arguments))
        with pytest.raises(APIConnectionError):
            face.run(create(**CHAT_CREATE.arguments))
        assert (server.connections, len(server.turns)) == (1, 2)


def test_large_bodies_arrive_whole_both_ways(face: Face) -> None:
    # Larger than what sockets and buffers hold, so that both sides have to wait.
    text = "0123456789abcdef" * 300_000
    with RawServer(echoes) as server:
        client = face.client(serverless_base_url=server.url)
        for _ in range(2):
            assert text_of(face.run(say(client, text))) == text
        assert server.connections == 1


def test_an_answer_that_nobody_reads_is_left_to_the_kernel() -> None:
    face = AsyncFace(own=True)

    def floods(turn: Turn) -> None:
        turn.begin_stream()
        turn.chunk(FIRST)
        for _ in range(64):
            turn.chunk(b": " + b"x" * 1_000_000 + b"\n\n")
        turn.end()

    async def dawdle(client: Any) -> int:
        stream = await say(client, "x", stream=True)
        await anext(stream)
        await asyncio.sleep(0.2)
        below = stream._body.response.body._connection
        await stream.close()
        size: int = below._unread
        return size

    with RawServer(floods) as server:
        assert face.run(dawdle(face.client(serverless_base_url=server.url))) < 1_000_000
        face.finish()


def test_a_thread_that_waits_is_told_that_the_client_was_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def silent(turn: Turn) -> None:
        turn.wait_for_close()

    limit(monkeypatch, 1)
    with RawServer(silent) as server, ThreadPoolExecutor(2) as threads:
        client = Tensormesh(**{**SETTINGS, "serverless_base_url": server.url}, max_retries=0)
        first = threads.submit(say, client, "x")
        assert server.wait_until(lambda: len(server.turns) == 1)
        second = threads.submit(say, client, "y")
        assert server.wait_until(lambda: pool_of(client).waiting == 1)
        client.close()
        assert isinstance(first.exception(PATIENCE / 5), APIConnectionError)
        assert isinstance(second.exception(PATIENCE / 5), ConfigurationError)
        assert len(server.turns) == 1
        assert threading.active_count() < 20


def test_a_task_that_waits_is_told_that_the_client_was_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def silent(turn: Turn) -> None:
        turn.wait_for_close()

    async def close_under_way(client: Any, server: RawServer) -> None:
        calls = [asyncio.create_task(say(client, text)) for text in "xy"]
        await asyncio.to_thread(server.wait_until, lambda: len(server.turns) == 1)
        await client.close()
        first, second = await asyncio.wait_for(
            asyncio.gather(*calls, return_exceptions=True), PATIENCE / 5
        )
        assert isinstance(first, APIConnectionError)
        assert isinstance(second, ConfigurationError)

    limit(monkeypatch, 1)
    face = AsyncFace(own=True)
    with RawServer(silent) as server:
        client = face.client(serverless_base_url=server.url, max_retries=0)
        face.run(close_under_way(client, server))
        face.finish()
