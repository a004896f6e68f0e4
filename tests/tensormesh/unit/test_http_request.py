"""A request leaves as it was meant, or not at all: nothing in it brings another one."""

from __future__ import annotations

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.cases import for_each

from tensormesh._http.errors import LocalProtocolError
from tensormesh._http.http1 import encode_request

HOST = {"host": "a.test"}
SECRET = "sk-canary-0123456789"


def sent(
    method: str = "POST",
    target: bytes = b"/",
    headers: dict[str, str] | None = None,
    content: bytes = b"",
) -> bytes:
    return encode_request(method, target, HOST if headers is None else headers, content)


def read_by_h11(data: bytes) -> tuple[bytes, bytes, list[tuple[bytes, bytes]], bytes]:
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
    headers = {**HOST, "x-a": "b c", "x-b": "", "content-length": "4"}
    assert sent("POST", b"/v1?x=y", headers, b"abcd") == (
        b"POST /v1?x=y HTTP/1.1\r\n"
        b"host: a.test\r\nx-a: b c\r\nx-b: \r\ncontent-length: 4\r\n\r\nabcd"
    )


def test_a_request_without_a_length_has_no_body() -> None:
    assert sent("GET") == b"GET / HTTP/1.1\r\nhost: a.test\r\n\r\n"
    with pytest.raises(LocalProtocolError, match="length"):
        sent("POST", b"/", None, b"x")


def test_a_body_may_leave_in_chunks() -> None:
    headers = {**HOST, "transfer-encoding": "chunked"}
    data = sent("POST", b"/", headers, b"hello")
    assert data.endswith(b"\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
    assert read_by_h11(data)[3] == b"hello"
    assert read_by_h11(sent("POST", b"/", headers))[3] == b""


@pytest.mark.parametrize("content", [b"abc", b"a", b""])
def test_a_body_of_another_length_than_was_said_is_an_error(content: bytes) -> None:
    with pytest.raises(LocalProtocolError, match="length of the body"):
        sent("POST", b"/", {**HOST, "content-length": "2"}, content)


METHODS = ["", "GET ", "GET /x HTTP/1.1\r\nX: y\r\n\r\n", "GE\rT", "GE\nT", "G\0T", "G\xcbT", "G:T"]
TARGETS = [b"", b"/ HTTP/1.1\r\nX: y", b"/a b", b"/\r", b"/\n", b"/\0", b"/\x7f", b"/\xe4", b"/\t"]
NAMES = ["", "X\r\nEvil", "X\n", "X\r", "X:", "X: y", "X ", " X", "X\0", "\xe4", "X\t"]
VALUES = [
    *("a\r\nEvil: b", "a\r\n\r\nGET / HTTP/1.1", "a\nb", "a\rb", "a\0b", "a\r", "\na"),
    *("a\x7f", "a\x01", " a", "a ", "\ta", "a\t", " ", "a\r\n b", "a\x0bb", "a\u2028b", "a\u0100"),
]


@for_each("method", METHODS)
def test_a_method_brings_nothing_with_it(method: str) -> None:
    with pytest.raises(LocalProtocolError, match="invalid method"):
        sent(method)


@for_each("target", TARGETS)
def test_a_target_brings_nothing_with_it(target: bytes) -> None:
    with pytest.raises(LocalProtocolError, match="percent-encoded"):
        sent("GET", target)


@for_each("name", NAMES)
def test_a_name_of_a_header_brings_nothing_with_it(name: str) -> None:
    with pytest.raises(LocalProtocolError, match="invalid header name"):
        sent("GET", b"/", {**HOST, name: "x"})


@for_each("value", VALUES)
def test_a_value_of_a_header_brings_nothing_with_it(value: str) -> None:
    with pytest.raises(LocalProtocolError, match="the header x-key") as caught:
        sent("GET", b"/", {**HOST, "x-key": value.replace("a", SECRET)})
    assert SECRET not in str(caught.value)


FRAMINGS: list[dict[str, str]] = [
    {"content-length": "2", "transfer-encoding": "chunked"},
    {"transfer-encoding": "gzip, chunked"},
    {"transfer-encoding": "identity"},
    *({"content-length": length} for length in ("-1", "+1", "0x1", "", "1, 1", "9" * 30, "3")),
]


@for_each("headers", FRAMINGS, ids=str)
def test_headers_that_contradict_the_body_are_not_sent(headers: dict[str, str]) -> None:
    with pytest.raises(LocalProtocolError):
        sent("POST", b"/", {**HOST, **headers}, b"ab")


def test_a_request_without_a_host_is_not_sent() -> None:
    with pytest.raises(LocalProtocolError, match="host"):
        sent("GET", b"/", {})


words = st.one_of(
    st.binary(max_size=12).map(lambda word: word.decode("latin-1")),
    st.text("abcXYZ-019", max_size=8),
)


@pytest.mark.slow
@settings(max_examples=1000, deadline=None)
@given(
    st.text(max_size=8) | st.sampled_from(["GET", "POST"]),
    words.map(lambda word: b"/" + word.encode("latin-1")),
    st.dictionaries(words, words, max_size=3),
    st.binary(max_size=20),
    st.booleans(),
)
def test_whatever_is_sent_is_read_as_it_was_meant(
    method: str, target: bytes, more: dict[str, str], content: bytes, is_chunked: bool
) -> None:
    framing = {"transfer-encoding": "chunked"} if is_chunked else {}
    headers = {**HOST, **more, **(framing or {"content-length": str(len(content))})}
    try:
        data = sent(method, target, headers, content)
    except LocalProtocolError:
        return
    pairs = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    assert read_by_h11(data) == (method.encode(), target, pairs, content)
