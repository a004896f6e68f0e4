"""Streams of the Responses API: their ends, their errors, and what is put together."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from support.sdk_faces import Face, Server, events
from support.sdk_samples import RESPONSE, RESPONSES_CREATE, sse, stream_of

from tensormesh import StreamError, types

BEGUN = {"id": "resp_1", "object": "response", "status": "in_progress", "model": "m", "output": []}
CREATED = {"type": "response.created", "sequence_number": 0, "response": BEGUN}
COMPLETED = {"type": "response.completed", "response": RESPONSE}


@pytest.fixture
def face(colour: Face) -> Face:
    """How requests go out makes no difference here."""
    return colour


def event(kind: str, output_index: int = 0, **fields: Any) -> dict[str, Any]:
    return {"type": f"response.{kind}", "output_index": output_index, **fields}


def delta(text: str, output_index: int = 0, content_index: int = 0) -> dict[str, Any]:
    return event("output_text.delta", output_index, content_index=content_index, delta=text)


MESSAGE = {"type": "message", "id": "msg_1", "role": "assistant", "status": "in_progress"}
ADDED = event("output_item.added", item={**MESSAGE, "content": []})


def open_stream(face: Face, *answers: Any) -> Any:
    create = RESPONSES_CREATE.of(face.client(Server(*answers)).inference.serverless)
    return face.run(create(**RESPONSES_CREATE.arguments, stream=True))


def texts(message: types.ResponseOutputMessage) -> list[str]:
    return [part.to_dict()["text"] for part in message.content]


def named(*values: dict[str, Any], done: bool) -> bytes:
    """As servers do that name each event too."""
    blocks = [f"event: {value['type']}\n".encode() + sse(value, done=False) for value in values]
    return b"".join(blocks) + (sse() if done else b"")


@pytest.mark.parametrize("with_names", [True, False])
@pytest.mark.parametrize("done", [True, False])
def test_a_stream_ends_with_its_last_event_with_or_without_the_end_mark(
    face: Face, done: bool, with_names: bool
) -> None:
    values = [CREATED, delta("Hel"), delta("lo."), COMPLETED]
    body = named(*values, done=done) if with_names else sse(*values, done=done)

    assert [one.to_dict() for one in face.list(open_stream(face, events(body)))] == values
    assert face.list(open_stream(face, events(body)).text_deltas()) == ["Hel", "lo."]
    final = face.run(open_stream(face, events(body)).get_final_response())
    assert isinstance(final, types.Response)
    assert final.to_dict() == RESPONSE
    assert face.run(open_stream(face, events(body)).get_final_completion()) == final


def test_a_last_event_without_its_empty_line_is_the_end(face: Face) -> None:
    body = sse(CREATED, COMPLETED, done=False).rstrip(b"\n")
    assert face.run(open_stream(face, events(body)).get_final_response()).id == "resp_1"


@pytest.mark.parametrize("kind", ["response.completed", "response.incomplete"])
def test_an_answer_that_was_cut_short_is_a_good_end(face: Face, kind: str) -> None:
    cut = {
        **RESPONSE,
        "status": "incomplete",
        "incomplete_details": {"reason": "max_output_tokens"},
    }
    stream = open_stream(face, stream_of(CREATED, {"type": kind, "response": cut}, done=False))
    assert face.run(stream.get_final_response()).status == "incomplete"


def test_events_after_the_last_are_ignored(face: Face) -> None:
    body = sse(CREATED, COMPLETED, delta("late"), "{nonsense", done=False)
    assert len(face.list(open_stream(face, events(body)))) == 2
    assert len(face.list(open_stream(face, events(body[:-20], body[-20:])))) == 2


def test_an_end_mark_alone_gives_what_the_events_brought(face: Face) -> None:
    call = {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": ""}
    done = {**MESSAGE, "id": "msg_9", "content": [{"type": "output_text", "text": "whole"}]}
    stream = open_stream(
        face,
        stream_of(
            CREATED,
            event("output_item.added", item={"type": "reasoning", "id": "rs_1", "summary": []}),
            event("reasoning_text.delta", content_index=0, delta="th"),
            event("reasoning_text.delta", content_index=0, delta="ink"),
            event("output_item.added", 1, item={**MESSAGE, "content": []}),
            delta("a", 1),
            delta("b", 1),
            delta("second part", 1, 1),
            event("output_item.added", 2, item=call),
            event("function_call_arguments.delta", 2, delta='{"x"'),
            event("function_call_arguments.delta", 2, delta=":1}"),
            event("output_item.added", 3, item={**MESSAGE, "content": []}),
            delta("in pieces", 3),
            event("output_item.done", 3, item=done),
        ),
    )
    final = face.run(stream.get_final_response())
    assert isinstance(final, types.Response)
    assert (final.id, final.model, final.status) == ("resp_1", "m", "completed")
    reasoning, message, called, whole = final.output
    assert isinstance(reasoning, types.ResponseReasoningItem)
    assert [part.text for part in reasoning.content or []] == ["think"]
    assert isinstance(message, types.ResponseOutputMessage)
    assert texts(message) == ["ab", "second part"]
    assert isinstance(called, types.ResponseFunctionCall)
    assert called.to_dict() == {**call, "arguments": '{"x":1}'}
    assert whole.to_dict() == done


def test_text_alone_and_an_end_mark_give_a_message(face: Face) -> None:
    bare = {"type": "response.output_text.delta", "delta": "x"}
    final = face.run(open_stream(face, stream_of(bare, bare)).get_final_response())
    assert final.output[0].content[0].text == "xx"
    assert final.output[0].role == "assistant"


FAILED = {**BEGUN, "status": "failed", "error": {"code": "server_error", "message": "boom"}}
# event: (what is sent, code, type)
ERRORS: dict[str, tuple[dict[str, Any], Any, Any]] = {
    "response.failed": ({"type": "response.failed", "response": FAILED}, "server_error", None),
    "error event": ({"type": "error", "message": "boom", "code": 7, "param": None}, 7, "error"),
    "error event with an object": (
        {"type": "error", "error": {"message": "boom", "code": "E", "type": "T"}},
        "E",
        "T",
    ),
    "bare error": ({"error": {"message": "boom", "type": "T", "code": 500}}, 500, "T"),
    "bare text": ({"error": "boom"}, None, None),
}


@pytest.mark.parametrize("form", ERRORS)
def test_every_kind_of_error_event_is_an_error_with_what_came(face: Face, form: str) -> None:
    sent, code, kind = ERRORS[form]
    stream = open_stream(face, stream_of(CREATED, ADDED, delta("a"), delta("b"), sent))
    for _ in range(4):
        face.next(stream)
    with pytest.raises(StreamError, match="error in the stream: boom") as caught:
        face.next(stream)
    error = caught.value
    assert (error.code, error.type, error.body) == (code, kind, sent)
    assert isinstance(error.partial, types.PartialResponse)
    assert error.partial.output is not None
    (message,) = error.partial.output
    assert isinstance(message, types.ResponseOutputMessage)
    assert texts(message) == ["ab"]
    expected = "failed" if form == "response.failed" else "in_progress"
    assert error.partial.status == expected


@pytest.mark.parametrize(
    ("ending", "message"),
    [
        (b"", "ended before its end mark"),
        (sse("{"), "an event is not JSON"),
        (sse({"type": "response.output_text.delta"}), "an event does not fit"),
        (sse({"type": "response.completed", "response": {}}), "an event does not fit: Response"),
        (sse([]), "an event does not fit"),
        (httpx.ReadError("reset"), "the stream broke: .*reset"),
    ],
)
def test_a_stream_that_goes_wrong_keeps_what_came(
    face: Face, ending: bytes | Exception, message: str
) -> None:
    stream = open_stream(face, events(sse(CREATED, ADDED, delta("a"), done=False), ending))
    for _ in range(3):
        face.next(stream)
    with pytest.raises(StreamError, match=message) as caught:
        face.next(stream)
    assert caught.value.partial.output[0].content[0].text == "a"


def test_what_came_may_be_of_no_known_shape(face: Face) -> None:
    odd = event("output_item.added", item={"type": "hologram", "size": 3})
    stream = open_stream(face, stream_of(odd, delta("x"), event("sparkle", 1), done=False))
    with pytest.raises(StreamError) as caught:
        face.list(stream)
    (item,) = caught.value.partial.output
    assert isinstance(item, types.UnknownVariant)
    assert item.size == 3


def test_an_event_that_is_not_known_is_given_as_it_is(face: Face) -> None:
    odd = {"type": "response.sparkle", "colour": "red"}
    found, _ = face.list(open_stream(face, stream_of(odd, COMPLETED)))
    assert isinstance(found, types.UnknownVariant)
    assert (found.type, found.colour) == ("response.sparkle", "red")
    assert found.to_dict() == odd


def test_think_blocks_are_left_out_of_the_text_of_each_part(face: Face) -> None:
    values = [
        delta("<thi"),
        delta("nk>a</think>\n\nb"),
        delta("c"),
        delta("<think>d</think>e", 1),
        delta("<think>never closed", 1, 1),
    ]
    stream = open_stream(face, stream_of(CREATED, *values, COMPLETED))
    assert "".join(face.list(stream.text_deltas())) == "bce<think>never closed"
    # The events themselves are untouched.
    stream = open_stream(face, stream_of(CREATED, *values, COMPLETED))
    assert [one.to_dict() for one in face.list(stream)][1:-1] == values
