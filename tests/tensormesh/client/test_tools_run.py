"""A run of tools: rounds, results, approval, and what goes wrong with a call."""

from __future__ import annotations

import copy
import pickle
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from support.cases import for_each
from support.sdk_faces import SURFACES, Face, Server, answer
from support.sdk_samples import CHAT, MESSAGES, USAGE, as_json, chunk, stream_of
from support.tool_samples import (
    call,
    calling,
    completions,
    run,
    run_events,
    saying,
    sent,
    text_in_pieces,
    told,
)

from tensormesh import (
    APIError,
    ProtocolError,
    RateLimitError,
    ToolCall,
    ToolCallError,
    ToolLimitError,
    ToolLoopError,
    tool,
)
from tensormesh.types import ChatCompletionFunction, ChatCompletionTool, ChatMessage


@pytest.fixture
def face(colour: Face) -> Face:
    """How requests go out makes no difference here."""
    return colour


@dataclass
class Reading:
    """What some tools return."""

    at: datetime
    values: set[int]


@tool
def add(a: int, b: int = 1) -> int:
    """Add two numbers."""
    return a + b


class Adder:
    """Has tools of its own, of the object and of the class."""

    @tool
    def add(self, a: int) -> int:
        """Add one."""
        return a + 1

    @classmethod
    @tool
    def name(cls) -> str:
        """Tell the name."""
        return cls.__name__


@tool
def fail(text: str) -> str:
    """Fail."""
    raise KeyError(text)


def echo(text: str) -> str:
    """Say it again."""
    return text


@pytest.mark.parametrize("surface", SURFACES)
def test_calls_are_made_and_their_results_sent_until_there_is_a_text(
    face: Face, surface: str
) -> None:
    server = Server(calling(call("add", {"a": 2, "b": 3}), reasoning="I add."), saying("It is 5."))
    chat = getattr(face.client(server).inference, surface).chat.completions
    result = face.run(chat.run(model="m", messages=MESSAGES, tools=[add], temperature=0))
    assert result.text == "It is 5."
    first, second = sent(server, 0), sent(server, 1)
    assert first["messages"] == MESSAGES
    assert first["tools"] == [add.definition.to_dict()]
    assert second["messages"] == [
        *MESSAGES,
        {
            "role": "assistant",
            "content": None,
            "reasoning": "I add.",
            "tool_calls": [call("add", {"a": 2, "b": 3})],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "5"},
    ]
    assert first | {"messages": 0} == second | {"messages": 0}
    assert first["temperature"] == 0


def test_result_has_the_conversation_the_usage_and_the_calls(face: Face) -> None:
    server = Server(calling(call("add", {"a": 2})), saying("It is 3."), saying("Bye."))
    result = run(face, server, [add])
    assert [message.role for message in result.messages] == [
        "user",
        "assistant",
        "tool",
        "assistant",
    ]
    assert result.messages[-1].content == "It is 3."
    assert result.completion.choices[0].message.content == "It is 3."
    assert result.usage.to_dict() == {key: 2 * value for key, value in USAGE.items()}
    assert result.rounds == 2
    (made,) = result.calls
    assert (made.name, made.arguments, made.result, made.content) == ("add", {"a": 2}, 3, "3")
    assert (made.status, made.round, made.index, made.error) == ("done", 1, 0, None)
    again = [*result.messages, ChatMessage(role="user", content="Thanks.")]
    assert run(face, server, [add], messages=again).text == "Bye."
    assert sent(server)["messages"] == [message.to_dict() for message in again]


def test_a_run_without_calls_is_one_request(face: Face) -> None:
    server = Server(saying("Hello."))
    result = run(face, server, [add])
    assert (result.text, result.rounds, result.calls) == ("Hello.", 1, [])


def test_results_stand_in_the_order_of_the_calls(face: Face) -> None:
    calls = [call("add", {"a": number}, f"c{number}") for number in range(20)]
    server = Server(calling(*calls), saying())
    run(face, server, [add], max_parallel=3)
    results = sent(server)["messages"][2:]
    assert [(each["tool_call_id"], each["content"]) for each in results] == [
        (f"c{number}", str(number + 1)) for number in range(20)
    ]


@for_each(
    ("returned", "content"),
    [
        ("text", "text"),
        (None, "null"),
        ({"ß": [1.5, True]}, '{"ß":[1.5,true]}'),
        ([ChatMessage(role="user", content="x")], '[{"role":"user","content":"x"}]'),
        (
            {1: Reading(datetime(2026, 1, 2, tzinfo=UTC), {3})},
            '{"1":{"at":"2026-01-02T00:00:00Z","values":[3]}}',
        ),
    ],
)
def test_texts_go_to_the_model_as_they_are_and_all_else_as_json(
    face: Face, returned: Any, content: str
) -> None:
    def give() -> Any:
        """Give."""
        return returned

    server = Server(calling(call("give")), saying())
    run(face, server, [give])
    assert told(server) == [content]


@pytest.mark.parametrize("returned", [object(), float("nan"), "\ud800", {"x": {1}.__iter__()}])
def test_a_result_that_cannot_be_sent_is_a_failure_of_the_tool(face: Face, returned: Any) -> None:
    def give() -> Any:
        """Give."""
        return returned

    server = Server(calling(call("give")), saying())
    result = run(face, server, [give])
    assert result.calls[0].status == "failed"
    assert "'give' returned a value that cannot be converted to JSON" in told(server)[0]


@for_each(
    ("asked", "content"),
    [
        (call("nothing"), "Error: unknown tool 'nothing'; the tools are add, fail"),
        (call("add", '{"a": 1'), "Error: the arguments are not valid JSON"),
        (call("add", "[1]"), "Error: the arguments must be a JSON object: [1]"),
        (call("add", {"a": "x"}), "Error: Expected `int`, got `str` - at `$.a`"),
        (call("add", {"a": 1, "c": 2}), "Error: Object contains unknown field `c`"),
        (call("add", ""), "Error: Object missing required field `a`"),
        (call("add", "null"), "Error: Object missing required field `a`"),
    ],
)
def test_a_call_that_cannot_be_made_is_told_the_model_even_if_failures_raise(
    face: Face, asked: dict[str, Any], content: str
) -> None:
    server = Server(calling(asked), saying())
    result = run(face, server, [add, fail], on_error="raise")
    assert result.calls[0].status == "invalid"
    assert isinstance(result.calls[0].error, ValueError)
    assert told(server)[0].startswith(content)


@for_each("text", ['{"a": 1', "[1]", "", "  ", "null", '"x"'])
def test_arguments_that_are_no_object_are_not_sent_back(face: Face, text: str) -> None:
    # A chat template that reads them would make the whole request fail.
    server = Server(calling(call("add", text)), saying())
    run(face, server, [add])
    assert sent(server)["messages"][1]["tool_calls"][0]["function"]["arguments"] == "{}"


@pytest.mark.parametrize(
    ("name", "text"),
    [("add", '{"a":' * 100_000), ("\ud800", "{}"), ("add", '{"a": "\ud800"}'), ("add", "\x00")],
)
def test_whatever_a_model_writes_the_run_goes_on(face: Face, name: str, text: str) -> None:
    server = Server(calling(call(name, text), content="\ud800", reasoning="\udfff"), saying())
    result = run(face, server, [add])
    assert result.calls[0].status == "invalid"
    assert (sent(server)["messages"][1]["content"], result.text) == ("?", "Done.")


def test_arguments_as_text_are_understood_where_they_fit_no_other_way(face: Face) -> None:
    server = Server(calling(call("add", {"a": "4", "b": 2.0})), saying())
    run(face, server, [add])
    assert told(server) == ["6"]


def test_missing_and_repeated_ids_become_different_ones(face: Face) -> None:
    calls = [call("add", {"a": 1}, id) for id in ("", "x", "x", "")]
    server = Server(calling(*calls), calling(call("add", {"a": 1}, "x")), saying())
    run(face, server, [add])
    messages = sent(server)["messages"]
    asked = [each["id"] for message in messages for each in message.get("tool_calls", ())]
    results = [message["tool_call_id"] for message in messages if message["role"] == "tool"]
    assert asked == results
    assert len(set(asked)) == 5
    assert all(asked)


def test_calls_that_lack_fields_are_read_the_same_plain_and_streamed(face: Face) -> None:
    def without(*path: str, null: bool) -> dict[str, Any]:
        made = call("now", "{}")
        target = made["function"] if path[0] == "function" and len(path) > 1 else made
        if null:
            target[path[-1]] = None
        else:
            del target[path[-1]]
        return made

    nameless = "Error: unknown tool ''; the tools are now"
    cases = {("id",): "noon", ("type",): "noon", ("function", "arguments"): "noon"}
    cases |= {("function", "name"): nameless, ("function",): nameless}

    def now() -> str:
        """Tell the time."""
        return "noon"

    for path, content in cases.items():
        for null in (True, False):
            asked = without(*path, null=null)
            plain = Server(calling(asked, call("now", "{}", "c2")), saying())
            assert run(face, plain, [now]).text == "Done."
            pieces = [chunk(tool_calls=[{**asked, "index": 0}])]
            pieces += [chunk(tool_calls=[{**call("now", "{}", "c2"), "index": 1}])]
            streamed = Server(stream_of(*pieces), text_in_pieces("Done."))
            run_events(face, streamed, [now])
            assert sent(plain)["messages"] == sent(streamed)["messages"]
            first, second = sent(plain)["messages"][1]["tool_calls"]
            assert first["id"] not in ("", second["id"])
            assert (first["type"], first["function"]["arguments"]) == ("function", "{}")
            assert told(plain) == [content, "noon"]


def test_a_plain_answer_whose_calls_lack_fields_is_read(face: Face) -> None:
    asked: list[Any] = [{}, {"id": None, "type": None, "function": None}, {"function": {}}]
    completion = face.run(
        completions(face, Server(calling(*asked))).create(model="m", messages=MESSAGES)
    )
    for made in completion.choices[0].message.tool_calls:
        empty = {"name": "", "arguments": ""}
        assert made.to_dict() == {"id": "", "type": "function", "function": empty}
    unreadable: list[Any] = [{"function": 5}, {"id": 5}, {"function": {"name": []}}]
    for broken in unreadable:
        with pytest.raises(ProtocolError, match=r"tool_calls|ChatCompletion"):
            run(face, Server(calling(broken)), [add])


def test_an_id_of_the_given_conversation_is_not_used_again(face: Face) -> None:
    server = Server(
        calling(call("add", {"a": 1})), saying(), calling(call("add", {"a": 2})), saying()
    )
    first = run(face, server, [add])
    second = run(face, server, [add], messages=first.messages)
    assert first.calls[0].id == "c1"
    assert second.calls[0].id != "c1"


def test_whatever_a_type_raises_is_told_the_model(face: Face) -> None:
    @dataclass
    class Picky:
        x: int

        def __post_init__(self) -> None:
            raise LookupError("not that one")

    @tool
    def take(value: Picky) -> None:
        """Take."""

    server = Server(calling(call("take", {"value": {"x": 1}})), saying())
    run(face, server, [take])
    assert told(server) == ["Error: not that one"]


def test_methods_are_called_on_their_object(face: Face) -> None:
    server = Server(calling(call("add", {"a": 1}), call("name", id="c2")), saying())
    run(face, server, [Adder().add, Adder.name])
    assert told(server) == ["2", "Adder"]


def test_an_exception_is_told_the_model(face: Face) -> None:
    server = Server(calling(call("fail", {"text": "no \ud800"})), saying())
    result = run(face, server, [fail])
    assert told(server)[0].startswith("Error: KeyError: ")
    assert isinstance(result.calls[0].error, KeyError)
    assert result.text == "Done."


def test_an_exception_ends_the_run_if_that_is_asked_for(face: Face) -> None:
    server = Server(
        calling(call("add", {"a": 1})), calling(call("fail", {"text": "no"}, "c2"), content="Hm.")
    )
    with pytest.raises(ToolCallError, match="fail failed: KeyError: 'no'") as caught:
        run(face, server, [add, fail], on_error="raise")
    error = caught.value
    assert isinstance(error.__cause__, KeyError)
    assert [message.role for message in error.messages] == ["user", "assistant", "tool"]
    assert [made.status for made in error.calls] == ["done", "failed"]
    assert (error.reason, error.rounds) == ("tool", 2)
    assert error.usage is not None
    assert error.completion is not None
    assert error.usage.total_tokens == 2 * USAGE["total_tokens"]
    assert error.completion.choices[0].message.content == "Hm."


def test_approve_sees_each_call_before_any_is_made(face: Face) -> None:
    seen: list[Any] = []

    @tool
    def note(text: str) -> str:
        """Note."""
        seen.append(("made", text))
        return text

    def approve(asked: ToolCall) -> bool | str:
        seen.append((asked.name, asked.arguments["text"]))
        return {"a": True, "b": False}.get(asked.arguments["text"], "too long")

    calls = [call("note", {"text": text}, text) for text in ("a", "b", "c")]
    server = Server(calling(*calls, call("note", "{", "d")), saying())
    result = run(face, server, [note], approve=approve)
    assert seen == [("note", "a"), ("note", "b"), ("note", "c"), ("made", "a")]
    assert [made.status for made in result.calls] == ["done", "refused", "refused", "invalid"]
    assert told(server)[:3] == [
        "a",
        "Error: this call was refused.",
        "Error: this call was refused: too long",
    ]


def test_what_approve_raises_ends_the_run_before_a_call_is_made(face: Face) -> None:
    made = []

    def approve(asked: ToolCall) -> bool:
        if asked.id == "c2":
            raise LookupError("nobody to ask")
        return True

    @tool
    def note() -> None:
        """Note."""
        made.append(1)

    server = Server(calling(call("note"), call("note", id="c2")))
    with pytest.raises(LookupError, match="nobody to ask"):
        run(face, server, [note], approve=approve)
    assert made == []


def test_an_approval_that_is_neither_yes_nor_no_is_a_mistake(face: Face) -> None:
    server = Server(calling(call("add", {"a": 1})))
    with pytest.raises(TypeError, match="approve must return True, False or a reason"):
        run(face, server, [add], approve=lambda asked: None)


def test_a_forced_choice_holds_for_the_first_round(face: Face) -> None:
    server = Server(calling(call("add", {"a": 1})), saying())
    run(face, server, [add], tool_choice="required")
    assert sent(server, 0)["tool_choice"] == "required"
    assert "tool_choice" not in sent(server, 1)
    server = Server(calling(call("add", {"a": 1})), saying())
    run(face, server, [add], tool_choice="auto")
    assert sent(server, 1)["tool_choice"] == "auto"


def test_an_error_of_a_request_is_raised_with_the_conversation(face: Face) -> None:
    server = Server(calling(call("add", {"a": 1})), answer(b"{}", status=429))
    with pytest.raises(RateLimitError) as caught:
        run(face, server, [add])
    transcript = caught.value.transcript or []
    assert [message.role for message in transcript] == ["user", "assistant", "tool"]
    assert APIError("x").transcript is None


def test_an_answer_without_choices_is_an_error(face: Face) -> None:
    with pytest.raises(ToolLoopError, match="no choices") as caught:
        run(face, Server(as_json({**CHAT, "choices": []})), [add])
    assert caught.value.reason == "answer"


def test_definitions_by_hand_take_their_functions_from_handlers(face: Face) -> None:
    parameters = {"type": "object", "properties": {"x": {"type": "integer"}}}
    plain = {
        "type": "function",
        "function": {"name": "p", "description": "P", "parameters": parameters},
    }
    typed = ChatCompletionTool(function=ChatCompletionFunction(name="t", description="T"))
    handlers = {"p": lambda x: x * 2, "t": add}
    calls = [call("p", {"x": 2}), call("p", {"y": 2}, "c2"), call("t", {"a": 4}, "c3")]
    server = Server(calling(*calls), saying())
    run(face, server, [plain, typed, echo], handlers=handlers)
    assert told(server) == ["4", "Error: missing a required argument: 'x'", "5"]
    assert [each["function"]["name"] for each in sent(server)["tools"]] == ["p", "t", "echo"]
    assert sent(server)["tools"][0] == plain


def test_options_of_a_call_go_with_every_request(face: Face) -> None:
    server = Server(calling(call("add", {"a": 1})), saying())
    run(
        face,
        server,
        [add],
        extra_headers={"x-trace": "1"},
        extra_query={"q": "2"},
        extra_body={"z": 3},
        timeout_seconds=4,
    )
    for number, request in enumerate(server.requests):
        assert request.headers["x-trace"] == "1"
        assert request.url.params["q"] == "2"
        assert sent(server, number)["z"] == 3
        assert request.extensions["timeout"]["read"] == 4


def test_errors_survive_pickling_and_copying() -> None:
    error = ToolLimitError(
        "x", reason="max_rounds", messages=[ChatMessage(role="user", content="x")], rounds=2
    )
    for twin in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):
        assert (twin.reason, twin.rounds, twin.messages[0].content) == ("max_rounds", 2, "x")
