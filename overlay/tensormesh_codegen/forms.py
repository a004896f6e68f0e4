"""The forms of a spec: which keys each part of it holds, and of what kind their values are.

What is not listed is refused. A keyword that nothing reads would be left out silently, and a value
of the wrong kind would be misread further on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .errors import SpecError
from .loading import Document, Pointer
from .vendor import VENDOR_KEYS

METHODS = ("get", "put", "post", "delete", "options", "head", "patch")

# A kind of value: one of these, the name of a form, [kind] for a list, {"*": kind} for a mapping
# with keys of the writer's choice, (kind, kind) for either.
TEXT, NUMBER, COUNT, FLAG, LIST, MAPPING, ANY = (
    "text",
    "a number",
    "a whole number, 0 or more",
    "true or false",
    "a list",
    "a mapping",
    "anything",
)
_CLASSES: dict[str, Any] = {
    TEXT: str,
    NUMBER: (int, float),
    COUNT: int,
    FLAG: bool,
    LIST: list,
    MAPPING: dict,
    ANY: object,
}

_DOCS = {"description": TEXT, "summary": TEXT}
_EXAMPLES = {"example": ANY, "examples": {"*": "example"}}

# form -> key -> kind. Vendor keys have forms of their own, which `vendor` knows.
FORMS: dict[str, dict[str, Any]] = {
    "document": {
        "openapi": TEXT,
        "info": "info",
        "servers": ["server"],
        "security": [{"*": [TEXT]}],
        "tags": ["tag"],
        "externalDocs": MAPPING,
        "paths": {"*": "path"},
        "components": "components",
    },
    "info": {
        **_DOCS,
        "title": TEXT,
        "version": TEXT,
        "termsOfService": TEXT,
        "contact": MAPPING,
        "license": MAPPING,
    },
    "server": {"url": TEXT, "description": TEXT, "variables": {"*": "server variable"}},
    "server variable": {"default": TEXT, "enum": [TEXT], "description": TEXT},
    "tag": {"name": TEXT, "description": TEXT, "externalDocs": MAPPING},
    "path": dict.fromkeys(METHODS, "operation"),
    "operation": {
        **_DOCS,
        "operationId": TEXT,
        "tags": [TEXT],
        "deprecated": FLAG,
        "externalDocs": MAPPING,
        "security": [{"*": [TEXT]}],
        "parameters": ["parameter"],
        "requestBody": "request body",
        "responses": {"*": "response"},
    },
    "components": {
        "schemas": {"*": "schema"},
        "parameters": {"*": "parameter"},
        "responses": {"*": "response"},
        "headers": {"*": "header"},
        "examples": {"*": "example"},
        "links": {"*": "link"},
        "securitySchemes": {"*": "security scheme"},
    },
    "security scheme": {
        "type": TEXT,
        "scheme": TEXT,
        "bearerFormat": TEXT,
        "description": TEXT,
    },
    "parameter": {
        **_EXAMPLES,
        "name": TEXT,
        "in": TEXT,
        "description": TEXT,
        "required": FLAG,
        "deprecated": FLAG,
        "schema": "schema",
    },
    "header": {
        **_EXAMPLES,
        "description": TEXT,
        "required": FLAG,
        "deprecated": FLAG,
        "schema": "schema",
    },
    "request body": {"description": TEXT, "required": FLAG, "content": {"*": "media type"}},
    "response": {
        "description": TEXT,
        "headers": {"*": "header"},
        "content": {"*": "media type"},
        "links": {"*": "link"},
    },
    "media type": {**_EXAMPLES, "schema": "schema"},
    "example": {**_DOCS, "value": ANY},
    "link": {
        "operationId": TEXT,
        "parameters": {"*": ANY},
        "requestBody": ANY,
        "description": TEXT,
    },
    "reference": {**_DOCS, "$ref": ANY},
    "schema": {
        "$comment": TEXT,
        "type": (TEXT, [TEXT]),
        "description": TEXT,
        "format": TEXT,
        "properties": {"*": "schema"},
        "required": [TEXT],
        "additionalProperties": (FLAG, "schema"),
        "items": "schema",
        "anyOf": ["schema"],
        "oneOf": ["schema"],
        "discriminator": "discriminator",
        "enum": LIST,
        "const": ANY,
        "default": ANY,
        "example": ANY,
        "examples": LIST,
        "deprecated": FLAG,
        "readOnly": FLAG,
        "writeOnly": FLAG,
        "minimum": NUMBER,
        "maximum": NUMBER,
        "exclusiveMinimum": NUMBER,
        "exclusiveMaximum": NUMBER,
        "multipleOf": NUMBER,
        "minLength": COUNT,
        "maxLength": COUNT,
        "pattern": TEXT,
        "minItems": COUNT,
        "maxItems": COUNT,
        "uniqueItems": FLAG,
        "minProperties": COUNT,
        "maxProperties": COUNT,
        "externalDocs": MAPPING,
    },
    # What stands beside a `$ref` can speak about it, and change nothing.
    "schema reference": {
        "$ref": ANY,
        "description": TEXT,
        "default": ANY,
        "deprecated": FLAG,
    },
    "discriminator": {"propertyName": TEXT, "mapping": {"*": TEXT}},
}
# form that may be a reference -> the form of that, and the section which it refers into
_REFERENCES = {
    "schema": ("schema reference", "schemas"),
    "parameter": ("reference", "parameters"),
    "response": ("reference", "responses"),
    "header": ("reference", "headers"),
    "example": ("reference", "examples"),
    "link": ("reference", "links"),
}
_NEEDED = {
    "document": ("info",),
    "info": ("title", "version"),
    "server": ("url",),
    "server variable": ("default",),
    "parameter": ("name", "in", "schema"),
    "discriminator": ("propertyName",),
}
_TYPES = ("string", "integer", "number", "boolean", "null", "array", "object")

# What to do in place of a keyword that would be dropped or misread on the way to Python.
_INSTEAD = {
    "allOf": "write the properties out",
    "not": "describe the rule in words",
    "if": "describe the rule in words",
    "then": "describe the rule in words",
    "else": "describe the rule in words",
    "patternProperties": "use additionalProperties",
    "prefixItems": "use items",
    "dependentSchemas": "describe the rule in words",
    "dependentRequired": "describe the rule in words",
    "unevaluatedProperties": "use additionalProperties",
    "nullable": "OpenAPI 3.1 writes `type: [..., 'null']`",
    "$defs": "move it to components",
    "style": "leave it out: lists are repeated in a query",
    "explode": "leave it out: lists are repeated in a query",
    "parameters": "put them into the operations",
    "title": "a schema is known by its name, so use the description",
    "callbacks": "write an operation of its own",
    "webhooks": "leave them out",
    "requestBodies": "write the body into the operation",
}


def check_forms(document: Document) -> list[SpecError]:
    """Every key and value of a spec that is not of the form it should have."""
    version = document.data.get("openapi")
    if not isinstance(version, str) or not re.fullmatch(r"3\.1\.\d+", version):
        return [document.error(("openapi",), "openapi must be 3.1.x: write `openapi: 3.1.0`")]
    return [
        document.error(pointer, problem)
        for pointer, problem in _check(document.data, "document", ())
    ]


def _check(value: Any, kind: Any, at: Pointer) -> Iterator[tuple[Pointer, str]]:
    if isinstance(kind, tuple):
        kind = next((option for option in kind if _fits(value, option)), kind[-1])
    if not _fits(value, kind):
        yield at, f"{_name(at)} must be {_describe(kind)}: mend it"
    elif isinstance(kind, list):
        for index, item in enumerate(value):
            yield from _check(item, kind[0], (*at, index))
    elif isinstance(kind, dict):
        for key, item in value.items():
            yield from _check(item, kind["*"], (*at, key))
    elif kind in FORMS:
        yield from _form(value, kind, at)


def _form(value: dict[str, Any], form: str, at: Pointer) -> Iterator[tuple[Pointer, str]]:
    if "$ref" in value and form in _REFERENCES:
        form, section = _REFERENCES[form]
        yield from _section(value["$ref"], section, (*at, "$ref"))
    keys = FORMS[form]
    for key in _NEEDED.get(form, ()):
        if key not in value:
            yield at, f"{key} is missing: a {form} needs it"
    for key, item in value.items():
        if key.startswith("x-"):
            yield from _vendor_key(key, item, form, (*at, key))
        elif key in keys:
            yield from _check(item, keys[key], (*at, key))
        elif key in _INSTEAD:
            yield (*at, key), f"{key} is not supported here: {_INSTEAD[key]}"
        else:
            problem = f"a {form} has no key {key!r} that is read here: mend it or leave it out"
            yield (*at, key), problem
    if form == "schema":
        yield from _schema_types(value, at)


def _section(ref: Any, section: str, at: Pointer) -> Iterator[tuple[Pointer, str]]:
    """Whether a reference leads to its own kind. Whether it leads anywhere shows later."""
    parts = ref.split("/") if isinstance(ref, str) else []
    if len(parts) == 4 and parts[1] == "components" and parts[2] != section:
        yield at, f"$ref {ref!r} does not lead into components/{section}: mend it"


def _schema_types(schema: dict[str, Any], at: Pointer) -> Iterator[tuple[Pointer, str]]:
    kinds = schema.get("type", [])
    for kind in kinds if isinstance(kinds, list) else [kinds]:
        if isinstance(kind, str) and kind not in _TYPES:
            yield (*at, "type"), f"type {kind!r} is unknown: use one of {', '.join(_TYPES)}"


def _vendor_key(key: str, value: Any, form: str, at: Pointer) -> Iterator[tuple[Pointer, str]]:
    known = VENDOR_KEYS.get(key)
    if known is None:
        here = [name for name, item in VENDOR_KEYS.items() if form in item.forms]
        use = f"use one of {', '.join(here)}" if here else "remove it"
        yield at, f"unknown vendor key {key!r}: {use}"
    elif form not in known.forms:
        yield at, f"{key} means nothing in a {form}: it belongs to {' or '.join(known.forms)}"
    elif not known.accepts(value):
        yield at, f"{key} is {value!r}: write {known.help}"


def _fits(value: Any, kind: Any) -> bool:
    if isinstance(kind, list):
        return isinstance(value, list)
    if isinstance(kind, dict) or kind in FORMS:
        return isinstance(value, dict)
    if kind in (NUMBER, COUNT) and isinstance(value, bool):
        return False
    return isinstance(value, _CLASSES[kind]) and (kind != COUNT or value >= 0)


def _describe(kind: Any) -> str:
    if isinstance(kind, list):
        return LIST
    if isinstance(kind, dict) or kind in FORMS:
        return MAPPING
    return "text, in quotes if need be" if kind == TEXT else str(kind)


def _name(at: Pointer) -> str:
    last = at[-1] if at else "the document"
    return str(last) if isinstance(last, str) else f"item {last} of {at[-2]}"
