"""Build JSON values that match a JSON Schema."""

from __future__ import annotations

import math
import re
from random import Random
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from tensormesh_local.builtin.hints import Hints
from tensormesh_local.builtin.regex_sample import UnsupportedPatternError, sample
from tensormesh_local.builtin.schema_tools import is_null, merge, numeric_bounds, type_of

_FORMATS: Final = {
    "date": "2026-01-15",
    "time": "09:30:00Z",
    "date-time": "2026-01-15T09:30:00Z",
    "duration": "PT1H",
    "uuid": "123e4567-e89b-42d3-a456-426614174000",
    "email": "someone@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "url": "https://example.com/",
}
_WHOLE_TEXT_NAMES: Final = frozenset(
    {"query", "question", "text", "message", "prompt", "input", "content"}
)
_ATTEMPTS: Final = 8
_DEEPEST: Final = 24
_DEEPEST_USUAL_ITEM: Final = 6
_LONGEST_STRING: Final = 100_000
_LONGEST_ARRAY: Final = 1_000


class UnsupportedSchemaError(ValueError):
    """The schema is invalid, or no value for it could be built."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The JSON schema cannot be used: {reason}.")


def build_instance(schema: dict[str, Any] | bool, rng: Random, hints: Hints) -> Any:
    """Return a JSON value that matches a schema.

    Strings and numbers are taken from ``hints`` if the schema allows it.

    Raises:
        UnsupportedSchemaError: The schema is invalid, refers to other documents, or is too
            complex.
    """
    validator = _validator(schema)
    for _ in range(_ATTEMPTS):
        try:
            instance = _Builder(validator, rng, hints).build(schema, "", 0)
            if validator.is_valid(instance):
                return instance
        except (
            UnsupportedPatternError,
            Unresolvable,
            re.error,
            RecursionError,
            OverflowError,
        ) as error:
            raise UnsupportedSchemaError(str(error)) from error
    raise UnsupportedSchemaError("no matching value could be built")


def _validator(schema: dict[str, Any] | bool) -> Draft202012Validator:
    try:
        Draft202012Validator.check_schema(schema)
    except (SchemaError, RecursionError) as error:
        reason = error.message if isinstance(error, SchemaError) else "it is nested too deeply"
        raise UnsupportedSchemaError(reason) from error
    # With an empty registry, references to other documents are errors and not downloads.
    return Draft202012Validator(schema, registry=Registry())


class _Builder:
    def __init__(self, validator: Draft202012Validator, rng: Random, hints: Hints) -> None:
        self._validator = validator
        self._resolver = Registry().resolver_with_root(
            DRAFT202012.create_resource(validator.schema)
        )
        self._rng = rng
        self._hints = hints
        self._names = list(hints.names)
        self._numbers = list(hints.numbers)
        self._words = list(hints.words)

    def build(self, schema: Any, name: str, depth: int) -> Any:
        """Return a value for the schema of a property called ``name``."""
        if depth > _DEEPEST:
            raise UnsupportedSchemaError("it is nested too deeply")
        if schema is False:
            raise UnsupportedSchemaError("a part of it allows no value")
        if schema is True:
            schema = {}
        schema = self._flatten(schema)
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema:
                return self._build_branch(schema, keyword, name, depth)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self._member(schema["enum"])
        return self._build_type(schema, name, depth)

    def _build_type(self, schema: dict[str, Any], name: str, depth: int) -> Any:
        match type_of(schema):
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, name, depth)
            case "integer" | "number" as kind:
                return self._number(schema, name, whole=kind == "integer")
            case "boolean":
                return self._rng.random() < 0.5
            case "null":
                return None
            case _:
                return self._string(schema, name)

    def _flatten(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return the schema with references and ``allOf`` parts merged into it."""
        for _ in range(_DEEPEST):
            if "$ref" in schema:
                rest = {key: value for key, value in schema.items() if key != "$ref"}
                schema = merge(self._resolver.lookup(schema["$ref"]).contents, rest)
            elif "allOf" in schema:
                parts = schema["allOf"]
                schema = {key: value for key, value in schema.items() if key != "allOf"}
                for part in parts:
                    schema = merge(schema, part)
            else:
                return schema
        raise UnsupportedSchemaError("a $ref is circular")

    def _build_branch(self, schema: dict[str, Any], keyword: str, name: str, depth: int) -> Any:
        rest = {key: value for key, value in schema.items() if key != keyword}
        branches = sorted(schema[keyword], key=is_null)
        problem: UnsupportedSchemaError | None = None
        for branch in branches:
            try:
                value = self.build(merge(rest, branch), name, depth + 1)
            except UnsupportedSchemaError as error:
                problem = error
                continue
            if self._validator.evolve(schema=schema).is_valid(value):
                return value
        raise problem or UnsupportedSchemaError(f"no branch of {keyword} could be matched")

    def _member(self, members: list[Any]) -> Any:
        text = self._hints.text.lower()
        mentioned = [
            each for each in members if isinstance(each, str) and each and each.lower() in text
        ]
        return mentioned[0] if mentioned else self._rng.choice(members)

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        properties = schema.get("properties", {})
        wanted = list(schema.get("required", []))
        if not wanted and depth < 2:
            wanted = list(properties)
        for key in wanted:
            wanted += [
                each
                for each in schema.get("dependentRequired", {}).get(key, [])
                if each not in wanted
            ]
        others = [key for key in properties if key not in wanted]
        least = int(schema.get("minProperties", 0))
        wanted += others[: max(0, least - len(wanted))]
        wanted += [
            f"extra_{number}" for number in range(1, min(least, _LONGEST_ARRAY) - len(wanted) + 1)
        ]
        # In the order of the schema, as models generate them.
        ordered = [key for key in properties if key in wanted]
        ordered += [key for key in wanted if key not in properties]
        return {key: self.build(self._property(schema, key), key, depth + 1) for key in ordered}

    def _property(self, schema: dict[str, Any], key: str) -> Any:
        if key in schema.get("properties", {}):
            return schema["properties"][key]
        for pattern, value in schema.get("patternProperties", {}).items():
            if re.search(pattern, key):
                return value
        return schema.get("additionalProperties", True)

    def _array(self, schema: dict[str, Any], name: str, depth: int) -> list[Any]:
        parts = list(schema.get("prefixItems", []))
        if not parts and "contains" in schema:
            parts = [schema["contains"]]
        least = int(schema.get("minItems", 0))
        if least > _LONGEST_ARRAY:
            raise UnsupportedSchemaError(f"minItems exceeds {_LONGEST_ARRAY}")
        usual = 0 if depth > _DEEPEST_USUAL_ITEM else max(1, len(parts))
        length = min(max(least, usual), int(schema.get("maxItems", _LONGEST_ARRAY)))
        items = schema.get("items", True)
        if items is not False:
            parts += [items] * (length - len(parts))
        values: list[Any] = []
        for part in parts[:length]:
            taken = values if schema.get("uniqueItems") else []
            values.append(self._item(part, name, depth, taken))
        return values

    def _item(self, schema: Any, name: str, depth: int, taken: list[Any]) -> Any:
        for attempt in range(_ATTEMPTS * 4):
            value = self.build(schema, name, depth + 1)
            if value not in taken:
                break
            if isinstance(value, str) and "enum" not in schema:
                value = f"{value} {attempt + 2}"
                break
        return value

    def _number(self, schema: dict[str, Any], name: str, *, whole: bool) -> int | float:
        step = schema.get("multipleOf")
        low, high = numeric_bounds(schema, whole=whole)
        labelled = Hints.from_text(self._hints.labelled(name) or "").numbers
        told = [each for each in labelled if each in self._numbers]
        for candidate in [*told, *self._numbers]:
            fits = low <= candidate <= high and (not whole or candidate == int(candidate))
            if fits and step is None:
                self._numbers.remove(candidate)
                return int(candidate) if whole else candidate
        start = low if math.isfinite(low) else min(0.0, high)
        span = min(high - start, 9) if math.isfinite(high) else 9
        if step:
            first = math.ceil(start / step)
            last = max(first, math.floor((start + span) / step))
            value = self._rng.randint(first, last) * step
        elif whole or span >= 1:
            first = math.ceil(start)
            value = self._rng.randint(first, max(first, math.floor(start + span)))
        else:
            value = start + span / 2
        return int(value) if whole or value == int(value) else round(value, 10)

    def _string(self, schema: dict[str, Any], name: str) -> str:
        if "pattern" in schema:
            return sample(schema["pattern"], self._rng)
        if schema.get("format") in _FORMATS:
            return _FORMATS[schema["format"]]
        least = int(schema.get("minLength", 0))
        most = int(schema.get("maxLength", _LONGEST_STRING))
        if least > _LONGEST_STRING:
            raise UnsupportedSchemaError(f"minLength exceeds {_LONGEST_STRING}")
        text = self._words_for(name)
        while len(text) < least:
            text += f" {text}" if text else "x"
        return text[: max(least, most)]

    def _words_for(self, name: str) -> str:
        if name.lower() in _WHOLE_TEXT_NAMES and self._hints.text.strip():
            return " ".join(self._hints.text.split())[:200]
        labelled = self._hints.labelled(name)
        if labelled:
            if labelled in self._names:
                self._names.remove(labelled)
            return labelled[:200]
        if self._names:
            return self._names.pop(0)
        if self._words:
            return self._words.pop(0)
        if self._hints.names or self._hints.words:
            return self._rng.choice(self._hints.names or self._hints.words)
        return "example"
