"""Streams of `parse`: partial objects while the answer grows, then the whole one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
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


class ParsedEvent:
    """One chunk, and the answer as far as it has come.

    Attributes:
        chunk: The chunk.
        text: The text that it adds; often empty.
        partial: The JSON so far, as plain data that is not validated; None before it begins.
            Strings show as they grow, other values when they are whole. It does not change later.
        attempt: Which answer it belongs to, counted from 1: with another attempt the JSON begins
            anew.
    """

    __slots__ = ("attempt", "chunk", "partial", "text")

    def __init__(
        self,
        chunk: ChatCompletionChunk,
        text: str,
        partial: dict[str, Any] | None,
        attempt: int,
    ) -> None:
        self.chunk = chunk
        self.text = text
        self.partial = partial
        self.attempt = attempt

    def __repr__(self) -> str:
        return f"<ParsedEvent text={self.text!r}, attempt {self.attempt}>"


class _Base:
    """What both kinds of stream know without I/O."""

    def __init__(self, session: Session) -> None:
        self._session = session
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
        """Take a whole answer. Gives whether that was the last."""
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
    """An answer that is still being written. Iterate it for partial objects, once.

    It closes itself at its end. Leave it early by `close()`, or use it in a `with`.

    Raises:
        StructuredOutputError: The answer is of no use, and no attempt is left.
        StreamError, APITimeoutError: As of any other stream.
        APIStatusError, APIConnectionError: A further attempt was refused, or failed.
    """

    def __init__(self, session: Session, open_stream: Callable[[], Inner]) -> None:
        super().__init__(session)
        self._open = open_stream
        self._inner = open_stream()

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
        """Read what is left, and give the whole answer, validated.

        Raises:
            StructuredOutputError: The answer is of no use, and no attempt is left.
            StreamError: The stream failed, or was closed before its end.
        """
        if self._is_left and self._result is None:
            # An error, unless the end had come.
            self._inner.get_final_completion()
            self._is_left = False
        for _ in self:
            pass
        result: ParsedChatCompletion[ParsedT] = self._result
        return result

    def close(self) -> None:
        """Give the connection back. May be called twice."""
        self._is_left = True
        self._inner.close()


class AsyncParsedStream(_Base, AsyncClosing, Generic[ParsedT]):
    """An answer that is still being written. Iterate it for partial objects, once.

    It closes itself at its end. Leave it early by `close()`, or use it in an `async with`.

    Raises:
        StructuredOutputError: The answer is of no use, and no attempt is left.
        StreamError, APITimeoutError: As of any other stream.
        APIStatusError, APIConnectionError: A further attempt was refused, or failed.
    """

    def __init__(
        self, session: Session, open_stream: Callable[[], Awaitable[AsyncInner]], inner: AsyncInner
    ) -> None:
        super().__init__(session)
        self._open = open_stream
        self._inner = inner

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
        """Read what is left, and give the whole answer, validated.

        Raises:
            StructuredOutputError: The answer is of no use, and no attempt is left.
            StreamError: The stream failed, or was closed before its end.
        """
        if self._is_left and self._result is None:
            # An error, unless the end had come.
            await self._inner.get_final_completion()
            self._is_left = False
        async for _ in self:
            pass
        result: ParsedChatCompletion[ParsedT] = self._result
        return result

    async def close(self) -> None:
        """Give the connection back. May be called twice."""
        self._is_left = True
        await self._inner.close()
