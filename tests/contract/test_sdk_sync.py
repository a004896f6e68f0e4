"""The SDK and the local host read the same specs apart from each other: here they meet."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from support.contract_sdk import UNICODE_TEXTS, WEATHER_TOOL, ask, client_settings, surface

from tensormesh import Tensormesh
from tensormesh.types import (
    ChatCompletionFunction,
    ChatCompletionTool,
    ChatMessage,
    ResponseFormat,
    ResponseFunctionCall,
    ResponseOutputMessage,
    ResponseOutputText,
)
from tensormesh_api.inference.resources import InferenceResources
from tensormesh_local import LocalHost

NAMED_CHOICE = {"type": "function", "function": {"name": "get_weather"}}


@pytest.fixture(scope="module")
def client(local_host: LocalHost) -> Iterator[Tensormesh]:
    with Tensormesh(**client_settings(local_host)) as client:
        yield client


@pytest.fixture(params=["serverless", "on_demand"])
def api(request: pytest.FixtureRequest, client: Tensormesh) -> InferenceResources:
    return surface(client, request.param)


@pytest.fixture
def models(api: InferenceResources) -> dict[str, str]:
    """The served names by what the models are for."""
    names = [card.id for card in api.models.list().data if card.id.startswith("tm-local-")]
    return dict(zip(("chat", "think", "reasoning"), names, strict=True))


def test_health_and_version_are_told(api: InferenceResources) -> None:
    assert api.health.get().status == "ok"
    assert api.version.get().version


def test_chat_answers_typed_messages_and_dicts_alike(
    api: InferenceResources, models: dict[str, str]
) -> None:
    typed = api.chat.completions.create(
        model=models["chat"], messages=[ChatMessage(role="user", content="Say hello.")]
    )
    plain = api.chat.completions.create(model=models["chat"], messages=ask("Say hello."))
    assert typed.choices[0].message.content == plain.choices[0].message.content
    assert plain.choices[0].message.content
    assert plain.choices[0].finish_reason == "stop"
    assert plain.model == models["chat"]


def test_streamed_chat_is_the_chat_in_pieces(
    api: InferenceResources, models: dict[str, str]
) -> None:
    messages = ask("Count to ten.")
    whole = api.chat.completions.create(model=models["chat"], messages=messages)
    pieces = api.chat.completions.create(model=models["chat"], messages=messages, stream=True)
    assert "".join(pieces.text_deltas()) == whole.choices[0].message.content
    stream = api.chat.completions.create(
        model=models["chat"],
        messages=messages,
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-1].choices == []
    final = stream.get_final_completion()
    assert final.choices[0].message.content == whole.choices[0].message.content
    assert final.choices[0].finish_reason == whole.choices[0].finish_reason
    assert final.usage is not None
    assert whole.usage is not None
    assert final.usage.completion_tokens == whole.usage.completion_tokens


def test_alternative_answers_are_kept_apart_in_a_stream(
    api: InferenceResources, models: dict[str, str]
) -> None:
    stream = api.chat.completions.create(
        model=models["chat"], messages=ask("Tell me a story."), n=3, max_tokens=12, stream=True
    )
    choices = stream.get_final_completion().choices
    assert [choice.index for choice in choices] == [0, 1, 2]
    assert [choice.finish_reason for choice in choices] == ["length"] * 3
    assert len({choice.message.content for choice in choices}) == 3


def test_tool_is_called_and_its_result_answered(
    api: InferenceResources, models: dict[str, str]
) -> None:
    question = ChatMessage(role="user", content="What is the weather in Paris?")
    tool = ChatCompletionTool(function=ChatCompletionFunction(**WEATHER_TOOL["function"]))
    first = api.chat.completions.create(
        model=models["chat"], messages=[question], tools=[tool], tool_choice="auto"
    )
    assert first.choices[0].finish_reason == "tool_calls"
    message = first.choices[0].message
    assert message.tool_calls
    call = message.tool_calls[0]
    assert call.function.name == "get_weather"
    assert json.loads(call.function.arguments) == {"city": "Paris"}
    second = api.chat.completions.create(
        model=models["chat"],
        tools=[WEATHER_TOOL],
        messages=[
            question,
            ChatMessage(role="assistant", content=None, tool_calls=message.tool_calls),
            {"role": "tool", "tool_call_id": call.id, "content": '{"celsius": 21}'},
        ],
    )
    assert "21" in (second.choices[0].message.content or "")


@pytest.mark.parametrize(
    ("choice", "expected"), [("required", ["Paris", "Rome"]), (NAMED_CHOICE, ["Paris"])]
)
def test_tool_calls_are_put_together_from_a_stream(
    api: InferenceResources,
    models: dict[str, str],
    choice: str | dict[str, Any],
    expected: list[str],
) -> None:
    stream = api.chat.completions.create(
        model=models["chat"],
        messages=ask("What is the weather in Paris and Rome?"),
        tools=[WEATHER_TOOL],
        tool_choice=choice,
        stream=True,
    )
    calls = stream.get_final_completion().choices[0].message.tool_calls or []
    assert [json.loads(call.function.arguments)["city"] for call in calls] == expected
    assert len({call.id for call in calls}) == len(calls)


def test_json_mode_gives_a_json_object(api: InferenceResources, models: dict[str, str]) -> None:
    answer = api.chat.completions.create(
        model=models["chat"],
        messages=ask("Describe a heron with the keys name and age."),
        response_format=ResponseFormat(type="json_object"),
    )
    assert json.loads(answer.choices[0].message.content or "").keys() == {"name", "age"}


@pytest.mark.parametrize("kind", ["think", "reasoning"])
def test_reasoning_is_kept_out_of_the_text(
    api: InferenceResources, models: dict[str, str], kind: str
) -> None:
    messages = ask("What is 2 + 2?")
    whole = api.chat.completions.create(model=models[kind], messages=messages)
    message = whole.choices[0].message
    assert message.content == "2 + 2 = 4."
    assert message.reasoning
    pieces = api.chat.completions.create(model=models[kind], messages=messages, stream=True)
    assert "".join(pieces.text_deltas()) == message.content
    final = pieces.get_final_completion().choices[0].message
    assert (final.content, final.reasoning) == (message.content, message.reasoning)
    raw = api.chat.completions.with_raw_response.create(model=models[kind], messages=messages)
    leaked = raw.json()["choices"][0]["message"]["content"].startswith("<think>")
    assert leaked == (kind == "think")


def test_completion_whole_and_streamed_is_the_same(
    api: InferenceResources, models: dict[str, str]
) -> None:
    whole = api.completions.create(
        model=models["chat"], prompt=["At dawn,", "At dusk,"], max_tokens=6
    )
    assert [choice.index for choice in whole.choices] == [0, 1]
    assert {choice.finish_reason for choice in whole.choices} == {"length"}
    stream = api.completions.create(
        model=models["chat"], prompt="At dawn,", max_tokens=6, stream=True
    )
    assert "".join(stream.text_deltas()) == whole.choices[0].text
    assert stream.get_final_completion().choices[0].text == whole.choices[0].text


def test_log_probabilities_belong_to_the_tokens_of_the_text(
    api: InferenceResources, models: dict[str, str]
) -> None:
    completion = api.completions.create(
        model=models["chat"], prompt="At dawn,", max_tokens=5, logprobs=2
    )
    logprobs = completion.choices[0].logprobs
    assert logprobs is not None
    assert logprobs.tokens is not None
    assert "".join(logprobs.tokens) == completion.choices[0].text
    chat = api.chat.completions.create(
        model=models["chat"], messages=ask("Say hello."), logprobs=True, top_logprobs=2
    )
    entries = chat.choices[0].logprobs
    assert entries is not None
    assert entries.content is not None
    text = "".join(entry.token for entry in entries.content)
    assert text.startswith(chat.choices[0].message.content or "?")


def test_response_whole_and_streamed_is_the_same(
    api: InferenceResources, models: dict[str, str]
) -> None:
    whole = api.responses.create(model=models["chat"], input="Say hello.")
    item = whole.output[0]
    assert isinstance(item, ResponseOutputMessage)
    assert isinstance(item.content, list)
    part = item.content[0]
    assert isinstance(part, ResponseOutputText)
    stream = api.responses.create(model=models["chat"], input="Say hello.", stream=True)
    assert "".join(stream.text_deltas()) == part.text
    assert stream.get_final_response().status == "completed"
    events = list(api.responses.create(model=models["chat"], input="Say hello.", stream=True))
    assert [event.type for event in (events[0], events[-1])] == [
        "response.created",
        "response.completed",
    ]


def test_response_that_is_cut_says_so(api: InferenceResources, models: dict[str, str]) -> None:
    whole = api.responses.create(
        model=models["chat"], input="Tell me a story.", max_output_tokens=3
    )
    stream = api.responses.create(
        model=models["chat"], input="Tell me a story.", max_output_tokens=3, stream=True
    )
    for response in (whole, stream.get_final_response()):
        assert response.status == "incomplete"
        assert response.incomplete_details is not None
        assert response.incomplete_details.reason == "max_output_tokens"


def test_response_calls_a_function(api: InferenceResources, models: dict[str, str]) -> None:
    function = {"type": "function", "strict": True, **WEATHER_TOOL["function"]}
    response = api.responses.create(
        model=models["chat"], input="What is the weather in Paris?", tools=[function]
    )
    calls = [item for item in response.output if isinstance(item, ResponseFunctionCall)]
    assert [(call.name, json.loads(call.arguments)) for call in calls] == [
        ("get_weather", {"city": "Paris"})
    ]


@pytest.mark.parametrize("text", UNICODE_TEXTS)
def test_any_text_survives_tokenize_and_detokenize(
    api: InferenceResources, models: dict[str, str], text: str
) -> None:
    tokens = api.tokenize.create(model=models["chat"], prompt=text)
    assert tokens.count == len(tokens.tokens)
    back = api.detokenize.create(model=models["chat"], tokens=tokens.tokens)
    assert back.prompt == text


def test_usage_counts_the_tokens_that_tokenize_gives(
    api: InferenceResources, models: dict[str, str]
) -> None:
    text = "Which grey bird stands still in shallow water?"
    prompt = api.tokenize.create(model=models["chat"], prompt=text)
    completion = api.completions.create(model=models["chat"], prompt=text, max_tokens=4)
    assert completion.usage is not None
    assert completion.usage.prompt_tokens == prompt.count
    assert completion.usage.completion_tokens == 4
    messages = [{"role": "system", "content": "Be brief."}, *ask(text)]
    conversation = api.tokenize.create(
        model=models["chat"], prompt="", messages=messages, tools=[WEATHER_TOOL]
    )
    chat = api.chat.completions.create(
        model=models["chat"], messages=messages, tools=[WEATHER_TOOL], tool_choice="none"
    )
    assert chat.usage is not None
    assert chat.usage.prompt_tokens == conversation.count
    assert chat.usage.total_tokens == chat.usage.prompt_tokens + chat.usage.completion_tokens


def test_repeated_prefix_is_found_in_the_cache(
    api: InferenceResources, models: dict[str, str]
) -> None:
    messages = [{"role": "system", "content": "Answer like a heron. " * 20}, *ask("Say hello.")]

    def cached_tokens() -> int:
        # With a salt of its own, nothing but this test can have filled the cache.
        answer = api.chat.completions.create(
            model=models["chat"], messages=messages, cache_salt=models["chat"]
        )
        assert answer.usage is not None
        assert answer.usage.prompt_tokens_details is not None
        return answer.usage.prompt_tokens_details.cached_tokens or 0

    assert cached_tokens() == 0
    assert cached_tokens() > 50


def test_raw_and_streaming_responses_show_what_was_sent(
    api: InferenceResources, models: dict[str, str]
) -> None:
    raw = api.chat.completions.with_raw_response.create(
        model=models["chat"], messages=ask("Say hello."), extra_headers={"X-Request-Id": "abc-1"}
    )
    assert (raw.status_code, raw.request_id) == (200, "abc-1")
    assert raw.headers["content-type"] == "application/json"
    assert raw.parse().to_dict() == raw.json()
    with api.completions.with_streaming_response.create(
        model=models["chat"], prompt="At dawn,", max_tokens=3, stream=True
    ) as response:
        lines = [line for line in response.iter_lines(decode_unicode=True) if line]
    assert lines[-1] == "data: [DONE]"
    assert all(line.startswith("data: ") for line in lines)


def test_a_raw_request_streams_too(api: InferenceResources, models: dict[str, str]) -> None:
    body = {"model": models["chat"], "messages": ask("Say hello."), "stream": True}
    with api.with_streaming_response.request("POST", "/v1/chat/completions", body=body) as stream:
        assert [event.data for event in stream.iter_events()][-1] == b"[DONE]"
    assert api.request("GET", "/health") == api.health.get().to_dict()
