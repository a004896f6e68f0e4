"""HTTP responses as users see them who want more, or less, than the typed result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Literal, Self, TypeVar, cast, overload

from . import _http
from ._exchange import decode, parse
from ._lines import LineSplitter
from ._sse import ServerSentEvent, SSEDecoder

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import AsyncIterator, Iterator, Mapping
    from types import TracebackType

    from ._exchange import Exchange

ResultT = TypeVar("ResultT")


class RawResponse(Generic[ResultT]):
    """A whole response as it came over HTTP. Nothing of it is changed.

    Attributes:
        status_code: HTTP status, 200 to 299.
        headers: Response headers; names in any case.
        content: The body, decompressed.
    """

    def __init__(self, response: _http.Response, exchange: Exchange) -> None:
        self.status_code = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self.content = response.content
        self._encoding = response.charset_encoding or "utf-8"
        self._exchange = exchange

    @property
    def text(self) -> str:
        """The body as text; bytes that are none become U+FFFD."""
        try:
            return self.content.decode(self._encoding, "replace")
        except LookupError:
            return self.content.decode("utf-8", "replace")

    @property
    def request_id(self) -> str | None:
        """The server's id of the request, if it sent one."""
        return self.headers.get("x-request-id")

    def json(self) -> Any:
        """The body as decoded JSON.

        Raises:
            ProtocolError: It is not JSON.
        """
        return decode(self.content, self.status_code, self._exchange.details(self.headers))

    def parse(self) -> ResultT:
        """The typed result, as the plain method returns it.

        Raises:
            ProtocolError: The body is not what the operation promises.
        """
        result = parse(self._exchange, self.status_code, self.headers, self.content)
        return cast("ResultT", result)

    def __repr__(self) -> str:
        return f"<RawResponse {self.status_code}, {len(self.content)} bytes>"


class _Open:
    """What both kinds of open response know without I/O."""

    _closed = True

    def __init__(
        self, response: _http.Response, exchange: Exchange, abandoned: deque[_http.Response]
    ) -> None:
        self.status_code = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self._response = response
        self._exchange = exchange
        self._abandoned = abandoned
        self._closed = False

    @property
    def request_id(self) -> str | None:
        """The server's id of the request, if it sent one."""
        return self.headers.get("x-request-id")

    def _error(self, error: Exception) -> Exception:
        return _http.connection_error(error, self._exchange.call, self._exchange.attempts)

    def __del__(self) -> None:
        if not self._closed:
            self._abandoned.append(self._response)

    def __repr__(self) -> str:
        state = "closed" if self._closed else "open"
        return f"<{type(self).__name__} {self.status_code}, {state}>"


class StreamedResponse(_Open):
    """An open response whose body is read as it comes, untouched. Close it, or use it in a `with`.

    Each iteration method may be used once, and only one of them.

    Raises:
        APIConnectionError, APITimeoutError: The connection broke, or nothing came for too long.
    """

    def iter_bytes(self) -> Iterator[bytes]:
        """Pieces of the body as they come, decompressed."""
        try:
            yield from _http.iter_chunks(self._response)
        except _http.TransportError as error:
            raise self._error(error) from error
        finally:
            self.close()

    @overload
    def iter_lines(self, *, decode_unicode: Literal[True]) -> Iterator[str]: ...
    @overload
    def iter_lines(self, *, decode_unicode: Literal[False] = False) -> Iterator[bytes]: ...
    def iter_lines(self, *, decode_unicode: bool = False) -> Iterator[str] | Iterator[bytes]:
        """Lines without their ends.

        Args:
            decode_unicode: True gives str, decoded from UTF-8; False gives bytes. Default: False.
        """
        lines = self._lines()
        return (line.decode("utf-8", "replace") for line in lines) if decode_unicode else lines

    def _lines(self) -> Iterator[bytes]:
        splitter = LineSplitter()
        for chunk in self.iter_bytes():
            yield from splitter.feed(chunk)
        yield from splitter.finish()

    def iter_events(self) -> Iterator[ServerSentEvent]:
        """Server-sent events, the end mark `[DONE]` included."""
        decoder = SSEDecoder()
        for chunk in self.iter_bytes():
            yield from decoder.feed_events(chunk)

    def close(self) -> None:
        """Give the connection back. May be called twice."""
        if not self._closed:
            self._closed = True
            self._response.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class AsyncStreamedResponse(_Open):
    """An open response whose body is read as it comes, untouched. Close it, or use `async with`.

    Each iteration method may be used once, and only one of them.

    Raises:
        APIConnectionError, APITimeoutError: The connection broke, or nothing came for too long.
    """

    async def iter_bytes(self) -> AsyncIterator[bytes]:
        """Pieces of the body as they come, decompressed."""
        try:
            async for chunk in _http.aiter_chunks(self._response):
                yield chunk
        except _http.TransportError as error:
            raise self._error(error) from error
        await self.close()

    async def iter_lines(self) -> AsyncIterator[str]:
        """Lines without their ends, decoded from UTF-8."""
        splitter = LineSplitter()
        async for chunk in self.iter_bytes():
            for line in splitter.feed(chunk):
                yield line.decode("utf-8", "replace")
        for line in splitter.finish():
            yield line.decode("utf-8", "replace")

    async def iter_events(self) -> AsyncIterator[ServerSentEvent]:
        """Server-sent events, the end mark `[DONE]` included."""
        decoder = SSEDecoder()
        async for chunk in self.iter_bytes():
            for event in decoder.feed_events(chunk):
                yield event

    async def close(self) -> None:
        """Give the connection back. May be called twice."""
        if not self._closed:
            self._closed = True
            with _http.shielded():
                await self._response.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
