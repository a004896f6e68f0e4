"""What a type checker knows of the asynchronous client. Checked, never run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import assert_type

from tensormesh import (
    AsyncStream,
    AsyncStreamedResponse,
    AsyncTensormesh,
    RawResponse,
    ServerSentEvent,
)
from tensormesh.types import (
    ChatCompletion,
    ChatCompletionChunk,
    ChatMessage,
    DetokenizeResponse,
    HealthResponse,
    ModelList,
    Response,
    ResponseStreamEvent,
    TextCompletion,
    TextCompletionChunk,
    TokenizeResponse,
    VersionResponse,
)

client = AsyncTensormesh(inference_api_key="k")
host = client.inference.serverless
message = ChatMessage(role="user", content="Hi")


async def chat(stream: bool) -> None:
    create = host.chat.completions.create
    assert_type(await create(model="m", messages=[message]), ChatCompletion)
    assert_type(await create(model="m", messages=[message], stream=False), ChatCompletion)
    assert_type(
        await create(model="m", messages=[message], stream=True),
        AsyncStream[ChatCompletionChunk, ChatCompletion],
    )
    assert_type(
        await create(model="m", messages=[message], stream=stream),
        ChatCompletion | AsyncStream[ChatCompletionChunk, ChatCompletion],
    )
    await create(model="m", messages=[message, {"role": "user", "content": "Hi"}])


async def streams(stream: AsyncStream[ChatCompletionChunk, ChatCompletion]) -> None:
    async for chunk in stream:
        assert_type(chunk, ChatCompletionChunk)
    assert_type(await anext(stream), ChatCompletionChunk)
    assert_type(stream.text_deltas(), AsyncIterator[str])
    async for text in stream.text_deltas():
        assert_type(text, str)
    assert_type(await stream.get_final_completion(), ChatCompletion)
    async with stream as entered:
        assert_type(entered, AsyncStream[ChatCompletionChunk, ChatCompletion])
    await stream.close()


async def users_own_function() -> AsyncStream[ChatCompletionChunk, ChatCompletion]:
    return await host.chat.completions.create(model="m", messages=[message], stream=True)


async def other_methods() -> None:
    assert_type(await host.completions.create(model="m", prompt="x"), TextCompletion)
    assert_type(
        await host.completions.create(model="m", prompt="x", stream=True),
        AsyncStream[TextCompletionChunk, TextCompletion],
    )
    assert_type(await host.responses.create(model="m", input="x"), Response)
    events = await host.responses.create(model="m", input="x", stream=True)
    assert_type(events, AsyncStream[ResponseStreamEvent, Response])
    assert_type(await events.get_final_response(), Response)
    assert_type(await host.tokenize.create(model="m", prompt="x"), TokenizeResponse)
    assert_type(await host.detokenize.create(model="m", tokens=[1]), DetokenizeResponse)
    assert_type(await host.models.list(), ModelList)
    assert_type(await host.health.get(), HealthResponse)
    assert_type(await host.version.get(), VersionResponse)
    assert_type(client.with_options(max_retries=2), AsyncTensormesh)
    async with client as entered:
        assert_type(entered, AsyncTensormesh)


async def raw_variants() -> None:
    raw = await host.chat.completions.with_raw_response.create(model="m", messages=[message])
    assert_type(raw, RawResponse[ChatCompletion])
    opened = await host.chat.completions.with_streaming_response.create(
        model="m", messages=[message], stream=True
    )
    assert_type(opened, AsyncStreamedResponse)
    assert_type(opened.iter_lines(), AsyncIterator[str])
    assert_type(opened.iter_bytes(), AsyncIterator[bytes])
    assert_type(opened.iter_events(), AsyncIterator[ServerSentEvent])
    async with opened as entered:
        assert_type(entered, AsyncStreamedResponse)
