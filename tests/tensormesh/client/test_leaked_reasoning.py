"""Blocks of `<think>` that a server leaves in an answer, with and without a stream."""

from __future__ import annotations

from typing import Any

import pytest
from support.cases import for_each
from support.sdk_faces import Face, Server, events
from support.sdk_samples import CHAT, CHAT_CREATE, as_json, chunk, sse, stream_of

# content: (reasoning, text)
CASES: dict[str, tuple[str | None, str]] = {
    "plain": (None, "plain"),
    "<think>\nWhy.\n</think>\n\nBecause.": ("Why.", "Because."),
    " \n<think>a</think>b": ("a", "b"),
    "<think>a</think> <think>b</think>\nc": ("a\n\nb", "c"),
    "<think></think>x": (None, "x"),
    "<think>only</think>": ("only", ""),
    "<think>never closed": (None, "<think>never closed"),
    "text <think>a</think> more": (None, "text <think>a</think> more"),
    "a</think>b": (None, "a</think>b"),
    "<thinking>a</thinking>b": (None, "<thinking>a</thinking>b"),
    "<think>a</think>b<think>c</think>": ("a", "b<think>c</think>"),
    "<": (None, "<"),
    "": (None, ""),
}


@pytest.fixture
def face(colour: Face) -> Face:
    """How requests go out makes no difference here."""
    return colour


def completion(content: str | None, **message: Any) -> dict[str, Any]:
    (choice,) = CHAT["choices"]
    changed = {**choice, "message": {"role": "assistant", "content": content, **message}}
    return {**CHAT, "choices": [changed]}


def create(face: Face, answer: Any, variant: str | None = None, **arguments: Any) -> Any:
    method = CHAT_CREATE.of(face.client(Server(answer)).inference.serverless, variant)
    return face.run(method(**CHAT_CREATE.arguments, **arguments))


@for_each("content", CASES)
def test_blocks_at_the_start_of_a_message_become_its_reasoning(face: Face, content: str) -> None:
    reasoning, text = CASES[content]
    message = create(face, as_json(completion(content))).choices[0].message
    assert (message.reasoning, message.content) == (reasoning, text)


@for_each("content", CASES)
def test_a_stream_gives_the_same_however_it_is_cut(face: Face, content: str) -> None:
    reasoning, text = CASES[content]
    cuts = [[content], list(content)]
    cuts += [[content[:at], content[at:]] for at in range(1, len(content))]
    for pieces in cuts:
        body = sse(chunk("", role="assistant"), *map(chunk, pieces))
        stream = create(face, events(body), stream=True)
        assert "".join(face.list(stream.text_deltas())) == text
        message = face.run(stream.get_final_completion()).choices[0].message
        assert (message.reasoning, message.content) == (reasoning, text)


@for_each("content", CASES)
def test_raw_variants_and_chunks_are_untouched(face: Face, content: str) -> None:
    answer = completion(content)
    raw = create(face, as_json(answer), "with_raw_response")
    assert raw.json() == answer
    assert raw.json()["choices"][0]["message"]["content"] == content
    parsed = raw.parse().choices[0].message
    assert (parsed.reasoning, parsed.content) == CASES[content]

    chunks = face.list(create(face, stream_of(chunk(content)), stream=True))
    assert [one.choices[0].delta.content for one in chunks] == [content]

    opened = create(face, stream_of(chunk(content)), "with_streaming_response", stream=True)
    assert b"".join(face.list(opened.iter_bytes())) == sse(chunk(content))


def test_reasoning_of_the_server_is_kept(face: Face) -> None:
    answer = completion("<think>leaked</think>text", reasoning="given")
    message = create(face, as_json(answer)).choices[0].message
    assert (message.reasoning, message.content) == ("given", "text")


@pytest.mark.parametrize("given", [{}, {"reasoning": None}, {"reasoning": ""}])
def test_reasoning_content_of_older_servers_is_reasoning(face: Face, given: Any) -> None:
    answer = completion("text", reasoning_content="old", **given)
    message = create(face, as_json(answer)).choices[0].message
    assert (message.reasoning, message.reasoning_content) == ("old", "old")
    answer = completion("<think>leaked</think>text", reasoning_content="old", **given)
    assert create(face, as_json(answer)).choices[0].message.reasoning == "old"


def test_every_answer_of_several_is_looked_at(face: Face) -> None:
    choices = [
        {"index": number, "message": {"role": "assistant", "content": f"<think>{number}</think>x"}}
        for number in range(3)
    ]
    completion = create(face, as_json({**CHAT, "choices": choices}))
    assert [one.message.reasoning for one in completion.choices] == ["0", "1", "2"]


def test_a_message_without_content_is_left_alone(face: Face) -> None:
    message = create(face, as_json(completion(None))).choices[0].message
    assert (message.reasoning, message.content) == (None, None)


def test_a_stream_that_is_left_gives_no_half_block(face: Face) -> None:
    stream = create(face, events(sse(chunk("<think>a"), done=False), sse(chunk("b"))), stream=True)
    deltas = stream.text_deltas()
    face.next(stream)
    face.run(stream.close())
    assert face.list(deltas) == []
