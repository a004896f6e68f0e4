"""The forms of a spec: the keys each object may have, and the type of their values.

Everything else is rejected: a keyword that nothing reads would be lost silently, and a value of the
wrong type would be misread later.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .errors import SpecError
from .loading import Document, Pointer
from .vendor import VENDOR_KEYS

METHODS = ("get", "put", "post", "delete", "options", "head", "patch")

# The type of a value: one of these, the name of a form, [type] for a list, {"*": type} for a
# mapping with arbitrary keys, or (type, type) for either.
TEXT, NUMBER, COUNT, FLAG, LIST, MAPPING, ANY = (
    "a string",
    "a number",
    "a non-negative integer",
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


def _keys(kind: Any, names: str) -> dict[str, Any]:
    return dict.fromkeys(names.split(), kind)


_EXAMPLES = {"example": ANY, "examples": {"*": "example"}}
_FIELD = {
    **_EXAMPLES,
    **_keys(FLAG, "required deprecated"),
    "description": TEXT,
    "schema": "schema",
}

# form -> key -> type of the value; `vendor` lists the forms of vendor keys
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
        **_keys(TEXT, "title version description summary termsOfService"),
        **_keys(MAPPING, "contact license"),
    },
    "server": {"url": TEXT, "description": TEXT, "variables": {"*": "server variable"}},
    "server variable": {"default": TEXT, "enum": [TEXT], "description": TEXT},
    "tag": {"name": TEXT, "description": TEXT, "externalDocs": MAPPING},
    "path": dict.fromkeys(METHODS, "operation"),
    "operation": {
        **_keys(TEXT, "operationId description summary"),
        "tags": [TEXT],
        "deprecated": FLAG,
        "externalDocs": MAPPING,
        "security": [{"*": [TEXT]}],
        "parameters": ["parameter"],
        "requestBody": "request body",
        "responses": {"*": "response"},
    },
    "components": {
        **{f"{name}s": {"*": name} for name in ("schema", "parameter", "response", "header")},
        **{f"{name}s": {"*": name} for name in ("example", "link")},
        "securitySchemes": {"*": "security scheme"},
    },
    "security scheme": _keys(TEXT, "type scheme bearerFormat description"),
    "parameter": {**_FIELD, "name": TEXT, "in": TEXT},
    "header": _FIELD,
    "request body": {"description": TEXT, "required": FLAG, "content": {"*": "media type"}},
    "response": {
        "description": TEXT,
        "headers": {"*": "header"},
        "content": {"*": "media type"},
        "links": {"*": "link"},
    },
    "media type": {**_EXAMPLES, "schema": "schema"},
    "example": {"description": TEXT, "summary": TEXT, "value": ANY},
    "link": {
        "operationId": TEXT,
        "parameters": {"*": ANY},
        "requestBody": ANY,
        "description": TEXT,
    },
    "reference": {"description": TEXT, "summary": TEXT, "$ref": ANY},
    "schema": {
        **_keys(TEXT, "$comment description format pattern"),
        **_keys(ANY, "const default example"),
        **_keys(LIST, "enum examples"),
        **_keys(FLAG, "deprecated readOnly writeOnly uniqueItems"),
        **_keys(NUMBER, "minimum maximum exclusiveMinimum exclusiveMaximum multipleOf"),
        **_keys(COUNT, "minLength maxLength minItems maxItems minProperties maxProperties"),
        **_keys(["schema"], "anyOf oneOf"),
        "type": (TEXT, [TEXT]),
        "properties": {"*": "schema"},
        "required": [TEXT],
        "additionalProperties": (FLAG, "schema"),
        "items": "schema",
        "discriminator": "discriminator",
        "externalDocs": MAPPING,
    },
    # Keywords next to a `$ref` may describe it, but not change it.
    "schema reference": {"$ref": ANY, "description": TEXT, "default": ANY, "deprecated": FLAG},
    "discriminator": {"propertyName": TEXT, "mapping": {"*": TEXT}},
}
# form that may be a reference -> the form of the reference
_REFERENCES = {
    "schema": "schema reference",
    **_keys("reference", "parameter response header example link"),
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

# What to use instead of keywords that would be lost or misread.
_INSTEAD = {
    **_keys("describe the rule in words", "not if then else dependentSchemas dependentRequired"),
    **_keys("use additionalProperties", "patternProperties unevaluatedProperties"),
    **_keys("remove it, because lists in a query are repeated parameters", "style explode"),
    "allOf": "list all properties",
    "prefixItems": "use items",
    "nullable": "write `type: [..., 'null']`",
    "$defs": "move it to components",
    "parameters": "move them to the operations",
    "title": "use the description",
    "callbacks": "write a separate operation",
    "webhooks": "remove them",
    "requestBodies": "move the body to the operation",
}


def check_forms(document: Document) -> list[SpecError]:
    """Return an error for every key and value of a spec that its form does not allow."""
    version = document.data.get("openapi")
    if not isinstance(version, str) or not re.fullmatch(r"3\.1\.\d+", version):
        problem = f"openapi is {version!r}: write `openapi: 3.1.0`"
        return [document.error(("openapi",), problem)]
    return [
        document.error(pointer, problem)
        for pointer, problem in _check(document.data, "document", ())
    ]


def _check(value: Any, kind: Any, at: Pointer) -> Iterator[tuple[Pointer, str]]:
    if isinstance(kind, tuple):
        kind = next((option for option in kind if _fits(value, option)), kind[-1])
    if not _fits(value, kind):
        yield at, f"{_name(at)} must be {_describe(kind)}, got {value!r:.60}: fix it"
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
        yield from _section(value["$ref"], f"{form}s", (*at, "$ref"))
        form = _REFERENCES[form]
    keys = FORMS[form]
    for key in _NEEDED.get(form, ()):
        if key not in value:
            yield at, f"{key} is missing: add it to this {form}"
    for key, item in value.items():
        if key.startswith("x-"):
            yield from _vendor_key(key, item, form, (*at, key))
        elif key in keys:
            yield from _check(item, keys[key], (*at, key))
        elif key in _INSTEAD:
            yield (*at, key), f"{key} is not supported: {_INSTEAD[key]}"
        else:
            yield (*at, key), f"unknown key {key!r} in the {form}: fix the spelling or remove it"
    if form == "schema":
        kinds = value.get("type", [])
        for kind in kinds if isinstance(kinds, list) else [kinds]:
            if isinstance(kind, str) and kind not in _TYPES:
                yield (*at, "type"), f"unknown type {kind!r}: use one of {', '.join(_TYPES)}"


def _section(ref: Any, section: str, at: Pointer) -> Iterator[tuple[Pointer, str]]:
    """Check that a reference names the right section. Whether it is dangling is checked later."""
    parts = ref.split("/") if isinstance(ref, str) else []
    if len(parts) == 4 and parts[1] == "components" and parts[2] != section:
        yield at, f"$ref {ref!r} does not name a component in {section}: fix it"


def _vendor_key(key: str, value: Any, form: str, at: Pointer) -> Iterator[tuple[Pointer, str]]:
    known = VENDOR_KEYS.get(key)
    if known is None:
        here = [name for name, item in VENDOR_KEYS.items() if form in item.forms]
        use = f"use one of {', '.join(here)}" if here else "remove it"
        yield at, f"unknown vendor key {key!r} in the {form}: {use}"
    elif form not in known.forms:
        problem = f"{key} is not allowed in the {form}"
        yield at, f"{problem}: use it in {' or '.join(known.forms)} or remove it"
    elif not known.accepts(value):
        yield at, f"invalid {key} {value!r}: write {known.help}"


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
    return MAPPING if isinstance(kind, dict) or kind in FORMS else str(kind)


def _name(at: Pointer) -> str:
    last = at[-1] if at else "the document"
    return str(last) if isinstance(last, str) else f"item {last} of {at[-2]}"
