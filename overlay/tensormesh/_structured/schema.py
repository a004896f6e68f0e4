"""Inspect JSON Schemas: whether they describe an object, and what they expect at a location."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .faults import show

if TYPE_CHECKING:
    from .faults import Path

_TYPES = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "array": "an array",
    "object": "an object",
    "null": "null",
}
_BOUNDS = {
    "minimum": "a number of at least {}",
    "maximum": "a number of at most {}",
    "exclusiveMinimum": "a number above {}",
    "exclusiveMaximum": "a number below {}",
    "multipleOf": "a multiple of {}",
    "minLength": "a string of at least {} characters",
    "maxLength": "a string of at most {} characters",
    "pattern": "a string that matches {}",
    "format": "a string in the format {}",
    "minItems": "an array of at least {} items",
    "maxItems": "an array of at most {} items",
    "const": "{}",
}
_MOST_MEMBERS = 12
_DEEPEST = 32


def with_top_object(schema: dict[str, Any]) -> dict[str, Any]:
    """Move the object of a schema from behind a `$ref` to the top, where models look first."""
    target: dict[str, Any] = _resolve(schema, schema)
    if target is schema:
        return schema
    name = schema["$ref"].rpartition("/")[2]
    others = {key: value for key, value in schema["$defs"].items() if key != name}
    if json.dumps(schema["$ref"]) in json.dumps([target, others]):
        # The object is recursive.
        others = schema["$defs"]
    return {**target, "$defs": others} if others else dict(target)


def is_object(schema: dict[str, Any]) -> bool:
    """Whether every instance is a JSON object, as far as the schema says so directly."""
    return _is_object(schema, schema, 0)


def _is_object(schema: Any, root: dict[str, Any], depth: int) -> bool:
    schema = _resolve(schema, root)
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return False
    branches = schema.get("anyOf") or schema.get("oneOf")
    if branches and "type" not in schema:
        return all(_is_object(branch, root, depth + 1) for branch in branches)
    parts = schema.get("allOf")
    if parts and "type" not in schema:
        return any(_is_object(part, root, depth + 1) for part in parts)
    return schema.get("type") == "object" or ("properties" in schema and "type" not in schema)


def expectation(schema: dict[str, Any], path: Path) -> str | None:
    """Return what a schema expects at a location, in words, or None if it does not say."""
    here: Any = schema
    for part in path:
        here = _member(here, part, schema)
    return _words(here, schema, 0)


def _member(schema: Any, part: str | int, root: dict[str, Any]) -> Any:
    schema = _resolve(schema, root)
    if not isinstance(schema, dict):
        return None
    if isinstance(part, int):
        parts = schema.get("prefixItems", [])
        found = parts[part] if part < len(parts) else schema.get("items")
    else:
        found = schema.get("properties", {}).get(part, schema.get("additionalProperties"))
    if found is None:
        mapping = schema.get("discriminator", {})
        if mapping.get("propertyName") == part:
            return {"enum": list(mapping.get("mapping", {}))}
        branches = schema.get("anyOf") or schema.get("oneOf") or ()
        inner = [_member(branch, part, root) for branch in branches]
        found = next((each for each in inner if each is not None), None)
    return found


def _words(schema: Any, root: dict[str, Any], depth: int) -> str | None:
    schema = _resolve(schema, root)
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return None
    if "enum" in schema:
        members = [show(each) for each in schema["enum"]]
        more = ["..."] if len(members) > _MOST_MEMBERS else []
        return "one of " + ", ".join(members[:_MOST_MEMBERS] + more)
    for keyword, words in _BOUNDS.items():
        if keyword in schema:
            return words.format(show(schema[keyword]))
    branches = schema.get("anyOf") or schema.get("oneOf")
    if branches:
        known = [_words(branch, root, depth + 1) for branch in branches]
        return " or ".join(dict.fromkeys(filter(None, known))) or None
    types = schema.get("type")
    names = [types] if isinstance(types, str) else types or []
    return " or ".join(_TYPES.get(name, name) for name in names) or None


def _resolve(schema: Any, root: dict[str, Any]) -> Any:
    """Follow a local `$ref`."""
    for _ in range(_DEEPEST):
        reference = schema.get("$ref") if isinstance(schema, dict) else None
        if not isinstance(reference, str) or reference == "#":
            return root if reference == "#" else schema
        if not reference.startswith("#/"):
            return None
        target: Any = root
        for part in reference[2:].split("/"):
            name = part.replace("~1", "/").replace("~0", "~")
            target = target.get(name) if isinstance(target, dict) else None
        schema = target
    return None


def lost_reference(schema: Any, root: dict[str, Any]) -> str | None:
    """Return a `$ref` that does not resolve within the schema, or None."""
    if isinstance(schema, list):
        return next(filter(None, (lost_reference(each, root) for each in schema)), None)
    if not isinstance(schema, dict):
        return None
    reference = schema.get("$ref")
    if isinstance(reference, str):
        is_anchor = reference.startswith("#") and not reference.startswith("#/")
        if not is_anchor and _resolve({"$ref": reference}, root) is None:
            return reference
    return lost_reference(list(schema.values()), root)
