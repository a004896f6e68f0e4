"""`chat.completions.parse`, for both clients. The first call loads what it needs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Unpack, overload

from tensormesh_api._operation import CallOptions
from tensormesh_api.inference.requests.create_chat_completion import create as build
from tensormesh_api.inference.resources._base import AsyncResource, SyncResource

if TYPE_CHECKING:
    from tensormesh_api._protocols import AsyncStream, Stream
    from tensormesh_api.inference.models.chat_completion import ChatCompletion
    from tensormesh_api.inference.models.chat_completion_chunk import ChatCompletionChunk

    from .._structured.session import Session
    from .._structured.stream import AsyncParsedStream, ParsedStream
    from .._structured.types import ParsedChatCompletion
    from .params import ParseParams

ParsedT = TypeVar("ParsedT")

SCHEMA_PROMPT = (
    "Answer with one JSON object and nothing else: no other text, no code fence. "
    "The object must be valid against this JSON Schema:\n{schema}"
)
"""Default instruction that describes the schema to the model."""


class ParseMethods(SyncResource):
    """The method `parse`."""

    __slots__ = ()

    @overload
    def parse(
        self,
        *,
        response_model: type[ParsedT],
        stream: Literal[False] | None = None,
        **params: Unpack[ParseParams],
    ) -> ParsedChatCompletion[ParsedT]: ...
    @overload
    def parse(
        self, *, response_model: type[ParsedT], stream: Literal[True], **params: Unpack[ParseParams]
    ) -> ParsedStream[ParsedT]: ...
    @overload
    def parse(
        self,
        *,
        response_model: object,
        stream: Literal[False] | None = None,
        **params: Unpack[ParseParams],
    ) -> ParsedChatCompletion[Any]: ...
    @overload
    def parse(
        self, *, response_model: object, stream: Literal[True], **params: Unpack[ParseParams]
    ) -> ParsedStream[Any]: ...
    def parse(
        self, *, response_model: Any, stream: bool | None = None, **params: Unpack[ParseParams]
    ) -> ParsedChatCompletion[Any] | ParsedStream[Any]:
        """Return the response as an object of your own type.

        The JSON Schema of the type is added to the prompt, JSON mode is requested, and the
        response is parsed and validated. An invalid response raises an error, or is
        sent back to the model for another attempt.

        Args:
            response_model: Type of the object: a dataclass, an attrs class, a TypedDict, a
                `msgspec.Struct` or another type that `msgspec` supports, such as `list[Item]`; a
                pydantic model; or a JSON Schema as a mapping, for plain data (needs the extra
                `schema`).
            max_attempts: Maximum number of responses to ask for. From the second attempt on, the
                model is shown its response and what is wrong with it. Refusals and tool calls are
                not retried, nor are requests that failed. Default: 1.
            schema_prompt: Instruction that describes the schema to the model: a string that
                contains `{schema}`, a function that takes the schema and returns a string, or
                None for no instruction. It is appended to the leading system message, or added
                as one. Default: a built-in English instruction.
            stream: Whether to return a stream of partial objects. Default: False.
            extra_headers: Headers to add to each request. None removes a header.
            extra_query: Query parameters to add to each request.
            extra_body: Fields to add to each JSON body. They override keyword arguments.
            timeout_seconds: Timeout of each attempt in seconds, overriding the client's.
            total_timeout_seconds: Time limit of each attempt in seconds, including its stream.
            **params: Other arguments of `create`. `response_format` defaults to `json_object`,
                streams request token usage, and `n` must be 1.

        Returns:
            ParsedChatCompletion: The completion; `parsed` is the object, and `usage` covers all
                attempts.

        Raises:
            StructuredOutputError: The response is invalid, and no attempt is left.
            TypeError, ValueError: An argument is invalid, such as a type without a JSON form;
                nothing was sent.
            ConfigurationError: A credential or a package is missing; nothing was sent.
            APIError: As raised by `create`.
        """
        session, options = _begin(response_model, params, stream=bool(stream))
        if stream:
            from .._structured.stream import ParsedStream

            open_stream = partial(self._stream_attempt, session, options)
            return ParsedStream(session, open_stream, open_stream())
        while True:
            request = build(self._host.create_chat_completion, **session.request())
            parsed = session.take(self._dispatcher.send(request, options))
            if parsed is not None:
                return parsed

    def _stream_attempt(
        self, session: Session, options: CallOptions
    ) -> Stream[ChatCompletionChunk, ChatCompletion]:
        request = build(self._host.create_chat_completion, stream=True, **session.request())
        return self._dispatcher.stream(request, options)


class AsyncParseMethods(AsyncResource):
    """The method `parse` of an asynchronous client."""

    __slots__ = ()

    @overload
    async def parse(
        self,
        *,
        response_model: type[ParsedT],
        stream: Literal[False] | None = None,
        **params: Unpack[ParseParams],
    ) -> ParsedChatCompletion[ParsedT]: ...
    @overload
    async def parse(
        self, *, response_model: type[ParsedT], stream: Literal[True], **params: Unpack[ParseParams]
    ) -> AsyncParsedStream[ParsedT]: ...
    @overload
    async def parse(
        self,
        *,
        response_model: object,
        stream: Literal[False] | None = None,
        **params: Unpack[ParseParams],
    ) -> ParsedChatCompletion[Any]: ...
    @overload
    async def parse(
        self, *, response_model: object, stream: Literal[True], **params: Unpack[ParseParams]
    ) -> AsyncParsedStream[Any]: ...
    async def parse(
        self, *, response_model: Any, stream: bool | None = None, **params: Unpack[ParseParams]
    ) -> ParsedChatCompletion[Any] | AsyncParsedStream[Any]:
        """Return the response as an object of your own type.

        The JSON Schema of the type is added to the prompt, JSON mode is requested, and the
        response is parsed and validated. An invalid response raises an error, or is
        sent back to the model for another attempt.

        Args:
            response_model: Type of the object: a dataclass, an attrs class, a TypedDict, a
                `msgspec.Struct` or another type that `msgspec` supports, such as `list[Item]`; a
                pydantic model; or a JSON Schema as a mapping, for plain data (needs the extra
                `schema`).
            max_attempts: Maximum number of responses to ask for. From the second attempt on, the
                model is shown its response and what is wrong with it. Refusals and tool calls are
                not retried, nor are requests that failed. Default: 1.
            schema_prompt: Instruction that describes the schema to the model: a string that
                contains `{schema}`, a function that takes the schema and returns a string, or
                None for no instruction. It is appended to the leading system message, or added
                as one. Default: a built-in English instruction.
            stream: Whether to return a stream of partial objects. Default: False.
            extra_headers: Headers to add to each request. None removes a header.
            extra_query: Query parameters to add to each request.
            extra_body: Fields to add to each JSON body. They override keyword arguments.
            timeout_seconds: Timeout of each attempt in seconds, overriding the client's.
            total_timeout_seconds: Time limit of each attempt in seconds, including its stream.
            **params: Other arguments of `create`. `response_format` defaults to `json_object`,
                streams request token usage, and `n` must be 1.

        Returns:
            ParsedChatCompletion: The completion; `parsed` is the object, and `usage` covers all
                attempts.

        Raises:
            StructuredOutputError: The response is invalid, and no attempt is left.
            TypeError, ValueError: An argument is invalid, such as a type without a JSON form;
                nothing was sent.
            ConfigurationError: A credential or a package is missing; nothing was sent.
            APIError: As raised by `create`.
        """
        session, options = _begin(response_model, params, stream=bool(stream))
        if stream:
            from .._structured.stream import AsyncParsedStream

            open_stream = partial(self._stream_attempt, session, options)
            return AsyncParsedStream(session, open_stream, await open_stream())
        while True:
            request = build(self._host.create_chat_completion, **session.request())
            parsed = session.take(await self._dispatcher.send(request, options))
            if parsed is not None:
                return parsed

    async def _stream_attempt(
        self, session: Session, options: CallOptions
    ) -> AsyncStream[ChatCompletionChunk, ChatCompletion]:
        request = build(self._host.create_chat_completion, stream=True, **session.request())
        return await self._dispatcher.stream(request, options)


def _begin(
    response_model: Any, params: ParseParams, *, stream: bool
) -> tuple[Session, CallOptions]:
    """Return a session and the options of its calls."""
    from .._structured.forms import form_of
    from .._structured.session import Session

    given: dict[str, Any] = dict(params)
    if (given.get("n") or 1) != 1:
        raise ValueError("n must be 1 or left out: parse returns a single response")
    options = CallOptions(**{name: given.pop(name, None) for name in CallOptions.__slots__})
    prompt = given.pop("schema_prompt", SCHEMA_PROMPT)
    max_attempts = given.pop("max_attempts", 1)
    given.setdefault("response_format", {"type": "json_object"})
    if stream:
        given.setdefault("stream_options", {"include_usage": True})
    return Session(form_of(response_model), given, prompt, max_attempts), options
