"""Fuzz HTTP/1.1 responses: parsing does not depend on how the bytes are split."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

import h11

from tensormesh._http.errors import RemoteProtocolError
from tensormesh._http.http1 import ResponseParser

from .target import pick, split

_HEADS = [
    *(b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 204 No Content\r\n", b"HTTP/1.0 500 \r\n"),
    *(b"HTTP/1.1 304\r\n", b"HTTP/2.0 200 OK\r\n", b"HTTP/1.1 101 S\r\n", b"220 mail\r\n", b""),
]
_HEADERS = [
    *(b"Content-Length: 5\r\n", b"content-length: 0\r\n", b"Content-Length: 99\r\n", b"X:\r\n"),
    *(b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: gzip\r\n", b"X: \xff \t\r\n"),
    *(b"Connection: close\r\n", b"Connection: upgrade\r\nUpgrade: h2c\r\n", b" folded\r\n"),
]
_BODIES = [
    *(b"5\r\nhello\r\n", b"A;x=y\r\n0123456789\r\n", b"0\r\n\r\n", b"0\r\nX-Sum: 1\r\n\r\n"),
    *(b"hello", b"zz\r\n", b"\r\n", b"\n", b"\0", b"ffffffffffffffffff\r\n"),
]
_DAMAGE = [b"", b"\r\n", b"\n", b"\r", b"\0", b":", b" ", b"0", b"\x80", b"Content-Length: 1\r\n"]


class Bytes(NamedTuple):
    """The bytes of a response, in pieces, and the method of its request."""

    method: str
    pieces: list[bytes]


def make_response(chance: Random) -> Bytes:
    """Make a response, often damaged, split anywhere."""
    parts = [chance.choice(_HEADS), *pick(chance, _HEADERS, 3), b"\r\n", *pick(chance, _BODIES, 4)]
    data = bytearray(b"".join(parts))
    for _ in range(chance.randrange(3)):
        start = chance.randrange(len(data) + 1)
        data[start : start + chance.randrange(3)] = chance.choice(_DAMAGE)
    pieces = [piece for piece in split(chance, bytes(data)) if piece]
    return Bytes(chance.choice(("GET", "POST", "HEAD")), pieces)


def check_response(given: Bytes) -> None:
    """Check that the result is that of the unsplit bytes and of h11, or a protocol error."""
    whole = b"".join(given.pieces)
    found = _parse(given.method, given.pieces)
    assert found == _parse(given.method, [whole] if whole else [])
    if found is not None:
        assert found == _parse_with_h11(given.method, whole)


def _parse(method: str, pieces: list[bytes]) -> tuple[object, ...] | None:
    """Return status, reason, headers and body, or None for an invalid response."""
    parser = ResponseParser(method)
    for piece in pieces:
        parser.feed(piece)
    if not parser.is_over:
        parser.feed(b"")
    assert parser.is_over
    if parser.error is not None:
        assert type(parser.error) is RemoteProtocolError
        assert not parser.is_reusable
        return None
    return parser.status, parser.reason, parser.headers, parser.take()


def _parse_with_h11(method: str, data: bytes) -> tuple[object, ...]:
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method=method, target="/", headers=[("host", "a")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(data)
    head = connection.next_event()
    if head is h11.NEED_DATA:
        connection.receive_data(b"")
        head = connection.next_event()
    assert isinstance(head, h11.Response), head
    body = b""
    while True:
        event = connection.next_event()
        if isinstance(event, h11.EndOfMessage):
            return head.status_code, head.reason, list(head.headers.raw_items()), body
        if event is h11.NEED_DATA:
            connection.receive_data(b"")
        else:
            assert isinstance(event, h11.Data), event
            body += event.data
