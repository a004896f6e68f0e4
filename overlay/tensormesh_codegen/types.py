"""Types of values on the wire, and what they are in Python."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

# kind -> Python type of the JSON value
SCALARS = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
_JSON = SCALARS | {"int64": "str", "enum": "str", "datetime": "str"}
_JSON |= {"model": "dict", "union": "dict", "list": "list", "map": "dict"}
_WORDS = {
    **{kind: f"a {kind}" for kind in ("string", "number", "boolean")},
    **dict.fromkeys(("model", "union", "map"), "an object"),
    "enum": "a string",
    "integer": "an integer",
    "int64": "a 64-bit integer",
    "datetime": "a timestamp",
    "list": "an array",
    "any": "any value",
}


@dataclass(frozen=True)
class Type:
    """A type.

    Attributes:
        kind: string, integer, number, boolean, any, int64 (a string on the wire, because not all
            JSON parsers support such numbers), datetime, enum, model, union (discriminated), list,
            map, oneof (members of different JSON types).
        name: Class name of an enum, model or union.
        module: Module of that class.
        items: Type of list items or map values.
        members: Members of a oneof.
        nullable: Whether null is allowed.
    """

    kind: str
    name: str = ""
    module: str = ""
    items: Type | None = None
    members: tuple[Type, ...] = ()
    nullable: bool = False

    def or_value(self) -> Type:
        """Return the type without null."""
        return replace(self, nullable=False)

    def or_null(self) -> Type:
        """Return the type with null."""
        return replace(self, nullable=True)

    @property
    def checkable(self) -> bool:
        """Whether checking the class of the JSON value is sufficient."""
        kinds = [member.kind for member in self.members] or [self.kind]
        return all(kind in SCALARS or kind == "enum" for kind in kinds)

    @property
    def classes(self) -> list[str]:
        """The Python classes of its JSON values."""
        if self.kind == "oneof":
            found = [name for member in self.members for name in member.classes]
        else:
            found = ["float", "int"] if self.kind == "number" else [self.json_type]
        return list(dict.fromkeys([*found, "type(None)"] if self.nullable else found))

    @property
    def branches(self) -> list[Type]:
        """Members of a oneof that need more than a check of their class.

        All lists are joined into one, and so are all maps.
        """
        found: dict[str, Type] = {}
        for member in self.members:
            known = found.get(member.kind)
            if known and known.items and member.items:
                found[member.kind] = replace(member, items=known.items.joined(member.items))
            elif not member.checkable:
                found[member.kind] = member
        return list(found.values())

    def joined(self, other: Type) -> Type:
        """Return the type of the values of both types."""
        if "any" in (self.kind, other.kind):
            return Type("any")
        both = [part for one in (self, other) for part in one.members or (one.or_value(),)]
        members = tuple(dict.fromkeys(both))
        nullable = self.nullable or other.nullable
        if len(members) == 1:
            return replace(members[0], nullable=nullable)
        return Type("oneof", members=members, nullable=nullable)

    @property
    def plain(self) -> bool:
        """Whether the JSON value is the Python value, at every depth."""
        converted = self.kind in ("model", "union", "datetime")
        return not converted and all(part.plain for part in self.parts())

    @property
    def json_type(self) -> str:
        """The Python class of the JSON value; empty for any and oneof."""
        return _JSON.get(self.kind, "")

    def parts(self) -> Iterator[Type]:
        """Yield the types directly inside this one."""
        if self.items:
            yield self.items
        yield from self.members

    def named(self) -> Iterator[Type]:
        """Yield every class this type refers to, including itself."""
        if self.name:
            yield self
        for part in self.parts():
            yield from part.named()

    def annotation(self) -> str:
        """Return the annotation of an attribute."""
        return self._annotate(given=False)

    def parameter(self) -> str:
        """Return the annotation of an argument, which also accepts mappings and sequences."""
        return self._annotate(given=True)

    def _annotate(self, *, given: bool) -> str:
        inner = self.items._annotate(given=given) if self.items else ""
        if self.kind == "oneof":
            text = " | ".join(dict.fromkeys(m._annotate(given=given) for m in self.members))
        elif self.kind == "list":
            text = f"{'Sequence' if given else 'list'}[{inner}]"
        elif self.kind == "map":
            text = f"{'Mapping' if given else 'dict'}[str, {inner}]"
        elif self.kind in ("model", "union"):
            text = f"{self.name} | Mapping[str, Any]" if given else self.name
        else:
            text = {**_JSON, "any": "Any", "datetime": "datetime"}[self.kind]
        return f"{text} | None" if self.nullable and text != "Any" else text

    def describe(self) -> str:
        """Return the JSON type in words, for error messages."""
        parts = self.members or (self,)
        options = list(dict.fromkeys(_WORDS[part.kind] for part in parts))
        if self.nullable:
            options.append("null")
        return options[0] if len(options) == 1 else f"{', '.join(options[:-1])} or {options[-1]}"
