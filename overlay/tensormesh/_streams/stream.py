"""The streams that users iterate: the I/O around `Reader`."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from .._closing import AsyncClosing, Closing
from .._errors import APITimeoutError
from .._errors.tracebacks import clears_frames, clears_frames_async
from .._http.errors import DecodingError, IdleTimeout, LinkError
from .reader import Reader

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from .._calls.exchange import Exchange
    from .._calls.held import AsyncHeld, Held

EventT = TypeVar("EventT")
ResultT = TypeVar("ResultT")


class _Base:
    """State and logic that both streams share. Sans I/O."""

    _body: Any = None

    def __init__(self, body: Held | AsyncHeld, exchange: Exchange) -> None:
        self._response = body.response
        self._reader = Reader(exchange, body.response.headers)
        self._ready = self._reader.ready
        self._is_left = False
        self._idle_seconds = exchange.call.seconds
        self._body = body

    @property
    def status_code(self) -> int:
        """HTTP status code."""
        return self._response.status_code

    @property
    def headers(self) -> Mapping[str, str]:
        """Response headers. Lookup ignores case."""
        return self._response.headers

    @property
    def request_id(self) -> str | None:
        """The `x-request-id` header, if the server sent one."""
        return self.headers.get("x-request-id")

    def __del__(self) -> None:
        # Closing takes a lock, which the code that the collector interrupts may hold. The next
        # call of the client closes the body instead.
        body = self._body
        if body is not None and body.is_open:
            body.abandon()

    def __repr__(self) -> str:
        state = "open" if self._body is not None and self._body.is_open else "closed"
        return f"<{type(self).__name__} of {self._reader.exchange.call.operation.id}, {state}>"

    def _check_end(self) -> None:
        """Raise the stream's failure, unless it ended normally or was closed by the user."""
        reader = self._reader
        if reader.failure is None and not reader.ended and not self._is_left:
            reader.fail("the stream was cut off before its end")
        if reader.failure is not None:
            raise reader.failure

    def _note(self, error: LinkError) -> None:
        """Record a failure to read the body."""
        reader = self._reader
        failure = reader.exchange.failure(error)
        if isinstance(failure, APITimeoutError):
            failure.partial = reader.events.partial()
            failure.request_id = reader.exchange.details(reader.headers)["request_id"]
            reader.failure = failure
        elif isinstance(error, DecodingError):
            reader.fail(f"the stream {error}")
        else:
            reader.fail(f"the stream broke: {failure.message}")
        assert reader.failure is not None
        reader.failure.__cause__ = failure.__cause__

    def _whole(self) -> Any:
        self._check_end()
        reader = self._reader
        whole = reader.events.whole()
        if not reader.ended:
            raise reader.error("the stream was closed before its end: the response is incomplete")
        if whole is None:
            raise reader.error("the stream ended without a response")
        return whole


class Stream(_Base, Closing, Generic[EventT, ResultT]):
    """A response that is still being generated. Iterate over its chunks or events, once.

    It closes itself at its end. To stop early, call `close()` or use it as a context manager.

    Raises:
        StreamError: The server reported an error, or the stream broke off. `partial` holds what
            was received.
        APITimeoutError: No event arrived within the timeout, or the call exceeded its total
            timeout. `partial` holds what was received.
    """

    _body: Held

    def __iter__(self) -> Iterator[EventT]:
        return self

    def __next__(self) -> EventT:
        ready = self._ready
        if not ready and not self._fill():
            raise StopIteration
        event = ready.popleft()
        whole: EventT = event if type(event) is not tuple else event[0].chunk(event[1])
        return whole

    @clears_frames
    def _fill(self) -> bool:
        """Read until an event is ready. Return False at the end of the stream."""
        while not self._ready:
            if not self._body.is_open:
                self._check_end()
                return False
            self._read()
        return True

    def _read(self) -> None:
        """Read until there is an event, the end, or an error."""
        reader, body = self._reader, self._body
        begun = monotonic()
        try:
            for chunk in body.chunks:
                reader.feed(chunk)
                if reader.ended or reader.failure is not None:
                    break
                if self._ready:
                    return
                # Keep-alive comments alone must not block the caller forever.
                if monotonic() - begun > self._idle_seconds:
                    raise IdleTimeout
            else:
                reader.finish()
        except LinkError as error:
            if not self._is_left:
                self._note(error)
        except BaseException:
            body.close()
            raise
        if reader.ended:
            body.drain()
        else:
            body.close()

    def text_deltas(self) -> Iterator[str]:
        """Iterate over the text as it arrives, without reasoning or tool calls.

        If the request asked for several choices (`n`), the text is that of the first. A leaked
        `<think>` block at the start is skipped.
        """
        text, ready = self._reader.events.text, self._ready
        while ready or self._fill():
            piece = text(ready.popleft())
            if piece:
                yield piece
            # Nor do the tracebacks of later errors show it.
            del piece
        rest = self._reader.events.rest() if self._reader.ended else ""
        if rest:
            yield rest

    def get_final_completion(self) -> ResultT:
        """Read the rest of the stream and return the complete response.

        Raises:
            StreamError: The stream failed, or was closed before its end.
        """
        while self._fill():
            self._ready.clear()
        result: ResultT = self._whole()
        return result

    def get_final_response(self) -> ResultT:
        """Alias of `get_final_completion` for Responses streams."""
        return self.get_final_completion()

    def close(self) -> None:
        """Close the stream and release its connection. Further calls do nothing."""
        self._is_left = True
        self._ready.clear()
        self._body.close()


class AsyncStream(_Base, AsyncClosing, Generic[EventT, ResultT]):
    """A response that is still being generated. Iterate over its chunks or events, once.

    It closes itself at its end. To stop early, call `close()` or use it as a context manager.

    Raises:
        StreamError: The server reported an error, or the stream broke off. `partial` holds what
            was received.
        APITimeoutError: No event arrived within the timeout, or the call exceeded its total
            timeout. `partial` holds what was received.
    """

    _body: AsyncHeld

    def __aiter__(self) -> AsyncIterator[EventT]:
        return self

    async def __anext__(self) -> EventT:
        ready = self._ready
        if not ready and not await self._fill():
            raise StopAsyncIteration
        event = ready.popleft()
        whole: EventT = event if type(event) is not tuple else event[0].chunk(event[1])
        return whole

    @clears_frames_async
    async def _fill(self) -> bool:
        """Read until an event is ready. Return False at the end of the stream."""
        while not self._ready:
            if not self._body.is_open:
                self._check_end()
                return False
            await self._read()
        return True

    async def _read(self) -> None:
        """Read until there is an event, the end, or an error."""
        reader, body = self._reader, self._body
        begun = monotonic()
        try:
            async for chunk in body.chunks:
                reader.feed(chunk)
                if reader.ended or reader.failure is not None:
                    break
                if self._ready:
                    return
                # Keep-alive comments alone must not block the caller forever.
                if monotonic() - begun > self._idle_seconds:
                    raise IdleTimeout
            else:
                reader.finish()
        except LinkError as error:
            if not self._is_left:
                self._note(error)
        except BaseException:
            await body.close()
            raise
        if reader.ended:
            await body.drain()
        else:
            await body.close()

    def text_deltas(self) -> AsyncIterator[str]:
        """Iterate over the text as it arrives, without reasoning or tool calls.

        If the request asked for several choices (`n`), the text is that of the first. A leaked
        `<think>` block at the start is skipped.
        """
        return _AsyncTexts(self)

    async def get_final_completion(self) -> ResultT:
        """Read the rest of the stream and return the complete response.

        Raises:
            StreamError: The stream failed, or was closed before its end.
        """
        while await self._fill():
            self._ready.clear()
        result: ResultT = self._whole()
        return result

    async def get_final_response(self) -> ResultT:
        """Alias of `get_final_completion` for Responses streams."""
        return await self.get_final_completion()

    async def close(self) -> None:
        """Close the stream and release its connection. Further calls do nothing."""
        self._is_left = True
        self._ready.clear()
        await self._body.close()


class _AsyncTexts:
    """Iterate over the text of a stream.

    Not an async generator: the event loop would finalize an abandoned one at an arbitrary time.
    """

    __slots__ = ("_events", "_is_over", "_stream")

    def __init__(self, stream: AsyncStream[Any, Any]) -> None:
        self._stream = stream
        self._events = stream._reader.events
        self._is_over = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        stream, ready = self._stream, self._stream._ready
        while not self._is_over:
            if not ready and not await stream._fill():
                self._is_over = True
                rest = self._events.rest() if stream._reader.ended else ""
                if rest:
                    return rest
                break
            piece = self._events.text(ready.popleft())
            if piece:
                return piece
        raise StopAsyncIteration
