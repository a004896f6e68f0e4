"""Models, enums and unions: from schemas to data that templates render."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from . import docs, naming
from .bundling import DATA_KEYS, Bundle, component
from .errors import SpecError
from .loading import Pointer
from .model import Enum, Field, Model, Union
from .types import Type


class Schemas:
    """The schemas of one document, and the types they become."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.raw: dict[str, dict[str, Any]] = bundle.data["components"].get("schemas") or {}
        self.errors: list[SpecError] = []
        self._open: list[str] = []

    def error(self, at: Pointer, problem: str) -> None:
        """Record a problem with the schema at `at`."""
        self.errors.append(self.bundle.error(at, problem))

    def resolve(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return the schema that a property stands for: its target, without null."""
        for _ in range(20):
            options = schema.get("anyOf") or schema.get("oneOf") or []
            others = [option for option in options if option.get("type") != "null"]
            if "$ref" in schema:
                schema = self.raw.get(component(schema["$ref"])[1], {})
            elif len(options) == 2 and len(others) == 1:
                schema = others[0]
            else:
                break
        return schema

    def named(self, name: str, at: Pointer) -> Type:
        """Return the type of a component."""
        schema = self.raw[name]
        kind = component_kind(schema)
        if kind:
            return Type(kind, name, naming.module(name))
        if name in self._open:
            self.error(at, f"{name} is defined only in terms of itself: define it")
            return Type("any")
        self._open.append(name)
        try:
            return self.of(schema, ("components", "schemas", name))
        finally:
            self._open.pop()

    def of(self, schema: dict[str, Any], at: Pointer) -> Type:
        """Return the type of an inline schema."""
        found = self._member(schema, at)
        if found.kind == "null":
            self.error(at, "null is the only allowed value: add another type")
            return Type("any")
        return found

    def _member(self, schema: dict[str, Any], at: Pointer) -> Type:
        """Return the type of a schema that may be null, as a member of a union can be."""
        if "$ref" in schema:
            return self.named(component(schema["$ref"])[1], at)
        if "const" in schema:
            return Type(_kind_of_value(schema["const"]))
        for key in ("anyOf", "oneOf"):
            if key in schema:
                members = [self._member(item, (*at, key, i)) for i, item in enumerate(schema[key])]
                return self._one_of(members, at)
        kinds = schema.get("type")
        if isinstance(kinds, list):
            return self._one_of([self._member({**schema, "type": kind}, at) for kind in kinds], at)
        return self._single(kinds, schema, at)

    def _single(self, kind: str | None, schema: dict[str, Any], at: Pointer) -> Type:
        if kind == "array":
            return Type("list", items=self.of(schema.get("items") or {}, (*at, "items")))
        if kind == "object":
            more = schema.get("additionalProperties")
            values = (
                self.of(more, (*at, "additionalProperties")) if isinstance(more, dict) else None
            )
            return Type("map", items=values or Type("any"))
        special = {"date-time": "datetime", "int64": "int64"}.get(schema.get("format", ""))
        if kind == "string" and special:
            return Type(special)
        return Type(kind if kind in ("string", "integer", "number", "boolean", "null") else "any")

    def _one_of(self, members: list[Type], at: Pointer) -> Type:
        flat: list[Type] = []
        for member in members:
            flat.extend(member.members if member.kind == "oneof" else [member.or_value()])
        nullable = any(m.kind == "null" or m.nullable for m in members)
        flat = list(dict.fromkeys(member for member in flat if member.kind != "null"))
        if any(member.kind == "any" for member in flat):
            return Type("any")
        if not flat:
            return Type("null")
        if len(flat) == 1:
            return flat[0].or_null() if nullable else flat[0]
        self._distinguishable(flat, at)
        return Type("oneof", members=tuple(flat), nullable=nullable)

    def _distinguishable(self, members: list[Type], at: Pointer) -> None:
        """Check that the JSON type alone tells which member a value is, if one is converted."""
        for json_type in {member.json_type for member in members}:
            same = [member for member in members if member.json_type == json_type]
            if len(same) > 1 and not all(member.plain for member in same):
                names = ", ".join(member.name or member.kind for member in same)
                help_text = "use a named schema with oneOf and a discriminator"
                self.error(at, f"ambiguous members {names}: {help_text}")


def component_kind(schema: dict[str, Any]) -> str:
    """Return model, enum or union; empty for a component that is only an alias of another type."""
    if "discriminator" in schema:
        return "union"
    if "enum" in schema:
        return "enum"
    return "model" if schema.get("type") == "object" and schema.get("properties") else ""


def _kind_of_value(value: Any) -> str:
    kinds = {str: "string", bool: "boolean", int: "integer", float: "number"}
    return kinds.get(type(value), "any")


def build_models(schemas: Schemas) -> list[Model]:
    """Return every object schema, sorted by name."""
    return _with_imports([_model(schemas, *item) for item in _of_kind(schemas, "model")])


def _of_kind(schemas: Schemas, kind: str) -> list[tuple[str, dict[str, Any]]]:
    return [(name, s) for name, s in sorted(schemas.raw.items()) if component_kind(s) == kind]


def _model(schemas: Schemas, name: str, schema: dict[str, Any]) -> Model:
    at = ("components", "schemas", name)
    fields = tuple(build_fields(schemas, schema, at))
    money = bool(schema.get("x-tm-money"))
    json_text = schema.get("x-tm-json-text")
    return Model(
        name,
        naming.module(name),
        docs.paragraph(schema.get("description")),
        fields,
        money=money,
        json_text=json_text and naming.attribute(json_text),
    )


def build_fields(schemas: Schemas, schema: dict[str, Any], at: Pointer) -> Iterable[Field]:
    """Yield the properties of an object schema."""
    required = schema.get("required") or ()
    names: dict[str, str] = {}
    for wire, item in schema["properties"].items():
        where = (*at, "properties", wire)
        name = naming.attribute(wire)
        if name in names:
            problem = f"{wire!r} and {names[name]!r} both become {name!r} in Python: rename one"
            schemas.error(where, problem)
            continue
        names[name] = wire
        found = build_field(schemas, where, wire, item, schema)
        fill = schemas.resolve(item).get("default") if schema.get("x-tm-money") else None
        yield replace(found, required=wire in required, fill=fill)


def build_field(
    schemas: Schemas, at: Pointer, wire: str, item: dict[str, Any], above: dict[str, Any]
) -> Field:
    """Return a property or a parameter of the object or operation `above`."""
    schema = item.get("schema", item)
    resolved = schemas.resolve(schema)
    return Field(
        wire=wire,
        name=naming.attribute(wire),
        type=schemas.of(schema, at),
        required=item.get("required") is True,
        **docs.wording({**schema, **item}, resolved, above=above),
        const=schema.get("const"),
        location=item.get("in", "body"),
        secret=resolved.get("format") == "password",
        once=item.get("x-tm-once", False),
        option=item.get("x-tm-option"),
        caller=item.get("x-tm-caller", False),
        instead=item.get("x-tm-instead"),
    )


def secret_fields(schemas: Schemas, part: Any, seen: frozenset[str] = frozenset()) -> set[str]:
    """Return the wire names of all credentials below a part of a document."""
    if isinstance(part, list):
        return {name for item in part for name in secret_fields(schemas, item, seen)}
    if not isinstance(part, dict):
        return set()
    if isinstance(part.get("$ref"), str):
        target = component(part["$ref"])[1]
        if target in seen:
            return set()
        return secret_fields(schemas, schemas.raw.get(target), seen | {target})
    # Properties are handled separately because they may have any name, such as `$ref`.
    properties: dict[str, Any] = part.get("properties") or {}
    found = {
        w for w, item in properties.items() if schemas.resolve(item).get("format") == "password"
    }
    others = {"properties", "examples", *DATA_KEYS}
    rest = [item for key, item in part.items() if key not in others]
    return found | secret_fields(schemas, [*properties.values(), *rest], seen)


def _with_imports(models: list[Model]) -> list[Model]:
    """Separate imports at the top of a module from those that would be circular."""
    needs = {
        model.name: [t for t in imports_of(model.fields) if t.name != model.name]
        for model in models
    }
    result = []
    for model in models:
        direct = needs[model.name]
        lazy = [t for t in direct if t.kind == "model" and _reaches(t.name, model.name, needs)]
        top = [t for t in direct if t not in lazy]
        result.append(replace(model, imports=tuple(top), lazy_imports=tuple(lazy)))
    return result


def imports_of(fields: Iterable[Field]) -> list[Type]:
    """Return the models and unions that the types of fields refer to, sorted by module."""
    found = {
        (named.module, named.name): Type(named.kind, named.name, named.module)
        for item in fields
        for named in item.type.named()
        if named.kind in ("model", "union")
    }
    return [found[key] for key in sorted(found)]


def _reaches(start: str, goal: str, needs: dict[str, list[Type]]) -> bool:
    seen, pending = set(), [start]
    while pending:
        name = pending.pop()
        if name == goal:
            return True
        if name not in seen:
            seen.add(name)
            pending.extend(t.name for t in needs.get(name, ()))
    return False


def build_enums(schemas: Schemas) -> list[Enum]:
    """Return every enum, sorted by name."""
    result = []
    for name, schema in _of_kind(schemas, "enum"):
        at = ("components", "schemas", name, "enum")
        members: dict[str, str] = {}
        for value in schema["enum"]:
            if not isinstance(value, str):
                schemas.error(at, f"member {value!r} is not a string: use strings")
                continue
            constant = naming.constant(value)
            if constant in members:
                both = f"{members[constant]!r} and {value!r} both become {constant} in Python"
                schemas.error(at, f"{both}: remove one and describe it in words")
            members[constant] = value
        doc = docs.paragraph(schema.get("description"))
        result.append(Enum(name, naming.module(name), doc, tuple(members.items())))
    return result


def build_unions(schemas: Schemas) -> list[Union]:
    """Return every discriminated union, sorted by name."""
    return [_union(schemas, *item) for item in _of_kind(schemas, "union")]


def _union(schemas: Schemas, name: str, schema: dict[str, Any]) -> Union:
    at = ("components", "schemas", name)
    prop = schema["discriminator"]["propertyName"]
    mapping = schema["discriminator"].get("mapping") or {}
    members = [item.get("$ref", "") for item in schema.get("oneOf") or ()]
    if not mapping or set(mapping.values()) != set(members):
        problem = "mapping and oneOf name different schemas: make them agree"
        schemas.error((*at, "discriminator"), problem)
        mapping = {}
    variants = []
    for value, ref in mapping.items():
        target = component(ref)[1]
        problem = _variant_problem(schemas.raw[target], target, prop, value)
        if problem:
            schemas.error((*at, "discriminator", "mapping", value), problem)
        variants.append((value, Type("model", target, naming.module(target))))
    doc = docs.paragraph(schema.get("description"))
    return Union(name, naming.module(name), doc, prop, tuple(variants))


def _variant_problem(schema: dict[str, Any], name: str, prop: str, value: str) -> str:
    if component_kind(schema) != "model":
        return f"{name} is not an object with properties: define it as one"
    if prop not in schema["properties"]:
        return f"{name} has no property {prop!r}, the discriminator: add it"
    const = schema["properties"][prop].get("const", value)
    return "" if const == value else f"{name}.{prop} is {const!r}, not {value!r}: make them agree"
