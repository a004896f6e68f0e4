"""Chat completions of the built-in host: parameters, answers and refusals."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from support.cases import for_each
from support.checked_client import (
    GET_WEATHER,
    CheckedClient,
    chat_body,
    finish_reasons,
    hang_up,
    streamed_text,
)

from tensormesh_local import create_app
from tensormesh_local.engines.builtin import BuiltinEngine

THINK = "tm-local-think"
REASONING = "tm-local-reasoning"


def _choice(answer: dict[str, Any]) -> dict[str, Any]:
    return dict(answer["choices"][0])


def _content(answer: dict[str, Any]) -> str:
    return str(answer["choices"][0]["message"]["content"])


def test_equal_requests_get_equal_answers_and_other_seeds_others(client: CheckedClient) -> None:
    prompt = "Tell me about river boats."
    answers = [_content(client.chat(prompt, seed=seed)) for seed in (1, 1, 2, 3)]
    assert answers[0] == answers[1]
    assert len(set(answers)) > 1


def test_a_streamed_answer_is_the_whole_answer(client: CheckedClient) -> None:
    fields: dict[str, Any] = {"seed": 5, "max_tokens": 40}
    chunks = client.chat_chunks("Tell me about tea.", **fields)
    answer = client.chat("Tell me about tea.", **fields)
    assert streamed_text(chunks) == _content(answer)
    assert finish_reasons(chunks) == [_choice(answer)["finish_reason"]]
    assert chunks[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert len({chunk["id"] for chunk in chunks}) == 1


def test_greedy_answers_do_not_depend_on_the_seed(client: CheckedClient) -> None:
    answers = {_content(client.chat("About tea.", temperature=0, seed=seed)) for seed in (1, 2, 3)}
    assert len(answers) == 1


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_a_token_limit_ends_the_answer(client: CheckedClient, name: str) -> None:
    answer = client.chat("Count to ten", **{name: 3})
    assert answer["usage"]["completion_tokens"] == 3
    assert _choice(answer)["finish_reason"] == "length"


def test_a_stop_string_ends_the_answer(client: CheckedClient) -> None:
    choice = _choice(client.chat("Count to ten", stop="4"))
    assert choice["message"]["content"] == "1, 2, 3, "
    assert (choice["finish_reason"], choice["stop_reason"]) == ("stop", "4")


def test_stop_strings_do_not_leak_into_a_stream(client: CheckedClient) -> None:
    chunks = client.chat_chunks("Count to ten", stop=["never", ", 4,"])
    assert streamed_text(chunks) == "1, 2, 3"
    assert chunks[-1]["choices"][0]["stop_reason"] == ", 4,"


def test_n_gives_as_many_choices_and_counts_them_all(client: CheckedClient) -> None:
    answer = client.chat("Tell me about tea.", n=3, return_token_ids=True)
    assert [choice["index"] for choice in answer["choices"]] == [0, 1, 2]
    assert len({choice["message"]["content"] for choice in answer["choices"]}) > 1
    generated = sum(len(choice["token_ids"]) for choice in answer["choices"])
    assert answer["usage"]["completion_tokens"] == generated


def test_choices_of_a_stream_come_in_turn(client: CheckedClient) -> None:
    chunks = client.chat_chunks("Count to five", n=2)
    indices = [choice["index"] for chunk in chunks for choice in chunk["choices"]]
    assert indices[:6] == [0, 1, 0, 1, 0, 1]
    assert [streamed_text(chunks, index=index) for index in (0, 1)] == ["1, 2, 3, 4, 5"] * 2
    assert finish_reasons(chunks) == ["stop", "stop"]


class TestUsage:
    def test_prompt_tokens_agree_with_tokenize(self, client: CheckedClient) -> None:
        body = chat_body("What is the weather in Oslo?", tools=[GET_WEATHER], tool_choice="none")
        answer = client.call("create_chat_completion", body).json()
        tokens = client.call(
            "create_tokenization",
            {
                "model": body["model"],
                "prompt": "",
                "messages": body["messages"],
                "tools": body["tools"],
            },
        ).json()
        assert answer["usage"]["prompt_tokens"] == tokens["count"]

    def test_completion_tokens_agree_with_the_token_ids(self, client: CheckedClient) -> None:
        answer = client.chat("Reply with ok.", return_token_ids=True)
        ids = _choice(answer)["token_ids"]
        assert answer["usage"]["completion_tokens"] == len(ids)
        text = client.call("create_detokenization", {"model": "tm-local-chat", "tokens": ids})
        assert text.json()["prompt"] == "ok<|im_end|>"
        assert len(answer["prompt_token_ids"]) == answer["usage"]["prompt_tokens"]

    def test_a_repeated_prompt_is_served_from_the_cache(self, fresh: CheckedClient) -> None:
        prompt = "A long preamble of many words. " * 8
        first, second = fresh.chat(prompt), fresh.chat(prompt)
        tokens = first["usage"]["prompt_tokens"]
        assert first["usage"]["prompt_tokens_details"]["cached_tokens"] == 0
        cached = second["usage"]["prompt_tokens_details"]["cached_tokens"]
        assert cached == (tokens - 1) // 16 * 16
        statistics = second["kv_transfer_params"]["cached_token_stats"]
        assert statistics["num_vllm_cached_tokens"] == cached

    def test_other_models_report_no_cache_statistics(self, client: CheckedClient) -> None:
        assert client.chat(model=THINK)["kv_transfer_params"] is None

    def test_a_stream_reports_usage_only_when_asked(self, client: CheckedClient) -> None:
        assert not any("usage" in chunk for chunk in client.chat_chunks())
        chunks = client.chat_chunks(stream_options={"include_usage": True})
        assert chunks[-1]["choices"] == []
        assert chunks[-1]["usage"] == {
            **client.chat()["usage"],
            "prompt_tokens_details": chunks[-1]["usage"]["prompt_tokens_details"],
        }
        assert not any("usage" in chunk for chunk in chunks[:-1])

    def test_a_stream_reports_usage_with_every_chunk_on_demand(self, client: CheckedClient) -> None:
        options = {"include_usage": True, "continuous_usage_stats": True}
        counts = [
            chunk["usage"]["completion_tokens"]
            for chunk in client.chat_chunks("Count to five", stream_options=options)
        ]
        assert counts == [*range(counts[-1] + 1), counts[-1]]


class TestLogprobs:
    def test_they_are_normalised_and_spell_the_answer(self, client: CheckedClient) -> None:
        choice = _choice(client.chat("say caf\u00e9 \N{SNOWMAN}", logprobs=True, top_logprobs=3))
        entries = choice["logprobs"]["content"]
        spelled = bytes(byte for entry in entries for byte in entry["bytes"])
        assert spelled.decode().startswith("caf\u00e9 \N{SNOWMAN}")
        for entry in entries:
            assert len(entry["top_logprobs"]) == 3
            assert entry["logprob"] == entry["top_logprobs"][0]["logprob"]
            assert sum(math.exp(top["logprob"]) for top in entry["top_logprobs"]) < 1

    def test_a_stream_carries_the_same(self, client: CheckedClient) -> None:
        fields: dict[str, Any] = {"logprobs": True, "top_logprobs": 1, "seed": 3}
        whole = _choice(client.chat("About tea.", **fields))["logprobs"]["content"]
        streamed = [
            entry
            for chunk in client.chat_chunks("About tea.", **fields)
            for entry in (chunk["choices"][0]["logprobs"] or {"content": []})["content"]
        ]
        assert streamed == whole

    def test_tokens_can_be_named_by_id(self, client: CheckedClient) -> None:
        answer = client.chat(logprobs=True, return_tokens_as_token_ids=True, return_token_ids=True)
        named = [entry["token"] for entry in _choice(answer)["logprobs"]["content"]]
        assert named == [f"token_id:{token}" for token in _choice(answer)["token_ids"]]

    def test_the_prompt_has_them_too(self, client: CheckedClient) -> None:
        answer = client.chat(prompt_logprobs=2)
        listed = answer["prompt_logprobs"]
        assert len(listed) == answer["usage"]["prompt_tokens"]
        assert listed[0] is None
        assert sorted(entry["rank"] for entry in listed[1].values()) == [1, 2]


class TestReasoning:
    def test_one_model_leaks_its_thoughts_into_the_content(self, client: CheckedClient) -> None:
        message = _choice(client.chat("Reply with ok.", model=THINK))["message"]
        assert message["content"].startswith("<think>\n")
        assert message["content"].endswith("</think>\n\nok")
        assert message["reasoning"] is None

    def test_one_model_keeps_its_thoughts_apart(self, client: CheckedClient) -> None:
        answer = client.chat("Reply with ok.", model=REASONING)
        message = _choice(answer)["message"]
        assert message["content"] == "ok"
        assert message["reasoning"]
        assert answer["usage"]["completion_tokens_details"]["reasoning_tokens"] > 0
        chunks = client.chat_chunks("Reply with ok.", model=REASONING)
        assert streamed_text(chunks, "reasoning") == message["reasoning"]
        assert streamed_text(chunks) == "ok"

    @for_each(
        "switch",
        [
            {"chat_template_kwargs": {"enable_thinking": False}},
            {"chat_template_kwargs": {"thinking": False}},
            {"reasoning_effort": "none"},
        ],
        ids=str,
    )
    @for_each("model", [THINK, REASONING])
    def test_thinking_can_be_switched_off(
        self, client: CheckedClient, model: str, switch: dict[str, Any]
    ) -> None:
        message = _choice(client.chat("Reply with ok.", model=model, **switch))["message"]
        assert (message["content"], message["reasoning"]) == ("ok", None)

    def test_reasoning_can_be_hidden(self, client: CheckedClient) -> None:
        reports = {"return_token_ids": True, "logprobs": True}
        hidden: dict[str, Any] = {"include_reasoning": False, **reports}
        choice = _choice(client.chat("Reply with ok.", model=REASONING, **hidden))
        assert choice["message"]["reasoning"] is None
        assert choice["logprobs"] is None
        assert choice["token_ids"] is None
        assert not streamed_text(client.chat_chunks(model=REASONING, **hidden), "reasoning")


class TestPrescribedForms:
    @for_each("seed", range(5))
    @for_each("model", ["tm-local-chat", THINK, REASONING])
    def test_json_mode_gives_a_json_object(
        self, client: CheckedClient, model: str, seed: int
    ) -> None:
        fields: dict[str, Any] = {
            "model": model,
            "response_format": {"type": "json_object"},
            "seed": seed,
        }
        prompt = 'Say "x\\y\N{SNOWMAN}" in JSON'
        whole = _content(client.chat(prompt, **fields))
        assert isinstance(json.loads(whole), dict)
        assert streamed_text(client.chat_chunks(prompt, **fields)) == whole

    def test_json_mode_uses_the_keys_asked_for(self, client: CheckedClient) -> None:
        answer = client.chat(
            "Name a bird in JSON with keys name and age.", response_format={"type": "json_object"}
        )
        built = json.loads(_content(answer))
        assert list(built) == ["name", "age"]
        assert isinstance(built["age"], int)

    def test_json_cut_by_the_limit_says_so(self, client: CheckedClient) -> None:
        answer = client.chat(response_format={"type": "json_object"}, max_tokens=2)
        assert _choice(answer)["finish_reason"] == "length"

    def test_padding_leaves_json_valid(self, client: CheckedClient) -> None:
        answer = client.chat(response_format={"type": "json_object"}, min_tokens=60)
        assert json.loads(_content(answer))
        assert answer["usage"]["completion_tokens"] > 60

    @pytest.mark.parametrize(
        "field",
        [
            lambda schema: {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "a", "schema": schema},
                }
            },
            lambda schema: {"structured_outputs": {"json": schema}},
            lambda schema: {"structured_outputs": {"json": json.dumps(schema)}},
        ],
        ids=["response_format", "structured_outputs", "text"],
    )
    def test_a_schema_is_met(
        self, client: CheckedClient, field: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> None:
        schema = {
            "type": "object",
            "properties": {"ok": {"const": True}, "n": {"type": "integer", "minimum": 41}},
            "required": ["ok", "n"],
        }
        built = json.loads(_content(client.chat("Give me 42.", **field(schema))))
        assert built == {"ok": True, "n": 42}

    def test_a_choice_and_a_pattern_are_met(self, client: CheckedClient) -> None:
        choice = {"choice": ["red", "green", "blue"]}
        assert _content(client.chat("I like green", structured_outputs=choice)) == "green"
        pattern = {"regex": r"\d{3}-[ab]"}
        answer = _content(client.chat(structured_outputs=pattern))
        assert answer[:3].isdigit()
        assert answer[3:] in {"-a", "-b"}


class TestTools:
    def test_a_tool_that_concerns_the_message_is_called(self, client: CheckedClient) -> None:
        choice = _choice(client.chat("What is the weather in Hanoi?", tools=[GET_WEATHER]))
        (call,) = choice["message"]["tool_calls"]
        assert call["function"] == {"name": "get_weather", "arguments": '{"city": "Hanoi"}'}
        assert choice["message"]["content"] is None
        assert choice["finish_reason"] == "tool_calls"

    def test_other_messages_are_answered_with_text(self, client: CheckedClient) -> None:
        choice = _choice(client.chat("Say hello.", tools=[GET_WEATHER]))
        assert "tool_calls" not in choice["message"]
        assert choice["finish_reason"] == "stop"

    def test_no_tool_is_called_against_the_choice(self, client: CheckedClient) -> None:
        choice = _choice(client.chat("Weather in Hanoi?", tools=[GET_WEATHER], tool_choice="none"))
        assert "tool_calls" not in choice["message"]

    @for_each(
        ("choice", "reason"),
        [
            ("required", "tool_calls"),
            ({"type": "function", "function": {"name": "get_weather"}}, "stop"),
        ],
        ids=["required", "named"],
    )
    @for_each("model", ["tm-local-chat", THINK, REASONING])
    def test_a_forced_call_is_made(
        self, client: CheckedClient, model: str, choice: Any, reason: str
    ) -> None:
        fields: dict[str, Any] = {"model": model, "tools": [GET_WEATHER], "tool_choice": choice}
        answer = _choice(client.chat("Say hello.", **fields))
        (call,) = answer["message"]["tool_calls"]
        assert isinstance(json.loads(call["function"]["arguments"])["city"], str)
        assert answer["finish_reason"] == reason
        assert finish_reasons(client.chat_chunks("Say hello.", **fields)) == [reason]

    def test_several_names_give_several_calls(self, client: CheckedClient) -> None:
        prompt = "What is the weather in Paris and Rome?"
        calls = _choice(client.chat(prompt, tools=[GET_WEATHER]))["message"]["tool_calls"]
        assert [json.loads(call["function"]["arguments"]) for call in calls] == [
            {"city": "Paris"},
            {"city": "Rome"},
        ]
        one = client.chat(prompt, tools=[GET_WEATHER], parallel_tool_calls=False)
        assert len(_choice(one)["message"]["tool_calls"]) == 1

    def test_streamed_calls_begin_with_their_name_and_go_on_with_arguments(
        self, client: CheckedClient
    ) -> None:
        prompt = "What is the weather in Paris and Rome?"
        deltas = [
            call
            for chunk in client.chat_chunks(prompt, tools=[GET_WEATHER])
            for choice in chunk["choices"]
            for call in choice["delta"].get("tool_calls", [])
        ]
        for index, city in enumerate(("Paris", "Rome")):
            first, *rest = [delta for delta in deltas if delta["index"] == index]
            assert first["function"] == {"name": "get_weather"}
            assert first["type"] == "function"
            assert first["id"]
            assert len(rest) > 1
            assert all(set(delta) == {"index", "function"} for delta in rest)
            arguments = "".join(delta["function"]["arguments"] for delta in rest)
            assert json.loads(arguments) == {"city": city}

    def test_a_tool_result_is_used_in_the_answer(self, client: CheckedClient) -> None:
        call = {
            "id": "call_1",
            "type": "function",
            "function": {"name": "get_weather", "arguments": '{"city": "Oslo"}'},
        }
        body = chat_body("What is the weather in Oslo?", tools=[GET_WEATHER])
        body["messages"] += [
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "call_1", "content": "sleet, 1 degree"},
        ]
        message = client.call("create_chat_completion", body).json()["choices"][0]["message"]
        assert "sleet, 1 degree" in message["content"]
        assert "tool_calls" not in message

    def test_a_call_cut_by_the_limit_says_so(self, client: CheckedClient) -> None:
        fields: dict[str, Any] = {"tools": [GET_WEATHER], "tool_choice": "required"}
        whole = client.chat("Weather in Oslo?", **fields)["usage"]["completion_tokens"]
        for limit in range(1, whole):
            choice = _choice(client.chat("Weather in Oslo?", max_tokens=limit, **fields))
            assert choice["finish_reason"] == "length"


@for_each(
    ("fields", "param"),
    [
        ({"n": 2, "temperature": 0}, "n"),
        ({"n": 1000}, "n"),
        ({"stream_options": {"include_usage": True}}, "stream_options"),
        ({"stream": True, "prompt_logprobs": 1}, "prompt_logprobs"),
        ({"top_logprobs": 2}, "top_logprobs"),
        ({"top_logprobs": -1}, "top_logprobs"),
        ({"logprobs": True, "top_logprobs": 21}, "logprobs"),
        ({"tool_choice": "auto"}, "tool_choice"),
        ({"tool_choice": "required"}, "tool_choice"),
        (
            {
                "tools": [GET_WEATHER],
                "tool_choice": {"type": "function", "function": {"name": "nope"}},
            },
            "tool_choice",
        ),
        ({"response_format": {"type": "json_schema"}}, "response_format"),
        ({"response_format": {"type": "structural_tag"}}, "response_format"),
        ({"structured_outputs": {"regex": "a", "choice": ["a"]}}, "structured_outputs"),
        ({"structured_outputs": {"choice": []}}, "structured_outputs"),
        ({"structured_outputs": {"json": "not json"}}, "structured_outputs"),
        ({"structured_outputs": {"json": {"type": "nonsense"}}}, None),
        ({"structured_outputs": {"regex": "(?=a)"}}, None),
        (
            {"continue_final_message": True, "add_generation_prompt": True},
            "continue_final_message",
        ),
        ({"chat_template": "{{ messages }}"}, "chat_template"),
        ({"min_tokens": 5, "max_tokens": 2}, "min_tokens"),
    ],
    ids=str,
)
def test_a_request_that_makes_no_sense_is_refused(
    client: CheckedClient, fields: dict[str, Any], param: str | None
) -> None:
    error = client.refusal("create_chat_completion", chat_body("Say hello.", **fields))
    assert (error["type"], error["param"], error["code"]) == ("BadRequestError", param, 400)
    assert error["message"]


@for_each(
    ("change", "param"),
    [
        ({"messages": None}, "body.messages"),
        ({"messages": []}, "body.messages"),
        ({"messages": [{"role": "king", "content": "x"}]}, "body.messages.0.role"),
        ({"messages": [{"role": "user", "content": 5}]}, "body.messages.0.content"),
        (
            {"messages": [{"role": "user", "content": [{"type": "text"}]}]},
            "body.messages.0.content.0.text",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "smell"}]}]},
            "body.messages.0.content.0.type",
        ),
        ({"temperature": "hot"}, "body.temperature"),
        ({"temperature": -1}, "body.temperature"),
        ({"max_tokens": 0}, "body.max_tokens"),
        ({"stop": [1]}, "body.stop.0"),
        ({"tools": []}, "body.tools"),
        ({"tool_choice": "maybe"}, "body.tool_choice"),
        ({"response_format": {"type": "xml"}}, "body.response_format.type"),
    ],
    ids=str,
)
def test_a_request_that_does_not_fit_the_schema_is_refused_by_its_field(
    client: CheckedClient, change: dict[str, Any], param: str
) -> None:
    error = client.refusal("create_chat_completion", {**chat_body("x"), **change})
    assert (error["type"], error["param"], error["code"]) == ("Bad Request", param, 400)
    assert param in error["message"]


def test_the_greedy_refusal_has_the_servers_words(client: CheckedClient) -> None:
    error = client.refusal("create_chat_completion", chat_body("x", n=2, temperature=0))
    assert error["message"].startswith("n must be 1 when using greedy sampling")


def test_a_prompt_beyond_the_context_is_refused(client: CheckedClient) -> None:
    error = client.refusal("create_chat_completion", chat_body("word jumps over " * 50_000))
    assert "maximum context length is 131072" in error["message"]


def test_images_are_refused(client: CheckedClient) -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    body = {"model": "tm-local-chat", "messages": [{"role": "user", "content": [image]}]}
    assert "not a multimodal model" in client.refusal("create_chat_completion", body)["message"]


def test_unknown_fields_are_ignored(client: CheckedClient) -> None:
    assert _content(client.chat("Reply with ok.", no_such_field=[1], mirostat_lr=0.5)) == "ok"


def test_an_open_final_message_is_continued(client: CheckedClient) -> None:
    body = chat_body("Tell me about tea.")
    body["messages"].append({"role": "assistant", "content": "Tea is"})
    body |= {"continue_final_message": True, "add_generation_prompt": False}
    answer = client.call("create_chat_completion", body).json()
    assert _content(answer).startswith(" ")


@pytest.mark.parametrize("text", ["\ud800 lone", "nul \x00", "\N{EARTH GLOBE EUROPE-AFRICA}" * 3])
def test_odd_characters_are_answered_whole(client: CheckedClient, text: str) -> None:
    assert _content(client.chat(f"Repeat: {text}")) == text
    assert streamed_text(client.chat_chunks(f"Repeat: {text}")) == text


def test_a_whole_answer_is_given_up_when_the_client_is_gone() -> None:
    slow = create_app(BuiltinEngine(latency_seconds=60))
    assert asyncio.run(hang_up(slow, chat_body("x"))) == 1


def test_a_stream_ends_when_the_client_is_gone() -> None:
    body = chat_body("x", stream=True, ignore_eos=True)
    assert asyncio.run(hang_up(create_app(), body)) < 1000
