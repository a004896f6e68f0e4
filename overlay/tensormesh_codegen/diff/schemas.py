"""Comparison of schemas, in the direction their values are sent."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from .documents import Node, Spec, Target, canonical
from .keywords import compare_annotations, compare_assertions, compare_table
from .ledger import Place
from .rules import Direction
from .shapes import Shape, Types, describe, peel, references, shape_of, show_types
from .unions import match, members, renamed

# How often the same two schemas are compared within one component if components must be merged
# into them. Schemas that refer to each other in many ways would otherwise take exponential time.
_PLACES = 10


class SchemaComparison:
    """Compares schemas; components once in each direction."""

    def __init__(self, old: Spec, new: Spec) -> None:
        self._old = old
        self._new = new
        self._active: set[tuple[object, ...]] = set()
        self._visits: Counter[tuple[object, ...]] = Counter()

    def compare(self, old: Node, new: Node, place: Place, *, optional: bool = False) -> None:
        """Compare two schemas.

        Args:
            old: The schema before.
            new: The schema after.
            place: Where they are, and the direction of the value.
            optional: Whether the value could already be missing, which reads as None.
        """
        old, was_nullable = peel(old)
        new, nullable = peel(new)
        if nullable and not was_nullable:
            rule = "nullable-added-to-optional" if optional else "nullable-added"
            place.report(rule, "null is now allowed")
        elif was_nullable and not nullable:
            place.report("nullable-removed", "null is no longer allowed")
        pairs = _shared_references(old, new)
        sides = (old.file, canonical(old.value), new.file, canonical(new.value))
        key = (*sides, place.scope, place.direction)
        # A recursive schema would report the same changes again further in.
        if key not in self._active and self._visits[key] < _PLACES:
            merged = not pairs and (references(old) or references(new))
            self._visits[key] += bool(merged)
            self._active.add(key)
            self._compare_present(old, new, pairs, place)
            self._active.discard(key)

    def _compare_present(
        self, old: Node, new: Node, pairs: list[tuple[Target, Target]], place: Place
    ) -> None:
        """Compare two schemas without null, and each pair of components on its own."""
        for was, now in pairs:
            self.compare_components(was, now, place)
        before = shape_of(old, [was for was, _ in pairs])
        after = shape_of(new, [now for _, now in pairs])
        if bool(before.variants) != bool(after.variants) and not pairs:
            compare_annotations(before, after, place)
            self._compare_variants(members(old, before), members(new, after), place)
            return
        if not pairs and before.makes_class and after.makes_class:
            names = [node.target.name if node.target else "inline" for node in (old, new)]
            if names[0] != names[1]:
                place.report("reference-changed", f"{names[0]} -> {names[1]}")
        if not pairs and old.target is not None and new.target is not None:
            pairs = [(old.target, new.target)]
            self.compare_components(old.target, new.target, place)
            before, after = shape_of(old, [old.target]), shape_of(new, [new.target])
        self._compare_shapes(before, after, place, partial=bool(pairs))

    def compare_components(self, was: Target, now: Target, place: Place) -> None:
        """Compare two schema components, unless already done in this direction."""
        same = was.name == now.name
        label = f"schema {now.name}" if same else f"schema {was.name} -> {now.name}"
        inside = place.enter(label, was, now, place.direction)
        if inside is None:
            return
        old, new = self._old.follow(was), self._new.follow(now)
        named = shape_of(old).has_name or shape_of(new).has_name
        if named and renamed(old, new, was.name, now.name):
            inside.report("schema-renamed", f"{was.name} -> {now.name}")
        self.compare(old, new, inside)

    def compare_unreached(self, place: Place) -> None:
        """Compare the schema components that no operation refers to, by name.

        Added and removed schemas are only reported if there are no operations at all: otherwise
        the changes of the operations imply them.
        """
        library = not self._old.roots and not self._new.roots
        for was in self._old.schemas:
            now = self._new.find_schema(was.name, was.file)
            if now is None:
                if library:
                    place.at(f"schema {was.name}").report("schema-removed", "schema removed")
            elif was not in self._old.touched and now not in self._new.touched:
                for direction in Direction:
                    self.compare_components(was, now, place.at("", direction))
        for now in self._new.schemas if library else ():
            if not self._old.find_schema(now.name):
                place.at(f"schema {now.name}").report("schema-added", "schema added")

    def _compare_shapes(self, old: Shape, new: Shape, place: Place, *, partial: bool) -> None:
        """Compare two shapes; `partial` if components that may define the type were left out."""
        compare_annotations(old, new, place)
        if old.variants and new.variants:
            tagged = "discriminator" in old.keywords and "discriminator" in new.keywords
            self._compare_variants(old.variants, new.variants, place, tagged=tagged)
        if old.union != new.union:
            rule = "union-keyword-changed" if old.union and new.union else "schema-keyword-changed"
            place.report(rule, f"union: {old.union or 'none'} -> {new.union or 'none'}")
        self._compare_discriminators(old, new, place)
        unknown = partial and None in (old.types, new.types)
        if unknown or _compare_types(old.types, new.types, place):
            compare_assertions(old, new, place)
            self._compare_properties(old, new, place)
            self._compare_further_properties(old, new, place)
            self._compare_items(old, new, place)

    def _compare_variants(
        self, before: list[Node], after: list[Node], place: Place, *, tagged: bool = False
    ) -> None:
        """Compare the members of two unions; `tagged` if they have a discriminator."""
        matched = match(before, after)
        for old, new in matched.pairs:
            self.compare(old, new, place.at(f" ({describe(new)})"))
        for node in matched.removed:
            place.report("variant-removed", f"variant removed: {describe(node)}")
        rule = "tagged-variant-added" if tagged else "variant-added"
        for node in matched.added:
            place.report(rule, f"variant added: {describe(node)}")

    def _compare_discriminators(self, old: Shape, new: Shape, place: Place) -> None:
        before, after = old.keywords.get("discriminator"), new.keywords.get("discriminator")
        if not isinstance(before, dict) or not isinstance(after, dict):
            table = {"discriminator": "discriminator"}
            compare_table(old.keywords, new.keywords, place, table)
            return
        place = place.at(" discriminator")
        compare_table(before, after, place, {"propertyName": "discriminator"})
        was, now = _mapping(before), _mapping(after)
        # An entry added or removed together with its variant is reported for the variant.
        names = [{n.target.name for n in shape.variants if n.target} for shape in (old, new)]
        told = names[0] ^ names[1]
        both = {**was, **now}
        tags = [tag for tag in both if (tag in was and tag in now) or both[tag] not in told]
        compare_table(was, now, place, dict.fromkeys(tags, "discriminator-mapping"))

    def _compare_properties(self, old: Shape, new: Shape, place: Place) -> None:
        names = dict.fromkeys([*old.properties, *new.properties])
        for name in [*names, *sorted((old.required | new.required) - set(names))]:
            before, after = old.properties.get(name), new.properties.get(name)
            if not _travels([node for node in (before, after) if node], place.direction):
                continue
            here = place.at(_step(name))
            was_required, required = name in old.required, name in new.required
            if before is None and after is not None:
                rule = "required-property-added" if required else "property-added"
                here.report(rule, f"property added: {describe(after)}")
            elif before is not None and after is None:
                here.report("property-removed", f"property removed: {describe(before)}")
            else:
                if required and not was_required:
                    here.report("property-became-required", "optional -> required")
                elif was_required and not required:
                    kind = "nullable-property" if before and peel(before)[1] else "property"
                    here.report(f"{kind}-became-optional", "required -> optional")
                if before is not None and after is not None:
                    self.compare(before, after, here, optional=not was_required)

    def _compare_further_properties(self, old: Shape, new: Shape, place: Place) -> None:
        before, after = old.extra, new.extra
        if isinstance(before, Node) and isinstance(after, Node):
            self.compare(before, after, place.at(".*"))
        elif before is False or after is False:
            if before is not after:
                rule = "opened" if before is False else "closed"
                place.report(f"additional-properties-{rule}", f"further properties: {rule}")
        elif isinstance(after, Node):
            what = describe(after)
            place.report("additional-properties-typed", f"further properties: any -> {what}")
        elif isinstance(before, Node):
            what = describe(before)
            place.report("additional-properties-untyped", f"further properties: {what} -> any")

    def _compare_items(self, old: Shape, new: Shape, place: Place) -> None:
        some = old.items or new.items
        if some:
            anything = replace(some, value={})
            self.compare(old.items or anything, new.items or anything, place.at("[]"))
        for index, (before, after) in enumerate(zip(old.prefix, new.prefix, strict=False)):
            self.compare(before, after, place.at(f"[{index}]"))
        if len(old.prefix) != len(new.prefix):
            message = f"fixed members: {len(old.prefix)} -> {len(new.prefix)}"
            place.report("type-changed", message)


def _shared_references(old: Node, new: Node) -> list[tuple[Target, Target]]:
    """Return the components that both schemas are composed of, to compare them on their own.

    Returns nothing if the schemas must be compared as a whole, because their components differ, or
    a property moved between a component and the schema next to it.
    """
    before, after = references(old), references(new)
    if len(before) == len(after) == 1 and "$ref" in old and "$ref" in new:
        was, now = before[0], after[0]
        if was.name == now.name or renamed(old, new, was.name, now.name):
            return [(was, now)]
    ours, theirs = {t.name: t for t in before}, {t.name: t for t in after}
    if ours.keys() != theirs.keys() or not ours:
        return []
    shapes = shape_of(old, before), shape_of(new, after), shape_of(old), shape_of(new)
    for fields in ([{*s.properties} for s in shapes], [{*s.required} for s in shapes]):
        if (fields[0] ^ fields[1]) & fields[2] & fields[3]:
            return []
    return [(ours[name], theirs[name]) for name in ours]


def _compare_types(old: Types, new: Types, place: Place) -> bool:
    """Report a changed type, and return whether comparing further keywords makes sense."""
    if old == new:
        return True
    message = f"type: {show_types(old)} -> {show_types(new)}"
    if old is None or new is None:
        place.report("type-added" if old is None else "type-removed", message)
        return False
    wider, narrower = _covers(new, old), _covers(old, new)
    if not (wider and narrower):
        rule = "type-widened" if wider else "type-narrowed" if narrower else "type-changed"
        place.report(rule, message)
    return wider or narrower


def _covers(outer: frozenset[str], inner: frozenset[str]) -> bool:
    return all(t in outer or (t == "integer" and "number" in outer) for t in inner)


def _travels(nodes: list[Node], direction: Direction) -> bool:
    """Return whether a property is ever sent in this direction."""
    flag = "readOnly" if direction is Direction.REQUEST else "writeOnly"
    values = [node.value for node in nodes]
    return not values or not all(isinstance(v, dict) and v.get(flag) for v in values)


def _mapping(discriminator: dict[str, Any]) -> dict[str, str]:
    """Return the mapping of a discriminator, from tags to schema names."""
    entries = discriminator.get("mapping")
    entries = entries if isinstance(entries, dict) else {}
    return {tag: str(target).rpartition("/")[2] for tag, target in entries.items()}


def _step(name: str) -> str:
    """Return the part of a location that names a property."""
    return f".{name}" if name.replace("-", "_").isidentifier() else f"[{name!r}]"
