"""`parse` with `stream=True`: objects that grow, and a whole one at the end."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cases import for_each
from support.sdk_faces import Face, Server, answer, events
from support.sdk_samples import USAGE, chunk, sse
from support.structured_cases import GOOD, GOOD_TEXT, Invoice, parse, sent, writes

from tensormesh import BadRequestError, ParsedChatCompletion, StreamError, StructuredOutputError
from tensormesh._structured.partial import PartialJson
from tensormesh.types import ChatCompletionChunk

BAD_TEXT = json.dumps({**GOOD, "number": 7})


@pytest.fixture
def face(colour: Face) -> Face:
    """How requests go out makes no difference here."""
    return colour


def stream_of(face: Face, server: Server, **arguments: Any) -> Any:
    return parse(face, server, stream=True, **arguments)


def test_a_stream_gives_what_has_come_and_at_the_end_the_object(face: Face) -> None:
    server = Server(writes("Here: {", '"number": "7', '1", "lines', '": [', "]}", usage=USAGE))
    stream = stream_of(face, server)
    given = face.list(stream)
    assert [event.partial for event in given] == [
        None,
        {"number": "7"},
        {"number": "71"},
        {"number": "71", "lines": []},
        {"number": "71", "lines": []},
        {"number": "71", "lines": []},
        {"number": "71", "lines": []},
    ]
    assert "".join(event.text for event in given) == 'Here: {"number": "71", "lines": []}'
    assert all(isinstance(event.chunk, ChatCompletionChunk) for event in given)
    assert {event.attempt for event in given} == {1}
    result = face.run(stream.get_final_completion())
    assert isinstance(result, ParsedChatCompletion)
    assert result.parsed == Invoice("71", [])
    assert result.usage is not None
    assert result.usage.to_dict() == USAGE


def test_token_counts_are_asked_for_unless_the_caller_says_otherwise(face: Face) -> None:
    server = Server(writes(GOOD_TEXT), writes(GOOD_TEXT))
    face.run(stream_of(face, server).get_final_completion())
    assert sent(server)["stream_options"] == {"include_usage": True}
    assert sent(server)["stream"] is True
    face.run(stream_of(face, server, stream_options=None).get_final_completion())
    assert "stream_options" not in sent(server)


def test_a_leaked_thought_is_no_part_of_the_object(face: Face) -> None:
    server = Server(writes('<think>{"number"', ': "0"}</think>', GOOD_TEXT))
    partials = [event.partial for event in face.list(stream_of(face, server))]
    assert partials == [None, None, GOOD, GOOD]


def test_a_further_attempt_begins_the_object_anew(face: Face) -> None:
    server = Server(writes(BAD_TEXT, usage=USAGE), writes(GOOD_TEXT, usage=USAGE))
    stream = stream_of(face, server, max_attempts=2)
    given = face.list(stream)
    assert [event.attempt for event in given] == [1, 1, 1, 2, 2, 2]
    assert given[2].partial["number"] == 7
    assert given[3].partial == GOOD
    result = face.run(stream.get_final_completion())
    assert (result.attempts, result.usage.total_tokens) == (2, 2 * USAGE["total_tokens"])
    assert sent(server)["messages"][-2] == {"role": "assistant", "content": BAD_TEXT}


def test_calls_that_share_an_index_are_all_in_the_error(face: Face) -> None:
    calls = [
        {"index": 0, "id": name, "function": {"name": name, "arguments": "{}"}}
        for name in ("read", "write")
    ]
    body = sse(*(chunk(tool_calls=[call]) for call in calls))
    with pytest.raises(StructuredOutputError, match="called read, write") as caught:
        face.list(stream_of(face, Server(events(body))))
    made = caught.value.completion.choices[0].message.tool_calls or []
    assert [call.function.arguments for call in made] == ["{}", "{}"]


def test_an_answer_that_does_not_fit_is_an_error_at_the_end_and_stays_one(face: Face) -> None:
    stream = stream_of(face, Server(writes(BAD_TEXT)))
    assert face.next(stream).partial["number"] == 7
    for _ in range(2):
        with pytest.raises(StructuredOutputError) as caught:
            face.list(stream)
        assert caught.value.path == "number"
    with pytest.raises(StructuredOutputError):
        face.run(stream.get_final_completion())


def test_a_cut_stream_tells_that_it_was_cut_at_the_limit(face: Face) -> None:
    server = Server(writes('{"number": "7', finish="length"))
    with pytest.raises(StructuredOutputError) as caught:
        face.run(stream_of(face, server).get_final_completion())
    assert caught.value.reason == "length"


def test_a_refused_request_is_an_error_of_the_call(face: Face) -> None:
    server = Server(answer(b"{}", status=400))
    with pytest.raises(BadRequestError):
        stream_of(face, server)


def test_a_stream_that_is_left_gives_its_connection_back_and_has_no_end(face: Face) -> None:
    server = Server(events(sse(chunk('{"number"'), done=False), sse(chunk(": 7}"))))
    stream = stream_of(face, server)
    face.next(stream)
    face.run(stream.close())
    assert server.bodies[0].is_closed
    assert face.list(stream) == []
    with pytest.raises(StreamError):
        face.run(stream.get_final_completion())


# ---- Growing objects

DATA = st.dictionaries(
    st.text(max_size=5),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
        max_leaves=8,
    ),
    max_size=4,
)


@given(data=DATA, ascii_only=st.booleans(), indent=st.none() | st.just(2), cuts=st.data())
def test_an_object_grows_to_the_same_however_it_is_cut(
    data: dict[str, Any], ascii_only: bool, indent: int | None, cuts: st.DataObject
) -> None:
    text = json.dumps(data, ensure_ascii=ascii_only, indent=indent)
    partial = PartialJson()
    seen: list[Any] = []
    kept: list[str] = []
    at = 0
    while at < len(text):
        size = cuts.draw(st.integers(1, 9))
        seen.append(partial.feed(text[at : at + size]))
        kept.append(repr(seen[-1]))
        at += size
    assert partial.value == data
    # What was given once does not change later, and only grows.
    assert [repr(each) for each in seen] == kept
    assert all(grows(one, other) for one, other in pairwise(seen))


def grows(one: Any, other: Any) -> bool:
    """Whether the first can become the second by adding to it."""
    if isinstance(one, str):
        return isinstance(other, str) and other.startswith(one)
    if isinstance(one, dict):
        same = isinstance(other, dict) and list(other)[: len(one)] == list(one)
        return same and all(grows(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) <= len(other) and all(map(grows, one, other))
    return one is None or one == other


@given(st.text(alphabet='{}[]":,\\ua1e-.tn \n') | st.text(), st.integers(1, 5))
def test_no_text_stops_it(text: str, size: int) -> None:
    partial = PartialJson()
    for at in range(0, len(text), size):
        partial.feed(text[at : at + size])


@for_each(
    ("text", "value"),
    [
        ("no object", None),
        ("{", None),
        ("{ }", {}),
        ('{x} then {"a": 1}', {"a": 1}),
        ('{"a": 1} then {"b": "x', {"b": "x"}),
        ('{"a": "x', {"a": "x"}),
        ('{"a": 12', {}),
        ('{"a": 12,', {"a": 12}),
        ('{"a": tru}', {}),
        ('{"a" 1}', {}),
        ('{"a": [1 2], "b": 3}', {"a": [1]}),
        ('{"a": "\\ud83d\\ude00\\', {"a": "\N{GRINNING FACE}"}),
        ('{"a": "\\ux123456789abc"}', {"a": ""}),
    ],
)
def test_of_a_text_that_is_no_whole_object_the_whole_part_shows(text: str, value: Any) -> None:
    partial = PartialJson()
    for character in text:
        partial.feed(character)
    assert partial.value == value
