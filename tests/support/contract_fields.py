"""Counts, field by field, how answers compare with the schema that the specs give them.

A field is named by its path from the body: `choices[].message.content`, and `.*` for the values of
a map. Problems tell types and rules, never the values that a host sent.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from support.inference_specs import Json

BODY = "(body)"
PROVENANCES = DOCUMENTED, OBSERVED, INFERRED = ("documented", "observed", "inferred")
TYPES = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}
FIELD_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]{0,39}")
MOST_DIGITS = 3
# In the place of names that are none of a field, but such as ids, addresses and texts.
OTHER_NAMES = "(other names)"
# Deeper than any answer; definitions that hold themselves end here.
DEEPEST = 14
# They are told of the field that is absent or too much, not of the object around it.
TOLD_ELSEWHERE = ("required", "additionalProperties", "unevaluatedProperties")
CHOICES = ("anyOf", "oneOf")


@dataclass
class FieldCount:
    """How one field of the answers of an operation fared.

    Attributes:
        provenance: How its definition is known; `unexpected` fields have None.
        required: Whether an answer must have it.
        seen: How often it came.
        matched: How often it came as its schema says, what is inside it left aside.
        missing: How often it was absent though required.
        unexpected: How often it came though no schema has it.
        problems: What was wrong, and how often.
    """

    provenance: str | None = None
    required: bool = False
    seen: int = 0
    matched: int = 0
    missing: int = 0
    unexpected: int = 0
    problems: Counter[str] = field(default_factory=Counter)

    @property
    def state(self) -> str:
        """The worst that is to be said of it, in one word."""
        if self.unexpected:
            return "unexpected"
        if self.seen > self.matched:
            return "mismatched"
        if self.missing:
            return "missing"
        return "matched" if self.seen else "unseen"


class Fields:
    """The fields of the answers that one schema describes.

    Args:
        document: The specification, all it refers to inside it.
        schema: The schema of a body.
        provenance: How the operation is known; its fields are known no better.
    """

    def __init__(self, document: Json, schema: Json, provenance: str) -> None:
        self._document = document
        self._components = document["components"]
        self._schema = schema
        self._provenance = provenance
        self._validators: dict[int, Draft202012Validator] = {}
        self.counts: dict[str, FieldCount] = {}
        self._declare(schema, "", provenance, ())

    def observe(self, body: Json) -> None:
        """Count one answer's body."""
        self._judge(self._schema, body, BODY, self._row(BODY, self._provenance))
        self._walk(self._schema, body, "", self._provenance)

    def refuse(self, problem: str) -> None:
        """Count an answer whose body cannot be read at all."""
        row = self._row(BODY, self._provenance)
        row.seen += 1
        row.problems[problem] += 1

    def _declare(self, schema: Json, path: str, provenance: str, within: tuple[str, ...]) -> None:
        """Make a row for each field that the schema has, down to where it holds itself."""
        if len(within) > DEEPEST:
            return
        for part, name in _flatten(self._document, schema):
            if name and name in within:
                continue
            inside = (*within, name) if name else within
            required = part.get("required", ())
            for key, value in part.get("properties", {}).items():
                known = self._known(value, provenance)
                row = self._row(_join(path, key), known)
                row.required = row.required or key in required
                self._declare(value, _join(path, key), known, inside)
            for mark, value in _items(part):
                self._declare(value, path + mark, provenance, inside)

    def _walk(self, schema: Json, value: Json, path: str, provenance: str) -> None:
        if isinstance(value, list):
            for part in self._chosen(schema, value):
                for mark, inside in _items(part):
                    if mark == "[]":
                        for item in value:
                            self._walk(inside, item, path + mark, provenance)
        elif isinstance(value, dict):
            self._walk_object(self._chosen(schema, value), value, path, provenance)

    def _walk_object(self, parts: list[Json], value: Json, path: str, provenance: str) -> None:
        properties: dict[str, Json] = {}
        for part in parts:
            properties |= part.get("properties", {})
        required = {name for part in parts for name in part.get("required", ())}
        for key, schema in properties.items():
            known = self._known(schema, provenance)
            row = self._row(_join(path, key), known)
            if key in value:
                self._judge(schema, value[key], _join(path, key), row)
                self._walk(schema, value[key], _join(path, key), known)
            elif key in required:
                row.required = True
                row.missing += 1
        others = [key for key in value if key not in properties]
        maps = [inside for part in parts for mark, inside in _items(part) if mark == ".*"]
        for key in others:
            if maps:
                row = self._row(f"{path}.*", provenance)
                self._judge(maps[0], value[key], f"{path}.*", row)
                self._walk(maps[0], value[key], f"{path}.*", provenance)
            elif properties:
                # Where nothing at all is declared, anything is welcome.
                name = key if is_field_name(key) else OTHER_NAMES
                row = self._row(_join(path, name), None)
                row.unexpected += 1
                row.problems[f"not in the specs: {TYPES[type(value[key])]}"] += 1

    def _judge(self, schema: Json, value: Json, path: str, row: FieldCount) -> None:
        """Whether a value is what its schema says, what is inside it left aside."""
        row.seen += 1
        found = [text for error in self._errors(schema, value) for text in _own(error)]
        row.problems.update(dict.fromkeys(found, 1))
        row.matched += not found

    def _chosen(self, schema: Json, value: Json) -> list[Json]:
        """The parts of a schema that describe a value: of alternatives, the one nearest to it."""
        found = []
        for part in _resolved(self._document, schema):
            for alternatives in (part[name] for name in CHOICES if name in part):
                nearest = min(alternatives, key=lambda each: self._distance(each, value))
                found += self._chosen(nearest, value)
            found.append(part)
        return found

    def _distance(self, schema: Json, value: Json) -> tuple[int, bool]:
        errors = list(self._errors(schema, value))
        is_vague = not any(part.get("properties") for part, _ in _flatten(self._document, schema))
        far = sum(100 if not error.path else 1 for error in errors)
        return far, is_vague

    def _errors(self, schema: Json, value: Json) -> Iterator[ValidationError]:
        if id(schema) not in self._validators:
            whole = {**schema, "components": self._components}
            self._validators[id(schema)] = Draft202012Validator(
                whole, format_checker=FormatChecker()
            )
        yield from self._validators[id(schema)].iter_errors(value)

    def _row(self, path: str, provenance: str | None) -> FieldCount:
        return self.counts.setdefault(path, FieldCount(provenance))

    def _known(self, schema: Json, provenance: str) -> str:
        """How a field is known: by its own mark, and no better than what it is in."""
        marks: list[str] = [provenance, schema.get("x-tm-provenance", DOCUMENTED)]
        return max(marks, key=PROVENANCES.index)


def is_field_name(text: str) -> bool:
    """Whether a name is one that a programmer would give a field, and tells of nobody."""
    return bool(FIELD_NAME.fullmatch(text)) and sum(map(str.isdigit, text)) <= MOST_DIGITS


def _resolved(document: Json, schema: Json) -> list[Json]:
    """A schema without references, and the schemas that it adds to itself."""
    found = [schema]
    if "$ref" in schema:
        found += _resolved(document, _lookup(document, schema["$ref"]))
    for each in schema.get("allOf", ()):
        found += _resolved(document, each)
    return found


def _flatten(document: Json, schema: Json, name: str = "") -> Iterator[tuple[Json, str]]:
    """All parts of a schema, alternatives included, each with the reference that led to it."""
    yield schema, name
    if "$ref" in schema:
        reference = schema["$ref"]
        yield from _flatten(document, _lookup(document, reference), reference)
    for keyword in ("allOf", *CHOICES):
        for each in schema.get(keyword, ()):
            yield from _flatten(document, each, name)


def _lookup(document: Json, reference: str) -> Json:
    found = document
    for key in reference.removeprefix("#/").split("/"):
        found = found[key]
    return found


def _items(part: Json) -> Iterator[tuple[str, Json]]:
    """What is inside an array or a map, by the mark of its path."""
    if isinstance(part.get("items"), dict):
        yield "[]", part["items"]
    if isinstance(part.get("additionalProperties"), dict) and part["additionalProperties"]:
        yield ".*", part["additionalProperties"]


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _own(error: ValidationError) -> Iterator[str]:
    """What is wrong with a value itself, in words that do not tell it."""
    if error.path or error.validator in TOLD_ELSEWHERE:
        return
    keyword = str(error.validator)
    if keyword in CHOICES and not error.context:
        yield "fits several of the alternatives"
    elif keyword in CHOICES:
        ways: dict[Any, list[str]] = {}
        for each in error.context:
            ways.setdefault(each.schema_path[0], []).extend(_own(each))
        if all(ways.values()):
            yield " or ".join(sorted({text for texts in ways.values() for text in texts}))
    elif keyword == "type":
        wanted: Any = error.validator_value
        names = wanted if isinstance(wanted, str) else "/".join(wanted)
        yield f"{names} expected, {TYPES[type(error.instance)]} came"
    elif keyword in ("enum", "const"):
        yield f"none of the {keyword} values"
    else:
        yield f"breaks {keyword}: {error.validator_value}"
