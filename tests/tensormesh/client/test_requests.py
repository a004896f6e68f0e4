"""What each public method puts on the wire."""

from __future__ import annotations

import json
import re
from collections import UserDict
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest
from support.cases import for_each
from support.sdk_faces import API_KEY, ON_DEMAND, SERVERLESS, USER_ID, Face, Server, answer, host
from support.sdk_samples import (
    CHAT,
    CHAT_CREATE,
    GETS,
    MESSAGES,
    METHODS,
    POSTS,
    RESPONSE,
    RESPONSES_CREATE,
    Method,
    as_json,
    chunk,
    stream_of,
)

from tensormesh import types

BASES = {"serverless": SERVERLESS, "on_demand": ON_DEMAND}

each_method = for_each("method", METHODS, ids=lambda method: method.path)
each_post = for_each("method", POSTS, ids=lambda method: method.path)


@each_method
def test_each_method_sends_its_request_and_gives_its_type(
    face: Face, surface: str, method: Method
) -> None:
    server = Server(as_json(method.answer))
    client = face.client(server)

    result = face.run(method.of(host(client, surface))(**method.arguments))

    request = server.request
    assert request.method == method.verb
    assert str(request.url) == BASES[surface] + method.route
    assert request.headers["authorization"] == f"Bearer {API_KEY}"
    assert request.headers["accept"] == "application/json"
    assert re.fullmatch(r"tensormesh-python/\S+ python/3\.\d+", request.headers["user-agent"])
    if method.verb == "POST":
        assert request.headers["content-type"] == "application/json"
        assert json.loads(request.content) == method.arguments
    else:
        assert "content-type" not in request.headers
        assert request.content == b""
    assert type(result) is getattr(types, method.type)
    assert result.to_dict() == method.answer


@each_method
def test_user_id_is_sent_to_on_demand_and_to_no_other_host(
    face: Face, surface: str, method: Method
) -> None:
    server = Server(lambda _: as_json(method.answer))
    client = face.client(server)
    namespaces = host(client, surface)

    face.run(method.of(namespaces)(**method.arguments))
    face.run(method.of(namespaces, "with_raw_response")(**method.arguments))
    open_response = face.run(method.of(namespaces, "with_streaming_response")(**method.arguments))
    face.run(open_response.close())

    expected = [USER_ID] * 3 if surface == "on_demand" else [None] * 3
    assert [request.headers.get("x-user-id") for request in server.requests] == expected


@pytest.mark.parametrize("variant", [None, "with_raw_response", "with_streaming_response"])
def test_accept_says_whether_events_are_wanted(
    face: Face, surface: str, variant: str | None
) -> None:
    server = Server(as_json(CHAT), stream_of(chunk("x")))
    create = CHAT_CREATE.of(host(face.client(server), surface), variant)

    for stream in (False, True):
        result = face.run(create(**CHAT_CREATE.arguments, stream=stream))
        if hasattr(result, "close"):
            face.run(result.close())

    accepted = [request.headers["accept"] for request in server.requests]
    assert accepted == ["application/json", "text/event-stream"]
    assert [json.loads(r.content)["stream"] for r in server.requests] == [False, True]


@each_post
def test_arguments_that_are_none_are_left_out(face: Face, method: Method) -> None:
    server = Server(as_json(method.answer))
    create = method.of(host(face.client(server), "serverless"))
    params: Any = {
        "chat.completions.create": types.CreateChatCompletionParams,
        "completions.create": types.CreateCompletionParams,
        "responses.create": types.CreateResponseParams,
        "tokenize.create": types.CreateTokenizationParams,
    }.get(method.path)
    optional: frozenset[str] = params.__optional_keys__ if params else frozenset({"extra_body"})

    face.run(create(**method.arguments, **dict.fromkeys(optional - method.arguments.keys())))

    assert json.loads(server.request.content) == method.arguments


@each_method
def test_an_argument_that_does_not_exist_is_refused_by_name(face: Face, method: Method) -> None:
    server = Server()
    call = method.of(host(face.client(server), "serverless"))

    with pytest.raises(TypeError, match=rf"{method.name}\(\).*'tempratur'"):
        face.run(call(**method.arguments, tempratur=1))


@each_post
def test_an_argument_that_is_missing_is_named(face: Face, method: Method) -> None:
    client = face.client(Server())
    for name in method.arguments:
        rest = {key: value for key, value in method.arguments.items() if key != name}
        call = method.of(host(client, "serverless"))
        with pytest.raises(TypeError, match=rf"{method.name}\(\).*'{name}'"):
            face.run(call(**rest))
        with pytest.raises(TypeError, match=rf"^{name} is required"):
            face.run(call(**{**method.arguments, name: None}))


@each_method
def test_arguments_go_by_name_only(face: Face, method: Method) -> None:
    call = method.of(host(face.client(Server()), "serverless"))
    with pytest.raises(TypeError, match=rf"{method.name}\(\) takes 1 positional argument"):
        face.run(call("m"))


class Odd(Mapping[str, Any]):
    """A mapping that is no dict."""

    def __getitem__(self, key: str) -> Any:
        return {"role": "user", "content": "odd"}[key]

    def __iter__(self) -> Any:
        return iter(("role", "content"))

    def __len__(self) -> int:
        return 2


def test_messages_may_be_models_and_mappings_of_any_kind_mixed(face: Face) -> None:
    server = Server(as_json(CHAT))
    client = face.client(server)
    answered = types.ChatCompletion.from_dict(CHAT).choices[0].message
    call = types.ChatCompletionToolCall(
        id="call_1",
        function=types.ChatCompletionFunctionCall(name="f", arguments="{}"),
    )
    messages = (
        types.ChatMessage(role="system", content="Be brief."),
        {"role": "user", "content": "a dict"},
        UserDict(role="user", content="a UserDict"),
        MappingProxyType({"role": "user", "content": "a proxy"}),
        Odd(),
        # An answer can be sent back as it came.
        answered,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        types.ChatMessage(role="tool", tool_call_id="call_1", content="done"),
        {"role": "user", "content": [types.TextContentPart(text="part"), {"type": "odd"}]},
    )

    face.run(client.inference.serverless.chat.completions.create(model="m", messages=messages))

    sent = json.loads(server.request.content)["messages"]
    assert sent == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "a dict"},
        {"role": "user", "content": "a UserDict"},
        {"role": "user", "content": "a proxy"},
        {"role": "user", "content": "odd"},
        {"role": "assistant", "content": "Hello."},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": "call_1",
                    "type": "function",
                    "function": {"name": "f", "arguments": "{}"},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "done"},
        {"role": "user", "content": [{"type": "text", "text": "part"}, {"type": "odd"}]},
    ]


def test_messages_may_come_from_a_generator(face: Face) -> None:
    server = Server(as_json(CHAT))
    create = CHAT_CREATE.of(host(face.client(server), "serverless"))
    face.run(create(model="m", messages=(message for message in MESSAGES)))
    assert json.loads(server.request.content)["messages"] == MESSAGES


def test_tools_and_tool_choice_may_be_models_and_dicts_mixed(face: Face) -> None:
    server = Server(as_json(CHAT))
    client = face.client(server)
    parameters = {"type": "object", "properties": {"city": {"type": "string"}}}
    tool = types.ChatCompletionTool(
        function=types.ChatCompletionFunction(name="f", description="F", parameters=parameters)
    )

    face.run(
        client.inference.serverless.chat.completions.create(
            model="m",
            messages=MESSAGES,
            tools=[tool, {"type": "function", "function": {"name": "g"}}],
            tool_choice=types.NamedToolChoice(function=types.NamedToolChoiceFunction(name="g")),
        )
    )

    sent = json.loads(server.request.content)
    assert sent["tools"] == [
        {
            "type": "function",
            "function": {"name": "f", "description": "F", "parameters": parameters},
        },
        {"type": "function", "function": {"name": "g"}},
    ]
    assert sent["tool_choice"] == {"type": "function", "function": {"name": "g"}}


def test_input_of_responses_may_be_text_or_items(face: Face) -> None:
    server = Server(lambda _: as_json(RESPONSE))
    create = RESPONSES_CREATE.of(host(face.client(server), "serverless"))
    output = types.Response.from_dict(RESPONSE).output[0]

    face.run(create(model="m", input="text"))
    face.run(create(model="m", input=[{"role": "user", "content": "Hi"}, output]))

    sent = [json.loads(request.content)["input"] for request in server.requests]
    assert sent == ["text", [{"role": "user", "content": "Hi"}, RESPONSE["output"][0]]]


class Unsendable:
    """Nothing that JSON has."""


LOOP: dict[str, Any] = {"role": "user"}
LOOP["content"] = [LOOP]

# arguments of chat.completions.create: (what is wrong, the error, what it says)
WRONG: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "messages is a text": ({"messages": "hi"}, TypeError, "^messages must be a list"),
    "messages is one message": (
        {"messages": MESSAGES[0]},
        TypeError,
        "^messages must be a list of objects, got dict",
    ),
    "messages is one model": (
        {"messages": types.ChatMessage(role="user", content="x")},
        TypeError,
        "^messages must be a list of objects, got ChatMessage",
    ),
    "messages is a number": ({"messages": 1}, TypeError, "^messages must be a list"),
    "a message is a number": ({"messages": [1]}, TypeError, r"^messages\[0\] must be a model"),
    "a message is a text": (
        {"messages": [*MESSAGES, "hi"]},
        TypeError,
        r"^messages\[1\] must be a model or a mapping, got str",
    ),
    "a tool is a text": ({"tools": ["f"]}, TypeError, r"^tools\[0\] must be a model"),
    "stream_options is a text": (
        {"stream_options": "all"},
        TypeError,
        "^stream_options must be a model or a mapping, got str",
    ),
    "temperature is not a number": (
        {"temperature": float("nan")},
        ValueError,
        "^temperature: float nan",
    ),
    "top_p is infinite": ({"top_p": float("inf")}, ValueError, "^top_p: float inf"),
    "a content is an object": (
        {"messages": [{"role": "user", "content": Unsendable()}]},
        TypeError,
        r"^messages\[0\]\.content: object of type Unsendable",
    ),
    "a content is bytes": (
        {"messages": [{"role": "user", "content": b"x"}]},
        TypeError,
        r"^messages\[0\]\.content: object of type bytes",
    ),
    "a content holds a lone surrogate": (
        {"messages": [{"role": "user", "content": "a\ud800"}]},
        ValueError,
        r"^messages\[0\]\.content: lone surrogate U\+D800 at index 1",
    ),
    "a model holds a lone surrogate": (
        {"messages": [types.ChatMessage(role="user", content="\udfff")]},
        ValueError,
        r"^messages\[0\]\.content: lone surrogate U\+DFFF",
    ),
    "a schema holds a set": (
        {"tools": [{"type": "function", "function": {"parameters": {"required": {"a"}}}}]},
        TypeError,
        r"^tools\[0\]\.function\.parameters\.required: object of type set",
    ),
    "a message holds itself": ({"messages": [LOOP]}, ValueError, r"^messages\[0\]\.content\[0\]"),
    "a key is a tuple": (
        {"logit_bias": {(1, 2): 1.0}},
        TypeError,
        "^logit_bias: a key of type tuple",
    ),
    "an extra field cannot be sent": (
        {"extra_body": {"x": [Unsendable()]}},
        TypeError,
        r"^x\[0\]: object of type Unsendable",
    ),
}


@for_each("stream", [False, True])
@for_each("wrong", WRONG)
def test_what_cannot_be_sent_is_refused_with_its_place_and_nothing_is_sent(
    face: Face, wrong: str, stream: bool
) -> None:
    arguments, error, message = WRONG[wrong]
    server = Server()
    create = CHAT_CREATE.of(host(face.client(server), "serverless"))

    with pytest.raises(error, match=message):
        face.run(create(**{"model": "m", "messages": MESSAGES, **arguments}, stream=stream))

    assert server.requests == []


def test_text_of_any_script_goes_as_utf_8(face: Face) -> None:
    server = Server(as_json(CHAT))
    create = CHAT_CREATE.of(host(face.client(server), "serverless"))
    text = 'd\xe9j\xe0 \u65e5\u672c \U0001f30d \u2028 \0 \\ "'

    face.run(create(model="m", messages=[{"role": "user", "content": text}]))

    assert json.loads(server.request.content)["messages"][0]["content"] == text
    assert "\U0001f30d".encode() in server.request.content


@pytest.mark.parametrize("method", GETS, ids=lambda method: method.path)
def test_serverless_gets_need_no_key(face: Face, method: Method) -> None:
    server = Server(as_json(method.answer))
    client = face.bare_client(server)

    result = face.run(method.of(client.inference.serverless)())

    assert server.request.url.host == "serverless.tensormesh.ai"
    assert "authorization" not in server.request.headers
    assert result.to_dict() == method.answer


@pytest.mark.parametrize("content", [b"", b" \r\n"])
def test_an_empty_answer_of_health_means_ok(face: Face, surface: str, content: bytes) -> None:
    server = Server(lambda _: answer(content, content_type=None))
    health = host(face.client(server), surface).health

    assert face.run(health.get()).status == "ok"
    assert face.run(health.with_raw_response.get()).parse().status == "ok"
