"""`chat.completions.parse`: answers as objects of the caller's own types.

What it needs beyond `create` is loaded with the first call.
"""

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
"""What tells the model the form of its answer, unless the caller says it otherwise."""


class ParseMethods(SyncResource):
    """Methods of `chat.completions` that read answers."""

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
        self,
        *,
        response_model: type[ParsedT],
        stream: Literal[True],
        **params: Unpack[ParseParams],
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
        self,
        *,
        response_model: object,
        stream: Literal[True],
        **params: Unpack[ParseParams],
    ) -> ParsedStream[Any]: ...
    def parse(
        self,
        *,
        response_model: Any,
        stream: bool | None = None,
        **params: Unpack[ParseParams],
    ) -> ParsedChatCompletion[Any] | ParsedStream[Any]:
        """Answer a conversation with an object of your own type.

        The JSON Schema of the type goes into the prompt, JSON mode is asked for, and the answer is
        read and validated here. An answer of no use is an error, or another attempt.

        Args:
            response_model: What the answer is to be: a dataclass, an attrs class, a TypedDict, a
                `msgspec.Struct` or anything else that `msgspec` knows, such as `list[Item]`; a
                pydantic model; or a JSON Schema as a mapping, for plain data (needs the extra
                `schema`).
            max_attempts: How many answers to ask for at most. From the second on, the model is
                shown its answer and what is wrong with it. Refusals and tool calls are not asked
                again, and no request is sent twice after a failure of the network. Default: 1.
            schema_prompt: What tells the model the form: a text with `{schema}` in it, a function
                from the schema to the text, or None for nothing. It is added to the leading system
                message, or becomes one. Default: a text in English.
            stream: True gives a stream of partial objects. Default: False.
            extra_headers: Headers added to the request; a value of None takes a header away.
            extra_query: Query parameters added to the request.
            extra_body: Fields added to the JSON body; they win over those given by name.
            timeout_seconds: In place of the client's timeout for each attempt, in seconds.
            total_timeout_seconds: Longest time of each attempt as a whole, in seconds.
            **params: All that `create` takes. `response_format` is `json_object` unless given, and
                streams ask for token counts; `n` cannot be above 1.

        Returns:
            ParsedChatCompletion: The completion; `parsed` is the object. Its `usage` is that of
                all attempts.

        Raises:
            StructuredOutputError: The answer is of no use, and no attempt is left.
            TypeError, ValueError: An argument cannot be right, such as a type that JSON cannot
                hold; nothing was sent.
            ConfigurationError: A credential or a package is missing; nothing was sent.
            APIError: As of `create`.
        """
        session, options = _begin(response_model, params, stream=bool(stream))
        if stream:
            from .._structured.stream import ParsedStream

            return ParsedStream(session, partial(self._stream_attempt, session, options))
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
    """Methods of `chat.completions` that read answers."""

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
        self,
        *,
        response_model: type[ParsedT],
        stream: Literal[True],
        **params: Unpack[ParseParams],
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
        self,
        *,
        response_model: object,
        stream: Literal[True],
        **params: Unpack[ParseParams],
    ) -> AsyncParsedStream[Any]: ...
    async def parse(
        self,
        *,
        response_model: Any,
        stream: bool | None = None,
        **params: Unpack[ParseParams],
    ) -> ParsedChatCompletion[Any] | AsyncParsedStream[Any]:
        """Answer a conversation with an object of your own type.

        The JSON Schema of the type goes into the prompt, JSON mode is asked for, and the answer is
        read and validated here. An answer of no use is an error, or another attempt.

        Args:
            response_model: What the answer is to be: a dataclass, an attrs class, a TypedDict, a
                `msgspec.Struct` or anything else that `msgspec` knows, such as `list[Item]`; a
                pydantic model; or a JSON Schema as a mapping, for plain data (needs the extra
                `schema`).
            max_attempts: How many answers to ask for at most. From the second on, the model is
                shown its answer and what is wrong with it. Refusals and tool calls are not asked
                again, and no request is sent twice after a failure of the network. Default: 1.
            schema_prompt: What tells the model the form: a text with `{schema}` in it, a function
                from the schema to the text, or None for nothing. It is added to the leading system
                message, or becomes one. Default: a text in English.
            stream: True gives a stream of partial objects. Default: False.
            extra_headers: Headers added to the request; a value of None takes a header away.
            extra_query: Query parameters added to the request.
            extra_body: Fields added to the JSON body; they win over those given by name.
            timeout_seconds: In place of the client's timeout for each attempt, in seconds.
            total_timeout_seconds: Longest time of each attempt as a whole, in seconds.
            **params: All that `create` takes. `response_format` is `json_object` unless given, and
                streams ask for token counts; `n` cannot be above 1.

        Returns:
            ParsedChatCompletion: The completion; `parsed` is the object. Its `usage` is that of
                all attempts.

        Raises:
            StructuredOutputError: The answer is of no use, and no attempt is left.
            TypeError, ValueError: An argument cannot be right, such as a type that JSON cannot
                hold; nothing was sent.
            ConfigurationError: A credential or a package is missing; nothing was sent.
            APIError: As of `create`.
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
    """A session, and what its caller said of each of its calls."""
    from .._structured.forms import form_of
    from .._structured.session import Session

    given: dict[str, Any] = dict(params)
    if (given.get("n") or 1) != 1:
        raise ValueError("n must be 1 or left out: parse reads one answer")
    options = CallOptions(**{name: given.pop(name, None) for name in CallOptions.__slots__})
    prompt = given.pop("schema_prompt", SCHEMA_PROMPT)
    max_attempts = given.pop("max_attempts", 1)
    given.setdefault("response_format", {"type": "json_object"})
    if stream:
        given.setdefault("stream_options", {"include_usage": True})
    return Session(form_of(response_model), given, prompt, max_attempts), options
