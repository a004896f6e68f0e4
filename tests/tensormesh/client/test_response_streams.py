"""Streams of the Responses API: their ends, their errors, and what is put together."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from support.cases import for_each
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


def item(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, **fields}


def text_part(text: str, kind: str = "output_text") -> dict[str, Any]:
    return item(kind, text=text)


CALL = item("function_call", call_id="c1", name="f", arguments="")
THOUGHT = item("reasoning", id="rs_1", summary=[])
SAID = item("message", id="m1", role="assistant", content=[text_part("Hi")])

# What is streamed before a last event without output, and the output that it comes to: of each
# item its type and its text.
OUTPUTS: dict[str, tuple[list[dict[str, Any]], list[tuple[str, str]]]] = {
    "whole items": (
        [
            event(
                "output_item.done",
                0,
                item={**THOUGHT, "content": [text_part("hm", "reasoning_text")]},
            ),
            event("output_item.done", 1, item=SAID),
            event("output_item.done", 2, item={**CALL, "arguments": "{}"}),
        ],
        [("reasoning", "hm"), ("message", "Hi"), ("function_call", "{}")],
    ),
    "deltas of announced items": (
        [
            event("output_item.added", 0, item=THOUGHT),
            event("reasoning_text.delta", 0, item_id="rs_1", content_index=0, delta="h"),
            event("reasoning_text.delta", 0, item_id="rs_1", content_index=0, delta="m"),
            event("output_item.added", 1, item={**MESSAGE, "content": []}),
            event("content_part.added", 1, content_index=0, part=text_part("")),
            delta("H", 1),
            delta("i", 1),
            event("output_item.added", 2, item=CALL),
            event("function_call_arguments.delta", 2, delta="{"),
            event("function_call_arguments.delta", 2, delta="}"),
        ],
        [("reasoning", "hm"), ("message", "Hi"), ("function_call", "{}")],
    ),
    "deltas alone": (
        [
            event("reasoning_text.delta", 0, content_index=0, delta="hm"),
            delta("H", 1),
            delta("i", 1),
            event("function_call_arguments.delta", 2, item_id="fc_1", delta="{}"),
            event("function_call_arguments.delta", 3, item_id="fc_2", delta="[]"),
        ],
        [("reasoning", "hm"), ("message", "Hi"), ("function_call", "{}"), ("function_call", "[]")],
    ),
    "deltas alone, all at one index": (
        [
            event("reasoning_text.delta", content_index=0, delta="hm"),
            delta("H"),
            delta("i"),
            event("function_call_arguments.delta", delta="{}"),
        ],
        [("reasoning", "hm"), ("message", "Hi"), ("function_call", "{}")],
    ),
    "deltas without any index": (
        [
            {"type": "response.output_text.delta", "item_id": "m1", "delta": "H"},
            {"type": "response.output_text.delta", "item_id": "m1", "delta": "i"},
            {"type": "response.output_text.delta", "item_id": "m2", "delta": "Bye"},
            {"type": "response.output_text.delta", "item_id": "m1", "delta": "!"},
        ],
        [("message", "Hi!"), ("message", "Bye")],
    ),
    "announced items, all at one index": (
        [
            event("output_item.added", item={**MESSAGE, "id": "m1", "content": []}),
            delta("Hi"),
            event("output_item.added", item={**CALL, "id": "fc_1"}),
            event("function_call_arguments.delta", item_id="fc_1", delta="{}"),
            event("output_item.added", item={**CALL, "id": "fc_2"}),
            event("function_call_arguments.delta", item_id="fc_2", delta="[]"),
            event("function_call_arguments.delta", item_id="fc_1", delta=" "),
        ],
        [("message", "Hi"), ("function_call", "{} "), ("function_call", "[]")],
    ),
    "whole items, all at one index": (
        [
            event("output_item.done", item=THOUGHT),
            event("output_item.done", item=SAID),
            event("output_item.done", item={**CALL, "arguments": "{}"}),
            event("output_item.done", item={**CALL, "arguments": "[]"}),
        ],
        [("reasoning", ""), ("message", "Hi"), ("function_call", "{}"), ("function_call", "[]")],
    ),
    "an item whose id changes": (
        [
            event("output_item.added", item={**MESSAGE, "id": "a", "content": []}),
            {**delta("x"), "item_id": "b"},
            event("output_item.done", item={**SAID, "id": "c"}),
        ],
        [("message", "Hi")],
    ),
    "done events alone": (
        [
            event("reasoning_text.done", 0, content_index=0, text="hm"),
            event("output_text.done", 1, content_index=0, text="Hi"),
            event("function_call_arguments.done", 2, name="f", arguments="{}"),
        ],
        [("reasoning", "hm"), ("message", "Hi"), ("function_call", "{}")],
    ),
    "whole parts": (
        [
            event(
                "reasoning_part.done", 0, content_index=0, part=text_part("hm", "reasoning_text")
            ),
            event("content_part.done", 1, content_index=0, part=text_part("H")),
            event("content_part.done", 1, content_index=1, part=text_part("i")),
        ],
        [("reasoning", "hm"), ("message", "Hi")],
    ),
    "a done item that is empty": (
        [
            event("output_item.added", item={**MESSAGE, "content": []}),
            delta("Hi"),
            event("output_item.done", item={**MESSAGE, "content": []}),
        ],
        [("message", "Hi")],
    ),
    "a refusal": (
        [
            event("output_item.added", item={**MESSAGE, "content": []}),
            event("refusal.delta", content_index=0, delta="N"),
            event("refusal.delta", content_index=0, delta="o"),
            event("refusal.delta", content_index=0, delta=None),
        ],
        [("message", "No")],
    ),
    "nothing": ([], []),
}


def shown(output: list[Any]) -> list[tuple[str, str]]:
    found = []
    for one in output:
        data = one.to_dict()
        parts = data.get("content") or []
        text = "".join(part.get("text") or part.get("refusal") or "" for part in parts)
        found.append((data["type"], text or data.get("arguments") or ""))
    return found


@for_each("case", OUTPUTS)
def test_a_last_event_without_output_gives_what_was_streamed(face: Face, case: str) -> None:
    streamed, expected = OUTPUTS[case]
    empty: list[dict[str, Any]] = [{"output": []}, {"output": None}, {}]
    for output in empty:
        for status in ("completed", "incomplete"):
            last = {key: value for key, value in RESPONSE.items() if key != "output"}
            last |= {"status": status, "usage": None, **output}
            end = {"type": f"response.{status}", "response": last}
            body = sse(CREATED, *streamed, end, done=False)
            final = face.run(open_stream(face, events(body)).get_final_response())
            assert (final.id, final.status) == ("resp_1", status)
            assert shown(final.output) == expected
            states = {one.to_dict().get("status", status) for one in final.output}
            assert states <= {status, "in_progress"}
            assert len(face.list(open_stream(face, events(body)))) == len(streamed) + 2


def test_output_of_the_last_event_wins(face: Face) -> None:
    for kind in ("response.completed", "response.incomplete"):
        last = {"type": kind, "response": RESPONSE}
        stream = open_stream(face, stream_of(CREATED, ADDED, delta("other"), last))
        assert face.run(stream.get_final_response()).to_dict() == RESPONSE


def test_a_failed_response_keeps_what_was_streamed(face: Face) -> None:
    outputs: list[dict[str, Any]] = [{"output": []}, {"output": None}, {}, {"output": [SAID]}]
    for output in outputs:
        response = {**{k: v for k, v in FAILED.items() if k != "output"}, **output}
        sent = [CREATED, ADDED, delta("a"), {"type": "response.failed", "response": response}]
        with pytest.raises(StreamError, match="boom") as caught:
            face.list(open_stream(face, stream_of(*sent)))
        partial = caught.value.partial
        assert partial.status == "failed"
        expected = "Hi" if output.get("output") else "a"
        assert [texts(message) for message in partial.output] == [[expected]]


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


@for_each("form", ERRORS)
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


@for_each(
    ("ending", "message"),
    [
        (b"", "ended without its end marker"),
        (sse("{"), "an event is not JSON"),
        (sse({"type": "response.output_text.delta"}), "an event does not match its schema"),
        (
            sse({"type": "response.completed", "response": {}}),
            "an event does not match its schema: Response",
        ),
        (sse([]), "an event does not match its schema"),
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
    shared = [{**delta(f"<think>{id}</think>{id}"), "item_id": id} for id in ("m1", "m2")]
    stream = open_stream(face, stream_of(CREATED, *shared, COMPLETED))
    assert "".join(face.list(stream.text_deltas())) == "m1m2"
    # The events themselves are untouched.
    stream = open_stream(face, stream_of(CREATED, *values, COMPLETED))
    assert [one.to_dict() for one in face.list(stream)][1:-1] == values
