"""A chunk that repeats the one before it is read as if it stood alone."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tensormesh._chat.events import ChatEvents
from tensormesh._chat.repeats import ChatRepeats
from tensormesh._json import loads
from tensormesh._streams.pieces import Pieces
from tensormesh_api.inference.models import ChatCompletionChunk

texts = st.text(max_size=6) | st.sampled_from(['"', "\\", "\n", '","x":"', "\u2028", "é", "{", "]"])
values = st.none() | st.integers(0, 2) | st.booleans() | texts
deltas = st.fixed_dictionaries(
    {},
    optional={
        "content": texts | st.none(),
        "reasoning": texts | st.none(),
        "reasoning_content": texts | st.none(),
        "role": st.just("assistant"),
        "extra": values | st.lists(values, max_size=2),
    },
)
choices = st.fixed_dictionaries(
    {"index": st.integers(0, 1), "delta": deltas},
    optional={
        "finish_reason": st.sampled_from([None, "stop"]),
        "token_ids": st.none() | st.lists(st.integers(0, 9), max_size=2),
    },
)
chunks = st.fixed_dictionaries(
    {"id": st.just("a"), "choices": st.lists(choices, min_size=1, max_size=2)},
    optional={"usage": st.none(), "more": values, "content": texts},
)


@given(
    data=st.lists(chunks | st.tuples(chunks, st.lists(texts, min_size=1, max_size=4)), max_size=5),
    escaped=st.booleans(),
)
def test_chunks_are_what_they_are_alone(data: list[Any], escaped: bool) -> None:
    repeats = ChatRepeats(lambda index, field: Pieces())
    for chunk in _spread(data):
        payload = json.dumps(chunk, separators=(",", ":"), ensure_ascii=escaped).encode(
            "utf-8", "surrogatepass"
        )
        try:
            alone = ChatCompletionChunk.from_dict(loads(payload))
        except ValueError:
            assert repeats.take(payload) is None
            continue
        taken = repeats.take(payload)
        if taken is not None:
            pattern, text = taken
            found = pattern.chunk(text)
            assert found == alone
            assert found.to_dict() == alone.to_dict()
            _spoil(found)  # what was handed out is the user's
        else:
            repeats.learn(payload, alone)
            _spoil(alone)


def _spread(data: list[Any]) -> list[Any]:
    """Some chunks once, others again and again with other texts."""
    spread = []
    for item in data:
        if isinstance(item, dict):
            spread.append(item)
            continue
        chunk, pieces = item
        for field in ("content", "reasoning"):
            for piece in pieces:
                copy = json.loads(json.dumps(chunk))
                copy["choices"][0]["delta"][field] = piece
                spread.append(copy)
    return spread


def _spoil(chunk: ChatCompletionChunk) -> None:
    chunk.id = "spoilt"
    chunk.additional_properties["spoilt"] = True
    chunk.choices[0].delta.content = chunk.choices[0].delta.reasoning = "spoilt"
    chunk.choices[0].additional_properties["spoilt"] = True
    chunk.choices.clear()


def test_a_usual_stream_is_read_by_its_pattern() -> None:
    content = Pieces()
    repeats = ChatRepeats(lambda index, field: content)
    text = '{"id":"a","choices":[{"index":0,"delta":{"content":"%s"},"finish_reason":null}]}'
    first = (text % "one").encode()
    assert repeats.take(first) is None
    repeats.learn(first, ChatCompletionChunk.from_dict(loads(first)))
    found = repeats.take((text % " two").encode())
    assert found is not None
    pattern, piece = found
    assert pattern.chunk(piece).choices[0].delta.content == piece == content.value() == " two"


@given(data=st.lists(st.tuples(chunks, st.lists(texts, min_size=1, max_size=4)), max_size=4))
def test_an_answer_of_repeated_chunks_is_what_it_is_by_each_alone(data: list[Any]) -> None:
    events, alone = ChatEvents(), ChatEvents()
    assert events.repeats is not None
    for chunk in _spread(data):
        payload = json.dumps(chunk, separators=(",", ":"), ensure_ascii=False).encode(
            "utf-8", "surrogatepass"
        )
        try:
            whole = ChatCompletionChunk.from_dict(loads(payload))
        except ValueError:
            continue
        if events.repeats.take(payload) is None:
            events.take(whole)
            events.repeats.learn(payload, whole)
        alone.take(ChatCompletionChunk.from_dict(loads(payload)))
    assert events.whole() == alone.whole()
