"""HTTP responses as users see them who want more, or less, than the typed result."""

from __future__ import annotations

from collections import deque
from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, Literal, Self, TypeVar, cast, overload

from .._closing import AsyncClosing, Closing
from .._errors import StreamError
from .._errors.tracebacks import clears_frames, clears_frames_async
from .._http import httpx_link as _http
from .._streams.sse import EventTooLargeError, ServerSentEvent, SSEDecoder
from .exchange import decode, parse
from .lines import LineSplitter, LineTooLongError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping

    from .._errors import APIError
    from .bodies import AsyncBody, SyncBody
    from .exchange import Exchange

ResultT = TypeVar("ResultT")
PieceT = TypeVar("PieceT")


class RawResponse(Generic[ResultT]):
    """A whole response as it came over HTTP. Nothing of it is changed.

    Attributes:
        status_code: HTTP status, 200 to 299.
        headers: Response headers; names in any case.
        content: The body, decompressed.
    """

    def __init__(self, response: _http.Response, content: bytes, exchange: Exchange) -> None:
        self.status_code = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self.content = content
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

    @clears_frames
    def json(self) -> Any:
        """The body as decoded JSON.

        Raises:
            ProtocolError: It is not JSON.
        """
        return decode(self._exchange, self.content, self.status_code, self.headers)

    @clears_frames
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

    _body: Any = None

    def __init__(self, body: SyncBody | AsyncBody, exchange: Exchange) -> None:
        self.status_code = body.response.status_code
        self.headers: Mapping[str, str] = body.response.headers
        self._exchange = exchange
        self._is_read = False
        self._is_left = False
        self._body = body

    @property
    def request_id(self) -> str | None:
        """The server's id of the request, if it sent one."""
        return self.headers.get("x-request-id")

    def _begin(self, body: SyncBody | AsyncBody) -> None:
        """Refuse a second reading: the body is gone."""
        if self._is_read or not body.is_open:
            what = "was read already" if self._is_read else "is closed"
            raise StreamError(f"the response {what}", **self._exchange.details(self.headers))
        self._is_read = True

    def _check_left(self) -> None:
        """Refuse to end as if all had been read, unless it was the user who closed this."""
        if not self._is_left:
            message = "the response was cut off before its end"
            raise StreamError(message, **self._exchange.details(self.headers))

    def _error(self, error: Exception) -> APIError:
        exchange = self._exchange
        if isinstance(error, _http.DecodingError):
            return exchange.unreadable(error, self.status_code, self.headers)
        if isinstance(error, (EventTooLargeError, LineTooLongError)):
            return StreamError(str(error), **exchange.details(self.headers))
        return exchange.failure(error)

    def _check_idle(self, begun: float) -> None:
        """Refuse to wait for an event any longer, however many bytes may come."""
        if monotonic() - begun > self._exchange.call.seconds:
            raise _http.IdleTimeout

    def __del__(self) -> None:
        body = self._body
        if body is not None and body.is_open:
            body.abandon()

    def __repr__(self) -> str:
        state = "open" if self._body is not None and self._body.is_open else "closed"
        return f"<{type(self).__name__} {self.status_code}, {state}>"


class StreamedResponse(_Open, Closing):
    """An open response whose body is read as it comes, untouched. Close it, or use it in a `with`.

    One of the iteration methods may be used, once. It closes the response at the end.

    Raises:
        APIConnectionError, APITimeoutError: The connection broke, or nothing came for too long.
        ProtocolError: The body cannot be decompressed.
        StreamError: The body was read already, or the response was closed.
    """

    _body: SyncBody

    def iter_bytes(self) -> Iterator[bytes]:
        """Iterate over pieces of the body as they come, decompressed."""
        return _SyncPieces(self, lambda chunk: [chunk])

    def _next_chunk(self) -> bytes | None:
        """The next piece of the body; None at its end."""
        body = self._body
        if not body.is_open:
            self._check_left()
            return None
        try:
            return next(body.chunks)
        except StopIteration:
            body.close()
            return None
        except _http.BODY_ERRORS as error:
            if self._is_left:
                return None
            body.close()
            raise self._error(error) from error
        except BaseException:
            body.close()
            raise

    @overload
    def iter_lines(self, *, decode_unicode: Literal[True]) -> Iterator[str]: ...
    @overload
    def iter_lines(self, *, decode_unicode: Literal[False] = False) -> Iterator[bytes]: ...
    def iter_lines(self, *, decode_unicode: bool = False) -> Iterator[str] | Iterator[bytes]:
        """Lines without their ends.

        Args:
            decode_unicode: True gives str, decoded from UTF-8; False gives bytes. Default: False.
        """
        splitter = LineSplitter()
        if not decode_unicode:
            return _SyncPieces(self, splitter.feed, splitter.finish)
        return _SyncPieces(self, *_decoded(splitter))

    def iter_events(self) -> Iterator[ServerSentEvent]:
        """Server-sent events, the end mark `[DONE]` included."""
        return _SyncPieces(self, SSEDecoder().feed_events, are_events=True)

    def close(self) -> None:
        """Give the connection back. May be called twice."""
        self._is_left = True
        self._body.close()


class AsyncStreamedResponse(_Open, AsyncClosing):
    """An open response whose body is read as it comes, untouched. Close it, or use `async with`.

    One of the iteration methods may be used, once. It closes the response at the end.

    Raises:
        APIConnectionError, APITimeoutError: The connection broke, or nothing came for too long.
        ProtocolError: The body cannot be decompressed.
        StreamError: The body was read already, or the response was closed.
    """

    _body: AsyncBody

    def iter_bytes(self) -> AsyncIterator[bytes]:
        """Iterate over pieces of the body as they come, decompressed."""
        return _AsyncPieces(self, lambda chunk: [chunk])

    def iter_lines(self) -> AsyncIterator[str]:
        """Lines without their ends, decoded from UTF-8."""
        return _AsyncPieces(self, *_decoded(LineSplitter()))

    def iter_events(self) -> AsyncIterator[ServerSentEvent]:
        """Server-sent events, the end mark `[DONE]` included."""
        return _AsyncPieces(self, SSEDecoder().feed_events, are_events=True)

    async def _next_chunk(self) -> bytes | None:
        """The next piece of the body; None at its end."""
        body = self._body
        if not body.is_open:
            self._check_left()
            return None
        try:
            return await anext(body.chunks)
        except StopAsyncIteration:
            await body.close()
            return None
        except _http.BODY_ERRORS as error:
            if self._is_left:
                return None
            await body.close()
            raise self._error(error) from error
        except BaseException:
            await body.close()
            raise

    async def close(self) -> None:
        """Give the connection back. May be called twice."""
        self._is_left = True
        await self._body.close()


def _decoded(
    splitter: LineSplitter,
) -> tuple[Callable[[bytes], list[str]], Callable[[], list[str]]]:
    """Return the methods of a splitter, for lines as text."""
    return (
        lambda chunk: [line.decode("utf-8", "replace") for line in splitter.feed(chunk)],
        lambda: [line.decode("utf-8", "replace") for line in splitter.finish()],
    )


_UNREADABLE = (EventTooLargeError, LineTooLongError, _http.IdleTimeout)


class _Pieces(Generic[PieceT]):
    """Iterate over the pieces of an open response.

    Not a generator: an event loop, or the collector, would finish one that is left early at a time
    of its own, and its frame would hold what came.
    """

    def __init__(
        self,
        response: Any,
        feed: Callable[[bytes], list[PieceT]],
        finish: Callable[[], list[PieceT]] = list,
        *,
        are_events: bool = False,
    ) -> None:
        self._response = response
        self._feed = feed
        self._finish = finish
        self._are_events = are_events
        self._ready: deque[PieceT] = deque()
        self._is_begun = False
        self._is_over = False

    def _begin(self) -> None:
        if not self._is_begun:
            self._response._begin(self._response._body)
            self._is_begun = True

    def _take(self, chunk: bytes | None, begun: float) -> None:
        """Take the next piece of the body; None is its end."""
        if chunk is None:
            self._is_over = True
            self._ready.extend(self._finish())
            return
        self._ready.extend(self._feed(chunk))
        if self._are_events and not self._ready:
            self._response._check_idle(begun)


class _SyncPieces(_Pieces[PieceT]):
    """Iterate over the pieces of an open response."""

    def __iter__(self) -> Self:
        return self

    @clears_frames
    def __next__(self) -> PieceT:
        self._begin()
        begun = monotonic()
        while not self._ready:
            if self._is_over:
                raise StopIteration
            chunk = self._response._next_chunk()
            try:
                self._take(chunk, begun)
            except _UNREADABLE as error:
                self._response.close()
                raise self._response._error(error) from error
        return self._ready.popleft()


class _AsyncPieces(_Pieces[PieceT]):
    """Iterate over the pieces of an open response."""

    def __aiter__(self) -> Self:
        return self

    @clears_frames_async
    async def __anext__(self) -> PieceT:
        self._begin()
        begun = monotonic()
        while not self._ready:
            if self._is_over:
                raise StopAsyncIteration
            chunk = await self._response._next_chunk()
            try:
                self._take(chunk, begun)
            except _UNREADABLE as error:
                await self._response.close()
                raise self._response._error(error) from error
        return self._ready.popleft()
