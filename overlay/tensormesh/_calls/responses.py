"""Raw and streamed responses, for callers who need more than the parsed model."""

from __future__ import annotations

from collections import deque
from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, Literal, Self, TypeVar, cast, overload

from .._closing import AsyncClosing, Closing
from .._errors import StreamError
from .._errors.tracebacks import clears_frames, clears_frames_async
from .._http.errors import IdleTimeout, LinkError
from .._streams.sse import EventTooLargeError, ServerSentEvent, SSEDecoder
from .lines import LineSplitter, LineTooLongError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping

    from .._errors import APIError
    from .._http.response import Response
    from .exchange import Exchange
    from .held import AsyncHeld, Held

ResultT = TypeVar("ResultT")
PieceT = TypeVar("PieceT")


class RawResponse(Generic[ResultT]):
    """A response with its whole body, as received.

    Attributes:
        status_code: HTTP status, 200 to 299.
        headers: Response headers, by name in any case.
        content: The body, decompressed.
    """

    def __init__(self, response: Response, content: bytes, exchange: Exchange) -> None:
        self.status_code = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self.content = content
        self._response = response
        self._exchange = exchange

    @property
    def text(self) -> str:
        """The body as text. Bytes that cannot be decoded become U+FFFD."""
        try:
            return self.content.decode(self._response.headers.charset or "utf-8", "replace")
        except LookupError:
            return self.content.decode("utf-8", "replace")

    @property
    def request_id(self) -> str | None:
        """Request ID sent by the server, if any."""
        return self.headers.get("x-request-id")

    @clears_frames
    def json(self) -> Any:
        """Decode the body as JSON.

        Raises:
            ProtocolError: The body is not JSON.
        """
        return self._exchange.decode(self.content, self._response)

    @clears_frames
    def parse(self) -> ResultT:
        """Parse the body into the result of the plain method.

        Raises:
            ProtocolError: The body does not match the schema of the operation.
        """
        return cast("ResultT", self._exchange.parse(self.content, self._response))

    def __repr__(self) -> str:
        return f"<RawResponse {self.status_code}, {len(self.content)} bytes>"


class _Open:
    """What both kinds of open response share: everything but the I/O."""

    _body: Any = None

    def __init__(self, body: Held | AsyncHeld, exchange: Exchange) -> None:
        self.status_code = body.response.status_code
        self.headers: Mapping[str, str] = body.response.headers
        self._exchange = exchange
        self._is_read = False
        self._is_left = False
        self._body = body

    @property
    def request_id(self) -> str | None:
        """Request ID sent by the server, if any."""
        return self.headers.get("x-request-id")

    def _begin(self, body: Held | AsyncHeld) -> None:
        """Refuse to read the body a second time."""
        if self._is_read or not body.is_open:
            what = "was already read" if self._is_read else "is closed"
            raise StreamError(f"the response {what}", **self._exchange.details(self.headers))
        self._is_read = True

    def _check_left(self) -> None:
        """Raise if the body was cut off, unless the user closed the response."""
        if not self._is_left:
            message = "the response was cut off before its end"
            raise StreamError(message, **self._exchange.details(self.headers))

    def _error(self, error: Exception) -> APIError:
        assert self._body is not None
        if isinstance(error, LinkError):
            return self._exchange.read_failure(error, self._body.response)
        return StreamError(str(error), **self._exchange.details(self.headers))

    def _check_idle(self, begun: float) -> None:
        """Stop waiting for an event, however many bytes arrive."""
        if monotonic() - begun > self._exchange.call.seconds:
            raise IdleTimeout

    def __del__(self) -> None:
        body = self._body
        if body is not None and body.is_open:
            body.abandon()

    def __repr__(self) -> str:
        state = "open" if self._body is not None and self._body.is_open else "closed"
        return f"<{type(self).__name__} {self.status_code}, {state}>"


class StreamedResponse(_Open, Closing):
    """An open response whose body is read as it arrives. Close it, or use it in a `with` statement.

    Only one of the iteration methods can be used, once. It closes the response at the end.

    Raises:
        APIConnectionError, APITimeoutError: The connection broke, or nothing arrived in time.
        ProtocolError: The body cannot be decompressed.
        StreamError: The body was already read, or the response was closed.
    """

    _body: Held

    def iter_bytes(self) -> Iterator[bytes]:
        """Iterate over pieces of the body as they come, decompressed."""
        return _SyncPieces(self, lambda chunk: [chunk] if chunk else [])

    def _next_chunk(self) -> bytes | None:
        """Return the next piece of the body; None at its end."""
        body = self._body
        if not body.is_open:
            self._check_left()
            return None
        try:
            chunk: bytes = next(body.chunks)
            return chunk
        except StopIteration:
            body.close()
            return None
        except LinkError as error:
            body.close()
            if self._is_left:
                return None
            failure = self._error(error)
        except BaseException:
            body.close()
            raise
        raise failure

    @overload
    def iter_lines(self, *, decode_unicode: Literal[True]) -> Iterator[str]: ...
    @overload
    def iter_lines(self, *, decode_unicode: Literal[False] = False) -> Iterator[bytes]: ...
    def iter_lines(self, *, decode_unicode: bool = False) -> Iterator[str] | Iterator[bytes]:
        """Iterate over lines without line endings.

        Args:
            decode_unicode: True yields str, decoded from UTF-8; False yields bytes. Default: False.
        """
        splitter = LineSplitter()
        if not decode_unicode:
            return _SyncPieces(self, splitter.feed, splitter.finish)
        return _SyncPieces(self, *_decoded(splitter))

    def iter_events(self) -> Iterator[ServerSentEvent]:
        """Iterate over server-sent events, including the end marker `[DONE]`."""
        return _SyncPieces(self, SSEDecoder().feed_events, are_events=True)

    def close(self) -> None:
        """Release the connection. Can be called more than once."""
        self._is_left = True
        self._body.close()


class AsyncStreamedResponse(_Open, AsyncClosing):
    """An open response whose body is read as it arrives. Close it, or use `async with`.

    Only one of the iteration methods can be used, once. It closes the response at the end.

    Raises:
        APIConnectionError, APITimeoutError: The connection broke, or nothing arrived in time.
        ProtocolError: The body cannot be decompressed.
        StreamError: The body was already read, or the response was closed.
    """

    _body: AsyncHeld

    def iter_bytes(self) -> AsyncIterator[bytes]:
        """Iterate over pieces of the body as they come, decompressed."""
        return _AsyncPieces(self, lambda chunk: [chunk] if chunk else [])

    def iter_lines(self) -> AsyncIterator[str]:
        """Iterate over lines without line endings, decoded from UTF-8."""
        return _AsyncPieces(self, *_decoded(LineSplitter()))

    def iter_events(self) -> AsyncIterator[ServerSentEvent]:
        """Iterate over server-sent events, including the end marker `[DONE]`."""
        return _AsyncPieces(self, SSEDecoder().feed_events, are_events=True)

    async def _next_chunk(self) -> bytes | None:
        """Return the next piece of the body; None at its end."""
        body = self._body
        if not body.is_open:
            self._check_left()
            return None
        try:
            chunk: bytes = await anext(body.chunks)
            return chunk
        except StopAsyncIteration:
            await body.close()
            return None
        except LinkError as error:
            await body.close()
            if self._is_left:
                return None
            failure = self._error(error)
        except BaseException:
            await body.close()
            raise
        raise failure

    async def close(self) -> None:
        """Release the connection. Can be called more than once."""
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


_UNREADABLE = (EventTooLargeError, LineTooLongError, IdleTimeout)


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
