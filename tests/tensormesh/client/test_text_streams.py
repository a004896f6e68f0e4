"""Streams of text completions."""

from __future__ import annotations

from typing import Any

import pytest
from support.sdk_faces import Face, Server, events
from support.sdk_samples import COMPLETIONS_CREATE, USAGE, sse, stream_of, text_chunk

from tensormesh import StreamError, types


@pytest.fixture
def face(colour: Face) -> Face:
    """How requests go out makes no difference here."""
    return colour


def open_stream(face: Face, *answers: Any) -> Any:
    create = COMPLETIONS_CREATE.of(face.client(Server(*answers)).inference.serverless)
    return face.run(create(**COMPLETIONS_CREATE.arguments, stream=True))


def test_chunks_text_and_the_final_completion(face: Face) -> None:
    logprobs = {"tokens": ["a"], "token_logprobs": [-1.0], "top_logprobs": None, "text_offset": [0]}
    more = {"tokens": ["b"], "token_logprobs": [-2.0], "top_logprobs": None, "text_offset": [1]}
    body = sse(
        text_chunk("a", logprobs=logprobs, token_ids=[1]),
        text_chunk("", index=1),
        text_chunk("B", index=1, finish_reason="length"),
        text_chunk("b", logprobs=more, token_ids=[2], finish_reason="stop"),
        {"id": "cmpl-1", "choices": [], "usage": USAGE},
    )
    chunks = face.list(open_stream(face, events(body)))
    assert {type(chunk) for chunk in chunks} == {types.TextCompletionChunk}
    assert face.list(open_stream(face, events(body)).text_deltas()) == ["a", "b"]
    final = face.run(open_stream(face, events(body)).get_final_completion())
    assert isinstance(final, types.TextCompletion)
    first, second = final.choices
    assert first.logprobs is not None
    assert first.logprobs.tokens == ["a", "b"]
    assert first.logprobs.token_logprobs == [-1.0, -2.0]
    assert (first.text, first.token_ids, first.finish_reason) == ("ab", [1, 2], "stop")
    assert (second.text, second.token_ids, second.finish_reason) == ("B", None, "length")
    assert final.usage is not None
    assert final.usage.to_dict() == USAGE


def test_an_index_that_is_missing_is_the_first(face: Face) -> None:
    bare = text_chunk("a")
    del bare["choices"][0]["index"]
    stream = open_stream(face, stream_of(bare, text_chunk("b")))
    final = face.run(stream.get_final_completion())
    assert [choice.text for choice in final.choices] == ["ab"]


def test_think_blocks_of_a_completion_are_text(face: Face) -> None:
    stream = open_stream(face, stream_of(text_chunk("<think>a</think>"), text_chunk("b")))
    assert "".join(face.list(stream.text_deltas())) == "<think>a</think>b"


@pytest.mark.parametrize(
    ("ending", "message"),
    [
        (b"", "ended without its end marker"),
        (sse({"error": {"message": "boom"}}), "error in the stream: boom"),
        (sse("{"), "an event is not JSON"),
        (
            sse({"choices": [{"index": 0}]}),
            "an event does not match its schema: TextCompletionChunkChoice.text",
        ),
    ],
)
def test_a_stream_that_goes_wrong_keeps_what_came(face: Face, ending: bytes, message: str) -> None:
    stream = open_stream(face, events(sse(text_chunk("a"), done=False), ending))
    assert face.next(stream).choices[0].text == "a"
    with pytest.raises(StreamError, match=message) as caught:
        face.next(stream)
    assert isinstance(caught.value.partial, types.TextCompletion)
    assert caught.value.partial.choices[0].text == "a"
