"""What a type checker knows of the synchronous client. Checked, never run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, assert_type
from uuid import UUID

from tensormesh import (
    APIStatusError,
    RawResponse,
    ServerSentEvent,
    Stream,
    StreamedResponse,
    StreamError,
    Tensormesh,
)
from tensormesh.types import (
    ChatCompletion,
    ChatCompletionChunk,
    ChatCompletionFunction,
    ChatCompletionTool,
    ChatMessage,
    CreateChatCompletionParams,
    DetokenizeResponse,
    HealthResponse,
    ModelList,
    Response,
    ResponseFormat,
    ResponseStreamEvent,
    TextCompletion,
    TextCompletionChunk,
    TokenizeResponse,
    VersionResponse,
)

client = Tensormesh(inference_api_key="k", on_demand_user_id=UUID(int=0), timeout_seconds=5)
host = client.inference.serverless
message = ChatMessage(role="user", content="Hi")


def chat(stream: bool, maybe: bool | None) -> None:
    create = host.chat.completions.create
    messages = [{"role": "user", "content": "Hi"}]
    assert_type(create(model="m", messages=messages), ChatCompletion)
    assert_type(create(model="m", messages=messages, stream=False), ChatCompletion)
    assert_type(create(model="m", messages=messages, stream=None), ChatCompletion)
    assert_type(
        create(model="m", messages=messages, stream=True),
        Stream[ChatCompletionChunk, ChatCompletion],
    )
    assert_type(
        create(model="m", messages=messages, stream=stream),
        ChatCompletion | Stream[ChatCompletionChunk, ChatCompletion],
    )
    assert_type(
        create(model="m", messages=messages, stream=maybe),
        ChatCompletion | Stream[ChatCompletionChunk, ChatCompletion],
    )
    assert_type(create(model="m", messages=messages).choices[0].message.content, str | None)


def messages_of_every_kind(mapping: Mapping[str, Any]) -> None:
    create = host.chat.completions.create
    create(model="m", messages=[message])
    create(model="m", messages=[{"role": "user", "content": "Hi"}])
    create(model="m", messages=[message, {"role": "user", "content": "Hi"}, mapping])
    create(model="m", messages=(message,))
    tool = ChatCompletionTool(function=ChatCompletionFunction(name="f"))
    create(
        model="m",
        messages=[message],
        tools=[tool, {"type": "function", "function": {"name": "g"}}],
        tool_choice="auto",
        response_format=ResponseFormat(type="json_object"),
        stop=["a", "b"],
        temperature=0,
    )
    create(
        model="m",
        messages=[message],
        extra_headers={"X-Trace": "1", "User-Agent": None},
        extra_query={"a": 1},
        extra_body={"new": [1]},
        timeout_seconds=5,
    )


def streams(stream: Stream[ChatCompletionChunk, ChatCompletion]) -> Iterator[str]:
    for chunk in stream:
        assert_type(chunk, ChatCompletionChunk)
        assert_type(chunk.choices[0].delta.content, str | None)
    assert_type(next(stream), ChatCompletionChunk)
    assert_type(stream.text_deltas(), Iterator[str])
    assert_type(stream.get_final_completion(), ChatCompletion)
    assert_type(stream.request_id, str | None)
    with stream as entered:
        assert_type(entered, Stream[ChatCompletionChunk, ChatCompletion])
    stream.close()
    yield from stream.text_deltas()


def users_own_function() -> Stream[ChatCompletionChunk, ChatCompletion]:
    return host.chat.completions.create(model="m", messages=[message], stream=True)


def other_methods() -> None:
    assert_type(host.completions.create(model="m", prompt="x"), TextCompletion)
    assert_type(
        host.completions.create(model="m", prompt="x", stream=True),
        Stream[TextCompletionChunk, TextCompletion],
    )
    assert_type(host.responses.create(model="m", input="x"), Response)
    events = host.responses.create(model="m", input="x", stream=True)
    assert_type(events, Stream[ResponseStreamEvent, Response])
    assert_type(events.get_final_response(), Response)
    tokens = host.tokenize.create(model="m", prompt="x")
    assert_type(tokens, TokenizeResponse)
    assert_type(tokens.tokens, list[int])
    assert_type(host.detokenize.create(model="m", tokens=tokens.tokens), DetokenizeResponse)
    assert_type(host.models.list(), ModelList)
    assert_type(host.models.list().data[0].id, str)
    assert_type(host.health.get(), HealthResponse)
    assert_type(host.version.get(), VersionResponse)
    assert_type(client.inference.on_demand.models.list(), ModelList)
    assert_type(client.with_options(max_retries=2), Tensormesh)
    with client as entered:
        assert_type(entered, Tensormesh)


def raw_variants() -> None:
    raw = host.chat.completions.with_raw_response.create(model="m", messages=[message])
    assert_type(raw, RawResponse[ChatCompletion])
    assert_type(raw.parse(), ChatCompletion)
    assert_type(raw.content, bytes)
    assert_type(raw.headers, Mapping[str, str])
    assert_type(host.models.with_raw_response.list().parse(), ModelList)
    opened = host.chat.completions.with_streaming_response.create(
        model="m", messages=[message], stream=True
    )
    assert_type(opened, StreamedResponse)
    assert_type(opened.iter_lines(), Iterator[bytes])
    assert_type(opened.iter_lines(decode_unicode=True), Iterator[str])
    assert_type(opened.iter_bytes(), Iterator[bytes])
    assert_type(opened.iter_events(), Iterator[ServerSentEvent])
    assert_type(host.with_raw_response.request("GET", "/x"), RawResponse[Any])
    assert_type(host.with_streaming_response.request("GET", "/x"), StreamedResponse)


def arguments_kept_apart() -> ChatCompletion:
    params: CreateChatCompletionParams = {"model": "m", "messages": [message]}
    return host.chat.completions.create(**params)


def errors() -> None:
    try:
        chat(stream=True, maybe=None)
    except APIStatusError as error:
        assert_type(error.status_code, int)
        assert_type(error.retry_after, float | None)
        assert_type(error.request_id, str | None)
    except StreamError as error:
        assert_type(error.message, str)
