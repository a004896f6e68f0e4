"""The Responses API of the built-in host."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.cases import for_each
from support.checked_client import GET_WEATHER, CheckedClient

MODEL = "tm-local-chat"
WEATHER_TOOL = {"type": "function", "strict": True, **GET_WEATHER["function"]}  # type: ignore[dict-item]


def _respond(client: CheckedClient, given: Any = "Say hello.", **fields: Any) -> dict[str, Any]:
    response = client.call("create_response", {"model": MODEL, "input": given, **fields})
    assert response.status_code == 200, response.text
    return dict(response.json())


def _stream(
    client: CheckedClient, given: Any = "Say hello.", **fields: Any
) -> list[dict[str, Any]]:
    body = {"model": MODEL, "input": given, "stream": True, **fields}
    return client.events("create_response", body)


def _text(response: dict[str, Any]) -> str:
    (item,) = [item for item in response["output"] if item["type"] == "message"]
    return str(item["content"][0]["text"])


def _types(events: list[dict[str, Any]]) -> list[str]:
    """Return the types of events in order, repeated ones once."""
    types = [event["type"] for event in events]
    return [kind for index, kind in enumerate(types) if types[index - 1 : index] != [kind]]


def test_a_string_is_answered_with_a_message(client: CheckedClient) -> None:
    response = _respond(client)
    assert _text(response) == "Hello! How can I help you today?"
    assert response["status"] == "completed"
    usage = response["usage"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]


def test_instructions_and_items_make_one_conversation(client: CheckedClient) -> None:
    items = [
        {"role": "user", "content": [{"type": "input_text", "text": "Reply with ok."}]},
    ]
    response = _respond(client, items, instructions="Be brief.", metadata={"k": "v"})
    assert _text(response) == "ok"
    assert (response["instructions"], response["metadata"]) == ("Be brief.", {"k": "v"})
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Reply with ok."},
    ]
    tokens = client.call(
        "create_tokenization", {"model": MODEL, "prompt": "", "messages": messages}
    ).json()
    assert response["usage"]["input_tokens"] == tokens["count"]


def test_a_cut_answer_is_incomplete(client: CheckedClient) -> None:
    response = _respond(client, "Count to ten", max_output_tokens=3)
    assert response["status"] == "incomplete"
    assert response["incomplete_details"] == {"reason": "max_output_tokens"}
    assert response["usage"]["output_tokens"] == 3


def test_the_events_of_a_message_come_in_order(client: CheckedClient) -> None:
    events = _stream(client)
    assert _types(events) == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    deltas = [event["delta"] for event in events if event["type"] == "response.output_text.delta"]
    final = events[-1]["response"]
    assert "".join(deltas) == _text(final) == _text(_respond(client))
    assert final["status"] == "completed"


def test_a_cut_stream_ends_with_completed_and_says_incomplete(client: CheckedClient) -> None:
    final = _stream(client, "Count to ten", max_output_tokens=3)[-1]
    assert final["type"] == "response.completed"
    assert final["response"]["status"] == "incomplete"


def test_every_event_has_a_line_with_its_type(client: CheckedClient) -> None:
    body = {"model": MODEL, "input": "Say hello.", "stream": True}
    blocks = client.call("create_response", body).text.strip().split("\n\n")
    for block in blocks[:-1]:
        name, data = block.split("\n")
        assert name == f"event: {json.loads(data.removeprefix('data: '))['type']}"
    assert blocks[-1] == "data: [DONE]"


def test_reasoning_is_an_item_of_its_own(client: CheckedClient) -> None:
    events = _stream(client, "Reply with ok.", model="tm-local-reasoning")
    assert _types(events)[2:7] == [
        "response.output_item.added",
        "response.reasoning_part.added",
        "response.reasoning_text.delta",
        "response.reasoning_text.done",
        "response.reasoning_part.done",
    ]
    final = events[-1]["response"]
    assert [item["type"] for item in final["output"]] == ["reasoning", "message"]
    assert final["usage"]["output_tokens_details"]["reasoning_tokens"] > 0
    assert _text(final) == "ok"
    quiet = _respond(client, model="tm-local-reasoning", reasoning={"effort": "none"})
    assert [item["type"] for item in quiet["output"]] == ["message"]


def test_a_leaked_block_stays_in_the_text(client: CheckedClient) -> None:
    assert _text(_respond(client, "Reply with ok.", model="tm-local-think")).startswith("<think>")


def test_tools_are_called(client: CheckedClient) -> None:
    given = "What is the weather in Paris and Rome?"
    events = _stream(client, given, tools=[WEATHER_TOOL])
    assert _types(events)[2:6] == [
        "response.output_item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_item.done",
    ]
    calls = events[-1]["response"]["output"]
    assert [call["type"] for call in calls] == ["function_call"] * 2
    assert [json.loads(call["arguments"])["city"] for call in calls] == ["Paris", "Rome"]
    deltas: dict[str, str] = {}
    for event in events:
        if event["type"] == "response.function_call_arguments.delta":
            deltas[event["item_id"]] = deltas.get(event["item_id"], "") + event["delta"]
    assert deltas == {call["id"]: call["arguments"] for call in calls}
    assert [event["output_index"] for event in events if "output_index" in event][-1] == 1


@pytest.mark.parametrize(
    "choice", ["required", {"type": "function", "name": "get_weather"}], ids=str
)
def test_a_forced_call_is_made(client: CheckedClient, choice: Any) -> None:
    (call,) = _respond(client, tools=[WEATHER_TOOL], tool_choice=choice)["output"]
    assert isinstance(json.loads(call["arguments"])["city"], str)


def test_a_tool_result_is_used_in_the_answer(client: CheckedClient) -> None:
    items = [
        {"role": "user", "content": "What is the weather in Oslo?"},
        {"type": "reasoning", "summary": [], "id": "rs_1"},
        {
            "type": "function_call",
            "call_id": "c1",
            "name": "get_weather",
            "arguments": '{"city": "Oslo"}',
        },
        {"type": "function_call_output", "call_id": "c1", "output": "sleet, 1 degree"},
    ]
    assert "sleet, 1 degree" in _text(_respond(client, items, tools=[WEATHER_TOOL]))


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (
            {"type": "json_schema", "name": "a", "schema": {"const": {"n": 1}}, "strict": True},
            {"n": 1},
        ),
        ({"type": "json_object"}, {"answer": "Hello! How can I help you today?"}),
    ],
    ids=["schema", "object"],
)
def test_a_text_format_is_met(client: CheckedClient, form: dict[str, Any], expected: Any) -> None:
    assert json.loads(_text(_respond(client, text={"format": form}))) == expected


def test_log_probabilities_come_when_included(client: CheckedClient) -> None:
    fields: dict[str, Any] = {"include": ["message.output_text.logprobs"], "top_logprobs": 2}
    (item,) = _respond(client, **fields)["output"]
    entries = item["content"][0]["logprobs"]
    assert "".join(entry["token"] for entry in entries) == item["content"][0]["text"]
    assert all(len(entry["top_logprobs"]) == 2 for entry in entries)


@for_each(
    ("fields", "param"),
    [
        ({"input": None}, "body.input"),
        ({"input": []}, "input"),
        ({"input": [{"type": "computer_call"}]}, "input.0"),
        ({"input": [{"role": "user", "content": [{"type": "input_image"}]}]}, None),
        ({"background": True}, "background"),
        ({"prompt": {"id": "p"}}, "prompt"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"max_output_tokens": 0}, "body.max_output_tokens"),
    ],
    ids=str,
)
def test_a_request_that_makes_no_sense_is_refused(
    client: CheckedClient, fields: dict[str, Any], param: str | None
) -> None:
    error = client.refusal("create_response", {"model": MODEL, "input": "x", **fields})
    assert error["param"] == param


def test_odd_values_come_back_as_they_were(client: CheckedClient) -> None:
    assert _respond(client, temperature=10**400)["temperature"] == 10**400
    choice = {"type": "function", "name": "get_weather", "function": 5}
    assert _respond(client, tools=[WEATHER_TOOL], tool_choice=choice)["tool_choice"] == choice


def test_stored_responses_do_not_exist(client: CheckedClient) -> None:
    body = {"model": MODEL, "input": "x", "previous_response_id": "resp_1"}
    response = client.call("create_response", body)
    assert response.status_code == 404
    assert "resp_1" in response.json()["error"]["message"]
