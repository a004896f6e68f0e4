"""Streams that a real server sent, piece by piece as it sent them and cut in every other way."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.cases import for_each
from support.sdk_faces import Face, Server, events
from support.sdk_samples import CHAT_CREATE, COMPLETIONS_CREATE, RESPONSES_CREATE, Method
from support.wire_records import DONE, WireRecord, raw_chunk_names, read_raw_chunks, read_record

from tensormesh import _json, types

METHODS: dict[str, Method] = {
    method.route: method for method in (CHAT_CREATE, COMPLETIONS_CREATE, RESPONSES_CREATE)
}
STREAMS = raw_chunk_names()
WAYS = ["as sent", "at once", "byte by byte", "by 7"]

each_stream = for_each("name", STREAMS)
each_way = for_each("way", WAYS)


@pytest.fixture
def face(colour: Face) -> Face:
    """How requests go out makes no difference here."""
    return colour


def pieces_of(name: str, way: str) -> list[bytes]:
    pieces = read_raw_chunks(name)
    if way == "as sent":
        return pieces
    whole = b"".join(pieces)
    size = {"at once": len(whole), "byte by byte": 1, "by 7": 7}[way]
    return [whole[start : start + size] for start in range(0, len(whole), size)]


def open_stream(face: Face, name: str, way: str = "as sent") -> Any:
    record = read_record(name)
    client = face.client(Server(events(*pieces_of(name, way))))
    method = METHODS[record.path]
    return face.run(method.of(client.inference.serverless)(**method.arguments, stream=True))


def recorded(record: WireRecord) -> list[Any]:
    return [event.json() for event in record.events() if event.data != DONE]


def test_there_are_streams() -> None:
    assert len(STREAMS) >= 14


@each_way
@each_stream
def test_every_event_arrives_typed_and_unchanged(face: Face, name: str, way: str) -> None:
    stream = open_stream(face, name, way)
    found = face.list(stream)
    expected = recorded(read_record(name))
    assert [event.to_dict() for event in found] == expected
    assert not any(isinstance(event, types.UnknownVariant) for event in found)
    with pytest.raises(StopIteration):
        face.next(stream)


@each_way
@each_stream
def test_text_deltas_give_the_text_alone(face: Face, name: str, way: str) -> None:
    text = "".join(face.list(open_stream(face, name, way).text_deltas()))
    assert text == visible_text(name)


def visible_text(name: str) -> str:
    """The text of the first answer, read from the record in a plain way."""
    text = ""
    for event in recorded(read_record(name)):
        if event.get("type") == "response.output_text.delta":
            text += event["delta"]
        for choice in event.get("choices", []):
            if choice["index"] == 0:
                text += choice.get("text") or choice.get("delta", {}).get("content") or ""
    if text.startswith("<think>"):
        text = text.partition("</think>")[2].lstrip()
    return text


# Streams, and the records of the same request without a stream.
TWINS = {
    "chat_stream": "chat",
    "chat_stream_usage": "chat",
    "chat_reasoning_stream": "chat_reasoning",
    "chat_tool_auto_stream": "chat_tool_auto",
    "chat_tool_parallel_stream": "chat_tool_parallel",
    "completions_stream": "completions",
    "completions_stream_usage": "completions",
    "responses_stream": "responses",
    "responses_incomplete_stream": "responses_incomplete",
    "responses_reasoning_stream": "responses_reasoning",
    "responses_tool_stream": "responses_tool",
}
# What differs from one run to the next, and what only one of the two forms carries.
VOLATILE = {
    *("id", "created", "created_at", "call_id", "system_fingerprint", "service_tier"),
    *("prompt_logprobs", "kv_transfer_params", "annotations", "audio", "function_call"),
    *("logprobs", "stop_reason", "status"),
}


def comparable(value: Any) -> Any:
    """Without what differs from run to run, and without nulls."""
    if isinstance(value, dict):
        return {
            key: comparable(member)
            for key, member in value.items()
            if key not in VOLATILE and member is not None
        }
    if isinstance(value, list):
        return [comparable(item) for item in value]
    return value


@each_way
@for_each("name", TWINS)
def test_the_final_answer_is_that_without_a_stream(face: Face, name: str, way: str) -> None:
    record = read_record(TWINS[name])
    client = face.client(Server(events(record.body, headers={}), events(record.body)))
    method = METHODS[record.path]
    whole = face.run(
        method.of(client.inference.serverless, "with_raw_response")(**method.arguments)
    ).parse()

    final = face.run(open_stream(face, name, way).get_final_completion())

    assert type(final) is type(whole)
    found, expected = comparable(final.to_dict()), comparable(whole.to_dict())
    if "usage" not in found:
        expected.pop("usage", None)
    assert found == expected


def test_usage_comes_from_the_last_chunk(face: Face) -> None:
    whole = read_record("chat").json()["usage"]
    final = face.run(open_stream(face, "chat_stream_usage").get_final_completion())
    assert comparable(final.usage.to_dict()) == comparable(whole)
    assert face.run(open_stream(face, "chat_stream").get_final_completion()).usage is None


def test_usage_on_every_chunk_ends_as_the_last_says(face: Face) -> None:
    last = [event["usage"] for event in recorded(read_record("chat_stream_usage_continuous"))][-1]
    final = face.run(open_stream(face, "chat_stream_usage_continuous").get_final_completion())
    assert final.usage.to_dict() == last
    assert final.usage.completion_tokens > 1


def test_log_probabilities_are_put_together(face: Face) -> None:
    final = face.run(open_stream(face, "chat_stream_logprobs").get_final_completion())
    expected = [
        item
        for event in recorded(read_record("chat_stream_logprobs"))
        for choice in event["choices"]
        for item in (choice["logprobs"] or {}).get("content") or []
    ]
    found = [item.to_dict() for item in final.choices[0].logprobs.content]
    assert found == expected
    assert len(found) == 3


def test_two_answers_that_come_in_turns_are_told_apart(face: Face) -> None:
    expected = {0: "", 1: ""}
    for event in recorded(read_record("completions_n2_stream")):
        for choice in event["choices"]:
            expected[choice["index"]] += choice["text"]
    final = face.run(open_stream(face, "completions_n2_stream").get_final_completion())
    assert {choice.index: choice.text for choice in final.choices} == expected
    assert [choice.index for choice in final.choices] == [0, 1]


def test_parallel_calls_are_whole(face: Face) -> None:
    final = face.run(open_stream(face, "chat_tool_parallel_stream").get_final_completion())
    (choice,) = final.choices
    calls = [
        (call.function.name, json.loads(call.function.arguments))
        for call in choice.message.tool_calls
    ]
    assert calls == [("get_weather", {"city": "Paris"}), ("get_weather", {"city": "Rome"})]
    assert len({call.id for call in choice.message.tool_calls}) == 2
    assert choice.message.content is None
    assert choice.finish_reason == "tool_calls"


def test_a_truncated_response_is_a_good_end(face: Face) -> None:
    final = face.run(open_stream(face, "responses_incomplete_stream").get_final_response())
    assert final.status == "incomplete"
    assert final.incomplete_details.reason == "max_output_tokens"


@pytest.mark.parametrize("name", ["chat_stream_utf8", "responses_stream", "completions_stream"])
def test_raw_lines_and_bytes_are_what_was_sent(face: Face, name: str) -> None:
    record = read_record(name)
    method = METHODS[record.path]
    whole = b"".join(read_raw_chunks(name))

    def raw(way: str) -> Any:
        client = face.client(Server(events(*pieces_of(name, way))))
        create = method.of(client.inference.serverless, "with_streaming_response")
        return face.run(create(**method.arguments, stream=True))

    for way in WAYS:
        assert b"".join(face.list(raw(way).iter_bytes())) == whole
        options = {"decode_unicode": True} if face.name == "sync" else {}
        assert face.list(raw(way).iter_lines(**options)) == whole.decode().splitlines()
        found = [event.text for event in face.list(raw(way).iter_events())]
        assert found == [event.data for event in record.events()]


def test_the_decoder_of_json_agrees_with_the_standard_one() -> None:
    for name in STREAMS:
        for event in read_record(name).events():
            if event.data != DONE:
                assert _json.loads(event.data.encode()) == event.json()
