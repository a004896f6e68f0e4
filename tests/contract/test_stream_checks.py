"""The suite's own judge of streams: it passes a real server's, and misses no breach."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.cases import for_each
from support.contract_streams import read_events, stream_problems
from support.wire_records import read_record, record_names

STREAMS = [name for name in record_names() if read_record(name).is_stream]


def record(name: str) -> str:
    return read_record(name).body.decode()


@for_each("name", STREAMS)
def test_recorded_stream_has_no_problems(name: str) -> None:
    path = read_record(name).path
    assert stream_problems("serverless", path, record(name)) == []


def drop_event(text: str, part: str) -> str:
    """The stream without the events that contain a text."""
    blocks = text.removesuffix("\n\n").split("\n\n")
    return "\n\n".join(block for block in blocks if part not in block) + "\n\n"


Breach = Callable[[str], str]
CHUNK_BREACHES: dict[str, Breach] = {
    "no end mark": lambda text: drop_event(text, "[DONE]"),
    "more after the end mark": lambda text: text + "data: {}\n\n",
    "no finish reason": lambda text: drop_event(text, '"finish_reason":"'),
    "two ids": lambda text: text.replace('"id":"', '"id":"other-', 1),
    "no choices": lambda text: text.replace('"choices":', '"chosen":', 1),
    "choices of a wrong type": lambda text: text.replace('"choices":[', '"choices":7,"x":[', 1),
}
RESPONSE_BREACHES: dict[str, Breach] = {
    "no end": lambda text: drop_event(text, "response.completed"),
    "no beginning": lambda text: drop_event(text, "response.created"),
    "a number left out": lambda text: drop_event(text, "response.in_progress"),
    "another name": lambda text: text.replace("event: response.", "event: other.", 1),
    "no type": lambda text: text.replace('"type":"response.created"', '"kind":1'),
}


@for_each("breach", CHUNK_BREACHES)
@for_each("name", ["chat_stream", "completions_stream"])
def test_breach_in_a_stream_of_chunks_is_a_problem(name: str, breach: str) -> None:
    check_breach(name, CHUNK_BREACHES[breach])


@for_each("breach", RESPONSE_BREACHES)
def test_breach_in_a_stream_of_a_response_is_a_problem(breach: str) -> None:
    check_breach("responses_stream", RESPONSE_BREACHES[breach])


def check_breach(name: str, breach: Breach) -> None:
    broken = breach(record(name))
    assert broken != record(name)
    assert stream_problems("serverless", read_record(name).path, broken) != []


@pytest.mark.parametrize("text", ["data: 1", "data: 1\n", "data: 1\n\nda", "what: 1\ndata: 2\n\n"])
def test_what_is_no_stream_of_events_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="event"):
        read_events(text)
