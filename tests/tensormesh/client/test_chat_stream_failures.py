"""Chat streams that go wrong: what is said, and what is kept."""

from __future__ import annotations

import contextlib
import copy
import json
import pickle
from typing import Any

import httpx
import pytest
from support.cases import for_each
from support.sdk_faces import API_KEY, Body, Face, Server, events
from support.sdk_samples import CHAT_CREATE, as_json, chunk, sse, stream_of

from tensormesh import APITimeoutError, ProtocolError, StreamError, types


@pytest.fixture
def face(colour: Face) -> Face:
    """How requests go out makes no difference here."""
    return colour


def open_stream(face: Face, *answers: Any, **arguments: Any) -> Any:
    create = CHAT_CREATE.of(face.client(Server(*answers)).inference.serverless)
    return face.run(create(**CHAT_CREATE.arguments, stream=True, **arguments))


def final_of(face: Face, *chunks: Any) -> types.ChatCompletion:
    final = face.run(open_stream(face, stream_of(*chunks)).get_final_completion())
    assert isinstance(final, types.ChatCompletion)
    return final


def fail(face: Face, *answers: Any, taken: list[str]) -> StreamError:
    """The error of a stream that first gives some chunks."""
    stream = open_stream(face, *answers)
    for content in taken:
        assert face.next(stream).choices[0].delta.content == content
    with pytest.raises(StreamError) as caught:
        face.next(stream)
    error = caught.value
    # It stays an error, however it is asked.
    with pytest.raises(StreamError):
        face.next(stream)
    with pytest.raises(StreamError):
        face.run(stream.get_final_completion())
    assert "closed" in repr(stream)
    for twin in (copy.deepcopy(error), pickle.loads(pickle.dumps(error))):
        assert (str(twin), twin.partial, twin.body) == (str(error), error.partial, error.body)
    return error


@for_each("ending", [b"", b": bye\n\n", b'data: {"cho', b"event: x\n\n", b"\n"])
def test_a_stream_without_its_end_mark_is_an_error_with_what_came(
    face: Face, ending: bytes
) -> None:
    response = events(sse(chunk("a"), chunk("b"), done=False), ending)
    error = fail(face, response, taken=["a", "b"])
    assert "ended without its end marker" in str(error)
    assert error.partial.choices[0].message.content == "ab"
    assert error.partial.choices[0].finish_reason is None


def test_an_empty_stream_is_an_error(face: Face) -> None:
    assert fail(face, events(), taken=[]).partial is None


def test_a_stream_of_nothing_but_its_end_mark_has_no_final_answer(face: Face) -> None:
    stream = open_stream(face, stream_of())
    assert face.list(stream) == []
    with pytest.raises(StreamError, match="without a response"):
        face.run(stream.get_final_completion())


@for_each(
    "ending",
    [
        b"data: [DONE]",
        b"data: [DONE]\n",
        b"data: [DONE]\r\n",
        b"data:[DONE]\n\n",
        b"data:  [DONE] \n\n",
    ],
)
def test_the_end_mark_may_be_written_in_other_ways(face: Face, ending: bytes) -> None:
    stream = open_stream(face, events(sse(chunk("a"), done=False), ending))
    assert face.run(stream.get_final_completion()).choices[0].message.content == "a"


def test_a_last_event_without_its_empty_line_counts(face: Face) -> None:
    cut = sse(chunk("a"), chunk("b"), done=False)[:-2]
    assert fail(face, events(cut), taken=["a", "b"]).partial.choices[0].message.content == "ab"


@for_each("rest", [sse(chunk("late")), b"data: {}\n\ndata: nonsense\n\n", b"\0\xff"])
@for_each("together", [True, False])
def test_what_follows_the_end_mark_is_ignored(face: Face, rest: bytes, together: bool) -> None:
    whole = sse(chunk("a"))
    response = events(whole + rest) if together else events(whole, rest)
    stream = open_stream(face, response)
    assert len(face.list(stream)) == 1
    assert face.run(stream.get_final_completion()).choices[0].message.content == "a"


@for_each("sign", [b"data:\n\n", b"data: \n\n", b": ping\n\n", b"\n\n", b"id: 1\n\n"])
def test_signs_of_life_are_ignored(face: Face, sign: bytes) -> None:
    whole = sign + sse(chunk("a"), done=False) + sign + sse()
    assert [
        one.choices[0].delta.content for one in face.list(open_stream(face, events(whole)))
    ] == ["a"]


ERRORS: dict[str, tuple[Any, str, Any, Any]] = {
    "an object": (
        {"error": {"message": "boom", "type": "InternalServerError", "param": None, "code": 500}},
        "boom",
        500,
        "InternalServerError",
    ),
    "a text": ({"error": "boom"}, "boom", None, None),
    "beside other fields": (
        {"id": "x", "choices": [], "error": {"message": "boom", "code": "E1"}},
        "boom",
        "E1",
        None,
    ),
    "with a good chunk": ({**chunk("z"), "error": {"message": "boom"}}, "boom", None, None),
    "without a message": ({"error": {"code": 3}}, '{"code": 3}', 3, None),
}


@for_each("together", [True, False])
@for_each("form", ERRORS)
def test_an_error_event_comes_after_what_was_sent_before_it(
    face: Face, form: str, together: bool
) -> None:
    event, message, code, kind = ERRORS[form]
    pieces = [sse(chunk("a"), chunk("b"), done=False), sse(event), sse(chunk("c"))]
    if together:
        pieces = [b"".join(pieces)]
    error = fail(face, events(*pieces, headers={"x-request-id": "req-1"}), taken=["a", "b"])

    assert str(error).startswith(f"the server reported an error in the stream: {message}")
    assert (error.code, error.type, error.body) == (code, kind, event)
    assert error.partial.choices[0].message.content == "ab"
    assert (error.request_id, error.attempts, error.method) == ("req-1", 1, "POST")
    assert error.url == "https://serverless.test/v1/chat/completions"


@for_each(
    ("payload", "message"),
    [
        ("{nonsense", "an event is not JSON"),
        ("{}", r"ChatCompletionChunk\.choices: expected an array, but it is missing"),
        ("[]", "an event does not match its schema: ChatCompletionChunk"),
        ("null", "an event does not match its schema"),
        ("5", "an event does not match its schema"),
        ('"text"', "an event does not match its schema"),
        ('{"choices": 1}', r"ChatCompletionChunk\.choices"),
        ('{"choices": [{"delta": {"content": 5}}]}', r"content: expected a string, got 5"),
        ('{"choices": [{"delta": null}]}', "an event does not match its schema"),
        ("[" * 100_000, "an event is not JSON"),
    ],
)
def test_an_event_that_is_none_is_an_error(face: Face, payload: str, message: str) -> None:
    response = events(sse(chunk("a"), done=False), sse(payload))
    error = fail(face, response, taken=["a"])
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(str(error))
    assert error.partial.choices[0].message.content == "a"
    assert error.body is not None or payload == "null"


def test_an_event_of_invalid_utf_8_is_an_error(face: Face) -> None:
    response = events(sse(chunk("a"), done=False), b'data: {"choices": [\xff]}\n\n')
    assert "an event is not JSON" in str(fail(face, response, taken=["a"]))


BROKEN = [
    httpx.ReadError("connection reset"),
    httpx.RemoteProtocolError("peer closed connection without sending complete message body"),
    httpx.ReadError(""),
]


@pytest.mark.parametrize("broken", BROKEN, ids=repr)
def test_a_connection_that_breaks_is_an_error_with_what_came(
    face: Face, broken: httpx.TransportError
) -> None:
    error = fail(face, events(sse(chunk("a"), done=False), broken), taken=["a"])
    assert "the stream broke: connection failed: " in str(error)
    assert str(broken) in str(error)
    assert error.partial.choices[0].message.content == "a"
    assert error.__cause__ is broken


PHASES = [
    (httpx.ReadTimeout("x"), "read", "waiting for the next bytes took longer than 600 s"),
    (httpx.WriteTimeout("x"), "write", "sending took longer than 600 s"),
]


@pytest.mark.parametrize(("error", "phase", "message"), PHASES)
def test_a_stream_that_stalls_times_out_after_what_came(
    face: Face, error: Exception, phase: str, message: str
) -> None:
    stream = open_stream(face, events(sse(chunk("a"), done=False), error))
    assert face.next(stream).choices[0].delta.content == "a"
    for _ in range(2):
        with pytest.raises(APITimeoutError, match=message) as caught:
            face.next(stream)
        assert caught.value.phase == phase
        assert caught.value.partial.choices[0].message.content == "a"
    with pytest.raises(APITimeoutError):
        face.run(stream.get_final_completion())


def test_a_body_that_cannot_be_decompressed_is_an_error(face: Face) -> None:
    response = events(b"no gzip at all", headers={"content-encoding": "gzip"})
    assert "cannot be decompressed" in str(fail(face, response, taken=[]))


@pytest.mark.parametrize("content_type", ["application/json", "Text/HTML; charset=utf-8"])
def test_an_answer_that_is_no_stream_is_an_error_of_the_call(face: Face, content_type: str) -> None:
    response = as_json({"hello": 1})
    response.headers["content-type"] = content_type
    server = Server(response)
    create = CHAT_CREATE.of(face.client(server).inference.serverless)

    with pytest.raises(ProtocolError, match="not an event stream but") as caught:
        face.run(create(**CHAT_CREATE.arguments, stream=True))

    assert caught.value.body == b'{"hello": 1}'
    assert caught.value.status_code == 200
    assert server.bodies[0].is_closed


@pytest.mark.parametrize("content_type", [None, "text/plain", "text/event-stream"])
def test_a_stream_need_not_say_that_it_is_one(face: Face, content_type: str | None) -> None:
    response = stream_of(chunk("a"))
    del response.headers["content-type"]
    if content_type:
        response.headers["content-type"] = content_type
    assert len(face.list(open_stream(face, response))) == 1


def test_an_error_shows_no_key_that_the_server_echoes(face: Face) -> None:
    echo = f"Bearer {API_KEY} is not good"
    misfit = json.dumps({"choices": [{"delta": {"content": {"a": "x" * 40, "key": echo}}}]})
    for payload in ({"error": {"message": echo, "code": API_KEY}}, misfit, f"{{{echo}"):
        response = stream_of(payload, headers={"x-request-id": API_KEY})
        error = fail(face, response, taken=[])
        shown = [str(error), repr(error), repr(error.args), repr(vars(error))]
        assert not any(API_KEY in text or API_KEY[:12] in text for text in shown)


def test_every_body_is_closed_at_its_end(face: Face) -> None:
    whole = sse(chunk("a"))
    for pieces in ([whole], [whole, b"\n"], [sse(chunk("a"), done=False)], [sse("{")]):
        server = Server(events(*pieces))
        create = CHAT_CREATE.of(face.client(server).inference.serverless)
        stream = face.run(create(**CHAT_CREATE.arguments, stream=True))
        with contextlib.suppress(StreamError):
            face.list(stream)
        (body,) = server.bodies
        assert isinstance(body, Body)
        assert body.is_closed
