"""The built-in model follows a schema that the prompt shows, and takes values behind labels."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from support.cases import for_each

from tensormesh_local.builtin.answers import plan_chat
from tensormesh_local.builtin.constraint import prompted_schema
from tensormesh_local.builtin.hints import Hints
from tensormesh_local.generation import ChatTask, Constraint

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
ASKED = {"role": "user", "content": "City: Hanoi."}


def system(text: str) -> dict[str, Any]:
    return {"role": "system", "content": text}


def answer(*messages: dict[str, Any], kind: Any = "json_object") -> Any:
    task = ChatTask(messages=[*messages, ASKED], constraint=Constraint(kind))
    (segment,) = plan_chat(task, Random(0)).segments
    return json.loads("".join(segment.chunks))


@pytest.mark.parametrize(
    "text",
    [
        f"Follow this JSON Schema:\n{json.dumps(SCHEMA)}",
        f"The schema is {json.dumps(SCHEMA)} and nothing else.",
        f"SCHEMA\n\n{json.dumps(SCHEMA, indent=2)}",
        f'schema {{"type": "null"}}, no: schema: {json.dumps(SCHEMA)}',
    ],
)
def test_the_last_schema_of_a_prompt_is_found(text: str) -> None:
    assert prompted_schema([system(text), ASKED]) == SCHEMA
    parts = [{"type": "text", "text": text}]
    assert prompted_schema([{"role": "user", "content": parts}]) == SCHEMA


@for_each(
    "message",
    [
        system("No such thing."),
        system('{"type": "object"}'),
        system("A schema of {braces}"),
        {"role": "assistant", "content": f"schema: {json.dumps(SCHEMA)}"},
        {"role": "assistant", "content": None},
    ],
)
def test_what_is_no_schema_of_the_prompt_is_none(message: dict[str, Any]) -> None:
    assert prompted_schema([message]) is None


def test_json_mode_follows_the_schema() -> None:
    assert answer(system(f"JSON Schema: {json.dumps(SCHEMA)}")) == {"city": "Hanoi"}


def test_a_schema_that_nothing_fits_leaves_any_object() -> None:
    found = answer(system('schema: {"type": "object", "required": ["a"], "maxProperties": 0}'))
    assert isinstance(found, dict)


@for_each(
    ("name", "value"),
    [
        ("total", "37.50 EUR"),
        ("unit_price", "12.5"),
        ("unitPrice", "12.5"),
        ("seller", "Blue Heron, Ltd".partition(",")[0]),
        ("buyer", None),
        ("price", "12.5"),
        ("", None),
        ("a.b(", None),
    ],
)
def test_a_value_behind_a_label_is_that_of_its_name(name: str, value: str | None) -> None:
    text = "Total: 37.50 EUR.\nUnit price: 12.5\nSeller: Blue Heron, Ltd\nBuyer :"
    assert Hints.from_text(text).labelled(name) == value
