"""What is wrong with an answer is told in words: where, what was expected, what came."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any

import msgspec
import pytest
from support.cases import for_each
from support.sdk_faces import Face
from support.structured_cases import failure, says


@pytest.fixture
def face(colour: Face) -> Face:
    """How requests go out makes no difference here."""
    return colour


@for_each(
    ("schema", "data", "path", "expected"),
    [
        ({"additionalProperties": False}, {"a b": 1}, '["a b"]', "no such property"),
        (
            {"patternProperties": {"^x": {}}, "additionalProperties": False},
            {"x1": 1, "y": 2},
            "y",
            "no such property",
        ),
        ({"minProperties": 1}, {}, "", "minProperties 1"),
        ({"properties": {"a": {"enum": [*range(20)]}}}, {"a": 20}, "a", "one of 0, 1, 2, "),
        ({"properties": {"a": {"const": 1}}}, {"a": 2}, "a", "1"),
        ({"properties": {"a": {"minimum": 2}}}, {"a": 1}, "a", "a number of at least 2"),
        ({"properties": {"a": {"type": ["string", "null"]}}}, {"a": 1}, "a", "a string or null"),
        ({"properties": {"a": {"not": {}}}}, {"a": 1}, "a", "not {}"),
        ({"properties": {"a": {"$ref": "#"}}}, {"a": {"a": 3}}, "a.a", "an object"),
        (
            {
                "$defs": {"b": {"anyOf": [{"type": "integer"}, {"type": "null"}]}},
                "properties": {"a": {"$ref": "#/$defs/b"}},
            },
            {"a": "x"},
            "a",
            "an integer or null",
        ),
        ({"required": ["a"], "properties": {"a": {"pattern": "^x"}}}, {}, "a", "matches"),
    ],
)
def test_faults_of_a_bare_schema_are_told_in_words(
    face: Face, schema: dict[str, Any], data: Any, path: str, expected: str
) -> None:
    error = failure(face, says(json.dumps(data)), model={"type": "object", **schema})
    assert error.path == path
    assert expected in error.expected
    assert len(error.expected) < 100


class Kind(Enum):
    PEN = "pen"
    INK = "ink"


class Pen(msgspec.Struct, tag="pen", forbid_unknown_fields=True):
    length: Annotated[int, msgspec.Meta(ge=1)]


class Ink(msgspec.Struct, tag="ink"):
    colours: dict[int, Kind]


@dataclass
class Positive:
    number: int

    def __post_init__(self) -> None:
        if self.number < 1:
            raise ValueError("number must be above 0")


@for_each(
    ("model", "data", "path", "expected"),
    [
        (list[Pen | Ink], [{"type": "cup"}], "value[0].type", 'one of "pen", "ink"'),
        (list[Pen | Ink], [{}], "value[0].type", 'one of "pen", "ink"'),
        (Pen, {"type": "pen", "length": 0}, "length", "int >= 1"),
        (Pen, {"type": "pen", "length": 1, "width": 2}, "width", "no such field"),
        (Ink, {"type": "ink", "colours": {"1": "pen", "2": "cup"}}, 'colours["2"]', "one of"),
        (
            Ink,
            {"type": "ink", "colours": {"1": "pen", "x": "pen"}},
            "colours.x",
            "a key that is a valid int",
        ),
        (list[Positive], [{"number": 1}, {"number": 0}], "value[1]", "number must be above 0"),
        (tuple[int, int], [1], "value", "array of length 2"),
    ],
)
def test_faults_of_a_type_are_told_in_words(
    face: Face, model: Any, data: Any, path: str, expected: str
) -> None:
    text = json.dumps({"value": data} if path.startswith("value") else data)
    error = failure(face, says(text), model=model)
    assert error.path == path
    assert expected in error.expected
