"""What the generated methods ask of the client that carries them: the only way out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from types import TracebackType
from typing import Any, Literal, Protocol, Self, TypeVar, overload

from ._operation import CallOptions, Request

ResultT = TypeVar("ResultT")
EventT = TypeVar("EventT")
ResultT_co = TypeVar("ResultT_co", covariant=True)
EventT_co = TypeVar("EventT_co", covariant=True)


class RawResponse(Protocol[ResultT_co]):
    """A whole response as it came over HTTP."""

    @property
    def status_code(self) -> int:
        """HTTP status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Response headers; names in any case."""

    @property
    def content(self) -> bytes:
        """The body."""

    @property
    def text(self) -> str:
        """The body as text."""

    @property
    def request_id(self) -> str | None:
        """The server's id of the request, if it sent one."""

    def json(self) -> Any:
        """The body as decoded JSON, untouched. Raises `ProtocolError` if it is not JSON."""

    def parse(self) -> ResultT_co:
        """The typed result, as the plain method returns it."""


class StreamedResponse(Protocol):
    """An open response whose body is read as it comes."""

    @property
    def status_code(self) -> int:
        """HTTP status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Response headers; names in any case."""

    @property
    def request_id(self) -> str | None:
        """The server's id of the request, if it sent one."""

    @overload
    def iter_lines(self, *, decode_unicode: Literal[True]) -> Iterator[str]: ...
    @overload
    def iter_lines(self, *, decode_unicode: Literal[False] = False) -> Iterator[bytes]: ...
    def iter_lines(self, *, decode_unicode: bool = False) -> Iterator[str] | Iterator[bytes]:
        """Lines without their ends: bytes, or str with `decode_unicode`."""

    def iter_bytes(self) -> Iterator[bytes]:
        """Pieces of the body as they come."""

    def iter_events(self) -> Iterator[ServerSentEvent]:
        """Server-sent events."""

    def close(self) -> None:
        """Give the connection back. May be called twice."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


class AsyncStreamedResponse(Protocol):
    """An open response whose body is read as it comes."""

    @property
    def status_code(self) -> int:
        """HTTP status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Response headers; names in any case."""

    @property
    def request_id(self) -> str | None:
        """The server's id of the request, if it sent one."""

    def iter_lines(self) -> AsyncIterator[str]:
        """Lines without their ends."""

    def iter_bytes(self) -> AsyncIterator[bytes]:
        """Pieces of the body as they come."""

    def iter_events(self) -> AsyncIterator[ServerSentEvent]:
        """Server-sent events."""

    async def close(self) -> None:
        """Give the connection back. May be called twice."""

    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


class ServerSentEvent(Protocol):
    """One event of a stream, undecoded."""

    @property
    def event(self) -> str:
        """Its name; `message` if it had none."""

    @property
    def data(self) -> bytes:
        """Its data."""


class Stream(Protocol[EventT_co, ResultT_co]):
    """An answer that is still being written: iterate it for its chunks or events.

    Errors in the middle raise `StreamError`, which keeps what was received.
    """

    @property
    def status_code(self) -> int:
        """HTTP status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Response headers; names in any case."""

    @property
    def request_id(self) -> str | None:
        """The server's id of the request, if it sent one."""

    def __iter__(self) -> Iterator[EventT_co]: ...
    def __next__(self) -> EventT_co: ...

    def text_deltas(self) -> Iterator[str]:
        """Pieces of the answer's text, without reasoning and without tool calls."""

    def get_final_completion(self) -> ResultT_co:
        """Read what is left, and give the whole answer."""

    def get_final_response(self) -> ResultT_co:
        """The same under the name that fits a Responses stream."""

    def close(self) -> None:
        """Give the connection back. May be called twice."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


class AsyncStream(Protocol[EventT_co, ResultT_co]):
    """An answer that is still being written: iterate it for its chunks or events.

    Errors in the middle raise `StreamError`, which keeps what was received.
    """

    @property
    def status_code(self) -> int:
        """HTTP status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Response headers; names in any case."""

    @property
    def request_id(self) -> str | None:
        """The server's id of the request, if it sent one."""

    def __aiter__(self) -> AsyncIterator[EventT_co]: ...
    async def __anext__(self) -> EventT_co: ...

    def text_deltas(self) -> AsyncIterator[str]:
        """Pieces of the answer's text, without reasoning and without tool calls."""

    async def get_final_completion(self) -> ResultT_co:
        """Read what is left, and give the whole answer."""

    async def get_final_response(self) -> ResultT_co:
        """The same under the name that fits a Responses stream."""

    async def close(self) -> None:
        """Give the connection back. May be called twice."""

    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


class SyncClient(Protocol):
    """Carries requests."""

    def send(self, request: Request[ResultT, Any], options: CallOptions) -> ResultT:
        """The typed result."""

    def stream(
        self, request: Request[ResultT, EventT], options: CallOptions
    ) -> Stream[EventT, ResultT]:
        """An open stream of typed events."""

    def send_raw(
        self, request: Request[ResultT, Any], options: CallOptions
    ) -> RawResponse[ResultT]:
        """The response, read whole."""

    def stream_raw(self, request: Request[Any, Any], options: CallOptions) -> StreamedResponse:
        """The response, still open."""


class AsyncClient(Protocol):
    """Carries requests."""

    async def send(self, request: Request[ResultT, Any], options: CallOptions) -> ResultT:
        """The typed result."""

    async def stream(
        self, request: Request[ResultT, EventT], options: CallOptions
    ) -> AsyncStream[EventT, ResultT]:
        """An open stream of typed events."""

    async def send_raw(
        self, request: Request[ResultT, Any], options: CallOptions
    ) -> RawResponse[ResultT]:
        """The response, read whole."""

    async def stream_raw(
        self, request: Request[Any, Any], options: CallOptions
    ) -> AsyncStreamedResponse:
        """The response, still open."""
