"""The local host takes every request that the Control Plane's spec shows, and answers likewise."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from support.control_plane_example_account import ExampleAccount
from support.control_plane_examples import (
    EXAMPLES_TIME,
    Example,
    answer_examples,
    request_examples,
)
from support.control_plane_spec import (
    OPERATIONS,
    Json,
    good_answer,
    problems,
    resolve,
    validator,
)

from tensormesh_local import LocalHost
from tensormesh_local.clock import ManualClock

EXAMPLES = [
    example for name in OPERATIONS for example in request_examples(name) if example.is_whole
]


@pytest.fixture
def account() -> Iterator[ExampleAccount]:
    """A host of its own for each example."""
    clock = ManualClock(EXAMPLES_TIME)
    with LocalHost(clock=clock, seed=1) as host:
        base_url = f"{host.control_plane_base_url}/"
        with httpx.Client(base_url=base_url, trust_env=False) as http:
            yield ExampleAccount(http, clock, host.control_plane_token)


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_an_example_is_accepted_and_answered_in_the_form_of_the_examples(
    account: ExampleAccount, example: Example
) -> None:
    account.prepare(example)
    response = account.send(example)
    assert response.status_code == 200, response.text
    answer = response.json()
    schema = good_answer(OPERATIONS[example.operation_id][2])
    assert problems(validator(schema), answer) == []
    if example.is_first:
        for shown in answer_examples(example.operation_id).values():
            assert list(missing(schema, shown, answer, "answer")) == []


def missing(schema: Json, shown: Json, answered: Json, where: str) -> Iterator[str]:
    """Fields of an example that an answer has not; in lists, those that all items of it have."""
    schema = resolve(schema)
    # Null is the other choice where there is one.
    schema = resolve(schema.get("anyOf", [schema])[0])
    if isinstance(shown, dict):
        for name in shown.keys() & schema.get("properties", {}).keys():
            if name in answered:
                part = schema["properties"][name]
                yield from missing(part, shown[name], answered[name], f"{where}.{name}")
            else:
                yield f"{where}.{name}"
    elif isinstance(shown, list) and shown:
        if not answered and "[]" not in where:
            yield f"{where}[0]"
        if isinstance(shown[0], dict):
            common = {name: shown[0][name] for name in set.intersection(*map(set, shown))}
            for item in answered:
                yield from missing(schema["items"], common, item, f"{where}[]")
