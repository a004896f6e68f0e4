"""The events of a streamed run: as vLLM sends calls, as llama.cpp does, and as text."""

from __future__ import annotations

from typing import Any

import pytest
from support.cases import for_each
from support.sdk_faces import Face, Server, answer, events
from support.sdk_samples import USAGE, chunk, sse, stream_of
from support.tool_samples import (
    call,
    calling,
    calls_in_pieces,
    run,
    run_events,
    saying,
    sent,
    text_in_pieces,
    told,
)
from support.wire_records import read_raw_chunks

from tensormesh import StreamError, ToolLimitError, tool
from tensormesh.tools import (
    ArgumentsDelta,
    CallFinished,
    CallStarted,
    RoundFinished,
    RunFinished,
    TextDelta,
)


@pytest.fixture
def face(colour: Face) -> Face:
    """How requests go out makes no difference here."""
    return colour


@tool
def get_weather(city: str) -> str:
    """Get the weather"""
    return f"clear in {city}"


def arguments(found: list[Any], index: int = 0) -> str:
    pieces = [each for each in found if isinstance(each, ArgumentsDelta) and each.index == index]
    return "".join(piece.text for piece in pieces)


def text(found: list[Any]) -> str:
    return "".join(each.text for each in found if isinstance(each, TextDelta))


def test_events_tell_the_run_as_it_goes(face: Face) -> None:
    server = Server(
        calls_in_pieces(call("get_weather", {"city": "Oslo"})), text_in_pieces("It is ", "clear.")
    )
    found = run_events(face, server, [get_weather])
    assert found[:3] == [
        CallStarted("get_weather", 0, 1),
        ArgumentsDelta('{"c', "get_weather", 0, 1),
        ArgumentsDelta('ity": "Oslo"}', "get_weather", 0, 1),
    ]
    finished, first_round, *texts, second_round, last = found[3:]
    assert isinstance(finished, CallFinished)
    assert (finished.call.status, finished.call.result) == ("done", "clear in Oslo")
    assert isinstance(first_round, RoundFinished)
    assert (first_round.round, second_round.round) == (1, 2)
    assert texts == [TextDelta("It is ", 2), TextDelta("clear.", 2)]
    assert isinstance(last, RunFinished)
    assert last.result.text == "It is clear."
    assert told(server) == ["clear in Oslo"]
    kinds = [each.type for each in found if each.type not in ("text", "arguments")]
    assert kinds == ["call_started", "call_result", "round_done", "round_done", "finished"]


def test_a_streamed_run_comes_to_the_same_as_one_that_is_not(face: Face) -> None:
    asked = [call("get_weather", {"city": "Oslo"}), call("nothing", "{", "c2")]
    plain = run(face, Server(calling(*asked), saying("Clear.")), [get_weather])
    server = Server(calls_in_pieces(*asked), text_in_pieces("Cle", "ar."))
    streamed = run_events(face, server, [get_weather])[-1].result
    assert [m.to_dict() for m in streamed.messages] == [m.to_dict() for m in plain.messages]
    assert [c.status for c in streamed.calls] == [c.status for c in plain.calls]
    assert (streamed.text, streamed.rounds) == (plain.text, plain.rounds)


def test_usage_is_asked_for_and_added_up(face: Face) -> None:
    last = {**chunk(), "choices": [], "usage": USAGE}
    piece = chunk(tool_calls=[{"index": 0, "id": "c", "function": {"name": "get_weather"}}])
    server = Server(stream_of(piece, last), stream_of(chunk("x"), last))
    stream = run(face, server, [get_weather], stream=True)
    result = face.run(stream.get_final_result())
    assert result.usage.total_tokens == 2 * USAGE["total_tokens"]
    assert sent(server)["stream_options"] == {"include_usage": True}
    server = Server(text_in_pieces("x"))
    run_events(face, server, [get_weather], stream_options={"include_usage": False})
    assert sent(server)["stream_options"] == {"include_usage": False}


@pytest.mark.parametrize(
    ("name", "cities"),
    [
        ("chat_tool_auto_stream", ["Paris"]),
        ("chat_tool_parallel_stream", ["Paris", "Rome"]),
        ("chat_tool_required_stream", ["Oslo"]),
    ],
)
def test_calls_as_vllm_sends_them(face: Face, name: str, cities: list[str]) -> None:
    server = Server(events(*read_raw_chunks(name)), text_in_pieces("Done."))
    found = run_events(face, server, [get_weather])
    started = [each for each in found if isinstance(each, CallStarted)]
    assert [each.index for each in started] == list(range(len(cities)))
    for index, city in enumerate(cities):
        assert arguments(found, index) == f'{{"city": "{city}"}}'
    assert told(server) == [f"clear in {city}" for city in cities]


def test_calls_as_llama_cpp_sends_them(face: Face) -> None:
    def piece(index: int, text: str, **head: str) -> dict[str, Any]:
        name = {"name": head.pop("name")} if "name" in head else {}
        delta = {"index": index, "function": {**name, "arguments": text}, **head}
        return chunk(tool_calls=[delta])

    server = Server(
        stream_of(
            {**chunk(), "choices": [{"index": 0, "delta": {"role": "assistant", "content": None}}]},
            piece(0, "{", name="get_weather", id="a", type="function"),
            piece(0, '"city":"Paris"}'),
            piece(1, '{"city"', name="get_weather", id="b", type="function"),
            piece(1, ':"Rome"}'),
            chunk(finish_reason="tool_calls"),
        ),
        text_in_pieces("Done."),
    )
    found = run_events(face, server, [get_weather])
    assert arguments(found, 0) == '{"city":"Paris"}'
    assert arguments(found, 1) == '{"city":"Rome"}'
    assert told(server) == ["clear in Paris", "clear in Rome"]


def test_calls_without_numbers_are_told_apart_by_their_ids(face: Face) -> None:
    def piece(**parts: Any) -> dict[str, Any]:
        id = {"id": parts.pop("id")} if "id" in parts else {}
        return chunk(tool_calls=[{**id, "function": parts}])

    server = Server(
        stream_of(
            piece(id="a", name="get_weather", arguments='{"city":'),
            piece(arguments='"Paris"}'),
            piece(id="b", name="get_weather", arguments='{"city":"Rome"}'),
        ),
        text_in_pieces("Done."),
    )
    found = run_events(face, server, [get_weather])
    assert arguments(found, 1) == '{"city":"Rome"}'
    assert told(server) == ["clear in Paris", "clear in Rome"]


def test_calls_that_share_an_index_are_all_made(face: Face) -> None:
    def piece(text: str, **head: str) -> dict[str, Any]:
        name = {"name": "get_weather"} if head else {}
        return chunk(tool_calls=[{"index": 0, **head, "function": {**name, "arguments": text}}])

    forms = [
        [piece('{"city":"Paris"}', id="a"), piece('{"city":', id="b"), piece('"Rome"}')],
        [piece('{"city":', id="a"), piece('{"city":"Rome"}', id="b"), piece('"Paris"}', id="a")],
    ]
    for pieces in forms:
        server = Server(stream_of(*pieces), text_in_pieces("Done."))
        found = run_events(face, server, [get_weather])
        started = [each for each in found if isinstance(each, CallStarted)]
        assert [each.index for each in started] == [0, 1]
        assert arguments(found, 0) == '{"city":"Paris"}'
        assert arguments(found, 1) == '{"city":"Rome"}'
        assert told(server) == ["clear in Paris", "clear in Rome"]


def test_arguments_before_the_name_are_not_lost(face: Face) -> None:
    server = Server(
        stream_of(
            chunk(tool_calls=[{"index": 3, "id": "a", "function": {"arguments": '{"city":'}}]),
            chunk(tool_calls=[{"index": 3}]),
            chunk(tool_calls=[{"index": 3, "function": {"name": "get_weather"}}]),
            chunk(tool_calls=[{"index": 3, "function": {"arguments": '"Rome"}'}}]),
        ),
        text_in_pieces("Done."),
    )
    found = run_events(face, server, [get_weather])
    assert found[0] == CallStarted("get_weather", 0, 1)
    assert arguments(found) == '{"city":"Rome"}'


def test_leaked_reasoning_and_other_answers_are_no_text(face: Face) -> None:
    server = Server(stream_of(chunk("<thi"), chunk("nk>a</think>b"), chunk("x", index=1)))
    found = run_events(face, server, [get_weather])
    assert text(found) == "b"
    assert found[-1].result.text == "b"
    assert found[-1].result.messages[-1].reasoning == "a"


def test_an_open_block_of_reasoning_is_text(face: Face) -> None:
    found = run_events(face, Server(text_in_pieces("<think>a")), [get_weather])
    assert text(found) == "<think>a"


def test_a_broken_stream_is_raised_with_the_conversation(face: Face) -> None:
    server = Server(
        calls_in_pieces(call("get_weather", {"city": "Oslo"})), stream_of(chunk("x"), done=False)
    )
    stream = run(face, server, [get_weather], stream=True)
    with pytest.raises(StreamError) as caught:
        face.list(stream)
    assert [message.role for message in caught.value.transcript or ()] == [
        "user",
        "assistant",
        "tool",
    ]
    assert face.list(stream) == []
    with pytest.raises(RuntimeError, match="it has no result"):
        face.run(stream.get_final_result())


def test_nothing_is_sent_before_the_first_step(face: Face) -> None:
    server = Server()
    stream = run(face, server, [get_weather], stream=True)
    face.run(stream.close())
    face.run(stream.close())
    assert face.list(stream) == []


def test_leaving_a_run_closes_its_answer(face: Face) -> None:
    delta = {"index": 0, "id": "a", "function": {"name": "get_weather", "arguments": "{"}}
    pieces = [sse(chunk(tool_calls=[delta]), done=False) for _ in range(9)]
    server = Server(events(*pieces))
    stream = run(face, server, [get_weather], stream=True)
    assert face.next(stream) == CallStarted("get_weather", 0, 1)
    assert not server.bodies[0].is_closed
    face.run(stream.close())
    assert server.bodies[0].is_closed
    assert face.list(stream) == []


def test_a_bound_holds_for_a_streamed_run_too(face: Face) -> None:
    server = Server(calls_in_pieces(call("get_weather", {"city": "Oslo"})))
    with pytest.raises(ToolLimitError):
        run_events(face, server, [get_weather], max_rounds=1)


def test_a_refused_request_is_the_first_step_of_a_run(face: Face) -> None:
    stream = run(face, Server(answer(b"{}", status=400)), [get_weather], stream=True)
    with pytest.raises(Exception, match="400"):
        face.next(stream)


TAGGED = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Oslo"}}\n</tool_call>'
BARE = '{"name": "get_weather", "parameters": {"city": "Oslo"}}'


@for_each("size", [1, 3, 1000])
@for_each(
    ("content", "shown"),
    [
        (TAGGED, ""),
        ("I look. " + TAGGED, "I look. "),
        (TAGGED.removesuffix("</tool_call>"), ""),
        (f" {BARE}", ""),
        (f"```json\n{BARE}\n```", ""),
        (f"\n```\n{BARE}\n```\n", ""),
        (f"[{BARE}]", ""),
        ('{"type": "function", "function": ' + BARE.replace("parameters", "arguments") + "}", ""),
    ],
)
def test_calls_in_the_text_are_found_and_not_shown(
    face: Face, content: str, shown: str, size: int
) -> None:
    pieces = [content[start : start + size] for start in range(0, len(content), size)]
    server = Server(text_in_pieces(*pieces), text_in_pieces("Done."))
    found = run_events(face, server, [get_weather], parse_text_calls=True)
    assert text(found) == shown + "Done."
    assert told(server) == ["clear in Oslo"]
    message = sent(server)["messages"][1]
    assert message["content"] == (shown.strip() or None)
    assert message["tool_calls"][0]["function"]["name"] == "get_weather"


@for_each("size", [1, 3, 1000])
@for_each(
    "content",
    [
        "a < b <tool",
        '{"name": "other", "arguments": {}}',
        '{"name": "get_weather"}',
        '{"name": "get_weather", "arguments": 3}',
        '{"name": 3, "arguments": {}}',
        "[1, 2]",
        "[]",
        "```",
        "`x`",
        "<tool_call>nothing</tool_call> else",
        " {",
        "  ",
    ],
)
def test_what_only_looks_like_a_call_stays_text(face: Face, content: str, size: int) -> None:
    pieces = [content[start : start + size] for start in range(0, len(content), size)]
    found = run_events(face, Server(text_in_pieces(*pieces)), [get_weather], parse_text_calls=True)
    assert text(found) == content
    assert found[-1].result.text == content


def test_text_is_not_searched_for_calls_unless_that_is_asked_for(face: Face) -> None:
    assert run(face, Server(saying(TAGGED)), [get_weather]).text == TAGGED


def test_several_calls_in_a_text_and_text_around_them(face: Face) -> None:
    unknown = TAGGED.replace("get_weather", "other")
    server = Server(saying(f"A {TAGGED} B {unknown} C"), saying())
    result = run(face, server, [get_weather], parse_text_calls=True)
    assert [made.status for made in result.calls] == ["done", "invalid"]
    assert result.messages[1].content == "A  B  C"
    assert len({made.id for made in result.calls}) == 2
