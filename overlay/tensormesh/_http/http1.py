"""HTTP/1.1 as a client speaks it: a request to bytes, and bytes to an answer. Sans I/O.

llhttp reads the bytes, in C and strictly. What it leaves to its user is decided here: what goes
out, how an answer ends, how long its head may be, and whether its connection can serve again.
"""

from __future__ import annotations

import re

import httpx
from httptools import (
    HttpParserCallbackError,
    HttpParserError,
    HttpParserUpgrade,
    HttpResponseParser,
)

# So much of a request is sent at once, and waits for more before.
WRITE_BYTES = 64 * 1024
# What may come before a head is whole, or between two pieces of a body.
MOST_SILENT_BYTES = 100 * 1024

Headers = list[tuple[bytes, bytes]]

_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_TARGET = re.compile(rb"[\x21-\x7e]+")
# Nothing at its ends that a reader would strip, and in it no control characters but tabs.
_VALUE = re.compile(rb"(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?")
_WORDS = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
_LENGTH = re.compile(rb"[0-9]{1,18}")


class Outgoing:
    """A request as it leaves: its head, and its body as its headers promise it.

    Args:
        method: Its method.
        target: Path and query.
        headers: Its headers, in their order.

    Raises:
        httpx.LocalProtocolError: It cannot be sent as it is, and nothing of it was.
    """

    def __init__(self, method: str, target: bytes, headers: Headers) -> None:
        self._unsent = _head(method.encode("ascii", "replace"), target, headers)
        self._left = _declared_length(headers)

    def add(self, part: bytes) -> bytes:
        """Take the next piece of the body, and give what is to be sent now: often nothing yet.

        Raises:
            httpx.LocalProtocolError: The body is longer than its headers say.
        """
        if self._left is None:
            if part:
                self._unsent += b"%x\r\n%b\r\n" % (len(part), part)
        else:
            self._left -= len(part)
            if self._left < 0:
                raise httpx.LocalProtocolError("the body is longer than its content-length")
            self._unsent += part
        return self._take() if len(self._unsent) > WRITE_BYTES else b""

    def end(self) -> bytes:
        """What is still to be sent when the whole body was taken.

        Raises:
            httpx.LocalProtocolError: The body is shorter than its headers say.
        """
        if self._left is None:
            self._unsent += b"0\r\n\r\n"
        elif self._left:
            raise httpx.LocalProtocolError("the body is shorter than its content-length")
        return self._take()

    def _take(self) -> bytes:
        unsent, self._unsent = self._unsent, b""
        return unsent


def _head(method: bytes, target: bytes, headers: Headers) -> bytes:
    if not _TOKEN.fullmatch(method):
        raise httpx.LocalProtocolError(f"{method!r} is no method")
    if not _TARGET.fullmatch(target):
        raise httpx.LocalProtocolError("the URL has characters that must be percent-encoded")
    lines = [b"%b %b HTTP/1.1" % (method, target)]
    for name, value in headers:
        if not _TOKEN.fullmatch(name):
            raise httpx.LocalProtocolError(f"{name!r} is no name of a header")
        if not _VALUE.fullmatch(value):
            # It may be a secret.
            raise httpx.LocalProtocolError(
                f"the value of the header {name.decode('ascii')} has characters, or space at an "
                "end, that no header may have"
            )
        lines.append(b"%b: %b" % (name, value))
    lines.append(b"\r\n")
    return b"\r\n".join(lines)


def _declared_length(headers: Headers) -> int | None:
    """Bytes of the body that a request's headers promise; None for one in chunks."""
    named: dict[bytes, list[bytes]] = {b"host": [], b"content-length": [], b"transfer-encoding": []}
    for name, value in headers:
        values = named.get(name.lower())
        if values is not None:
            values.append(value)
    hosts, lengths, encodings = named.values()
    if len(hosts) != 1:
        raise httpx.LocalProtocolError("a request needs one host header")
    if encodings:
        if lengths or len(encodings) > 1 or encodings[0].lower() != b"chunked":
            raise httpx.LocalProtocolError(
                "a body is sent by its content-length, or with transfer-encoding: chunked"
            )
        return None
    if not lengths:
        return 0
    if len(lengths) > 1 or not _LENGTH.fullmatch(lengths[0]):
        raise httpx.LocalProtocolError("a request needs one content-length, in figures")
    return int(lengths[0])


class Answer:
    """The answer to one request, as its bytes come.

    Args:
        method: Method of the request.

    Attributes:
        version: `1.1` or `1.0`.
        status: Its status.
        reason: The words beside it.
        headers: Names and values, in the order and with the case in which they came.
        has_head: Whether all of these are known.
        parts: What has come of the body, and was not taken yet.
        is_over: Whether nothing more comes: it is whole, or `error` broke it.
        error: What broke it.
        is_spoiled: Whether its connection is of no use after it, whatever its end.
        on_body: What the parser calls with a piece of the body: it costs no frame of ours.
    """

    __slots__ = (
        "_expected",
        "_keeps_alive",
        "_method",
        "_parser",
        "_received",
        "_silent",
        "_start",
        "error",
        "has_head",
        "headers",
        "is_over",
        "is_spoiled",
        "on_body",
        "parts",
        "reason",
        "status",
        "version",
    )

    def __init__(self, method: str) -> None:
        self.version = ""
        self.status = 0
        self.reason = b""
        self.headers: Headers = []
        self.has_head = False
        self.parts: list[bytes] = []
        self.is_over = False
        self.error: httpx.TransportError | None = None
        self.is_spoiled = False
        self.on_body = self.parts.append
        self._method = method
        self._start = b""
        # Bytes of the body; None if it comes in chunks, and -1 if the connection's end is its end.
        self._expected: int | None = 0
        self._received = 0
        self._silent = 0
        self._keeps_alive = False
        # One for each answer: of the last one nothing is left that could be misread.
        self._parser: HttpResponseParser | None = HttpResponseParser(self)

    @property
    def is_reusable(self) -> bool:
        """Whether its connection may carry another request."""
        return self.is_over and self.error is None and self._keeps_alive and not self.is_spoiled

    def feed(self, data: bytes | memoryview) -> None:
        """Take what came next; nothing at all is the end of the connection.

        Nothing of `data` itself is kept.
        """
        parser = self._parser
        if parser is None:
            self.is_spoiled = True
        elif not data:
            self._end()
        else:
            if not self.has_head and len(self._start) < 5:
                self._start += data[:5]
            try:
                parser.feed_data(data)
            except (HttpParserError, HttpParserUpgrade) as error:
                self._refuse(error)
            if self.parts:
                self._silent = 0
            else:
                self._silent += len(data)
                if self._silent > MOST_SILENT_BYTES and not self.is_over:
                    what = "has no end" if self.has_head else "has a head without an end"
                    self.fail(httpx.RemoteProtocolError(f"the server's answer {what}"))
            if self.is_over:
                # It refers to this object, and this one to it.
                self._parser = None

    def take(self) -> bytes:
        """What has come of the body, in one piece."""
        parts = self.parts
        block = parts[0] if len(parts) == 1 else b"".join(parts)
        parts.clear()
        self._received += len(block)
        return block

    def fail(self, error: httpx.TransportError) -> None:
        """Note what broke it, unless it is over. What came before is still there to be taken."""
        if not self.is_over:
            self.error = error
            self.is_over = True
        self._parser = None

    def close(self) -> None:
        """Take nothing any more: what comes on its connection now belongs to another answer."""
        self.fail(httpx.ReadError("the body was closed"))
        self.parts.clear()

    def _end(self) -> None:
        if self.has_head and self._expected == -1:
            self.is_over = True
            self._parser = None
            return
        received = self._received + sum(map(len, self.parts))
        if not self.has_head:
            how = "in the head of" if self._start else "before"
        elif self._expected is None:
            how = f"after {received} bytes, between the chunks of"
        else:
            how = f"after {received} of {self._expected} bytes of"
        self.fail(httpx.RemoteProtocolError(f"the server closed the connection {how} its answer"))

    def _refuse(self, error: Exception) -> None:
        """Note that the parser has stopped."""
        cause: BaseException = error
        if isinstance(error, HttpParserCallbackError) and error.__context__ is not None:
            cause = error.__context__
        if self.is_over:
            # Nobody asked for what comes after the end.
            self.is_spoiled = True
        elif isinstance(cause, _EXPECTED):
            what = f"the server's answer is not valid HTTP/1.1: {cause}"
            self.fail(httpx.RemoteProtocolError(what))
        if not isinstance(cause, _EXPECTED):
            # A Ctrl-C that came while the parser called.
            raise cause

    # What the parser calls

    def on_message_begin(self) -> None:
        """An answer begins: this one, or the one after hints."""
        if self.is_over:
            raise httpx.RemoteProtocolError("a second answer to one request")

    def on_status(self, reason: bytes) -> None:
        """Words of the status, or a piece of them."""
        self.reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; after the head, it stands behind the body and says nothing to us."""
        if not self.has_head:
            self.headers.append((name, value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        """The head is whole."""
        parser = self._parser
        assert parser is not None
        self.status = parser.get_status_code()
        self.version = parser.get_http_version()
        if not self._start.startswith(b"HTTP/") or self.version not in ("1.1", "1.0"):
            raise httpx.RemoteProtocolError("it is of another protocol")
        if not _WORDS.fullmatch(self.reason):
            raise httpx.RemoteProtocolError("control characters beside its status")
        if self.status < 200:
            if self.status < 102 and self.status != 100:
                raise httpx.RemoteProtocolError(f"status {self.status}, which was not asked for")
            # Hints: the answer is still to come.
            self.headers.clear()
            self.reason = b""
            return
        self._expected = self._length()
        self._keeps_alive = self.version == "1.1" and parser.should_keep_alive()
        self.has_head = True
        if self._method == "HEAD":
            self.is_over = True
            # The parser, which does not know that there is no body, is stopped.
            raise httpx.RemoteProtocolError("the answer to HEAD is over")

    def on_message_complete(self) -> None:
        """The answer is whole, or were hints."""
        if self.has_head:
            self.is_over = True

    def _length(self) -> int | None:
        """How the end of the body is known. Of contradictions the parser has seen to."""
        length: int | None = -1
        for name, value in self.headers:
            known = name.lower()
            if known == b"content-length":
                length = int(value)
            elif known == b"transfer-encoding":
                if length is None or value.lower() != b"chunked":
                    raise httpx.RemoteProtocolError("its transfer-encoding is not chunked")
                length = None
        return length


_EXPECTED = (httpx.RemoteProtocolError, HttpParserError, HttpParserUpgrade)
