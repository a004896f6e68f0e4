"""HTTP/1.1 for clients: encode requests, parse responses. Sans I/O.

llhttp parses the bytes, in C and strictly. This module decides what it leaves open: what is sent,
where a response ends, how long its head may be, and whether its connection can be reused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from httptools import (
    HttpParserCallbackError,
    HttpParserError,
    HttpParserUpgrade,
    HttpResponseParser,
)

from .errors import LinkError, LocalProtocolError, ReadError, RemoteProtocolError

# The most that may arrive before the head is complete, or between two pieces of a body.
MAX_SILENT_BYTES = 100 * 1024

_NAME = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
# Control characters could start another header, and proxies may strip space at the ends.
_VALUE = r"(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?"
_METHOD = re.compile(_NAME)
_TARGET = re.compile(rb"[\x21-\x7e]+")
_HEADER = re.compile(f"{_NAME}: {_VALUE}")
# All headers at once, which costs less than one by one.
_NAMES = re.compile(f"(?:{_NAME},)*")
_HEADERS = re.compile(f"(?:{_NAME}: {_VALUE}\r\n)*")
_WORDS = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
_LENGTH = re.compile(r"[0-9]{1,18}")


def encode_request(method: str, target: bytes, headers: Mapping[str, str], content: bytes) -> bytes:
    """Encode a request.

    Args:
        method: HTTP method.
        target: Path and query.
        headers: Headers by lower-case name.
        content: Body.

    Raises:
        LocalProtocolError: It cannot be sent as it is.
    """
    if not _METHOD.fullmatch(method):
        raise LocalProtocolError(f"invalid method {method!r}")
    if not _TARGET.fullmatch(target):
        raise LocalProtocolError("the URL has characters that must be percent-encoded")
    head = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    names = "".join([f"{name}," for name in headers])
    is_valid = _NAMES.fullmatch(names) and _HEADERS.fullmatch(head)
    if not is_valid or head.count("\r\n") != len(headers):
        raise _invalid_header(headers)
    start = b"%b %b HTTP/1.1\r\n%b\r\n" % (method.encode(), target, head.encode("latin-1"))
    return start + _framed(headers, content)


def _invalid_header(headers: Mapping[str, str]) -> LocalProtocolError:
    name = ""
    for name, value in headers.items():
        if not _METHOD.fullmatch(name):
            return LocalProtocolError(f"invalid header name {name!r}")
        if not _HEADER.fullmatch(f"{name}: {value}"):
            break
    # Without the value, which may be a secret.
    return LocalProtocolError(
        f"the header {name} contains an invalid character, or starts or ends with a space"
    )


def _framed(headers: Mapping[str, str], content: bytes) -> bytes:
    """Return the body as the headers announce it."""
    if "host" not in headers:
        raise LocalProtocolError("a request needs a host header")
    length, coding = headers.get("content-length"), headers.get("transfer-encoding")
    if coding is None:
        if length is not None and not _LENGTH.fullmatch(length):
            raise LocalProtocolError("the content-length is not a number")
        if int(length or 0) != len(content):
            raise LocalProtocolError("the content-length is not the length of the body")
        return content
    if length is not None or coding.lower() != "chunked":
        raise LocalProtocolError("a body needs a content-length or transfer-encoding: chunked")
    return (b"%x\r\n%b\r\n" % (len(content), content) if content else b"") + b"0\r\n\r\n"


class ResponseParser:
    """Parse the response to one request.

    Args:
        method: Method of the request.

    Attributes:
        version: `1.1` or `1.0`.
        status: HTTP status.
        reason: Reason phrase.
        headers: Names and values, in the order and case in which they arrived.
        has_head: Whether all of these are known.
        parts: Parts of the body that were not taken yet.
        is_over: Whether nothing more comes: the response is complete, or `error` broke it.
        error: What broke it.
        must_close: Whether the connection must be closed after it, however it ends.
        on_body: Called by llhttp with a part of the body. A bound method costs no Python frame.
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
        "must_close",
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
        self.headers: list[tuple[bytes, bytes]] = []
        self.has_head = False
        self.parts: list[bytes] = []
        self.is_over = False
        self.error: LinkError | None = None
        self.must_close = False
        self.on_body = self.parts.append
        self._method = method
        self._start = b""
        # Bytes of the body; None if it is chunked, -1 if the end of the connection ends it.
        self._expected: int | None = 0
        self._received = 0
        self._silent = 0
        self._keeps_alive = False
        # A new one for each response, so nothing of the last one can be misread.
        self._parser: HttpResponseParser | None = HttpResponseParser(self)

    @property
    def is_reusable(self) -> bool:
        """Whether its connection can carry another request."""
        return self.is_over and self.error is None and self._keeps_alive and not self.must_close

    def feed(self, data: bytes | memoryview) -> None:
        """Parse the next bytes. No bytes are the end of the connection. Keeps no view of `data`."""
        parser = self._parser
        if parser is None:
            self.must_close = True
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
                if self._silent > MAX_SILENT_BYTES and not self.is_over:
                    what = "trailers" if self.has_head else "headers"
                    self.fail(RemoteProtocolError(f"the {what} of the response never end"))
            if self.is_over:
                # Break the reference cycle.
                self._parser = None

    def take(self) -> bytes:
        """Return the parts of the body that have arrived, joined."""
        parts = self.parts
        block = parts[0] if len(parts) == 1 else b"".join(parts)
        parts.clear()
        self._received += len(block)
        return block

    def fail(self, error: LinkError) -> None:
        """Note what broke the response, unless it is over. Parts that arrived stay available."""
        if not self.is_over:
            self.error = error
            self.is_over = True
        self._parser = None

    def close(self) -> None:
        """Stop: what arrives on the connection from now on belongs to another response."""
        self.fail(ReadError("the response was closed"))
        self.parts.clear()

    def _end(self) -> None:
        if self.has_head and self._expected == -1:
            self.is_over = True
            self._parser = None
            return
        received = self._received + sum(map(len, self.parts))
        if not self.has_head:
            how = "in the headers of" if self._start else "before"
        elif self._expected is None:
            how = f"after {received} bytes, between the chunks of"
        else:
            how = f"after {received} of {self._expected} bytes of"
        self.fail(RemoteProtocolError(f"the server closed the connection {how} its response"))

    def _refuse(self, error: Exception) -> None:
        """Handle an error of the parser."""
        cause: BaseException = error
        if isinstance(error, HttpParserCallbackError) and error.__context__ is not None:
            cause = error.__context__
        if self.is_over:
            # Nobody asked for what follows the end.
            self.must_close = True
        elif isinstance(cause, _EXPECTED):
            what = f"the server sent an invalid HTTP response: {cause}"
            self.fail(RemoteProtocolError(what))
        if not isinstance(cause, _EXPECTED):
            # A Ctrl-C in one of the callbacks.
            raise cause

    # Callbacks of the parser

    def on_message_begin(self) -> None:
        """Note that a response begins: this one, or the one after an interim response."""
        if self.is_over:
            raise RemoteProtocolError("a second response to one request")

    def on_status(self, reason: bytes) -> None:
        """Add a piece of the reason phrase."""
        self.reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        """Add a header. Trailers are ignored."""
        if not self.has_head:
            self.headers.append((name, value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        """Check the head."""
        parser = self._parser
        assert parser is not None
        self.status = parser.get_status_code()
        self.version = parser.get_http_version()
        if not self._start.startswith(b"HTTP/") or self.version not in ("1.1", "1.0"):
            raise RemoteProtocolError("not HTTP/1.1")
        if not _WORDS.fullmatch(self.reason):
            raise RemoteProtocolError("control characters in the status line")
        if self.status < 200:
            if self.status < 102 and self.status != 100:
                raise RemoteProtocolError(f"unexpected status {self.status}")
            # An interim response: the final one is still to come.
            self.headers.clear()
            self.reason = b""
            return
        self._expected = self._length()
        self._keeps_alive = self.version == "1.1" and parser.should_keep_alive()
        self.has_head = True
        if self._method == "HEAD":
            self.is_over = True
            # The parser does not know that there is no body.
            raise RemoteProtocolError("the response to HEAD is over")

    def on_message_complete(self) -> None:
        """Note the end, unless it is that of an interim response."""
        if self.has_head:
            self.is_over = True

    def _length(self) -> int | None:
        """Return how the body ends. The parser has already rejected contradictory headers."""
        length: int | None = -1
        for name, value in self.headers:
            known = name.lower()
            if known == b"content-length":
                length = int(value)
            elif known == b"transfer-encoding":
                if length is None or value.lower() != b"chunked":
                    raise RemoteProtocolError("the transfer-encoding is not chunked")
                length = None
        return length


_EXPECTED = (RemoteProtocolError, HttpParserError, HttpParserUpgrade)
