"""The types of the wire as Python will see them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

# kind -> the Python type of its JSON value
SCALARS = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
_JSON = {**SCALARS, "int64": "str", "enum": "str", "datetime": "str"}
_JSON |= {"model": "dict", "union": "dict"}
_JSON |= {"list": "list", "map": "dict"}


@dataclass(frozen=True)
class Type:
    """One type.

    Attributes:
        kind: string, integer, number, boolean, any, int64 (a string on the wire: not all JSON
            readers have such numbers), datetime, enum, model, union (discriminated), list, map,
            oneof (members of differing JSON types).
        name: Class name of an enum, a model or a union.
        module: Module of that class.
        items: Type of the items of a list, of the values of a map.
        members: Members of a oneof.
        nullable: Whether null is a value.
    """

    kind: str
    name: str = ""
    module: str = ""
    items: Type | None = None
    members: tuple[Type, ...] = ()
    nullable: bool = False

    def or_value(self) -> Type:
        """The same type without null."""
        return replace(self, nullable=False)

    @property
    def checkable(self) -> bool:
        """Whether the classes of its JSON values say all that there is to check."""
        return (
            self.kind in SCALARS
            or self.kind == "enum"
            or (
                self.kind == "oneof"
                and all(member.kind in SCALARS or member.kind == "enum" for member in self.members)
            )
        )

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
        """The members of a oneof of which the class alone does not say all that there is to check.

        Lists stand as one, of everything that any of them may hold; and so do maps.
        """
        found: dict[str, Type] = {}
        for member in self.members:
            known = found.get(member.kind)
            if known and known.items and member.items:
                found[member.kind] = replace(member, items=known.items.joined(member.items))
            elif not member.checkable:
                found[member.kind] = member
        return list(found.values())

    @property
    def has_objects(self) -> bool:
        """Whether a member of a oneof becomes a model."""
        return any(member.kind in ("model", "union") for member in self.members)

    @property
    def plain_members(self) -> list[Type]:
        """The members of a oneof of which the class says all."""
        return [member for member in self.members if member.checkable]

    def joined(self, other: Type) -> Type:
        """A type of the values of both."""
        if "any" in (self.kind, other.kind):
            return Type("any")
        both = [part for one in (self, other) for part in one.members or (one.or_value(),)]
        members = tuple(dict.fromkeys(both))
        nullable = self.nullable or other.nullable
        if len(members) == 1:
            return replace(members[0], nullable=nullable)
        return Type("oneof", members=members, nullable=nullable)

    def or_null(self) -> Type:
        """The same type with null as one more value."""
        return replace(self, nullable=True)

    @property
    def plain(self) -> bool:
        """Whether the JSON value is the Python value, at every depth."""
        return self.kind not in ("model", "union", "datetime") and all(
            part.plain for part in self.parts()
        )

    @property
    def json_type(self) -> str:
        """The Python class of the JSON value; empty for `any` and for a oneof."""
        return _JSON.get(self.kind, "")

    def parts(self) -> Iterator[Type]:
        """The types directly inside this one."""
        if self.items:
            yield self.items
        yield from self.members

    def named(self) -> Iterator[Type]:
        """Every class that this type speaks of, itself included."""
        if self.name:
            yield self
        for part in self.parts():
            yield from part.named()

    def annotation(self) -> str:
        """The annotation of an attribute."""
        return self._annotate(given=False)

    def parameter(self) -> str:
        """The annotation of an argument: a dict stands for any model, any sequence for a list."""
        return self._annotate(given=True)

    def _annotate(self, *, given: bool) -> str:
        if self.kind == "oneof":
            text = " | ".join(dict.fromkeys(m._annotate(given=given) for m in self.members))
        elif self.kind == "list":
            assert self.items
            container = "Sequence" if given else "list"
            text = f"{container}[{self.items._annotate(given=given)}]"
        elif self.kind == "map":
            assert self.items
            container = "Mapping" if given else "dict"
            text = f"{container}[str, {self.items._annotate(given=given)}]"
        elif self.kind in ("model", "union"):
            text = f"{self.name} | Mapping[str, Any]" if given else self.name
        else:
            named = {"any": "Any", "datetime": "datetime", "enum": "str", "int64": "str"}
            text = {**named, **SCALARS}[self.kind]
        return f"{text} | None" if self.nullable and text != "Any" else text

    def describe(self) -> str:
        """The JSON form in words, for error messages."""
        words = {
            "string": "a string",
            "enum": "a string",
            "integer": "an integer",
            "number": "a number",
            "boolean": "a boolean",
            "int64": "a 64-bit integer",
            "datetime": "a timestamp",
            "model": "an object",
            "union": "an object",
            "map": "an object",
            "list": "an array",
            "any": "any value",
        }
        if self.kind == "oneof":
            options = list(dict.fromkeys(member.describe() for member in self.members))
        else:
            options = [words[self.kind]]
        if self.nullable:
            options.append("null")
        return options[0] if len(options) == 1 else f"{', '.join(options[:-1])} or {options[-1]}"
