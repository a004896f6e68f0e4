"""Every method of the Control Plane sends and reads what the spec's examples show."""

from __future__ import annotations

import json
from importlib import import_module
from inspect import signature
from typing import Any
from urllib.parse import parse_qsl, unquote

from support.cases import for_each
from support.control_plane_examples import (
    Example,
    answer_examples,
    public_method,
    request_examples,
    unwrapped,
)
from support.control_plane_spec import OPERATIONS
from support.sdk_faces import Face, Server
from support.sdk_samples import as_json

TOKEN = "cp-canary-0123456789"
HOST = "https://control-plane.test"
PREFIX = "/behind/a/prefix"
EXAMPLES = [example for name in OPERATIONS for example in request_examples(name)]
ANSWERS = [(name, answer) for name in OPERATIONS for answer in answer_examples(name)]


def connect(colour: Face, server: Server) -> Any:
    return colour.client(
        server, control_plane_token=TOKEN, control_plane_base_url=f"{HOST}{PREFIX}"
    )


def exact(value: Any) -> str:
    """JSON text that tells 1 from 1.0 and from true."""
    return json.dumps(value, sort_keys=True)


@for_each("example", EXAMPLES, ids=str)
def test_a_call_with_the_values_of_an_example_sends_that_example(
    colour: Face, example: Example
) -> None:
    answer = next(iter(answer_examples(example.operation_id).values()))
    server = Server(as_json(answer))
    call = public_method(connect(colour, server), example.operation_id)
    colour.run(call(**example.arguments))

    sent = server.request
    path, _, query = sent.url.raw_path.decode().partition("?")
    assert (sent.method, f"{sent.url.scheme}://{sent.url.host}") == (example.method, HOST)
    # Quoting more or less than needed is the same to a server; a quoted slash is not.
    assert [*map(unquote, path.split("/"))] == [
        *map(unquote, f"{PREFIX}{example.url_path}".split("/"))
    ]
    assert parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)) == (
        example.query_pairs
    )
    if example.body is None:
        assert sent.content == b""
        assert "content-type" not in sent.headers
    else:
        assert sent.headers["content-type"] == "application/json"
        assert exact(json.loads(sent.content)) == exact(example.body)
    expected = f"Bearer {TOKEN}" if example.needs_token else None
    assert sent.headers.get("authorization") == expected


@for_each("operation_id", OPERATIONS)
def test_arguments_that_are_none_are_left_out(colour: Face, operation_id: str) -> None:
    answer = next(iter(answer_examples(operation_id).values()))
    server = Server(lambda _: as_json(answer))
    call = public_method(connect(colour, server), operation_id)
    given = request_examples(operation_id)[-1].arguments
    module = import_module(f"tensormesh_api.control_plane.requests.{operation_id}")
    build = getattr(module, OPERATIONS[operation_id][2]["x-tm-method"])
    optional = {name for name, each in signature(build).parameters.items() if each.default is None}
    colour.run(call(**given))
    colour.run(call(**{**dict.fromkeys(optional), **given}))

    plain, with_none = server.requests
    assert (with_none.url, with_none.content) == (plain.url, plain.content)


@for_each(("operation_id", "name"), ANSWERS)
def test_a_result_holds_all_of_the_example_that_was_answered(
    colour: Face, operation_id: str, name: str
) -> None:
    answer = answer_examples(operation_id)[name]
    call = public_method(connect(colour, Server(as_json(answer))), operation_id)
    result = colour.run(call(**request_examples(operation_id)[-1].arguments))

    expected = unwrapped(operation_id, answer)
    if expected is None:
        assert result is None
    else:
        assert exact(result.to_dict()) == exact(expected)
