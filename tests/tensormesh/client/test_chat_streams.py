"""Chat streams: what is put together, and the ways of iterating."""

from __future__ import annotations

from typing import Any

import pytest
from support.cases import for_each
from support.sdk_faces import Face, Server, events
from support.sdk_samples import CHAT_CREATE, USAGE, chunk, sse, stream_of

from tensormesh import StreamError, types


@pytest.fixture
def face(colour: Face) -> Face:
    """How requests go out makes no difference here."""
    return colour


def open_stream(face: Face, *answers: Any, **arguments: Any) -> Any:
    create = CHAT_CREATE.of(face.client(Server(*answers)).inference.serverless)
    return face.run(create(**CHAT_CREATE.arguments, stream=True, **arguments))


def final_of(face: Face, *chunks: Any) -> types.ChatCompletion:
    final = face.run(open_stream(face, stream_of(*chunks)).get_final_completion())
    assert isinstance(final, types.ChatCompletion)
    return final


# The final answer


def test_chunks_come_as_models(face: Face) -> None:
    first, second = face.list(open_stream(face, stream_of(chunk("a"), chunk("b", new="x"))))
    assert isinstance(first, types.ChatCompletionChunk)
    assert first.choices[0].delta.content == "a"
    assert second.additional_properties == {"new": "x"}


def test_the_final_answer_has_everything(face: Face) -> None:
    token = {"token": "a", "logprob": -0.5, "bytes": [97], "top_logprobs": []}
    final = final_of(
        face,
        chunk("", role="assistant", prompt_token_ids=[7]),
        chunk(reasoning="th"),
        chunk(reasoning="ink"),
        chunk("a", logprobs={"content": [token]}, token_ids=[1]),
        chunk("b", logprobs={"content": [token]}, token_ids=[2, 3]),
        chunk(refusal="no"),
        chunk(finish_reason="stop", stop_reason="###", system_fingerprint="fp"),
        {"id": "chatcmpl-1", "choices": [], "usage": USAGE, "service_tier": "default"},
    )
    assert final.to_dict() == {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": "ab",
                    "reasoning": "think",
                    "refusal": "no",
                },
                "finish_reason": "stop",
                "stop_reason": "###",
                "logprobs": {"content": [token, token]},
                "token_ids": [1, 2, 3],
            }
        ],
        "usage": USAGE,
        "system_fingerprint": "fp",
        "service_tier": "default",
        "prompt_token_ids": [7],
    }


def test_answers_in_turns_are_told_apart_and_put_in_order(face: Face) -> None:
    final = final_of(
        face,
        chunk("B", index=1),
        chunk("A", index=0),
        chunk("b", index=1, finish_reason="length"),
        chunk("a", index=0, finish_reason="stop"),
    )
    found = [
        (choice.index, choice.message.content, choice.finish_reason) for choice in final.choices
    ]
    assert found == [(0, "Aa", "stop"), (1, "Bb", "length")]


def test_an_index_that_is_missing_is_the_first(face: Face) -> None:
    bare = chunk("a")
    del bare["choices"][0]["index"]
    final = final_of(face, bare, chunk("b"))
    assert [choice.message.content for choice in final.choices] == ["ab"]


def test_the_least_that_a_server_may_send(face: Face) -> None:
    final = final_of(face, {"choices": [{"delta": {}}]}, {"choices": [{"delta": {"content": "x"}}]})
    assert (final.id, final.model, final.created) == ("", "", 0)
    assert final.choices[0].message.content == "x"
    assert final.choices[0].message.role == "assistant"


@pytest.mark.parametrize(
    "where",
    ["own chunk", "finish chunk", "every chunk"],
)
def test_usage_may_come_anywhere(face: Face, where: str) -> None:
    early = {**USAGE, "completion_tokens": 1}
    chunks = {
        "own chunk": [chunk("a"), chunk(finish_reason="stop"), {"choices": [], "usage": USAGE}],
        "finish chunk": [chunk("a"), chunk(finish_reason="stop", usage=USAGE)],
        "every chunk": [chunk("a", usage=early), chunk(finish_reason="stop", usage=USAGE)],
    }[where]
    final = final_of(face, *chunks)
    assert final.usage is not None
    assert final.usage.to_dict() == USAGE


def call_delta(index: int | None = None, **parts: Any) -> dict[str, Any]:
    """A piece of a tool call."""
    delta: dict[str, Any] = {} if index is None else {"index": index}
    function = {name: parts.pop(name) for name in ("name", "arguments") if name in parts}
    return {**delta, **parts, **({"function": function} if function else {})}


CALL_A = {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x":1}'}}
CALL_B = {"id": "b", "type": "function", "function": {"name": "g", "arguments": "{}"}}

# How servers send the same two calls.
CALL_FORMS: dict[str, list[list[dict[str, Any]]]] = {
    "name first, then arguments": [
        [call_delta(0, id="a", type="function", name="f", arguments="")],
        [call_delta(0, arguments='{"x"')],
        [call_delta(0, arguments=":1}")],
        [call_delta(1, id="b", type="function", name="g")],
        [call_delta(1, arguments="{}")],
    ],
    "arguments begin with the name": [
        [call_delta(0, id="a", type="function", name="f", arguments="{")],
        [call_delta(0, arguments='"x":1}')],
        [call_delta(1, id="b", type="function", name="g", arguments="{}")],
    ],
    "both in one chunk": [
        [
            call_delta(0, id="a", type="function", name="f", arguments='{"x":1}'),
            call_delta(1, id="b", type="function", name="g", arguments="{}"),
        ]
    ],
    "in turns": [
        [call_delta(1, id="b", name="g"), call_delta(0, id="a", name="f", arguments='{"x"')],
        [call_delta(0, arguments=":1}"), call_delta(1, arguments="{}")],
    ],
    "without an index": [
        [call_delta(id="a", type="function", name="f", arguments='{"x"')],
        [call_delta(arguments=":1}")],
        [call_delta(id="b", type="function", name="g", arguments="{}")],
    ],
    "both in one chunk, without an index": [
        [
            call_delta(id="a", name="f", arguments='{"x":1}'),
            call_delta(id="b", name="g", arguments="{}"),
        ]
    ],
    "id and name again on each piece": [
        [call_delta(0, id="a", type="function", name="f", arguments='{"x"')],
        [call_delta(0, id="a", type="function", name="f", arguments=":1}")],
        [call_delta(1, id="b", type="function", name="g", arguments="{}")],
    ],
    "all at one index": [
        [call_delta(0, id="a", type="function", name="f", arguments='{"x":1}')],
        [call_delta(0, id="b", type="function", name="g", arguments="{}")],
    ],
    "all at one index, in one chunk": [
        [
            call_delta(0, id="a", name="f", arguments='{"x":1}'),
            call_delta(0, id="b", name="g", arguments="{}"),
        ]
    ],
    "all at one index, pieces without an id follow the last": [
        [call_delta(0, id="a", name="f", arguments='{"x"')],
        [call_delta(0, arguments=":1")],
        [call_delta(0, id="", name="", arguments="}")],
        [call_delta(0, id="b", name="g", arguments="{")],
        [call_delta(0, arguments="}")],
    ],
    "all at one index, in turns by id": [
        [call_delta(0, id="a", name="f", arguments='{"x"')],
        [call_delta(0, id="b", name="g", arguments="{")],
        [call_delta(0, id="a", name="f", arguments=":1}")],
        [call_delta(0, id="b", name="g", arguments="}")],
    ],
    "in turns by id, without an index": [
        [call_delta(id="a", name="f", arguments='{"x"')],
        [call_delta(id="b", name="g", arguments="{")],
        [call_delta(id="a", arguments=":1}")],
        [call_delta(id="b", arguments="}")],
    ],
    "an index on the second call only": [
        [call_delta(id="a", name="f", arguments='{"x":1}')],
        [call_delta(1, id="b", name="g", arguments="{}")],
    ],
    "an id that comes late": [
        [call_delta(0, name="f", arguments='{"x"')],
        [call_delta(0, id="a", arguments=":1}")],
        [call_delta(0, id="b", name="g"), call_delta(0, arguments="{}")],
    ],
    "numbered from 1, the first number twice": [
        [call_delta(1, id="a", name="f", arguments='{"x":1}')],
        [call_delta(1, id="b", name="g"), call_delta(1, arguments="{}")],
    ],
}


@for_each("form", CALL_FORMS)
def test_tool_calls_are_put_together(face: Face, form: str) -> None:
    first: dict[str, Any] = chunk(role="assistant")
    first["choices"][0]["delta"]["content"] = None
    chunks = [chunk(tool_calls=calls) for calls in CALL_FORMS[form]]
    final = final_of(face, first, *chunks, chunk(finish_reason="tool_calls"))
    message = final.choices[0].message
    assert message.tool_calls is not None
    assert [call.to_dict() for call in message.tool_calls] == [CALL_A, CALL_B]
    assert message.content is None


def without_ids(*pieces: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"choices": [{"delta": {"tool_calls": [piece]}}]} for piece in pieces]


def test_calls_without_ids_at_one_index_are_told_apart_by_what_cannot_go_on(face: Face) -> None:
    two = [("f", "{}"), ("g", '{"x":1}')]
    twice = [("f", '{"x":1}'), ("f", '{"x":2}')]
    cases: list[tuple[list[dict[str, Any]], list[tuple[str, str]]]] = [
        ([call_delta(0, id="", name=name, arguments=text) for name, text in two], two),
        ([call_delta(0, name=name, arguments=text) for name, text in twice], twice),
        ([call_delta(name=name, arguments=text) for name, text in two], two),
        (
            [
                *(call_delta(0, name="f", arguments='{"x"'), call_delta(0, arguments=":1}")),
                *(call_delta(0, name="f", arguments='{"x"'), call_delta(0, arguments=":2}")),
            ],
            twice,
        ),
        ([call_delta(0, name="f"), call_delta(0, name="f", arguments='{"x":1}')], twice[:1]),
        # One call whose name is repeated.
        ([call_delta(0, name="f", arguments=text) for text in ('{"x"', ":1}", "")], twice[:1]),
        ([call_delta(0, name="f", arguments=text) for text in ("", '{"x":1}', " ")], []),
        ([call_delta(0, name="f", arguments=text) for text in ('{"x":', '{"y":1}', "}")], []),
    ]
    for pieces, expected in cases:
        calls = final_of(face, *without_ids(*pieces)).choices[0].message.tool_calls or []
        found = [(call.function.name, call.function.arguments) for call in calls]
        joined = "".join(piece["function"].get("arguments", "") for piece in pieces)
        assert found == (expected or [("f", joined)])


def test_calls_of_several_answers_are_kept_apart(face: Face) -> None:
    pieces = [
        (1, call_delta(0, id="a", name="f", arguments="{")),
        (0, call_delta(0, id="b", name="g", arguments="{}")),
        (1, call_delta(0, arguments="}")),
        (0, call_delta(0, id="c", name="h", arguments="{}")),
    ]
    final = final_of(face, *(chunk(index=index, tool_calls=[call]) for index, call in pieces))
    found = [
        [(call.id, call.function.arguments) for call in choice.message.tool_calls or []]
        for choice in final.choices
    ]
    assert found == [[("b", "{}"), ("c", "{}")], [("a", "{}")]]


def test_text_deltas_leave_calls_reasoning_and_other_answers_out(face: Face) -> None:
    stream = open_stream(
        face,
        stream_of(
            chunk("", role="assistant"),
            chunk(reasoning="hm"),
            chunk("a"),
            chunk("other", index=1),
            chunk(tool_calls=[call_delta(0, id="a", name="f")]),
            chunk("b"),
            chunk(finish_reason="stop"),
        ),
    )
    assert face.list(stream.text_deltas()) == ["a", "b"]


def test_reasoning_content_of_older_servers_is_reasoning(face: Face) -> None:
    chunks = [
        chunk(reasoning_content="old"),
        chunk(reasoning="", reasoning_content=" name"),
        chunk(reasoning=" new", reasoning_content="ignored"),
        chunk("x"),
    ]
    deltas = [one.choices[0].delta for one in face.list(open_stream(face, stream_of(*chunks)))]
    assert [delta.reasoning for delta in deltas] == ["old", " name", " new", None]
    assert final_of(face, *chunks).choices[0].message.reasoning == "old name new"


# Ways of iterating


def test_the_final_answer_after_a_part_or_all_was_read(face: Face) -> None:
    body = sse(chunk("a"), chunk("b"), chunk("c"))
    for taken in range(4):
        stream = open_stream(face, events(body))
        for _ in range(taken):
            face.next(stream)
        assert face.run(stream.get_final_completion()).choices[0].message.content == "abc"
        # And again, and when all is closed.
        face.run(stream.close())
        assert face.run(stream.get_final_completion()).choices[0].message.content == "abc"


def test_text_deltas_go_on_where_they_were_left(face: Face) -> None:
    stream = open_stream(face, stream_of(chunk("a"), chunk("b"), chunk("c")))
    assert face.next(stream.text_deltas()) == "a"
    assert face.next(stream).choices[0].delta.content == "b"
    assert face.list(stream.text_deltas()) == ["c"]
    assert face.list(stream.text_deltas()) == []


def test_a_final_answer_of_a_stream_that_was_left_is_an_error_with_what_came(face: Face) -> None:
    stream = open_stream(face, events(sse(chunk("a"), done=False), sse(chunk("b"))))
    face.next(stream)
    face.run(stream.close())
    face.run(stream.close())

    with pytest.raises(StopIteration):
        face.next(stream)
    with pytest.raises(StreamError, match="closed before its end") as caught:
        face.run(stream.get_final_completion())
    assert caught.value.partial.choices[0].message.content == "a"
    assert face.list(stream.text_deltas()) == []


def test_leaving_a_stream_drops_what_was_not_taken(face: Face) -> None:
    stream = open_stream(face, stream_of(chunk("a"), chunk("b"), done=False))
    face.next(stream)
    face.run(stream.close())
    assert face.list(stream) == []


def test_a_stream_is_a_context_manager(face: Face) -> None:
    server = Server(events(sse(chunk("a"), done=False), sse(chunk("b"))))
    create = CHAT_CREATE.of(face.client(server).inference.serverless)
    stream = face.run(create(**CHAT_CREATE.arguments, stream=True))
    assert "open" in repr(stream)
    if face.name == "sync":
        with stream as entered:
            assert next(entered).choices
    else:

        async def use() -> None:
            async with stream as entered:
                assert (await anext(entered)).choices

        face.run(use())
    assert server.bodies[0].is_closed
    assert "closed" in repr(stream)


def test_a_stream_shows_its_response(face: Face) -> None:
    response = stream_of(chunk("a"), headers={"x-request-id": "req-1", "X-Other": "y"})
    stream = open_stream(face, response)
    assert stream.status_code == 200
    assert stream.request_id == "req-1"
    assert stream.headers["x-other"] == "y"
    face.run(stream.close())
