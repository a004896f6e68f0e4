"""`with_raw_response` and `with_streaming_response`, on every method."""

from __future__ import annotations

import gzip
import json
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.cases import for_each
from support.sdk_faces import (
    API_KEY,
    AsyncFace,
    Face,
    Server,
    SyncFace,
    answer,
    events,
    host,
)
from support.sdk_samples import CHAT, CHAT_CREATE, METHODS, Method, as_json, chunk, sse

from tensormesh import (
    APIConnectionError,
    APITimeoutError,
    NotFoundError,
    ProtocolError,
    StreamError,
    types,
)

each_method = for_each("method", METHODS, ids=lambda method: method.path)
RAW, STREAMING = "with_raw_response", "with_streaming_response"


@pytest.fixture
def face(colour: Face) -> Face:
    """How requests go out makes no difference here."""
    return colour


def call(face: Face, method: Method, variant: str | None, *answers: Any, **arguments: Any) -> Any:
    client = face.client(Server(*answers))
    return face.run(
        method.of(client.inference.serverless, variant)(**method.arguments, **arguments)
    )


# The whole response


@each_method
def test_a_raw_response_has_everything(face: Face, surface: str, method: Method) -> None:
    headers = {"X-Request-Id": "req-1", "X-Other": "y"}
    server = Server(as_json(method.answer, status=201, headers=headers))
    raw = face.run(method.of(host(face.client(server), surface), RAW)(**method.arguments))

    assert raw.status_code == 201
    assert raw.headers["x-other"] == raw.headers["X-OTHER"] == "y"
    assert raw.request_id == "req-1"
    assert raw.content == json.dumps(method.answer).encode()
    assert raw.text == json.dumps(method.answer)
    assert raw.json() == method.answer
    parsed = raw.parse()
    assert type(parsed) is getattr(types, method.type)
    assert parsed.to_dict() == method.answer
    assert repr(raw) == f"<RawResponse 201, {len(raw.content)} bytes>"
    assert server.bodies[0].is_closed


@for_each("variant", [RAW, STREAMING])
@each_method
def test_status_errors_are_raised_before_anything_is_given(
    face: Face, method: Method, variant: str
) -> None:
    server = Server(as_json({"error": {"message": "gone"}}, status=404))
    create = method.of(host(face.client(server), "serverless"), variant)
    with pytest.raises(NotFoundError, match="gone"):
        face.run(create(**method.arguments))
    assert server.bodies[0].is_closed


@for_each(
    ("content", "message"),
    [
        (b"", "the response is empty"),
        (b"  \n", "the response is empty"),
        (b"<html>", "the response is not JSON"),
        (b'{"id": ', "the response is not JSON"),
        (b'"\xff"', "the response is not JSON"),
    ],
)
def test_a_raw_response_need_not_be_json_until_it_is_read_as_such(
    face: Face, content: bytes, message: str
) -> None:
    raw = call(face, CHAT_CREATE, RAW, answer(content, headers={"x-request-id": "req-1"}))
    assert raw.content == content
    for read in (raw.json, raw.parse):
        with pytest.raises(ProtocolError, match=message) as caught:
            read()
        assert caught.value.body == content
        assert (caught.value.status_code, caught.value.request_id) == (200, "req-1")


def test_a_raw_response_that_does_not_fit_can_still_be_read(face: Face) -> None:
    raw = call(face, CHAT_CREATE, RAW, as_json({**CHAT, "choices": 5}))
    assert raw.json() == {**CHAT, "choices": 5}
    with pytest.raises(ProtocolError, match=r"ChatCompletion\.choices: expected an array, got 5"):
        raw.parse()


@pytest.mark.parametrize(
    ("content_type", "content", "text"),
    [
        ("application/json; charset=latin-1", b"\xe9", "\xe9"),
        ("application/json", b"\xc3\xa9\xff", "\xe9\N{REPLACEMENT CHARACTER}"),
        ("text/plain; charset=nonsense", b"\xc3\xa9", "\xe9"),
        (None, b"\xc3\xa9", "\xe9"),
    ],
)
def test_text_is_decoded_as_the_server_says_else_as_utf_8(
    face: Face, content_type: str | None, content: bytes, text: str
) -> None:
    raw = call(face, CHAT_CREATE, RAW, answer(content, content_type=content_type))
    assert raw.text == text


def test_a_raw_stream_is_read_whole(face: Face) -> None:
    body = sse(chunk("a"), chunk("b"))
    raw = call(face, CHAT_CREATE, RAW, events(body[:10], body[10:]), stream=True)
    assert raw.content == body
    assert raw.text.splitlines()[-2] == "data: [DONE]"


def test_compressed_answers_are_decompressed(face: Face) -> None:
    content = gzip.compress(json.dumps(CHAT).encode())
    response = answer(content[:9], content[9:], headers={"content-encoding": "gzip"})
    assert call(face, CHAT_CREATE, RAW, response).json() == CHAT


@pytest.mark.parametrize("variant", [RAW, None])
def test_an_answer_that_cannot_be_decompressed_is_an_error(face: Face, variant: Any) -> None:
    response = answer(b"no gzip", headers={"content-encoding": "gzip"})
    with pytest.raises(ProtocolError, match="cannot be decompressed") as caught:
        call(face, CHAT_CREATE, variant, response)
    assert caught.value.status_code == 200


# The open response


@each_method
def test_an_open_response_is_read_as_it_comes(face: Face, method: Method) -> None:
    content = json.dumps(method.answer).encode()
    server = Server(answer(content[:4], content[4:], headers={"x-request-id": "req-1"}))
    open_response = face.run(
        method.of(host(face.client(server), "serverless"), STREAMING)(**method.arguments)
    )
    (body,) = server.bodies

    assert body.given == 0
    assert (open_response.status_code, open_response.request_id) == (200, "req-1")
    assert open_response.headers["Content-Type"] == "application/json"
    assert "open" in repr(open_response)
    pieces = open_response.iter_bytes()
    assert face.next(pieces) == content[:4]
    assert (body.given, body.is_closed) == (1, False)
    assert face.list(pieces) == [content[4:]]
    assert body.is_closed
    assert "closed" in repr(open_response)


def stream_raw(face: Face, *pieces: bytes | Exception, **options: Any) -> Any:
    return call(face, CHAT_CREATE, STREAMING, events(*pieces, **options), stream=True)


def lines_of(face: Face, *pieces: bytes, decode_unicode: bool = True) -> list[Any]:
    options = {"decode_unicode": decode_unicode} if face.name == "sync" else {}
    return face.list(stream_raw(face, *pieces).iter_lines(**options))


def test_lines_are_bytes_unless_text_is_asked_for() -> None:
    face = SyncFace()
    assert lines_of(face, b"a\n\xc3\xa9\n", decode_unicode=False) == [b"a", b"\xc3\xa9"]
    assert lines_of(face, b"a\n\xc3\xa9\n", decode_unicode=True) == ["a", "\xe9"]
    assert face.list(stream_raw(face, b"a\n").iter_lines()) == [b"a"]
    face.finish()


def test_lines_of_the_asynchronous_client_are_text() -> None:
    face = AsyncFace()
    assert lines_of(face, b"a\n\xc3\xa9\n") == ["a", "\xe9"]
    face.finish()


LINES = {
    b"": [],
    b"\n": [""],
    b"a": ["a"],
    b"a\n": ["a"],
    b"a\n\nb": ["a", "", "b"],
    b"a\r\nb\rc\nd": ["a", "b", "c", "d"],
    b"\r\r\n\n": ["", "", ""],
    b"a\x0bb\x0cc\x1cd\xc2\x85e\xe2\x80\xa8f\n": ["a\x0bb\x0cc\x1cd\x85e\u2028f"],
    b"\xff\n": ["\N{REPLACEMENT CHARACTER}"],
}


@for_each("content", LINES)
def test_lines_are_the_same_however_the_body_is_cut(face: Face, content: bytes) -> None:
    cuts: list[list[bytes]] = [[content], [bytes([byte]) for byte in content]]
    cuts += [[content[:at], b"", content[at:]] for at in range(len(content))]
    for pieces in cuts:
        assert lines_of(face, *pieces) == LINES[content]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([b"a", b"\n", b"\r", b"\r\n", b"\xc3\xa9", b""]), max_size=12))
def test_lines_do_not_depend_on_the_pieces(pieces: list[bytes]) -> None:
    face = SyncFace()
    assert lines_of(face, *pieces) == lines_of(face, b"".join(pieces))
    face.finish()


def test_events_have_their_names_and_the_end_mark(face: Face) -> None:
    body = b": hello\n\nevent: x\nid: 7\nretry: 10\ndata: a\ndata: \xc3\xa9\n\ndata: [DONE]\n\n"
    for pieces in ([body], [bytes([byte]) for byte in body]):
        first, last = face.list(stream_raw(face, *pieces).iter_events())
        assert (first.event, first.data, first.text) == ("x", b"a\n\xc3\xa9", "a\n\xe9")
        assert (first.id, first.retry) == ("7", 10)
        assert (last.event, last.data) == ("message", b"[DONE]")


def test_an_event_beyond_all_bounds_is_an_error(face: Face) -> None:
    huge = b"data: " + b"x" * (65 * 1024 * 1024)
    opened = stream_raw(face, sse("first", done=False), huge)
    found = opened.iter_events()
    assert face.next(found).data == b"first"
    with pytest.raises(StreamError, match="larger than"):
        face.next(found)
    assert "closed" in repr(opened)


def readers(face: Face) -> list[Any]:
    return [
        lambda opened: opened.iter_bytes(),
        lambda opened: opened.iter_lines(),
        lambda opened: opened.iter_events(),
    ]


def test_a_body_can_be_read_once(face: Face) -> None:
    for first in readers(face):
        for second in readers(face):
            opened = stream_raw(face, sse(chunk("a")))
            face.list(first(opened))
            with pytest.raises(StreamError, match="was already read"):
                face.list(second(opened))


def test_a_closed_response_cannot_be_read(face: Face) -> None:
    for read in readers(face):
        opened = stream_raw(face, sse(chunk("a")))
        face.run(opened.close())
        face.run(opened.close())
        with pytest.raises(StreamError, match="is closed"):
            face.list(read(opened))


def test_closing_in_the_middle_ends_the_iteration(face: Face) -> None:
    opened = stream_raw(face, b"a\n", b"b\n", b"c\n")
    lines = opened.iter_lines()
    face.next(lines)
    face.run(opened.close())
    assert face.list(lines) == []


def test_a_client_that_closes_in_the_middle_does_not_pretend_an_end(face: Face) -> None:
    client = face.client(Server(events(b"a\n", b"b\n")))
    create = CHAT_CREATE.of(client.inference.serverless, STREAMING)
    lines = face.run(create(**CHAT_CREATE.arguments, stream=True)).iter_lines()
    face.next(lines)
    face.run(client.close())
    with pytest.raises(StreamError, match="cut off before its end"):
        face.next(lines)


def test_an_open_response_is_a_context_manager(face: Face) -> None:
    server = Server(events(b"a\n", b"b\n"))
    create = CHAT_CREATE.of(face.client(server).inference.serverless, STREAMING)
    opened = face.run(create(**CHAT_CREATE.arguments, stream=True))
    if face.name == "sync":
        with opened as entered:
            assert entered is opened
    else:

        async def use() -> None:
            async with opened as entered:
                assert entered is opened

        face.run(use())
    assert server.bodies[0].is_closed


@pytest.mark.parametrize(
    ("broken", "error", "message"),
    [
        (httpx.ReadError("reset"), APIConnectionError, "connection failed: reset"),
        (httpx.RemoteProtocolError("cut"), APIConnectionError, "connection failed: cut"),
        (httpx.ReadTimeout("x"), APITimeoutError, "waiting for the next bytes took longer"),
    ],
)
def test_a_connection_that_breaks_is_an_error(
    face: Face, broken: Exception, error: type[APIConnectionError], message: str
) -> None:
    for read in readers(face):
        opened = stream_raw(face, sse("a", done=False), broken)
        with pytest.raises(error, match=message) as caught:
            face.list(read(opened))
        assert type(caught.value) is error
        assert caught.value.__cause__ is broken
        assert "closed" in repr(opened)


def test_an_open_body_that_cannot_be_decompressed_is_an_error(face: Face) -> None:
    opened = stream_raw(face, b"no gzip", headers={"content-encoding": "gzip"})
    with pytest.raises(ProtocolError, match="cannot be decompressed"):
        face.list(opened.iter_bytes())


def test_a_compressed_body_is_decompressed(face: Face) -> None:
    body = gzip.compress(sse(chunk("a")))
    opened = stream_raw(face, body[:12], body[12:], headers={"content-encoding": "gzip"})
    assert b"".join(face.list(opened.iter_bytes())) == sse(chunk("a"))


def test_representations_show_no_key(face: Face) -> None:
    raw = call(face, CHAT_CREATE, RAW, as_json(CHAT))
    opened = stream_raw(face, sse(chunk("a")))
    for thing in (raw, opened, vars(raw), vars(opened)):
        assert API_KEY not in repr(thing)
    face.run(opened.close())
