"""What a type checker knows of `parse`. Checked, never run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypedDict, assert_type

import pydantic

from tensormesh import (
    AsyncParsedStream,
    AsyncTensormesh,
    ParsedChatCompletion,
    ParsedEvent,
    ParsedStream,
    StructuredOutputError,
    Tensormesh,
)
from tensormesh.types import ChatCompletion, ChatMessage, UsageInfo


@dataclass
class Invoice:
    total: float


class Line(TypedDict):
    price: float


class Model(pydantic.BaseModel):
    total: float


parse = Tensormesh().inference.serverless.chat.completions.parse
async_parse = AsyncTensormesh().inference.on_demand.chat.completions.parse
messages = [ChatMessage(role="user", content="Hi")]


def whole() -> None:
    completion = parse(model="m", messages=messages, response_model=Invoice, max_attempts=2)
    assert_type(completion, ParsedChatCompletion[Invoice])
    assert_type(completion.parsed, Invoice)
    assert_type(completion.parsed.total, float)
    assert_type(completion.choices[0].message.parsed, Invoice)
    assert_type(completion.choices[0].finish_reason, str | None)
    assert_type(completion.usage, UsageInfo | None)
    assert_type(completion.attempts, int)
    plain: ChatCompletion = completion
    assert_type(plain.to_dict(), dict[str, Any])
    assert_type(parse(model="m", messages=messages, response_model=Line).parsed, Line)
    assert_type(parse(model="m", messages=messages, response_model=Model).parsed, Model)
    lines = parse(model="m", messages=messages, response_model=list[Line])
    assert_type(lines.parsed, list[Line])
    # What has no type of its own is plain data.
    schema: dict[str, object] = {"type": "object"}
    assert_type(parse(model="m", messages=messages, response_model=schema).parsed, Any)
    # Checkers disagree on whether a union has one.
    number: int | None = parse(model="m", messages=messages, response_model=int | None).parsed
    assert number is None or number > 0


def streamed() -> None:
    stream = parse(model="m", messages=messages, response_model=Invoice, stream=True)
    assert_type(stream, ParsedStream[Invoice])
    with stream as entered:
        for event in entered:
            assert_type(event, ParsedEvent)
            assert_type(event.partial, dict[str, Any] | None)
    assert_type(stream.get_final_completion().parsed, Invoice)


async def asynchronous() -> None:
    completion = await async_parse(model="m", messages=messages, response_model=Invoice)
    assert_type(completion.parsed, Invoice)
    stream = await async_parse(model="m", messages=messages, response_model=Invoice, stream=True)
    assert_type(stream, AsyncParsedStream[Invoice])
    async for event in stream:
        assert_type(event, ParsedEvent)
    assert_type((await stream.get_final_completion()).parsed, Invoice)


def prompts(error: StructuredOutputError) -> None:
    parse(model="m", messages=messages, response_model=Invoice, schema_prompt="Form: {schema}")
    parse(model="m", messages=messages, response_model=Invoice, schema_prompt=lambda schema: "x")
    parse(model="m", messages=messages, response_model=Invoice, schema_prompt=None, temperature=0)
    assert_type(error.path, str)
    assert_type(error.completion, ChatCompletion)
    assert_type(error.usage, UsageInfo | None)
