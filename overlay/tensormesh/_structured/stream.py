"""Streams of `parse`: partial objects as the response arrives, then the complete one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .._chat.reasoning import ThinkSplitter
from .._closing import AsyncClosing, Closing
from .partial import PartialJson

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tensormesh_api._protocols import AsyncStream, Stream
    from tensormesh_api.inference.models.chat_completion import ChatCompletion
    from tensormesh_api.inference.models.chat_completion_chunk import ChatCompletionChunk

    from .session import Session
    from .types import ParsedChatCompletion

    Inner = Stream[ChatCompletionChunk, ChatCompletion]
    AsyncInner = AsyncStream[ChatCompletionChunk, ChatCompletion]

ParsedT = TypeVar("ParsedT")


@dataclass(slots=True, eq=False, repr=False)
class ParsedEvent:
    """A chunk, and the object so far.

    Attributes:
        chunk: The chunk.
        text: The text that the chunk adds; often empty.
        partial: The JSON so far as plain data, not validated, or None before it starts. Strings
            appear as they grow, other values once complete. It does not change later.
        attempt: Number of the attempt, from 1. Each attempt starts a new object.
    """

    chunk: ChatCompletionChunk
    text: str
    partial: dict[str, Any] | None
    attempt: int

    def __repr__(self) -> str:
        return f"<ParsedEvent text={self.text!r}, attempt {self.attempt}>"


class _Base:
    """State and logic that both streams share. Sans I/O."""

    def __init__(self, session: Session, open_stream: Callable[[], Any], inner: Any) -> None:
        self._session = session
        self._open = open_stream
        self._inner = inner
        self._result: Any = None
        self._failure: Exception | None = None
        self._is_left = False
        self._begin()

    def _begin(self) -> None:
        self._splitter = ThinkSplitter()
        self._partial = PartialJson()

    def _event(self, chunk: ChatCompletionChunk) -> ParsedEvent:
        text = ""
        for choice in chunk.choices:
            if choice.delta.content and not choice.index:
                text += self._splitter.feed(choice.delta.content)
        partial = self._partial.feed(text) if text else self._partial.value
        return ParsedEvent(chunk, text, partial, self._session.attempts + 1)

    def _take(self, completion: ChatCompletion) -> bool:
        """Take a complete response. Return whether it was the last."""
        try:
            self._result = self._session.take(completion)
        except Exception as error:
            self._failure = error
            raise
        self._begin()
        return self._result is not None

    def _is_over(self) -> bool:
        if self._failure is not None:
            raise self._failure
        return self._is_left or self._result is not None


class ParsedStream(_Base, Closing, Generic[ParsedT]):
    """A response that is still being generated. Iterate over its partial objects, once.

    It closes itself at its end. To stop early, call `close()` or use it as a context manager.

    Raises:
        StructuredOutputError: The response is invalid, and no attempt is left.
        StreamError, APITimeoutError: As raised by any other stream.
        APIStatusError, APIConnectionError: A further attempt failed.
    """

    _open: Callable[[], Inner]
    _inner: Inner

    def __iter__(self) -> Iterator[ParsedEvent]:
        return self

    def __next__(self) -> ParsedEvent:
        while not self._is_over():
            for chunk in self._inner:
                return self._event(chunk)
            if not self._take(self._inner.get_final_completion()):
                self._inner = self._open()
        raise StopIteration

    def get_final_completion(self) -> ParsedChatCompletion[ParsedT]:
        """Read the rest of the stream and return the complete, validated response.

        Raises:
            StructuredOutputError: The response is invalid, and no attempt is left.
            StreamError: The stream failed, or was closed before its end.
        """
        if self._is_left and self._result is None:
            # Raises, unless the stream had ended.
            self._inner.get_final_completion()
            self._is_left = False
        for _ in self:
            pass
        result: ParsedChatCompletion[ParsedT] = self._result  # pyright: ignore[reportAssignmentType]
        return result

    def close(self) -> None:
        """Close the stream and release its connection. Further calls do nothing."""
        self._is_left = True
        self._inner.close()


class AsyncParsedStream(_Base, AsyncClosing, Generic[ParsedT]):
    """A response that is still being generated. Iterate over its partial objects, once.

    It closes itself at its end. To stop early, call `close()` or use it as a context manager.

    Raises:
        StructuredOutputError: The response is invalid, and no attempt is left.
        StreamError, APITimeoutError: As raised by any other stream.
        APIStatusError, APIConnectionError: A further attempt failed.
    """

    _open: Callable[[], Awaitable[AsyncInner]]
    _inner: AsyncInner

    def __aiter__(self) -> AsyncIterator[ParsedEvent]:
        return self

    async def __anext__(self) -> ParsedEvent:
        while not self._is_over():
            async for chunk in self._inner:
                return self._event(chunk)
            if not self._take(await self._inner.get_final_completion()):
                self._inner = await self._open()
        raise StopAsyncIteration

    async def get_final_completion(self) -> ParsedChatCompletion[ParsedT]:
        """Read the rest of the stream and return the complete, validated response.

        Raises:
            StructuredOutputError: The response is invalid, and no attempt is left.
            StreamError: The stream failed, or was closed before its end.
        """
        if self._is_left and self._result is None:
            # Raises, unless the stream had ended.
            await self._inner.get_final_completion()
            self._is_left = False
        async for _ in self:
            pass
        result: ParsedChatCompletion[ParsedT] = self._result  # pyright: ignore[reportAssignmentType]
        return result

    async def close(self) -> None:
        """Close the stream and release its connection. Further calls do nothing."""
        self._is_left = True
        await self._inner.close()
