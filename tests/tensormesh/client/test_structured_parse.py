"""`parse`: what is sent, what comes back, and what happens when the model gets it wrong."""

from __future__ import annotations

import copy
import json
import pickle
import sys
from collections.abc import Mapping
from typing import Any, Literal

import httpx
import pydantic
import pytest
from support.cases import for_each
from support.sdk_faces import Face, Server, answer
from support.sdk_samples import MESSAGES, USAGE
from support.structured_cases import (
    GOOD,
    GOOD_TEXT,
    MODELS,
    SCHEMA,
    Invoice,
    completion,
    failure,
    parse,
    says,
    sent,
)

from tensormesh import (
    APIConnectionError,
    ConfigurationError,
    InternalServerError,
    ParsedChatCompletion,
)
from tensormesh.types import ChatCompletion, ChatMessage

BAD = {**GOOD, "lines": [GOOD["lines"][0], {"name": "ink", "price": "2 EUR"}]}
every_model = for_each("model", MODELS.values(), ids=MODELS)


@pytest.fixture
def face(colour: Face) -> Face:
    """How requests go out makes no difference here."""
    return colour


# ---- What is read


@every_model
def test_an_answer_becomes_an_object_of_the_type_asked_for(face: Face, model: Any) -> None:
    completion = parse(face, Server(says(GOOD_TEXT)), model)
    is_plain = isinstance(model, Mapping) or model is MODELS["typed dict"]
    if is_plain:
        assert completion.parsed == GOOD
    else:
        assert isinstance(completion.parsed, model)
        assert completion.parsed.number == "7"
        assert completion.parsed.tags["to be paid"] == 2
    assert completion.choices[0].message.parsed is completion.parsed
    assert completion.attempts == 1


@every_model
def test_a_fault_is_named_with_its_place_for_every_kind_of_model(face: Face, model: Any) -> None:
    error = failure(face, says(json.dumps(BAD)), model=model)
    assert (error.reason, error.path, error.pointer) == (
        "schema",
        "lines[1].price",
        "/lines/1/price",
    )
    assert error.got == '"2 EUR"'
    assert "lines[1].price: expected" in str(error)
    assert 'got "2 EUR"' in str(error)
    assert "max_attempts" in str(error)


def test_the_result_is_a_completion_like_any_other(face: Face) -> None:
    given = completion(GOOD_TEXT)
    result = parse(face, Server(answer(json.dumps(given).encode())))
    assert isinstance(result, ChatCompletion)
    assert isinstance(result, ParsedChatCompletion)
    assert result.to_dict() == given
    assert result.choices[0].message.json() == GOOD
    for copied in (copy.copy(result), copy.deepcopy(result), pickle.loads(pickle.dumps(result))):
        assert copied == result
        assert copied.parsed == result.parsed
        assert copied.to_dict() == given
    assert "parsed=Invoice(" in repr(result)
    with pytest.raises(TypeError, match=r"is returned by parse\(\)"):
        ParsedChatCompletion.from_dict(given)


@for_each(
    ("model", "text", "parsed"),
    [
        (list[int], '{"value": [1, 2]}', [1, 2]),
        (Literal["yes", "no"], '{"value": "no"}', "no"),
        (int | None, '{"value": null}', None),
        (dict[str, int], '{"a": 1}', {"a": 1}),
        ({"type": "array", "items": {"type": "integer"}}, '{"value": [3]}', [3]),
        ({"enum": [1, 2]}, '{"value": 2}', 2),
        (pydantic.RootModel[list[int]], '{"value": [1]}', pydantic.RootModel[list[int]]([1])),
    ],
)
def test_what_is_no_object_is_asked_for_inside_one(
    face: Face, model: Any, text: str, parsed: Any
) -> None:
    server = Server(says(text))
    assert parse(face, server, model).parsed == parsed
    schema = json.loads(sent(server)["messages"][0]["content"].partition("Schema:\n")[2])
    assert schema["type"] == "object"
    assert list(schema.get("properties", {})) == (["value"] if "value" in text else [])


# ---- What is sent


def test_the_schema_goes_into_a_system_message_and_json_mode_is_asked_for(face: Face) -> None:
    server = Server(says(GOOD_TEXT))
    parse(face, server, temperature=0, max_tokens=50)
    body = sent(server)
    system, *rest = body.pop("messages")
    assert rest == MESSAGES
    assert system["role"] == "system"
    schema = json.loads(system["content"].partition("Schema:\n")[2])
    assert schema["type"] == "object"
    assert schema["required"] == ["number", "lines"]
    assert list(schema["$defs"]) == ["Line"]
    json_mode = {"type": "json_object"}
    assert body == {"model": "m", "temperature": 0, "max_tokens": 50, "response_format": json_mode}


@pytest.mark.parametrize("role", ["system", "developer"])
@pytest.mark.parametrize("make", [dict, ChatMessage], ids=["dict", "model"])
def test_the_schema_joins_the_callers_own_instructions(face: Face, role: str, make: Any) -> None:
    first = make(role=role, content="Be exact.")
    server = Server(says(GOOD_TEXT))
    parse(face, server, messages=[first, *MESSAGES], schema_prompt="Form: {schema}")
    system, *rest = sent(server)["messages"]
    assert rest == MESSAGES
    assert system["role"] == role
    assert system["content"].startswith("Be exact.\n\nForm: {")
    # What the caller gave is not touched.
    assert first == make(role=role, content="Be exact.")


def test_instructions_in_parts_are_followed_by_the_schema(face: Face) -> None:
    parts = {"role": "system", "content": [{"type": "text", "text": "Be exact."}]}
    server = Server(says(GOOD_TEXT))
    parse(face, server, messages=[parts, *MESSAGES])
    messages = sent(server)["messages"]
    assert [message["role"] for message in messages] == ["system", "system", "user"]
    assert messages[0] == parts


def test_the_prompt_can_be_a_function_or_nothing_at_all(face: Face) -> None:
    server = Server(lambda _: says(GOOD_TEXT))
    parse(face, server, SCHEMA, schema_prompt=lambda schema: f"Keys: {schema['required']}")
    assert sent(server)["messages"][0]["content"] == "Keys: ['number', 'lines']"
    parse(face, server, schema_prompt=None)
    assert sent(server)["messages"] == MESSAGES


def test_another_supported_response_format_is_left_as_it_is(face: Face) -> None:
    server = Server(says(GOOD_TEXT))
    parse(face, server, response_format={"type": "text"})
    assert sent(server)["response_format"] == {"type": "text"}


def test_options_of_a_call_reach_every_attempt(face: Face) -> None:
    server = Server(says("no"), says(GOOD_TEXT))
    parse(face, server, max_attempts=2, extra_headers={"X-A": "b"}, extra_body={"more": 1})
    for number in (0, 1):
        assert server.requests[number].headers["x-a"] == "b"
        assert sent(server, number)["more"] == 1


# ---- Attempts


def test_a_further_attempt_shows_the_model_its_answer_and_the_fault(face: Face) -> None:
    server = Server(says(json.dumps(BAD)), says("not even JSON"), says(GOOD_TEXT))
    result = parse(face, server, max_attempts=5)
    assert result.attempts == 3
    assert result.parsed.number == "7"
    assert result.usage.to_dict() == {name: 3 * value for name, value in USAGE.items()}
    first, second, third = (sent(server, number)["messages"] for number in range(3))
    assert second[: len(first)] == first
    assert third[: len(second)] == second
    said, told = second[len(first) :]
    assert said == {"role": "assistant", "content": json.dumps(BAD)}
    assert told["role"] == "user"
    assert 'lines[1].price: expected float, got "2 EUR"' in told["content"]
    assert "no JSON object" in third[-1]["content"]


def test_when_no_attempt_is_left_the_last_fault_is_raised(face: Face) -> None:
    error = failure(face, says("no"), says(json.dumps(BAD)), max_attempts=2)
    assert (error.attempts, error.reason, error.text) == (2, "schema", json.dumps(BAD))
    assert error.usage.total_tokens == 2 * USAGE["total_tokens"]
    assert "2 attempts" in str(error)


@pytest.mark.parametrize(
    ("broken", "kind"),
    [
        (httpx.ConnectError("gone"), APIConnectionError),
        (lambda _: answer(status=500), InternalServerError),
    ],
)
def test_no_request_is_repeated_after_a_failure_that_is_not_of_the_answer(
    face: Face, broken: Any, kind: Any
) -> None:
    server = Server(broken)
    with pytest.raises(kind):
        parse(face, server, max_attempts=9)
    assert len(server.requests) == 1


# ---- Answers of no use

TOOL_CALL = {"id": "c", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}
USELESS: dict[str, tuple[dict[str, Any], str, str]] = {
    "chatter": (completion("I cannot say."), "not_json", "no JSON object"),
    "broken": (completion('{"number": 7,}'), "not_json", "malformed"),
    "half": (completion('{"number": "7"'), "not_json", "is incomplete: it ends"),
    "cut": (completion('{"number": "7", "li', finish="length"), "length", "max_tokens"),
    "cut before it started": (completion("", finish="length"), "length", "before it started"),
    "cut in a thought": (completion("<think>Let me", finish="length"), "length", "cut off"),
    "cut after a draft": (
        completion('{"number": "7", "lines": []} or', finish="length"),
        "length",
        "cut",
    ),
    "refused": (completion(None, refusal="No."), "refusal", "refused: No."),
    "filtered": (completion("", finish="content_filter"), "refusal", "content filter"),
    "empty": (completion(" \n"), "empty", "wrote nothing"),
    "only thought": (completion("<think>Hm.</think>"), "empty", "only reasoning"),
    "no content": (completion(None, reasoning="Hm."), "empty", "only reasoning"),
    "called": (completion(None, tool_calls=[TOOL_CALL]), "tool_calls", "look_up"),
    "called, with a word": (
        completion("Let me see.", tool_calls=[TOOL_CALL]),
        "tool_calls",
        "look_up",
    ),
    "no choice": ({**completion(""), "choices": []}, "empty", "choices"),
}


@for_each("case", USELESS)
def test_an_answer_of_no_use_is_an_error_that_says_why_and_keeps_it(face: Face, case: str) -> None:
    given, reason, words = USELESS[case]
    response = answer(json.dumps(given).encode())
    error = failure(face, response)
    assert error.reason == reason
    assert words in str(error)
    assert (error.path, error.expected, error.got) == ("", None, None)
    assert isinstance(error.completion, ChatCompletion)
    assert error.completion.to_dict()["choices"] == given["choices"] or "<think>" in str(given)
    contents = [choice.message.content for choice in error.completion.choices]
    assert error.text == ("".join(filter(None, contents)))


@pytest.mark.parametrize("case", ["refused", "called"])
def test_what_asking_again_cannot_mend_is_not_asked_again(face: Face, case: str) -> None:
    said = {"refusal": "No."} if case == "refused" else {"tool_calls": [TOOL_CALL]}
    assert failure(face, says(None, **said), max_attempts=3).attempts == 1


def test_a_cut_answer_is_asked_for_more_briefly(face: Face) -> None:
    server = Server(says('{"number": "7', finish="length"), says(GOOD_TEXT))
    assert parse(face, server, max_attempts=2).attempts == 2
    assert "more briefly" in sent(server)["messages"][-1]["content"]


def test_text_that_is_none_can_be_shown_to_the_model_again(face: Face) -> None:
    server = Server(says('{"number": "\ud83d", "lines": 3}'), says(GOOD_TEXT))
    assert parse(face, server, SCHEMA, max_attempts=2).attempts == 2
    assert sent(server)["messages"][-2]["content"] == '{"number": "?", "lines": 3}'


def test_a_whole_object_counts_though_the_rest_was_cut(face: Face) -> None:
    server = Server(says(GOOD_TEXT + "\n" * 50, finish="length"))
    assert parse(face, server).parsed.number == "7"


def test_the_error_survives_pickling_and_copying(face: Face) -> None:
    error = failure(face, says(json.dumps(BAD)))
    for copied in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error), copy.copy(error)):
        assert str(copied) == str(error)
        assert vars(copied) == vars(error)


def test_a_long_answer_is_shown_shortened(face: Face) -> None:
    error = failure(face, says(json.dumps({**GOOD, "number": ["x" * 10_000]})))
    assert len(str(error)) < 400
    assert len(error.text) > 10_000


# ---- Arguments that cannot be right


@for_each(
    ("arguments", "kind", "words"),
    [
        ({"response_model": complex}, TypeError, "response_model complex"),
        ({"response_model": "Invoice"}, TypeError, "expected a type or a JSON Schema"),
        ({"response_model": None}, TypeError, "expected a type or a JSON Schema"),
        ({"response_model": Invoice("1", [])}, TypeError, "response_model"),
        ({"response_model": {"type": "strnig"}}, ValueError, "type: 'strnig'"),
        (
            {"response_model": {"$ref": "https://x.test/a"}},
            ValueError,
            "cannot resolve",
        ),
        (
            {"response_model": {"$ref": "#/$defs/none"}},
            ValueError,
            "cannot resolve",
        ),
        ({"max_attempts": 0}, ValueError, "max_attempts"),
        ({"schema_prompt": "no place"}, ValueError, "{schema}"),
        ({"schema_prompt": lambda schema: schema}, TypeError, "must return a string"),
        ({"schema_prompt": 3}, TypeError, "schema_prompt must be"),
        ({"n": 2}, ValueError, "n must be 1"),
        ({"response_format": {"type": "json_schema"}}, ValueError, "not supported"),
        ({"messages": "hi"}, TypeError, "messages"),
    ],
)
def test_an_argument_that_cannot_be_right_is_refused_before_anything_is_sent(
    face: Face, arguments: dict[str, Any], kind: type[Exception], words: str
) -> None:
    server = Server()
    with pytest.raises(kind) as caught:
        parse(face, server, **arguments)
    assert words in str(caught.value)
    assert server.requests == []


def test_a_schema_without_its_package_is_an_error_that_names_the_extra(
    face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    server = Server()
    with pytest.raises(ConfigurationError, match=r"jsonschema.*pip install '\.\[schema\]'"):
        parse(face, server, {"type": "object", "title": "unseen"})
    assert server.requests == []
