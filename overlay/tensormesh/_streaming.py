"""Streams that users iterate: thin shells of I/O around `Reader`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from . import _http
from ._drain import drain, drain_async
from ._errors import APITimeoutError, StreamError
from ._reader import Reader

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import AsyncIterator, Iterator, Mapping
    from types import TracebackType

    from ._exchange import Exchange

EventT = TypeVar("EventT")
ResultT = TypeVar("ResultT")


class _Base:
    """What both kinds of stream know without I/O."""

    _closed = True

    def __init__(
        self, response: _http.Response, exchange: Exchange, abandoned: deque[_http.Response]
    ) -> None:
        self._response = response
        self._reader = Reader(exchange, response.headers)
        self._ready = self._reader.ready
        self._abandoned = abandoned
        self._closed = False

    @property
    def status_code(self) -> int:
        """HTTP status."""
        return self._response.status_code

    @property
    def headers(self) -> Mapping[str, str]:
        """Response headers; names in any case."""
        return self._response.headers

    @property
    def request_id(self) -> str | None:
        """The server's id of the request, if it sent one."""
        return self.headers.get("x-request-id")

    def __del__(self) -> None:
        # A lock may be held by whatever the collector interrupts, so nothing is closed here: the
        # next call of the client does it.
        if not self._closed:
            self._abandoned.append(self._response)

    def __repr__(self) -> str:
        state = "closed" if self._closed else "open"
        return f"<{type(self).__name__} of {self._reader.exchange.call.operation.id}, {state}>"

    def _whole(self) -> Any:
        failure = self._reader.failure
        if failure is not None:
            raise failure
        if not self._reader.ended:
            raise StreamError(
                "the stream was closed before its end: there is no whole answer",
                partial=self._reader.events.whole(),
                **self._reader.exchange.details(self._response.headers),
            )
        return self._reader.events.whole()


class Stream(_Base, Generic[EventT, ResultT]):
    """An answer that is still being written. Iterate it for its chunks or events, once.

    It closes itself at its end. Leave it early by `close()`, or use it in a `with`.

    Raises:
        StreamError: The server reported an error, or the stream ended before its end mark;
            `partial` keeps what was received.
        APITimeoutError: Nothing came for as long as the client's timeout.
    """

    def __init__(
        self, response: _http.Response, exchange: Exchange, abandoned: deque[_http.Response]
    ) -> None:
        super().__init__(response, exchange, abandoned)
        self._chunks = _http.iter_chunks(response)

    def __iter__(self) -> Iterator[EventT]:
        return self

    def __next__(self) -> EventT:
        while not self._ready:
            if self._closed:
                failure = self._reader.failure
                if failure is not None:
                    raise failure
                raise StopIteration
            self._read()
        event: EventT = self._ready.popleft()
        return event

    def _read(self) -> None:
        """Read until something is known: an event, the end, or an error."""
        reader = self._reader
        try:
            for chunk in self._chunks:
                reader.feed(chunk)
                if reader.ended or reader.failure is not None:
                    break
                if self._ready:
                    return
            else:
                reader.finish()
        except _http.TransportError as error:
            self._fail(error)
        except BaseException:
            self.close()
            raise
        if reader.ended:
            self._closed = True
            drain(self._response, self._chunks)
        else:
            self.close()

    def _fail(self, error: Exception) -> None:
        self.close()
        exchange = self._reader.exchange
        failure = _http.connection_error(error, exchange.call, exchange.attempts)
        if isinstance(failure, APITimeoutError):
            raise failure from error
        self._reader.broken(failure.message)

    def text_deltas(self) -> Iterator[str]:
        """Pieces of the answer's text, without reasoning and without tool calls.

        With several answers (`n`), those of the first. A `<think>` block that the server leaked at
        the beginning is left out.
        """
        text = self._reader.events.text
        for event in self:
            piece = text(event)
            if piece:
                yield piece
        rest = self._reader.events.rest()
        if rest:
            yield rest

    def get_final_completion(self) -> ResultT:
        """Read what is left, and give the whole answer.

        Raises:
            StreamError: The stream failed, or was closed before its end.
        """
        for _ in self:
            pass
        result: ResultT = self._whole()
        return result

    def get_final_response(self) -> ResultT:
        """The same under the name that fits a Responses stream."""
        return self.get_final_completion()

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


class AsyncStream(_Base, Generic[EventT, ResultT]):
    """An answer that is still being written. Iterate it for its chunks or events, once.

    It closes itself at its end. Leave it early by `close()`, or use it in an `async with`.

    Raises:
        StreamError: The server reported an error, or the stream ended before its end mark;
            `partial` keeps what was received.
        APITimeoutError: Nothing came for as long as the client's timeout.
    """

    def __init__(
        self, response: _http.Response, exchange: Exchange, abandoned: deque[_http.Response]
    ) -> None:
        super().__init__(response, exchange, abandoned)
        self._chunks = _http.aiter_chunks(response)

    def __aiter__(self) -> AsyncIterator[EventT]:
        return self

    async def __anext__(self) -> EventT:
        while not self._ready:
            if self._closed:
                failure = self._reader.failure
                if failure is not None:
                    raise failure
                raise StopAsyncIteration
            await self._read()
        event: EventT = self._ready.popleft()
        return event

    async def _read(self) -> None:
        """Read until something is known: an event, the end, or an error."""
        reader = self._reader
        try:
            async for chunk in self._chunks:
                reader.feed(chunk)
                if reader.ended or reader.failure is not None:
                    break
                if self._ready:
                    return
            else:
                reader.finish()
        except _http.TransportError as error:
            await self._fail(error)
        except BaseException:
            await self.close()
            raise
        if reader.ended:
            self._closed = True
            await drain_async(self._response, self._chunks)
        else:
            await self.close()

    async def _fail(self, error: Exception) -> None:
        await self.close()
        exchange = self._reader.exchange
        failure = _http.connection_error(error, exchange.call, exchange.attempts)
        if isinstance(failure, APITimeoutError):
            raise failure from error
        self._reader.broken(failure.message)

    async def text_deltas(self) -> AsyncIterator[str]:
        """Pieces of the answer's text, without reasoning and without tool calls.

        With several answers (`n`), those of the first. A `<think>` block that the server leaked at
        the beginning is left out.
        """
        text = self._reader.events.text
        async for event in self:
            piece = text(event)
            if piece:
                yield piece
        rest = self._reader.events.rest()
        if rest:
            yield rest

    async def get_final_completion(self) -> ResultT:
        """Read what is left, and give the whole answer.

        Raises:
            StreamError: The stream failed, or was closed before its end.
        """
        async for _ in self:
            pass
        result: ResultT = self._whole()
        return result

    async def get_final_response(self) -> ResultT:
        """The same under the name that fits a Responses stream."""
        return await self.get_final_completion()

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
