"""Normal form of schemas, so that different spellings of the same schema are equal."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from .documents import Node, Target, show

Types = frozenset[str] | None
"""JSON types a value may have, except null; None for any type."""

UNIONS = ("anyOf", "oneOf")
_ANNOTATIONS = {
    *("$comment", "default", "deprecated", "description", "example", "examples"),
    *("externalDocs", "readOnly", "summary", "title", "writeOnly"),
}
_STRUCTURE = {
    *("$defs", "$ref", "additionalProperties", "allOf", "anyOf", "items", "oneOf"),
    *("prefixItems", "properties", "required", "type"),
}


@dataclass
class Shape:
    """A schema with its `$ref`, `allOf` and implied types merged.

    Attributes:
        types: JSON types it allows.
        keywords: Keywords other than type and structure: bounds, format, wording and so on.
        properties: Schema of each property.
        required: Names of the required properties.
        extra: Schema of additional properties; False if there are none.
        items: Schema of array items.
        prefix: Schemas of the first array items.
        union: `anyOf`, `oneOf`, or an empty string.
        variants: Members of the union.
    """

    types: Types = None
    keywords: dict[str, Any] = field(default_factory=dict)
    properties: dict[str, Node] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    extra: Node | bool = True
    items: Node | None = None
    prefix: list[Node] = field(default_factory=list)
    union: str = ""
    variants: list[Node] = field(default_factory=list)

    @property
    def makes_class(self) -> bool:
        """Whether it has a Python class of its own."""
        return bool(self.properties) or "discriminator" in self.keywords

    @property
    def has_name(self) -> bool:
        """Whether Python code may import its name, as a class or as constants of an enum."""
        return self.makes_class or "enum" in self.keywords


def is_annotation(keyword: str) -> bool:
    """Return whether a keyword does not restrict the values."""
    return keyword in _ANNOTATIONS or keyword.startswith("x-")


def peel(node: Node) -> tuple[Node, bool]:
    """Return the schema without null and single-member unions, and whether null is valid."""
    schema, nullable = dict(_schema(node)), False
    types = schema.get("type")
    if isinstance(types, list) and "null" in types and len(types) > 1:
        nullable = True
        schema["type"] = [name for name in types if name != "null"]
    if len(node.members("enum") if schema else []) > 1 and None in schema["enum"]:
        nullable = nullable or types is None
        schema["enum"] = [value for value in schema["enum"] if value is not None]
    for keyword in UNIONS:
        if keyword in schema:
            members = [
                peel(member) for member in node.members(keyword) if not _is_null(member.value)
            ]
            gone = len(members) < len(schema[keyword])
            nullable = nullable or gone or any(null for _, null in members)
            schema[keyword] = [member.value for member, _ in members]
    for keyword in (*UNIONS, "allOf"):
        wrapped = schema.get(keyword)
        rest = {key: value for key, value in schema.items() if key != keyword}
        bare = all(is_annotation(key) or key == "discriminator" for key in rest)
        if isinstance(wrapped, list) and len(wrapped) == 1 and bare:
            rest.pop("discriminator", None)
            inner, null = peel(replace(node, value=wrapped[0]))
            return replace(node, value={**inner.value, **rest}), nullable or null
    return replace(node, value=schema), nullable


def shape_of(node: Node, skip: Collection[Target] = ()) -> Shape:
    """Return the shape of a schema.

    Args:
        node: The schema.
        skip: Targets of `$ref`s to leave out, because they are compared on their own.
    """
    shape = Shape()
    for part in _parts(node, skip, set()):
        _merge(shape, part)
    return shape


def references(node: Node) -> list[Target]:
    """Return the targets of the `$ref`s of a schema and its `allOf`."""
    members = [peel(member)[0] for member in node.members("allOf")]
    return [each.target for each in (node, *members) if each.target is not None]


def describe(node: Node, depth: int = 4) -> str:
    """Describe a schema in a few words: `array of ChatMessage`, `string | null`.

    Parts more than `depth` levels deep become an ellipsis.
    """
    if depth == 0:
        return "..."
    node, nullable = peel(node)
    names = [target.name for target in references(node)]
    text = " & ".join(names) or _describe_shape(shape_of(node), depth - 1)
    return f"{text} | null" if nullable else text


def show_types(types: Types) -> str:
    """Describe a set of types: `integer | string`."""
    return "any" if types is None else " | ".join(sorted(types)) or "nothing"


def _describe_shape(shape: Shape, depth: int) -> str:
    if shape.variants:
        return " | ".join(describe(member, depth) for member in shape.variants)
    if "const" in shape.keywords:
        return show(shape.keywords["const"])
    if shape.types == frozenset(["array"]) and shape.items is not None:
        return f"array of {describe(shape.items, depth)}"
    return show_types(shape.types)


def _schema(node: Node) -> dict[str, Any]:
    if isinstance(node.value, bool):
        return {} if node.value else {"not": {}}
    return node.mapping


def _is_null(value: Any) -> bool:
    return isinstance(value, dict) and (
        value.get("type") == "null" or value.get("const", 0) is None
    )


def _parts(node: Node, skip: Collection[Target], seen: set[Target]) -> Iterator[Node]:
    """Yield a schema and everything it is composed of."""
    node = peel(node)[0]
    yield node
    if node.target is not None and node.target not in seen and node.target not in skip:
        seen.add(node.target)
        yield from _parts(node.spec.follow(node.target), skip, seen)
    for member in node.members("allOf"):
        yield from _parts(member, skip, seen)


def _merge(shape: Shape, part: Node) -> None:
    schema = part.mapping
    types = _types(part)
    if types is not None:
        shape.types = types if shape.types is None else shape.types & types
    for key, value in schema.items():
        if key not in _STRUCTURE:
            shape.keywords.setdefault(key, value)
    for name, node in part.child("properties", {}).children():
        shape.properties.setdefault(name, node)
    shape.required |= {str(member.value) for member in part.members("required")}
    extra = schema.get("additionalProperties", True)
    if extra is False:
        shape.extra = False
    elif extra is not True and extra != {} and shape.extra is True:
        shape.extra = part.child("additionalProperties")
    if "items" in schema and shape.items is None:
        shape.items = part.child("items")
    shape.prefix = shape.prefix or part.members("prefixItems")
    for keyword in UNIONS:
        if keyword in schema and not shape.union:
            shape.union, shape.variants = keyword, part.members(keyword)


def _types(part: Node) -> Types:
    schema = part.mapping
    declared = schema.get("type")
    if isinstance(declared, str):
        return frozenset([declared])
    if isinstance(declared, list):
        return frozenset(str(name) for name in declared)
    if declared is not None:
        raise part.error(f"has the type {show(declared)}: write a name or a list of names")
    if "enum" in schema or "const" in schema:
        values = [schema["const"]] if "const" in schema else [m.value for m in part.members("enum")]
        return frozenset(_json_type(value) for value in values)
    if any(key in schema for key in ("properties", "additionalProperties", "required")):
        return frozenset(["object"])
    if "items" in schema or "prefixItems" in schema:
        return frozenset(["array"])
    return None


def _json_type(value: Any) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array"}
    return "null" if value is None else names.get(type(value), "object")
