"""Answers are read the same however their bytes are cut, and as h11 reads them; or are refused."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.cases import for_each

from tensormesh._http.errors import ReadError, RemoteProtocolError
from tensormesh._http.http1 import MAX_SILENT_BYTES, ResponseParser

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


class Found(NamedTuple):
    """What was read of an answer."""

    version: str
    status: int
    reason: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes
    is_whole: bool


def read(blocks: Iterable[bytes], method: str = "GET") -> ResponseParser:
    """The answer in these blocks, and then the end of the connection."""
    answer = ResponseParser(method)
    for block in blocks:
        answer.feed(block)
    if not answer.is_over:
        answer.feed(b"")
    return answer


def found_in(blocks: Iterable[bytes], method: str = "GET") -> Found:
    answer = read(blocks, method)
    if not answer.has_head:
        return Found("", 0, b"", [], b"", False)
    return Found(
        answer.version,
        answer.status,
        answer.reason,
        list(answer.headers),
        answer.take(),
        answer.is_over and answer.error is None,
    )


def by_h11(data: bytes, method: str = "GET") -> Found:
    """What h11 reads, and then the end of the connection."""
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)
    connection.send(h11.Request(method=method, target="/", headers=[("host", "a")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(data)
    head: h11.Response | None = None
    body = b""
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(b"")
        elif isinstance(event, h11.Response):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage):
            assert head is not None
            headers = list(head.headers.raw_items())
            version = head.http_version.decode("ascii")
            return Found(version, head.status_code, head.reason, headers, body, True)
        else:
            assert isinstance(event, h11.InformationalResponse), event


ANSWERS: dict[str, tuple[str, bytes]] = {
    "length": ("GET", OK + b"Content-Length: 5\r\nX-A: b\r\n\r\nhello"),
    "no body": ("GET", OK + b"content-length: 0\r\n\r\n"),
    "chunks": ("POST", CHUNKED + b"5\r\nhello\r\n1\r\n \r\nA\r\n0123456789\r\n0\r\n\r\n"),
    "trailers": ("GET", CHUNKED + b"3;a=b\r\nabc\r\n0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n"),
    "to the end": ("GET", OK + b"X: y\r\n\r\nall of it"),
    "nothing to the end": ("GET", OK + b"\r\n"),
    "no content": ("DELETE", b"HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n"),
    "not modified": ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"),
    "head": ("HEAD", OK + b"Content-Length: 9\r\n\r\n"),
    "1.0": ("GET", b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
    "1.0 to the end": ("GET", b"HTTP/1.0 200 OK\r\n\r\n{}"),
    "close": ("GET", OK + b"Connection: close\r\nContent-Length: 2\r\n\r\n{}"),
    "hints": (
        "GET",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
        + OK
        + b"Content-Length: 2\r\n\r\n{}",
    ),
    "no reason": ("GET", b"HTTP/1.1 503 \r\nContent-Length: 1\r\n\r\nx"),
    "no space": ("GET", b"HTTP/1.1 503\r\nContent-Length: 1\r\n\r\nx"),
    "odd headers": ("GET", OK + b"X-Empty:\r\nX-B: a\r\nx-b:  c\t d \t\r\nX-C: no\r\n\r\n"),
    "high bytes": ("GET", OK + b"X: \xe4\xf6\r\nContent-Length: 3\r\n\r\n\x00\xff\n"),
    "offer of another protocol": (
        "GET",
        OK + b"Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 1\r\n\r\nx",
    ),
}


@for_each("name", ANSWERS)
def test_an_answer_is_read_as_h11_reads_it(name: str) -> None:
    method, data = ANSWERS[name]
    found = found_in([data], method)
    assert found == by_h11(data, method)
    assert found.is_whole


@for_each("name", ANSWERS)
def test_an_answer_is_the_same_wherever_it_is_cut(name: str) -> None:
    method, data = ANSWERS[name]
    whole = found_in([data], method)
    reusable = read([data], method).is_reusable
    for first in range(1, len(data)):
        assert found_in([data[:first], data[first:]], method) == whole
        for second in range(first + 1, len(data), 7):
            pieces = [data[:first], data[first:second], data[second:]]
            assert found_in(pieces, method) == whole
            assert read(pieces, method).is_reusable == reusable
    assert found_in([data[at : at + 1] for at in range(len(data))], method) == whole


@for_each("name", ANSWERS)
def test_an_answer_that_is_cut_off_is_never_taken_for_a_whole_one(name: str) -> None:
    method, data = ANSWERS[name]
    head = data.rindex(b"\r\n\r\n") + 4 if "chunk" not in data.decode("latin-1") else len(data)
    ends_anywhere = by_h11(data, method).is_whole and "to the end" in name
    for size in range(len(data)):
        answer = read([data[:size]], method)
        assert answer.is_over
        if not (ends_anywhere and size >= head):
            assert isinstance(answer.error, RemoteProtocolError), data[:size]


tokens = st.text("abcXYZ019-_!#$%&'*+.^`|~", min_size=1, max_size=12).map(lambda x: x.encode())
values = st.binary(max_size=30).map(
    lambda x: bytes(byte for byte in x if byte >= 0x20 and byte != 0x7F).strip(b" \t")
)
framing = {b"content-length", b"transfer-encoding", b"connection", b"upgrade", b"host"}


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    """Any valid answer."""
    headers = draw(st.lists(st.tuples(tokens, values), max_size=6))
    lines = [b"%b: %b" % pair for pair in headers if pair[0].lower() not in framing]
    parts = draw(st.lists(st.binary(max_size=40), max_size=6))
    kind = draw(st.sampled_from(["length", "chunks", "end"]))
    body = b"".join(parts)
    if kind == "length":
        lines.append(b"Content-Length: %d" % len(body))
    elif kind == "chunks":
        lines.append(b"Transfer-Encoding: chunked")
        body = (
            b"".join(b"%X\r\n%b\r\n" % (len(part), part) for part in parts if part) + b"0\r\n\r\n"
        )
    status = draw(st.integers(200, 599))
    return b"\r\n".join([b"HTTP/1.1 %d Any thing" % status, *lines, b"", body])


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    """The bytes in pieces, none of them empty."""
    at = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[start:end] for start, end in pairwise(at)]


places = st.lists(st.integers(0, 1 << 16), max_size=8)


@settings(max_examples=300, deadline=None)
@given(answers(), places)
def test_any_answer_in_any_pieces_is_read_as_h11_reads_it(data: bytes, places: list[int]) -> None:
    if data.startswith((b"HTTP/1.1 204", b"HTTP/1.1 304")):
        data = data.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    assert found_in(cut(data, places)) == by_h11(data)


@st.composite
def hostile(draw: st.DrawFn) -> bytes:
    """A valid answer that was tampered with, or no answer at all."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(min_size=1, max_size=200))
    # Between hints and the answer, empty lines are harmless, and an error of h11's.
    models = [data for name, (_, data) in ANSWERS.items() if name != "hints"]
    data = bytearray(draw(st.sampled_from(models)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        piece = draw(
            st.one_of(
                st.binary(max_size=3),
                st.sampled_from(
                    [b"\r\n", b"\n", b"\r", b"\0", b":", b" ", b"0", b"Content-Length: 1"]
                ),
            )
        )
        data[at : at + draw(st.integers(0, 3))] = piece
    return bytes(data) or b"x"


@pytest.mark.slow
@settings(max_examples=2000, deadline=None)
@given(hostile(), places, st.sampled_from(["GET", "HEAD"]))
def test_hostile_bytes_are_read_as_h11_reads_them_or_refused(
    data: bytes, places: list[int], method: str
) -> None:
    answer = read(cut(data, places), method)
    assert answer.is_over
    found = found_in([data], method)
    # What was cut has the same fate as the whole.
    assert found == found_in(cut(data, places), method)
    if answer.error is not None:
        assert type(answer.error) is RemoteProtocolError
        assert not answer.is_reusable
    else:
        assert found == by_h11(data, method)


# What is refused

SMUGGLED = {
    "two lengths": b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "one length twice": b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "lengths in a list": b"Content-Length: 2, 2\r\n\r\n{}",
    "length and chunks": b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and length": b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
    "chunks twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks in a list": b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunks, then more": b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "no chunks": b"Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n",
    "something like chunks": b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a sign": b"Content-Length: +2\r\n\r\n{}",
    "negative": b"Content-Length: -2\r\n\r\n{}",
    "no figures": b"Content-Length: two\r\n\r\n{}",
    "figures of another base": b"Content-Length: 0x2\r\n\r\n{}",
    "no length": b"Content-Length:\r\n\r\n{}",
    "a length beyond all bounds": b"Content-Length: 99999999999999999999\r\n\r\n{}",
    "space before the colon": b"Content-Length : 2\r\n\r\n{}",
    "a folded header": b"X: a\r\n Content-Length: 2\r\n\r\n{}",
    "lines without CR": b"Content-Length: 2\n\n{}",
    "a bare CR": b"X: a\rContent-Length: 2\r\n\r\n{}",
    "a NUL": b"X: a\0b\r\nContent-Length: 2\r\n\r\n{}",
    "a header without a name": b": a\r\nContent-Length: 2\r\n\r\n{}",
    "a header without a colon": b"X\r\nContent-Length: 2\r\n\r\n{}",
}
CHUNKS = {
    "no size": b"\r\n",
    "no figures": b"zz\r\n{}\r\n0\r\n\r\n",
    "a size with a sign": b"+2\r\n{}\r\n0\r\n\r\n",
    "a size of another form": b"0x2\r\n{}\r\n0\r\n\r\n",
    "a size beyond all bounds": b"fffffffffffffffff\r\n{}\r\n",
    "more than its size": b"1\r\n{}\r\n0\r\n\r\n",
    "a size without CR": b"2\n{}\r\n0\r\n\r\n",
    "data without CR": b"2\r\n{}\n0\r\n\r\n",
}
LINES = {
    "another protocol": b"220 mail.test ESMTP\r\n\r\n",
    "a later protocol": b"HTTP/2.0 200 OK\r\ncontent-length: 0\r\n\r\n",
    "an earlier protocol": b"HTTP/0.9 200 OK\r\ncontent-length: 0\r\n\r\n",
    "a cousin": b"RTSP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n",
    "no status": b"HTTP/1.1 OK\r\n\r\n",
    "a low status": b"HTTP/1.1 099 OK\r\n\r\n",
    "a long status": b"HTTP/1.1 2000 OK\r\n\r\n",
    "switched protocols": b"HTTP/1.1 101 S\r\nconnection: upgrade\r\nupgrade: x\r\n\r\nx",
    "switched protocols, untold": b"HTTP/1.1 101 S\r\n\r\nx",
    "an empty line before it": b"\r\n" + OK + b"content-length: 0\r\n\r\n",
}
REFUSED = [
    *(pytest.param(OK + rest, id=name) for name, rest in SMUGGLED.items()),
    *(pytest.param(CHUNKED + rest, id=f"chunk: {name}") for name, rest in CHUNKS.items()),
    *(pytest.param(line, id=name) for name, line in LINES.items()),
]


@for_each("data", REFUSED)
def test_what_could_be_read_in_two_ways_is_refused(data: bytes) -> None:
    for blocks in ([data], [data[at : at + 1] for at in range(len(data))]):
        answer = ResponseParser("GET")
        for block in blocks:
            answer.feed(block)
        assert isinstance(answer.error, RemoteProtocolError)
        assert not answer.is_reusable


CUT_OFF = {
    b"": "before its response",
    b"HTTP/1.1 20": "in the headers of its response",
    OK + b"content-length: 10\r\n\r\n{}": "after 2 of 10 bytes of its response",
    CHUNKED + b"2\r\n{}\r\n": "after 2 bytes, between the chunks of its response",
}


@pytest.mark.parametrize("data", CUT_OFF, ids=CUT_OFF.values())
def test_an_answer_that_is_cut_off_says_where(data: bytes) -> None:
    answer = ResponseParser("GET")
    if data:
        answer.feed(data)
    taken = answer.take()
    answer.feed(b"")
    assert type(answer.error) is RemoteProtocolError
    assert str(answer.error) == f"the server closed the connection {CUT_OFF[data]}"
    assert taken in (b"", b"{}")


@for_each(
    ("beginning", "more"),
    [
        (OK, b"x: y\r\n"),
        (OK + b"x: ", b"y" * 100),
        (OK + b"x", b"y" * 100),
        (b"HTTP/1.1 200 ", b"y" * 100),
        (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
        (CHUNKED, b"0" * 100),
        (CHUNKED + b"1;", b"y" * 100),
        (CHUNKED + b"0\r\n", b"x: y\r\n"),
        (CHUNKED + b"0\r\nx: ", b"y" * 100),
    ],
    ids=range(9),
)
def test_what_never_ends_is_refused_in_bounded_memory(beginning: bytes, more: bytes) -> None:
    answer = ResponseParser("GET")
    if beginning:
        answer.feed(beginning)
    block = more * (1000 // len(more))
    tracemalloc.start()
    try:
        fed = 0
        while not answer.is_over:
            answer.feed(block)
            fed += len(block)
            assert fed <= MAX_SILENT_BYTES + len(block)
        assert tracemalloc.get_traced_memory()[1] < 20 * MAX_SILENT_BYTES
    finally:
        tracemalloc.stop()
    assert "end" in str(answer.error)


def test_a_long_body_is_no_silence() -> None:
    answer = ResponseParser("GET")
    answer.feed(CHUNKED)
    block = b"1\r\nx\r\n" * 1000
    for _ in range(5 * MAX_SILENT_BYTES // len(block)):
        answer.feed(block)
        assert answer.take() == b"x" * 1000
    assert not answer.is_over


# Whether the connection can serve again

REUSED: list[tuple[str, bytes, bool]] = [
    ("GET", OK + b"content-length: 2\r\n\r\n{}", True),
    ("GET", OK + b"content-length: 0\r\n\r\n", True),
    ("GET", OK + b"connection: keep-alive\r\ncontent-length: 2\r\n\r\n{}", True),
    ("GET", OK + b"connection: close\r\ncontent-length: 2\r\n\r\n{}", False),
    ("GET", OK + b"connection: x, Close\r\ncontent-length: 2\r\n\r\n{}", False),
    ("GET", OK + b"connection: upgrade\r\nupgrade: h2c\r\ncontent-length: 2\r\n\r\n{}", True),
    ("GET", CHUNKED + b"2\r\n{}\r\n0\r\n\r\n", True),
    ("GET", CHUNKED + b"2\r\n{}\r\n0\r\nx: y\r\n\r\n", True),
    ("GET", CHUNKED + b"2\r\n{}\r\n", False),
    ("GET", CHUNKED + b"2\r\n{}\r\n0\r\n\r\nx", False),
    ("GET", OK + b"content-length: 2\r\n\r\n{}x", False),
    ("GET", OK + b"content-length: 2\r\n\r\n{}" + OK + b"content-length: 1\r\n\r\nx", False),
    ("GET", OK + b"\r\n{}", False),
    ("GET", OK + b"content-length: 3\r\n\r\n{}", False),
    ("GET", b"HTTP/1.1 204 No Content\r\n\r\n", True),
    ("GET", b"HTTP/1.1 304 Not Modified\r\ncontent-length: 2\r\n\r\n", True),
    ("GET", b"HTTP/1.1 204 No Content\r\n\r\nx", False),
    ("GET", b"HTTP/1.1 103 Hints\r\n\r\n" + OK + b"content-length: 2\r\n\r\n{}", True),
    ("GET", b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\n{}", False),
    ("GET", b"HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\n{}", False),
    ("HEAD", OK + b"content-length: 2\r\n\r\n", False),
    ("HEAD", OK + b"content-length: 2\r\n\r\n{}", False),
    ("POST", b"HTTP/1.1 500 Oops\r\ncontent-length: 2\r\n\r\n{}", True),
]


@for_each(("method", "data", "expected"), REUSED)
def test_a_connection_serves_again_only_after_a_clean_end(
    method: str, data: bytes, expected: bool
) -> None:
    answer = ResponseParser(method)
    answer.feed(data)
    assert answer.is_reusable == expected
    body = answer.take()
    assert body in ((b"{}", b"") if method != "HEAD" else (b"",))
    if expected:
        # Whatever comes before the next request, even the end.
        answer.feed(b"x")
        assert not answer.is_reusable


def test_a_connection_whose_request_was_not_taken_whole_does_not_serve_again() -> None:
    answer = ResponseParser("POST")
    answer.feed(OK + b"content-length: 0\r\n\r\n")
    answer.must_close = True
    assert not answer.is_reusable


def test_empty_lines_after_hints_say_nothing() -> None:
    answer = ResponseParser("GET")
    hints = b"HTTP/1.1 100 Continue\r\n\r\n"
    answer.feed(hints + b"\r\n\r\n" + OK + b"content-length: 2\r\n\r\n{}")
    assert (answer.status, answer.take(), answer.is_reusable) == (200, b"{}", True)


def test_what_came_before_an_error_can_be_taken() -> None:
    answer = ResponseParser("GET")
    answer.feed(CHUNKED + b"2\r\n{}\r\nzz\r\n")
    assert (answer.has_head, answer.is_over, answer.take()) == (True, True, b"{}")


def test_a_body_that_was_closed_gives_nothing_any_more() -> None:
    answer = ResponseParser("GET")
    answer.feed(CHUNKED + b"2\r\n{}\r\n")
    answer.close()
    answer.feed(b"2\r\n{}\r\n")
    assert (answer.parts, answer.is_over) == ([], True)
    assert isinstance(answer.error, ReadError)


@pytest.mark.parametrize("callback", ["on_header", "on_headers_complete", "on_message_complete"])
def test_a_ctrl_c_while_the_parser_calls_is_a_ctrl_c(callback: str) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    answer = type("Interrupted", (ResponseParser,), {callback: interrupt})("GET")
    with pytest.raises(KeyboardInterrupt):
        answer.feed(OK + b"content-length: 2\r\n\r\n{}")
    assert not answer.is_reusable
