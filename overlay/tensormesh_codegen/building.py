"""From parsed documents to the data that templates render."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from . import docs, naming
from .bundling import Bundle, unescape
from .errors import SpecError
from .loading import Pointer
from .model import Enum, Field, Model, Union
from .types import Type

_OBJECT_KINDS = ("model", "union", "map")


class Schemas:
    """The schemas of one document, by name, with the types they become."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.raw: dict[str, dict[str, Any]] = bundle.data["components"].get("schemas") or {}
        self.errors: list[SpecError] = []
        self._open: list[str] = []

    def error(self, at: Pointer, problem: str) -> None:
        """Note a problem with the schema at `at`."""
        self.errors.append(self.bundle.error(at, problem))

    def resolve(self, schema: dict[str, Any]) -> dict[str, Any]:
        """What a property stands for: the target of its reference, null left aside."""
        seen = 0
        while seen < 20:
            seen += 1
            if "$ref" in schema:
                schema = self.raw.get(self.target(schema["$ref"]), {})
                continue
            options = schema.get("anyOf") or schema.get("oneOf") or []
            others = [option for option in options if option.get("type") != "null"]
            if len(options) == 2 and len(others) == 1:
                schema = others[0]
                continue
            break
        return schema

    @staticmethod
    def target(ref: str) -> str:
        """The name of the component that a local reference means."""
        return unescape(ref.rsplit("/", 1)[-1])

    def named(self, name: str, at: Pointer) -> Type:
        """The type of a component."""
        schema = self.raw[name]
        kind = component_kind(schema)
        if kind:
            return Type(kind, name, naming.module(name))
        if name in self._open:
            self.error(at, f"{name} is made of nothing but itself: let it say what it is")
            return Type("any")
        self._open.append(name)
        try:
            return self.of(schema, ("components", "schemas", name))
        finally:
            self._open.pop()

    def of(self, schema: dict[str, Any], at: Pointer) -> Type:
        """The type of an inline schema."""
        found = self._member(schema, at)
        if found.kind == "null":
            self.error(at, "null alone is no type: say what else it can be")
            return Type("any")
        return found

    def _member(self, schema: dict[str, Any], at: Pointer) -> Type:
        """The same where null is a type too: beside others."""
        if "$ref" in schema:
            return self.named(self.target(schema["$ref"]), at)
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
        """By JSON type alone it must be clear which member a value is, if one is converted."""
        for json_type in {member.json_type for member in members}:
            same = [member for member in members if member.json_type == json_type]
            if len(same) > 1 and not all(member.plain for member in same):
                names = ", ".join(member.name or member.kind for member in same)
                help_text = "make them a named schema with oneOf and a discriminator"
                self.error(at, f"cannot tell {names} apart: {help_text}")


def component_kind(schema: dict[str, Any]) -> str:
    """model, enum or union; empty for a component that is only a name for another type."""
    if "discriminator" in schema:
        return "union"
    if "enum" in schema:
        return "enum"
    return "model" if schema.get("type") == "object" and schema.get("properties") else ""


def _kind_of_value(value: Any) -> str:
    kinds = {str: "string", bool: "boolean", int: "integer", float: "number"}
    return kinds.get(type(value), "any")


def build_models(schemas: Schemas) -> list[Model]:
    """Every object schema, in order of name."""
    return _with_imports(
        [
            _model(schemas, name, schema)
            for name, schema in sorted(schemas.raw.items())
            if component_kind(schema) == "model"
        ]
    )


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
    """The properties of an object schema."""
    required = schema.get("required") or ()
    names: dict[str, str] = {}
    for wire, item in schema["properties"].items():
        where = (*at, "properties", wire)
        name = naming.attribute(wire)
        if name in names:
            problem = f"{wire!r} and {names[name]!r} are both {name!r} in Python: rename one"
            schemas.error(where, problem)
            continue
        names[name] = wire
        resolved = schemas.resolve(item)
        yield Field(
            wire=wire,
            name=name,
            type=schemas.of(item, where),
            required=wire in required,
            **docs.wording(item, resolved, above=schema),
            const=item.get("const"),
            secret=resolved.get("format") == "password",
            once=item.get("x-tm-once", False),
            fill=resolved.get("default") if schema.get("x-tm-money") else None,
            option=item.get("x-tm-option"),
            caller=item.get("x-tm-caller", False),
        )


def secret_fields(schemas: Schemas, part: Any, seen: frozenset[str] = frozenset()) -> set[str]:
    """Wire names of all properties below a part of a document that are credentials."""
    if isinstance(part, list):
        return {name for item in part for name in secret_fields(schemas, item, seen)}
    if not isinstance(part, dict):
        return set()
    if isinstance(part.get("$ref"), str):
        target = schemas.target(part["$ref"])
        if target in seen:
            return set()
        return secret_fields(schemas, schemas.raw.get(target), seen | {target})
    # Apart from the rest, as a property may have any name.
    properties: dict[str, Any] = part.get("properties") or {}
    found = {
        w for w, item in properties.items() if schemas.resolve(item).get("format") == "password"
    }
    rest = [item for key, item in part.items() if key != "properties"]
    return found | secret_fields(schemas, [*properties.values(), *rest], seen)


def _with_imports(models: list[Model]) -> list[Model]:
    """Tell the imports that can stand at the top of a module from those that would be a circle."""
    needs = {model.name: _needed(model) for model in models}
    result = []
    for model in models:
        direct = needs[model.name]
        lazy = [t for t in direct if t.kind == "model" and _reaches(t.name, model.name, needs)]
        top = [t for t in direct if t not in lazy]
        result.append(replace(model, imports=tuple(top), lazy_imports=tuple(lazy)))
    return result


def _needed(model: Model) -> list[Type]:
    found = {
        (named.module, named.name): Type(named.kind, named.name, named.module)
        for item in model.fields
        for named in item.type.named()
        if named.kind in ("model", "union") and named.name != model.name
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
    """Every enum, in order of name."""
    result = []
    for name, schema in sorted(schemas.raw.items()):
        if component_kind(schema) != "enum":
            continue
        at = ("components", "schemas", name)
        members: dict[str, str] = {}
        for value in schema["enum"]:
            if not isinstance(value, str):
                schemas.error((*at, "enum"), f"member {value!r} is no string: write strings")
                continue
            constant = naming.constant(value)
            if constant in members:
                both = f"{members[constant]!r} and {value!r} are both {constant} in Python"
                schemas.error((*at, "enum"), f"{both}: leave one out, and describe it in words")
            members[constant] = value
        doc = docs.paragraph(schema.get("description"))
        result.append(Enum(name, naming.module(name), doc, tuple(members.items())))
    return result


def build_unions(schemas: Schemas) -> list[Union]:
    """Every discriminated union, in order of name."""
    result = []
    for name, schema in sorted(schemas.raw.items()):
        if component_kind(schema) == "union":
            result.append(_union(schemas, name, schema))
    return result


def _union(schemas: Schemas, name: str, schema: dict[str, Any]) -> Union:
    at = ("components", "schemas", name)
    prop = schema["discriminator"]["propertyName"]
    mapping = schema["discriminator"].get("mapping") or {}
    members = [item.get("$ref", "") for item in schema.get("oneOf") or ()]
    if not mapping or set(mapping.values()) != set(members):
        problem = "mapping and oneOf must name the same schemas: let them agree"
        schemas.error((*at, "discriminator"), problem)
        mapping = {}
    variants = []
    for value, ref in mapping.items():
        target = schemas.target(ref)
        problem = _variant_problem(schemas.raw[target], target, prop, value)
        if problem:
            schemas.error((*at, "discriminator", "mapping", value), problem)
        variants.append((value, Type("model", target, naming.module(target))))
    doc = docs.paragraph(schema.get("description"))
    return Union(name, naming.module(name), doc, prop, tuple(variants))


def _variant_problem(schema: dict[str, Any], name: str, prop: str, value: str) -> str:
    if component_kind(schema) != "model":
        return f"{name} is no object with properties: let it be one"
    if prop not in schema["properties"]:
        return f"{name} has no property {prop!r}, which tells the members apart: add it"
    const = schema["properties"][prop].get("const", value)
    return "" if const == value else f"{name}.{prop} is {const!r}, not {value!r}: let them agree"
