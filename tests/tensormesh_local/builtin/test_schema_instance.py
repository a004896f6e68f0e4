"""Instances of JSON Schemas: always valid, never fetched, never endless."""

from __future__ import annotations

import re
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from support.cases import for_each

from tensormesh_local.builtin.hints import Hints
from tensormesh_local.builtin.regex_sample import UnsupportedPatternError, sample
from tensormesh_local.builtin.schema_instance import UnsupportedSchemaError, build_instance

TREE = {
    "$ref": "#/$defs/node",
    "$defs": {
        "node": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
            },
            "required": ["name", "children"],
        }
    },
}

SCHEMAS: dict[str, dict[str, Any]] = {
    "anything": {},
    "object": {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]},
    "closed": {"type": "object", "properties": {"a": {}}, "additionalProperties": False},
    "more properties": {"type": "object", "minProperties": 3},
    "dependent": {
        "properties": {"a": {"type": "null"}, "b": {"type": "boolean"}},
        "required": ["a"],
        "dependentRequired": {"a": ["b"]},
    },
    "pattern properties": {
        "type": "object",
        "required": ["n_1"],
        "patternProperties": {"^n_": {"type": "integer", "minimum": 7}},
    },
    "enum": {"enum": ["a", 1, None]},
    "const": {"const": {"x": [1]}},
    "nullable": {"type": ["null", "string"], "minLength": 2},
    "any of": {"anyOf": [{"type": "null"}, {"type": "integer", "minimum": 5}]},
    "one of": {"oneOf": [{"type": "number"}, {"type": "integer"}, {"type": "string"}]},
    "all of": {
        "allOf": [
            {"properties": {"a": {"type": "integer", "minimum": 1}}, "required": ["a"]},
            {"properties": {"a": {"maximum": 2}, "b": {"type": "string"}}, "required": ["b"]},
        ]
    },
    "bounds": {"type": "integer", "exclusiveMinimum": 10, "maximum": 11},
    "fraction": {"type": "number", "minimum": 0.25, "maximum": 0.5},
    "negative": {"type": "integer", "maximum": -100},
    "multiple": {"type": "integer", "multipleOf": 7, "minimum": 20, "maximum": 30},
    "string bounds": {"type": "string", "minLength": 30, "maxLength": 31},
    "short": {"type": "string", "maxLength": 2},
    "pattern": {"type": "string", "pattern": "^[A-Z]{3}-\\d{2,4}$"},
    "format": {"type": "string", "format": "uuid"},
    "array bounds": {"type": "array", "items": {"type": "string"}, "minItems": 3, "maxItems": 3},
    "unique": {"type": "array", "items": {"enum": ["x", "y"]}, "minItems": 2, "uniqueItems": True},
    "tuple": {"prefixItems": [{"type": "integer"}, {"const": 2}], "items": False, "minItems": 2},
    "contains": {"type": "array", "contains": {"const": 5}},
    "whole numbers as floats": {
        "type": "array",
        "items": {"type": "string", "minLength": 3.0, "maxLength": 4.0},
        "minItems": 2.0,
        "maxItems": 2.0,
    },
    "empty array": {"type": "array", "maxItems": 0},
    "recursive": TREE,
}


@pytest.mark.slow
@for_each("schema", SCHEMAS.values(), ids=SCHEMAS)
@settings(deadline=None)
@given(seed=st.integers(0, 50))
def test_an_instance_is_valid(schema: dict[str, Any], seed: int) -> None:
    hints = Hints.from_text("The weather in Paris and Rome at 12 degrees, 3.5 or -7.")
    instance = build_instance(schema, Random(seed), hints)
    Draft202012Validator(schema).validate(instance)


def test_equal_seeds_build_equal_instances() -> None:
    schema = {"type": "array", "items": {"enum": list(range(100))}, "minItems": 5}
    built = [build_instance(schema, Random(seed), Hints()) for seed in (1, 1, 2)]
    assert built[0] == built[1] != built[2]


def test_strings_and_numbers_come_from_the_message() -> None:
    schema = {
        "type": "object",
        "properties": {
            "from": {"type": "string"},
            "to": {"type": "string"},
            "seats": {"type": "integer"},
            "class": {"enum": ["first", "second"]},
            "query": {"type": "string"},
        },
    }
    text = "Book 3 seats from Basel to Milan in second class"
    assert build_instance(schema, Random(0), Hints.from_text(text)) == {
        "from": "Basel",
        "to": "Milan",
        "seats": 3,
        "class": "second",
        "query": text,
    }


@for_each(
    "schema",
    [
        {"type": "nonsense"},
        {"$ref": "https://example.com/schema.json"},
        {"$ref": "#/$defs/missing"},
        {"$ref": "#"},
        {"type": "string", "minLength": 10**9},
        {"type": "array", "minItems": 10**9},
        {"type": "integer", "minimum": 2, "maximum": 1},
        {"type": "string", "pattern": "(?=a)b"},
        {"properties": {"a": False}, "required": ["a"]},
        {"properties": {"a": {"$ref": "#"}}, "required": ["a"]},
    ],
    ids=str,
)
def test_a_schema_that_cannot_be_met_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedSchemaError):
        build_instance(schema, Random(0), Hints())


@for_each(
    "pattern",
    [
        "abc",
        "[a-c]{3}",
        "[^a-z]+",
        "(yes|no)?",
        r"\d{3}-\d{4}",
        r"\w+@\w+\.com",
        r"(?:a|b)(?P<n>\d)x*?",
        r"[\w.-]+",
        r"[]a]",
        r"\u0041\x42\.",
        r"\S\D\W",
        "^a$|^b$",
        "a{2",
        "(?i)a",
        "(a(b){2}){2}",
        "",
    ],
)
@given(seed=st.integers(0, 20))
def test_a_sample_matches_its_pattern(pattern: str, seed: int) -> None:
    assert re.fullmatch(pattern, sample(pattern, Random(seed)))


@for_each("pattern", ["(?=a)", "(?<!a)b", r"(a)\1", r"\bword", "*", "(", "[a", "a*+", "(?>a)"])
def test_a_pattern_beyond_the_plain_syntax_is_refused(pattern: str) -> None:
    with pytest.raises(UnsupportedPatternError):
        sample(pattern, Random(0))
