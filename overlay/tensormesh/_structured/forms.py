"""What `response_model` can be: a type, or a plain JSON Schema.

Each form has a JSON Schema for the prompt and parses responses. pydantic or `msgspec` validates
types, and `jsonschema` a plain JSON Schema.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tensormesh_extras import install_hint

from .._errors import ConfigurationError
from .faults import MISSING, FaultError, misfit, readable, shorten, show
from .paths import value_at
from .reader import MembersType, reader_of
from .schema import expectation, is_object, lost_reference, with_top_object

if TYPE_CHECKING:
    from .faults import Path

WRAPPER = "value"
"""The property that holds a value that is not an object: hosts return objects only."""


def form_of(model: Any) -> Form:
    """Return the form of a `response_model`.

    Raises:
        TypeError: It is not a type, or the type is not supported.
        ValueError: It is not a valid JSON Schema.
        ConfigurationError: A package that it needs is not installed.
    """
    if isinstance(model, Mapping):
        try:
            return _schema_form(json.dumps(model))
        except (TypeError, RecursionError) as error:
            raise TypeError(f"response_model is not a JSON Schema: {error}") from None
    try:
        return _type_form(model)
    except TypeError:
        # Not hashable, or not supported. The next line reports the latter again.
        return TypeForm(model)


@lru_cache(maxsize=256)
def _schema_form(text: str) -> Form:
    return SchemaForm(json.loads(text))


@lru_cache(maxsize=256)
def _type_form(model: Any) -> Form:
    return TypeForm(model)


class TypeForm:
    """The form of a type.

    Attributes:
        name: The name in error messages.
        schema: The JSON Schema of the response.
    """

    def __init__(self, model: Any) -> None:
        self.name = model.__name__ if isinstance(model, type) else shorten(str(model))
        refusal = f"response_model {self.name}: "
        if model is None or isinstance(model, (str, bytes, int, float, list, tuple)):
            raise TypeError(f"{refusal}expected a type or a JSON Schema, got {show(model)}")
        try:
            self._reader = reader_of(model)
            self._is_wrapped = not is_object(self._reader.schema)
            if self._is_wrapped:
                self._reader = MembersType({WRAPPER: model})
        except KeyError as error:
            raise TypeError(f"{refusal}two classes are named {error}") from None
        except (TypeError, NameError, AttributeError) as error:
            raise TypeError(f"{refusal}{error}") from None
        self.schema = with_top_object(self._reader.schema)

    def read(self, text: str) -> Any:
        """Parse a JSON text.

        Raises:
            FaultError: It is not JSON, or not valid.
        """
        read = self._reader.read_text(text)
        return read[WRAPPER] if self._is_wrapped else read


class SchemaForm:
    """The form of a plain JSON Schema: draft 2020-12, or the draft that `$schema` names."""

    def __init__(self, schema: dict[str, Any]) -> None:
        try:
            from jsonschema import Draft202012Validator
            from jsonschema.exceptions import SchemaError, best_match
            from jsonschema.validators import validator_for
            from referencing import Registry
        except ImportError:
            raise ConfigurationError(
                "a JSON Schema as response_model needs the package jsonschema: "
                + install_hint("schema"),
                argument="response_model",
            ) from None
        kind = validator_for(schema, default=Draft202012Validator)
        try:
            kind.check_schema(schema)
        except SchemaError as error:
            where = readable(tuple(error.absolute_path))
            raise ValueError(
                f"response_model is not a JSON Schema: {where}{': ' * bool(where)}{error.message}"
            ) from None
        lost = lost_reference(schema, schema)
        if lost is not None:
            raise ValueError(f"response_model: cannot resolve the $ref {lost!r} in the schema")
        self.name = shorten(str(schema.get("title") or "the JSON Schema"))
        self._is_wrapped = not is_object(schema)
        self.schema = wrapped(schema) if self._is_wrapped else schema
        # Without this registry, jsonschema would download what a `$ref` points to.
        self._validator = kind(schema, registry=Registry())
        self._best = best_match

    def read(self, text: str) -> Any:
        """Parse a JSON text into plain data. Raise the same errors as `TypeForm.read`."""
        try:
            data = json.loads(text, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise FaultError("not_json", f"invalid JSON: {error}") from error
        place: Path = ()
        if self._is_wrapped:
            data, place = value_at(data, (WRAPPER,)), (WRAPPER,)
            if data is MISSING:
                raise misfit(place, expectation(self.schema, place) or "a value", MISSING)
        worst = self._best(self._validator.iter_errors(data))
        if worst is not None:
            raise _schema_fault(worst, place)
        return data


Form = TypeForm | SchemaForm
"""The form of a response."""


def _schema_fault(error: Any, place: Path) -> FaultError:
    """Return the fault for an error of `jsonschema` at or below a location."""
    path = [*place, *error.absolute_path]
    value, wanted = error.instance, error.validator_value
    if error.validator == "required":
        missing = next(name for name in wanted if name not in value)
        known = error.schema.get("properties", {}).get(missing, {})
        return misfit([*path, missing], expectation(known, ()) or "a value", MISSING)
    if error.validator == "additionalProperties" and wanted is False:
        known = error.schema.get("properties", {})
        patterns = error.schema.get("patternProperties", {})
        extra = next(
            name
            for name in value
            if name not in known and not any(re.search(pattern, name) for pattern in patterns)
        )
        return misfit([*path, extra], "no such property", value[extra])
    expected = expectation({error.validator: wanted}, ()) or f"{error.validator} {show(wanted)}"
    return misfit(path, expected, value)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def wrapped(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an object with an instance of another schema as its only property."""
    inner = dict(schema)
    outer: dict[str, Any] = {
        key: inner.pop(key) for key in ("$schema", "$defs", "definitions") if key in inner
    }
    return {**outer, "type": "object", "properties": {WRAPPER: inner}, "required": [WRAPPER]}
