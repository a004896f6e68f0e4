"""Whatever goes wrong: one error of ours, one request of a POST, and a client that works on."""

from __future__ import annotations

import copy
import json
import logging
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from support.cases import for_each
from support.faults import (
    ANSWERS,
    FAULTS,
    NETWORK,
    PROTOCOL,
    REFUSALS,
    Fault,
    patience_with,
    takes_time,
)
from support.raw_server import RawServer, Turn
from support.sdk_faces import API_KEY, Face
from support.sdk_samples import CHAT, CHAT_CREATE, MODELS, chunk, sse

from tensormesh import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    ProtocolError,
    StreamError,
)
from tensormesh._calls import retry as _retry

KINDS: dict[Fault, tuple[type[APIError], ...]] = {
    **dict.fromkeys((*NETWORK, *PROTOCOL), (APIConnectionError, StreamError)),
    **dict.fromkeys(ANSWERS, (ProtocolError, StreamError)),
    **dict.fromkeys(REFUSALS, (APIStatusError,)),
}


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits between tries are tested elsewhere."""
    monkeypatch.setattr(_retry, "FIRST_DELAY_SECONDS", 0.01)


def use(face: Face, client: Any, way: str, seconds: float) -> Any:
    """Make a call, and read what it gives to its end."""
    variant, _, stream = way.partition(" ")
    create = CHAT_CREATE.of(client.inference.serverless, None if variant == "plain" else variant)
    found = face.run(
        create(
            **CHAT_CREATE.arguments,
            stream=bool(stream),
            timeout_seconds=seconds,
            total_timeout_seconds=seconds * 2,
        )
    )
    if stream:
        return face.run(found.get_final_completion())
    return face.run(found.parse()) if variant == "with_raw_response" else found


def handler_of(fault: Fault) -> Fault:
    """Misbehaves in answer to the first request, and then no more."""

    def handler(turn: Turn) -> None:
        if turn.headers.get("x-good"):
            if turn.method == "GET":
                turn.answer_json(MODELS)
            elif turn.json().get("stream"):
                turn.stream(sse(chunk("a")))
            else:
                turn.answer_json(CHAT)
        else:
            fault(turn)

    return handler


@for_each("way", ["plain", "plain stream", "with_raw_response"])
@for_each("fault", FAULTS)
def test_a_post_is_sent_once_whatever_happens(face: Face, fault: Fault, way: str) -> None:
    with RawServer(handler_of(fault)) as server:
        client = face.client(serverless_base_url=server.url, max_retries=5)
        with pytest.raises(APIError) as caught:
            use(face, client, way, patience_with(fault))
        error = caught.value
        # On a busy machine the server may be later than the client's patience.
        server.wait_until(lambda: bool(server.turns))
        assert len(server.turns) == 1
        assert error.attempts == 1
        assert error.method == "POST"
        assert "tries" not in str(error)
        whole = KINDS[fault] if way != "plain stream" else (*KINDS[fault], StreamError)
        if fault in ANSWERS and way == "plain stream":
            whole = (ProtocolError, StreamError)
        assert isinstance(error, whole), error
        assert isinstance(error, APITimeoutError) == takes_time(fault), error
        # It reads well, travels, and shows no key.
        assert 10 < len(str(error)) < 500
        assert API_KEY not in repr(vars(error))
        for twin in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):
            assert (str(twin), twin.attempts) == (str(error), 1)

        # The client works on.
        create = CHAT_CREATE.of(client.inference.serverless)
        for stream in (False, True):
            found = face.run(
                create(**CHAT_CREATE.arguments, stream=stream, extra_headers={"X-Good": "1"})
            )
            if stream:
                found = face.run(found.get_final_completion())
            assert found.id == "chatcmpl-1"
        assert len(server.turns) == 3
        assert not client._links.held
        assert server.wait_until(lambda: server.open <= 1)


def test_a_post_on_a_connection_that_just_broke_is_not_sent_again(face: Face) -> None:
    # The server takes the request, and closes without a word: nobody knows what it did.
    def handler(turn: Turn) -> None:
        if len(server.turns) == 1:
            turn.answer_json(CHAT)
        else:
            turn.close()

    with RawServer(handler) as server:
        client = face.client(serverless_base_url=server.url, max_retries=5)
        create = CHAT_CREATE.of(client.inference.serverless)
        face.run(create(**CHAT_CREATE.arguments))
        with pytest.raises(APIConnectionError):
            face.run(create(**CHAT_CREATE.arguments))
        assert (len(server.turns), server.connections) == (2, 1)


RETRIED = [
    fault
    for fault in FAULTS
    if fault.__name__
    in (
        "resets",
        "closes",
        "stalls",
        "stalls_in_its_headers",
        "only_gives_hints",
        "switches_protocols",
        "sends_a_negative_length",
        "sends_a_length_that_is_none",
        "refuses_and_asks_for_more",
        "limits_rates",
        "fails",
        "refuses_and_resets",
    )
]


@for_each("fault", RETRIED)
def test_a_get_is_sent_as_often_as_allowed_and_says_so(
    face: Face, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="tensormesh")
    with RawServer(fault) as server:
        seconds = patience_with(fault)
        client = face.client(serverless_base_url=server.url, max_retries=2, timeout_seconds=seconds)
        with pytest.raises(APIError, match="after 3 attempts") as caught:
            face.run(client.inference.serverless.models.list())
        assert caught.value.attempts == len(server.turns) == 3
        own = [record for record in caplog.records if record.name == "tensormesh"]
        lines = [record.getMessage() for record in own if record.levelno == logging.DEBUG]
        assert [f"(attempt {number})" in line for number, line in enumerate(lines, 1)] == [True] * 3


@for_each("fault", [fault for fault in FAULTS if fault not in RETRIED])
def test_a_get_whose_answer_began_or_cannot_change_is_sent_once(face: Face, fault: Fault) -> None:
    with RawServer(fault) as server:
        client = face.client(
            serverless_base_url=server.url,
            max_retries=2,
            timeout_seconds=patience_with(fault),
            total_timeout_seconds=patience_with(fault) * 4,
        )
        with pytest.raises(APIError) as caught:
            face.run(client.inference.serverless.models.list())
        assert caught.value.attempts == 1
        # Another place of the same host is no further try.
        assert len(server.turns) == (6 if fault.__name__ == "redirects" else 1)


# Things that look odd, and are right


def http_1_0(turn: Turn, content: bytes) -> None:
    turn.send(b"HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n" + content)
    turn.close()


def hints_first(turn: Turn, content: bytes) -> None:
    turn.send(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n")
    turn.answer(content)


def more_than_it_said(turn: Turn, content: bytes) -> None:
    turn.send(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%bmore" % (len(content), content))
    turn.close()


def byte_by_byte(turn: Turn, content: bytes) -> None:
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(content), content)
    for start in range(len(answer)):
        turn.send(answer[start : start + 1])


def without_a_reason(turn: Turn, content: bytes) -> None:
    turn.send(b"HTTP/1.1 200 \r\ncontent-length: %d\r\n\r\n%b" % (len(content), content))


def another_success(turn: Turn, content: bytes) -> None:
    turn.answer(content, "203 Non-Authoritative Information")


@for_each(
    "send",
    [http_1_0, hints_first, more_than_it_said, byte_by_byte, without_a_reason, another_success],
)
def test_odd_answers_are_understood(face: Face, send: Callable[[Turn, bytes], None]) -> None:

    with RawServer(lambda turn: send(turn, json.dumps(CHAT).encode())) as server:
        client = face.client(serverless_base_url=server.url)
        create = CHAT_CREATE.of(client.inference.serverless)
        assert face.run(create(**CHAT_CREATE.arguments)).id == "chatcmpl-1"


def test_a_call_without_a_result_is_glad_of_any_success(face: Face) -> None:
    def handler(turn: Turn) -> None:
        if len(server.turns) == 1:
            turn.send(b"HTTP/1.1 204 No Content\r\n\r\n")
        else:
            turn.answer_json({})

    with RawServer(handler) as server:
        client = face.client(control_plane_base_url=server.url, control_plane_token="token-123456")
        for _ in range(2):
            assert face.run(client.control_plane.users.api_keys.delete(api_key_id="k")) is None
