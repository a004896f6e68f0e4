"""Calls as the documentation shows them: same arguments, same attributes, over a real socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import pytest
from support.raw_server import RawServer, Turn
from support.sdk_samples import CHAT, METHODS, chunk, sse, text_chunk

from tensormesh import AsyncTensormesh, Tensormesh
from tensormesh.types import (
    ChatCompletionFunction,
    ChatCompletionTool,
    ChatMessage,
    ResponseFormat,
)

KEY = "a-key"
USER = "12345678-0000-4000-8000-000000000000"
TOOL_CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def respond(turn: Turn) -> None:
    """A server that knows every route."""
    body = turn.json() if turn.body else {}
    if body.get("stream"):
        chunks = [text_chunk("ok")] if turn.path == "/v1/completions" else []
        turn.stream(sse(*(chunks or [chunk("<think>hm</think>"), chunk("Hel"), chunk("lo.")])))
    elif body.get("tools"):
        message = {"role": "assistant", "content": None, "tool_calls": [TOOL_CALL]}
        choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
        turn.answer_json({**CHAT, "choices": [choice]})
    else:
        turn.answer_json({method.route: method.answer for method in METHODS}[turn.path])


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[RawServer]:
    """The Serverless host, named by the environment, so that calls need not name it."""
    with RawServer(respond) as made:
        monkeypatch.setenv("TENSORMESH_SERVERLESS_BASE_URL", made.url)
        yield made


def test_a_chat_completion(server: RawServer) -> None:
    with Tensormesh(inference_api_key=KEY) as client:
        completion = client.inference.serverless.chat.completions.create(
            model="m", messages=[ChatMessage(role="user", content="Hi")]
        )
    assert completion.choices[0].message.content == "Hello."
    assert server.turns[0].json()["messages"] == [{"role": "user", "content": "Hi"}]


def test_a_client_without_a_key_lists_models_and_asks_for_health_and_version(
    server: RawServer,
) -> None:
    with Tensormesh() as client:
        models = client.inference.serverless.models.list()
        health = client.inference.serverless.health.get()
        version = client.inference.serverless.version.get()
    assert models.data[0].id == "m"
    assert (health.status, version.version) == ("ok", "1.2")
    assert not any("authorization" in turn.headers for turn in server.turns)


def test_a_text_completion_and_a_response(server: RawServer) -> None:
    with Tensormesh(inference_api_key=KEY) as client:
        completion = client.inference.serverless.completions.create(model="m", prompt="Hi")
        response = client.inference.serverless.responses.create(model="m", input="Hi")
    assert completion.choices[0].text == "ok"
    part = response.output[0].content[0]  # type: ignore[union-attr, index]
    assert part.text == "Hello."  # type: ignore[union-attr]


def test_tokens_there_and_back(server: RawServer) -> None:
    with Tensormesh(inference_api_key=KEY) as client:
        tokens = client.inference.serverless.tokenize.create(model="m", prompt="Hello!")
        prompt = client.inference.serverless.detokenize.create(model="m", tokens=tokens.tokens)
    assert tokens.tokens == [1, 2]
    assert server.turns[1].json() == {"model": "m", "tokens": [1, 2]}
    assert prompt.prompt == "Hello!"


def test_every_kind_of_call_on_demand() -> None:
    with (
        RawServer(respond) as server,
        Tensormesh(
            inference_api_key=KEY, on_demand_base_url=server.url, on_demand_user_id=USER
        ) as client,
    ):
        host = client.inference.on_demand
        completion = host.chat.completions.create(
            model="m", messages=[ChatMessage(role="user", content="Hi")]
        )
        models = host.models.list()
        response = host.responses.create(model="m", input="Hi")
        tokens = host.tokenize.create(model="m", prompt="Hi")
        assert {turn.headers["x-user-id"] for turn in server.turns} == {USER}
    assert completion.choices[0].message.content == "Hello."
    assert (models.data[0].id if models.data else "no models") == "m"
    assert response.output[0].content[0].text == "Hello."  # type: ignore[union-attr, index]
    assert tokens.tokens == [1, 2]


def test_an_on_demand_host_may_list_no_models() -> None:
    with (
        RawServer(lambda turn: turn.answer_json({"object": "list", "data": []})) as server,
        Tensormesh(
            inference_api_key=KEY, on_demand_base_url=server.url, on_demand_user_id=USER
        ) as client,
    ):
        models = client.inference.on_demand.models.list()
    assert (models.data[0].id if models.data else "no models") == "no models"


def test_streamed_text(server: RawServer) -> None:
    with Tensormesh(inference_api_key=KEY) as client:
        stream = client.inference.serverless.chat.completions.create(
            model="m", messages=[ChatMessage(role="user", content="Hi")], stream=True
        )
        assert list(stream.text_deltas()) == ["Hel", "lo."]


def test_raw_lines_of_a_stream(server: RawServer) -> None:
    with Tensormesh(inference_api_key=KEY) as client:
        stream = client.inference.serverless.completions.with_streaming_response.create(
            model="m", prompt="Hi", stream=True
        )
        try:
            lines = list(stream.iter_lines(decode_unicode=True))
        finally:
            stream.close()
    assert [line.partition(":")[0] for line in lines] == ["data", "", "data", ""]
    assert json.loads(lines[0].removeprefix("data: "))["choices"][0]["text"] == "ok"
    assert lines[2] == "data: [DONE]"


def test_tools(server: RawServer) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    function = ChatCompletionFunction(name="f", description="A tool.", parameters=schema)
    with Tensormesh(inference_api_key=KEY) as client:
        completion = client.inference.serverless.chat.completions.create(
            model="m",
            messages=[ChatMessage(role="user", content="Hi")],
            tools=[ChatCompletionTool(function=function)],
            tool_choice="auto",
        )
    message = completion.choices[0].message
    assert message.content is None
    assert message.tool_calls is not None
    assert message.tool_calls[0].to_dict() == TOOL_CALL
    sent = server.turns[0].json()
    assert sent["tool_choice"] == "auto"
    assert sent["tools"] == [
        {
            "type": "function",
            "function": {"name": "f", "description": "A tool.", "parameters": schema},
        }
    ]


def test_json_mode(server: RawServer) -> None:
    with Tensormesh(inference_api_key=KEY) as client:
        client.inference.serverless.chat.completions.create(
            model="m",
            messages=[ChatMessage(role="user", content="Hi")],
            response_format=ResponseFormat(type="json_object"),
        )
    assert server.turns[0].json()["response_format"] == {"type": "json_object"}


def test_a_raw_response(server: RawServer) -> None:
    with Tensormesh(inference_api_key=KEY) as client:
        raw = client.inference.serverless.chat.completions.with_raw_response.create(
            model="m", messages=[ChatMessage(role="user", content="Hi")]
        )
    # It is whole, and outlives the client.
    assert raw.json() == CHAT


def test_raw_lines_of_an_asynchronous_stream(server: RawServer) -> None:
    async def main() -> list[str]:
        async with AsyncTensormesh(inference_api_key=KEY) as client:
            chat = client.inference.serverless.chat.completions
            stream = await chat.with_streaming_response.create(
                model="m", messages=[ChatMessage(role="user", content="Hi")], stream=True
            )
            try:
                return [line async for line in stream.iter_lines()]
            finally:
                await stream.close()

    lines = asyncio.run(main())
    assert lines[0].startswith('data: {"id"')
    assert lines[-2] == "data: [DONE]"
