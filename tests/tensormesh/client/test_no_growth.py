"""What is done again and again leaves nothing behind, and costs no more each time."""

from __future__ import annotations

import gc
import json
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from support.cases import for_each
from support.sdk_faces import SETTINGS, Face, Server, SyncFace, answer, events
from support.sdk_samples import CHAT, CHAT_CREATE, MODELS, as_json, chunk, sse, stream_of

from tensormesh import APIError

ROUNDS = 150


def create(face: Face, client: Any, **more: Any) -> Any:
    completions = client.inference.serverless.chat.completions
    return face.run(completions.create(**CHAT_CREATE.arguments, **more))


def ask(face: Face, client: Any) -> None:
    create(face, client)


def ask_a_copy(face: Face, client: Any) -> None:
    create(face, client.with_options(timeout_seconds=5))


def fail(face: Face, client: Any) -> None:
    with pytest.raises(APIError):
        face.run(client.inference.serverless.models.list())


def read_a_stream(face: Face, client: Any) -> None:
    stream = create(face, client, stream=True)
    face.run(stream.get_final_completion())


def leave_a_stream(face: Face, client: Any) -> None:
    face.next(create(face, client, stream=True))


def make_another(face: Face, client: Any) -> None:
    another = face.new_client(**SETTINGS, http_client=client._links._given._client)
    create(face, another)
    face.run(another.close())


WORK: dict[str, Callable[[Face, Any], None]] = {
    each.__name__: each
    for each in (ask, ask_a_copy, fail, read_a_stream, leave_a_stream, make_another)
}


def respond(request: httpx.Request) -> httpx.Response:
    if request.method == "GET":
        return answer(b'{"error":"no"}', status=404)
    wants_stream = json.loads(request.content).get("stream")
    return stream_of(chunk("a"), chunk("b"), chunk("c")) if wants_stream else as_json(CHAT)


def classes() -> int:
    return sum(isinstance(each, type) for each in gc.get_objects())


@pytest.mark.slow
@for_each("name", WORK)
def test_work_that_is_repeated_holds_no_memory_and_makes_no_classes(
    name: str, colour: Face
) -> None:
    client = colour.client(respond)

    def repeat(rounds: int) -> int:
        for _ in range(rounds):
            WORK[name](colour, client)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    repeat(20)
    before = classes()
    tracemalloc.start()
    try:
        first = repeat(20)
        grown = repeat(ROUNDS) - first
    finally:
        tracemalloc.stop()
    # One call that kept its request alone would take some kilobytes.
    assert grown < ROUNDS * 200, grown
    assert classes() == before


def test_every_try_that_was_refused_gives_its_body_back(
    face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tensormesh._calls.retry.next_delay", lambda *_a, **_k: 0.0)
    refusals = [answer(b"{}", status=status) for status in (500, 429, 503)]
    server = Server(*refusals, as_json(MODELS))
    client = face.client(server, max_retries=3)
    face.run(client.inference.on_demand.models.list())
    assert len(server.bodies) == 4
    assert all(body.is_closed for body in server.bodies)


@pytest.mark.parametrize("field", ["content", "reasoning", "tool_calls"])
def test_a_long_answer_costs_no_more_than_its_length(field: str) -> None:
    """Putting it together anew for each chunk would copy 100 GB here."""
    face = SyncFace()
    piece: Any = "x" * 2000
    if field == "tool_calls":
        piece = [{"index": 0, "id": "c", "function": {"name": "f", "arguments": "x" * 2000}}]
    count = 10_000
    one = sse(chunk(piece) if field == "content" else chunk(**{field: piece}), done=False)
    pieces = [one * 100] * (count // 100)
    stream = create(face, face.client(Server(events(*pieces, sse()))), stream=True)
    start = time.process_time()
    message = stream.get_final_completion().choices[0].message
    assert time.process_time() - start < 4
    found = message.to_dict()[field]
    length = len(found[0]["function"]["arguments"]) if field == "tool_calls" else len(found)
    assert length == count * 2000
    face.finish()
