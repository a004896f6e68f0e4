"""A request leaves as it was meant, or not at all: nothing in it brings another one."""

from __future__ import annotations

import h11
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.cases import for_each

from tensormesh._http.http1 import WRITE_BYTES, Headers, Outgoing

HOST = (b"Host", b"a.test")
SECRET = b"sk-canary-0123456789"


def sent(
    method: str = "POST", target: bytes = b"/", headers: Headers | None = None, *parts: bytes
) -> bytes:
    outgoing = Outgoing(method, target, [HOST] if headers is None else headers)
    return b"".join([*map(outgoing.add, parts), outgoing.end()])


def read_by_h11(data: bytes) -> tuple[bytes, bytes, Headers, bytes]:
    """What a server reads: method, target, headers, body; and nothing comes after it."""
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(data)
    request = connection.next_event()
    assert isinstance(request, h11.Request), request
    body = b""
    while True:
        event = connection.next_event()
        if isinstance(event, h11.EndOfMessage):
            break
        assert isinstance(event, h11.Data), event
        body += event.data
    assert connection.trailing_data == (b"", False)
    return request.method, request.target, list(request.headers.raw_items()), body


def test_a_request_is_head_and_body() -> None:
    headers = [HOST, (b"X-A", b"b c"), (b"x-a", b""), (b"Content-Length", b"4")]
    assert sent("POST", b"/v1?x=y", headers, b"ab", b"cd") == (
        b"POST /v1?x=y HTTP/1.1\r\n"
        b"Host: a.test\r\nX-A: b c\r\nx-a: \r\nContent-Length: 4\r\n\r\nabcd"
    )


def test_a_request_without_a_length_has_no_body() -> None:
    assert sent("GET") == b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"
    with pytest.raises(httpx.LocalProtocolError, match="longer"):
        sent("POST", b"/", None, b"x")


def test_a_body_whose_length_is_not_known_leaves_in_chunks() -> None:
    headers = [HOST, (b"Transfer-Encoding", b"chunked")]
    data = sent("POST", b"/", headers, b"hello", b"", b"x" * 20)
    assert data.endswith(b"\r\n\r\n5\r\nhello\r\n14\r\n" + b"x" * 20 + b"\r\n0\r\n\r\n")
    assert read_by_h11(data)[3] == b"hello" + b"x" * 20


@pytest.mark.parametrize(
    ("parts", "what"), [([b"abc"], "longer"), ([b"a"], "shorter"), ([], "sho")]
)
def test_a_body_of_another_length_than_was_said_is_an_error(parts: list[bytes], what: str) -> None:
    with pytest.raises(httpx.LocalProtocolError, match=what):
        sent("POST", b"/", [HOST, (b"Content-Length", b"2")], *parts)


def test_small_pieces_are_sent_together_and_large_ones_soon() -> None:
    outgoing = Outgoing("POST", b"/", [HOST, (b"Content-Length", str(2 * WRITE_BYTES).encode())])
    assert outgoing.add(b"x" * 100) == b""
    block = outgoing.add(b"x" * WRITE_BYTES)
    assert block.endswith(b"x" * (WRITE_BYTES + 100))
    assert outgoing.add(b"x" * (WRITE_BYTES - 100)) == b""
    assert outgoing.end() == b"x" * (WRITE_BYTES - 100)


METHODS = ["", "GET ", "GET /x HTTP/1.1\r\nX: y\r\n\r\n", "GE\rT", "GE\nT", "G\0T", "G\xcbT", "G:T"]
TARGETS = [b"", b"/ HTTP/1.1\r\nX: y", b"/a b", b"/\r", b"/\n", b"/\0", b"/\x7f", b"/\xe4", b"/\t"]
NAMES = [b"", b"X\r\nEvil", b"X\n", b"X\r", b"X:", b"X: y", b"X ", b" X", b"X\0", b"\xe4", b"X\t"]
VALUES = [
    *(b"a\r\nEvil: b", b"a\r\n\r\nGET / HTTP/1.1", b"a\nb", b"a\rb", b"a\0b", b"a\r", b"\na"),
    *(b"a\x7f", b"a\x01", b" a", b"a ", b"\ta", b"a\t", b" ", b"a\r\n b", b"a\x0bb"),
]


@for_each("method", METHODS)
def test_a_method_brings_nothing_with_it(method: str) -> None:
    with pytest.raises(httpx.LocalProtocolError, match="is no method"):
        sent(method)


@for_each("target", TARGETS)
def test_a_target_brings_nothing_with_it(target: bytes) -> None:
    with pytest.raises(httpx.LocalProtocolError, match="percent-encoded"):
        sent("GET", target)


@for_each("name", NAMES)
def test_a_name_of_a_header_brings_nothing_with_it(name: bytes) -> None:
    with pytest.raises(httpx.LocalProtocolError, match="is no name of a header"):
        sent("GET", b"/", [HOST, (name, b"x")])


@for_each("value", VALUES)
def test_a_value_of_a_header_brings_nothing_with_it(value: bytes) -> None:
    with pytest.raises(httpx.LocalProtocolError, match="the value of the header X-Key") as caught:
        sent("GET", b"/", [HOST, (b"X-Key", value.replace(b"a", SECRET))])
    assert SECRET.decode() not in str(caught.value)


FRAMINGS: list[Headers] = [
    [(b"Content-Length", b"2"), (b"content-length", b"2")],
    [(b"Content-Length", b"2"), (b"content-length", b"3")],
    [(b"Content-Length", b"2"), (b"Transfer-Encoding", b"chunked")],
    [(b"Transfer-Encoding", b"chunked"), (b"transfer-encoding", b"chunked")],
    [(b"Transfer-Encoding", b"gzip, chunked")],
    [(b"Transfer-Encoding", b"identity")],
    [(b"Content-Length", b"-1")],
    [(b"Content-Length", b"+1")],
    [(b"Content-Length", b"0x1")],
    [(b"Content-Length", b"")],
    [(b"Content-Length", b"1, 1")],
    [(b"Content-Length", b"9" * 30)],
    [(b"host", b"b.test")],
]


@for_each("headers", FRAMINGS, ids=str)
def test_headers_that_contradict_each_other_are_not_sent(headers: Headers) -> None:
    with pytest.raises(httpx.LocalProtocolError):
        sent("POST", b"/", [HOST, *headers], b"ab")


def test_a_request_without_a_host_is_not_sent() -> None:
    with pytest.raises(httpx.LocalProtocolError, match="host"):
        sent("GET", b"/", [])


words = st.one_of(st.binary(max_size=12), st.text("abcXYZ-019", max_size=8).map(str.encode))


@pytest.mark.slow
@settings(max_examples=1000, deadline=None)
@given(
    st.text(max_size=8) | st.sampled_from(["GET", "POST"]),
    words.map(lambda word: b"/" + word),
    st.lists(st.tuples(words, words), max_size=3),
    st.lists(st.binary(max_size=20), max_size=3),
    st.booleans(),
)
def test_whatever_is_sent_is_read_as_it_was_meant(
    method: str, target: bytes, more: Headers, parts: list[bytes], is_chunked: bool
) -> None:
    length = (b"Content-Length", str(sum(map(len, parts))).encode())
    headers = [HOST, *more, (b"Transfer-Encoding", b"chunked") if is_chunked else length]
    try:
        data = sent(method, target, headers, *parts)
    except httpx.LocalProtocolError:
        return
    expected = (method.encode(), target, headers, b"".join(parts))
    assert read_by_h11(data) == expected
