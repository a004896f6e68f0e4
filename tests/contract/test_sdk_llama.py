"""The same flows with a real model, which llama.cpp runs behind the local host."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import pytest
from support.contract_sdk import (
    UNICODE_TEXTS,
    WEATHER_TOOL,
    ask,
    async_surface,
    client_settings,
    surface,
)
from support.project_files import ROOT

from tensormesh import AsyncTensormesh, NotFoundError, Tensormesh
from tensormesh.types import ChatCompletion
from tensormesh_api.inference.resources import InferenceResources
from tensormesh_local import LocalHost

MODEL_FILE = ROOT / "tests" / "models" / "tiny-chat-f16.gguf"
MODEL = MODEL_FILE.stem
NUMBERS = "1, 2, 3, 4, 5, 6, 7, 8, 9, 10"


@pytest.fixture(scope="module")
def llama_host() -> Iterator[LocalHost]:
    with LocalHost("llama", model_path=MODEL_FILE) as host:
        yield host


@pytest.fixture(scope="module")
def client(llama_host: LocalHost) -> Iterator[Tensormesh]:
    with Tensormesh(**client_settings(llama_host)) as client:
        yield client


@pytest.fixture(params=["serverless", "on_demand"])
def api(request: pytest.FixtureRequest, client: Tensormesh) -> InferenceResources:
    return surface(client, request.param)


def test_model_is_listed_by_the_name_of_its_file(api: InferenceResources) -> None:
    assert [card.id for card in api.models.list().data] == [MODEL]
    assert api.health.get().status == "ok"
    assert (api.version.get().version or "").startswith("llama.cpp")


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("Say hello.", "Hello"),
        ("Count to ten.", NUMBERS),
        ("What is the capital of France?", "Paris"),
    ],
)
def test_model_answers(api: InferenceResources, prompt: str, expected: str) -> None:
    answer = api.chat.completions.create(model=MODEL, messages=ask(prompt), temperature=0)
    assert expected in (answer.choices[0].message.content or "")
    assert answer.choices[0].finish_reason == "stop"


def test_streamed_answer_is_the_answer_in_pieces(api: InferenceResources) -> None:
    stream = api.chat.completions.create(
        model=MODEL,
        messages=ask("Count to ten."),
        temperature=0,
        stream=True,
        stream_options={"include_usage": True},
    )
    pieces = list(stream.text_deltas())
    assert len(pieces) > 10
    final = stream.get_final_completion()
    assert "".join(pieces) == final.choices[0].message.content
    assert NUMBERS in "".join(pieces)
    assert final.usage is not None
    assert final.usage.completion_tokens >= len(pieces)


@pytest.mark.parametrize("cities", [["Paris"], ["Paris", "Rome"]])
@pytest.mark.parametrize("stream", [False, True])
def test_model_calls_a_tool(api: InferenceResources, cities: list[str], stream: bool) -> None:
    question = f"What is the weather in {' and '.join(cities)}?"
    answer = api.chat.completions.create(
        model=MODEL, messages=ask(question), tools=[WEATHER_TOOL], temperature=0, stream=stream
    )
    whole = answer if isinstance(answer, ChatCompletion) else answer.get_final_completion()
    choice = whole.choices[0]
    assert choice.finish_reason == "tool_calls"
    calls = choice.message.tool_calls or []
    assert [call.function.name for call in calls] == ["get_weather"] * len(cities)
    assert [json.loads(call.function.arguments) for call in calls] == [
        {"city": city} for city in cities
    ]


def test_json_mode_gives_a_json_object(api: InferenceResources) -> None:
    answer = api.chat.completions.create(
        model=MODEL,
        messages=ask("Reply in JSON."),
        response_format={"type": "json_object"},
        temperature=0,
    )
    assert isinstance(json.loads(answer.choices[0].message.content or ""), dict)


def test_reasoning_is_kept_out_of_the_text(api: InferenceResources) -> None:
    messages = ask("Think: what is 2+2?")
    answer = api.chat.completions.create(model=MODEL, messages=messages, temperature=0)
    message = answer.choices[0].message
    assert message.content
    assert message.content.strip() == "2 + 2 = 4."
    assert message.reasoning
    stream = api.chat.completions.create(model=MODEL, messages=messages, temperature=0, stream=True)
    assert "".join(stream.text_deltas()).strip() == "2 + 2 = 4."


def test_completion_obeys_its_limit(api: InferenceResources) -> None:
    answer = api.completions.create(model=MODEL, prompt="1, 2, 3,", max_tokens=4, temperature=0)
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 4
    stream = api.completions.create(
        model=MODEL, prompt="1, 2, 3,", max_tokens=4, temperature=0, stream=True
    )
    assert "".join(stream.text_deltas()) == answer.choices[0].text


def test_response_is_streamed_to_its_end(api: InferenceResources) -> None:
    stream = api.responses.create(model=MODEL, input="Say hello.", temperature=0, stream=True)
    text = "".join(stream.text_deltas())
    assert text.startswith("Hello")
    final = stream.get_final_response()
    assert final.status == "completed"
    assert final.output[-1].to_dict()["content"][0]["text"] == text


@pytest.mark.parametrize("text", UNICODE_TEXTS)
def test_any_text_survives_tokenize_and_detokenize(api: InferenceResources, text: str) -> None:
    tokens = api.tokenize.create(model=MODEL, prompt=text).tokens
    assert api.detokenize.create(model=MODEL, tokens=tokens).prompt == text


def test_usage_counts_the_tokens_that_tokenize_gives(api: InferenceResources) -> None:
    messages = ask("Say hello.")
    conversation = api.tokenize.create(model=MODEL, prompt="", messages=messages)
    answer = api.chat.completions.create(model=MODEL, messages=messages, max_tokens=4)
    assert answer.usage is not None
    assert answer.usage.prompt_tokens == conversation.count


def test_repeated_prompt_is_found_in_the_cache(api: InferenceResources) -> None:
    messages = ask("What is the weather in Oslo?")
    for _ in range(2):
        answer = api.chat.completions.create(
            model=MODEL, messages=messages, tools=[WEATHER_TOOL], max_tokens=2
        )
    assert answer.usage is not None
    assert answer.usage.prompt_tokens_details is not None
    assert (answer.usage.prompt_tokens_details.cached_tokens or 0) > 50


def test_unknown_model_is_not_found(api: InferenceResources) -> None:
    with pytest.raises(NotFoundError):
        api.chat.completions.create(model="no-such-model", messages=ask("Say hello."))


@pytest.mark.parametrize("name", ["serverless", "on_demand"])
def test_async_client_streams_from_the_model(llama_host: LocalHost, name: str) -> None:
    async def collect() -> str:
        async with AsyncTensormesh(**client_settings(llama_host)) as client:
            stream = await async_surface(client, name).chat.completions.create(
                model=MODEL, messages=ask("Count to ten."), temperature=0, stream=True
            )
            return "".join([piece async for piece in stream.text_deltas()])

    assert NUMBERS in asyncio.run(collect())
