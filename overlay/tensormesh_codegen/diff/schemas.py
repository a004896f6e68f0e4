"""Comparing two schemas, in the direction in which their values travel."""

from __future__ import annotations

from collections import Counter

from .documents import Node, Spec, Target, canonical
from .keywords import Names, compare_annotations, compare_assertions, compare_table
from .ledger import Kind, Place, Scope
from .rules import Direction
from .shapes import Shape, Types, describe, peel, references, shape_of, show_types
from .unions import match, members, renamed

_PLACES = 10
"""In how many places of one component the same two schemas are compared, if components have to be
merged into them: those that lead to each other in many ways would otherwise take for ever."""


class SchemaComparison:
    """Compares the schemas of two versions; a component once in each direction."""

    def __init__(self, old: Spec, new: Spec) -> None:
        self._old = old
        self._new = new
        self._active: set[tuple[object, ...]] = set()
        self._visits: Counter[tuple[object, ...]] = Counter()

    def compare(self, old: Node, new: Node, place: Place, *, optional: bool = False) -> None:
        """Report what changed between two schemas.

        Args:
            old: The schema before.
            new: The schema after.
            place: Where they are, and in which direction.
            optional: Whether the value could already be absent, which reads as None.
        """
        old, was_nullable = peel(old)
        new, nullable = peel(new)
        if nullable and not was_nullable:
            rule = "nullable-added-to-optional" if optional else "nullable-added"
            place.report(rule, "null is now allowed")
        elif was_nullable and not nullable:
            place.report("nullable-removed", "null is no longer allowed")
        pairs = self._shared_references(old, new)
        sides = (old.file, canonical(old.value), new.file, canonical(new.value))
        key = (*sides, place.scope, place.direction)
        # Where a schema leads to itself, what is being compared would be told again further in.
        if key not in self._active and self._visits[key] < _PLACES:
            merged = not pairs and (references(self._old, old) or references(self._new, new))
            self._visits[key] += bool(merged)
            self._active.add(key)
            self._compare_present(old, new, pairs, place)
            self._active.discard(key)

    def _compare_present(
        self, old: Node, new: Node, pairs: list[tuple[Target, Target]], place: Place
    ) -> None:
        """Compare two schemas without their null; of ``pairs``, at the components."""
        for was, now in pairs:
            self.compare_components(was, now, place)
        before = shape_of(self._old, old, [was for was, _ in pairs])
        after = shape_of(self._new, new, [now for _, now in pairs])
        if bool(before.variants) != bool(after.variants) and not pairs:
            compare_annotations(before, after, place)
            self._compare_variants(
                members(self._old, old, before), members(self._new, new, after), place
            )
            return
        source, target = self._old.target(old), self._new.target(new)
        if not pairs and before.makes_class and after.makes_class:
            _compare_class_names(source, target, place)
        if not pairs and source is not None and target is not None:
            pairs = [(source, target)]
            self.compare_components(source, target, place)
            before = shape_of(self._old, old, [source])
            after = shape_of(self._new, new, [target])
        self._compare_shapes(before, after, place, partial=bool(pairs))

    def compare_components(self, was: Target, now: Target, place: Place) -> None:
        """Compare two schema components, unless that was done in this direction."""
        same = was.name == now.name
        label = f"schema {now.name}" if same else f"schema {was.name} -> {now.name}"
        key = (was.file, was.pointer, now.file, now.pointer, place.direction.value)
        inside = place.enter(Scope(Kind.COMPONENT, label, key))
        if inside is None:
            return
        old, new = self._old.follow(was), self._new.follow(now)
        if renamed(self._old, self._new, was.name, now.name) and (
            shape_of(self._old, old).has_name or shape_of(self._new, new).has_name
        ):
            inside.report("schema-renamed", f"{was.name} -> {now.name}")
        self.compare(old, new, inside)

    def compare_unreached(self, place: Place) -> None:
        """Compare by name the schema components that no operation led to.

        A schema that is gone, or new, is reported when its version has no operations at all:
        otherwise the operations have told of it.
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
            if not self._old.has_schema(now.name):
                place.at(f"schema {now.name}").report("schema-added", "schema added")

    def _shared_references(self, old: Node, new: Node) -> list[tuple[Target, Target]]:
        """Return the components that both schemas are made of, to compare them on their own.

        Nothing is returned when the schemas must be compared as wholes: their components differ,
        or a property moved between a component and what stands beside it.
        """
        before, after = references(self._old, old), references(self._new, new)
        if len(before) == len(after) == 1 and "$ref" in old and "$ref" in new:
            was, now = before[0], after[0]
            if was.name == now.name or renamed(self._old, self._new, was.name, now.name):
                return [(was, now)]
        ours, theirs = {t.name: t for t in before}, {t.name: t for t in after}
        if ours.keys() != theirs.keys() or not ours:
            return []
        beside = shape_of(self._old, old, before), shape_of(self._new, new, after)
        whole = shape_of(self._old, old), shape_of(self._new, new)
        for fields in ([set(s.properties) for s in (*beside, *whole)],
                       [set(s.required) for s in (*beside, *whole)]):  # fmt: skip
            if (fields[0] ^ fields[1]) & fields[2] & fields[3]:
                return []
        return [(ours[name], theirs[name]) for name in ours]

    def _compare_shapes(self, old: Shape, new: Shape, place: Place, *, partial: bool) -> None:
        """Compare two shapes; ``partial`` when components that give the type were left out."""
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
        """Compare the members of two unions; ``tagged`` when a discriminator tells them apart."""
        matched = match(self._old, self._new, before, after)
        for old, new in matched.pairs:
            self.compare(old, new, place.at(f" ({describe(self._new, new)})"))
        for node in matched.removed:
            place.report("variant-removed", f"variant removed: {describe(self._old, node)}")
        rule = "tagged-variant-added" if tagged else "variant-added"
        for node in matched.added:
            place.report(rule, f"variant added: {describe(self._new, node)}")

    def _compare_discriminators(self, old: Shape, new: Shape, place: Place) -> None:
        before, after = old.keywords.get("discriminator"), new.keywords.get("discriminator")
        if not isinstance(before, dict) or not isinstance(after, dict):
            names = Names.three("discriminator")
            compare_table(old.keywords, new.keywords, place, {"discriminator": names})
            return
        place = place.at(" discriminator")
        compare_table(before, after, place, {"propertyName": Names.one("discriminator-changed")})
        was, now = (_mapping(value) for value in (before, after))
        # An entry that comes or goes together with its variant is told by the variant.
        told = _variant_names(self._old, old) ^ _variant_names(self._new, new)
        tags = [
            tag
            for tag, name in {**was, **now}.items()
            if (tag in was and tag in now) or name not in told
        ]
        compare_table(was, now, place, dict.fromkeys(tags, Names.three("discriminator-mapping")))

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
                here.report(rule, f"property added: {describe(self._new, after)}")
            elif before is not None and after is None:
                here.report("property-removed", f"property removed: {describe(self._old, before)}")
            else:
                _compare_presence(before, was_required, required, here)
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
            what = describe(self._new, after)
            place.report("additional-properties-typed", f"further properties: any -> {what}")
        elif isinstance(before, Node):
            what = describe(self._old, before)
            place.report("additional-properties-untyped", f"further properties: {what} -> any")

    def _compare_items(self, old: Shape, new: Shape, place: Place) -> None:
        if old.items or new.items:
            before, after = old.items or Node("", {}), new.items or Node("", {})
            self.compare(before, after, place.at("[]"))
        for index, (before, after) in enumerate(zip(old.prefix, new.prefix, strict=False)):
            self.compare(before, after, place.at(f"[{index}]"))
        if len(old.prefix) != len(new.prefix):
            message = f"fixed members: {len(old.prefix)} -> {len(new.prefix)}"
            place.report("type-changed", message)


def _compare_class_names(was: Target | None, now: Target | None, place: Place) -> None:
    names = [target.name if target else "inline" for target in (was, now)]
    if names[0] != names[1]:
        place.report("reference-changed", f"{names[0]} -> {names[1]}")


def _compare_types(old: Types, new: Types, place: Place) -> bool:
    """Report a changed type; say whether values of both can have more in common."""
    if old == new:
        return True
    message = f"type: {show_types(old)} -> {show_types(new)}"
    if old is None or new is None:
        place.report("type-added" if old is None else "type-removed", message)
        return False
    wider, narrower = _covers(new, old), _covers(old, new)
    if wider and narrower:
        return True
    if wider or narrower:
        place.report("type-widened" if wider else "type-narrowed", message)
        return True
    place.report("type-changed", message)
    return False


def _covers(outer: frozenset[str], inner: frozenset[str]) -> bool:
    return all(t in outer or (t == "integer" and "number" in outer) for t in inner)


def _compare_presence(before: Node | None, was: bool, now: bool, place: Place) -> None:
    if now and not was:
        place.report("property-became-required", "optional -> required")
    elif was and not now:
        nullable = before is not None and peel(before)[1]
        rule = "nullable-property-became-optional" if nullable else "property-became-optional"
        place.report(rule, "required -> optional")


def _travels(nodes: list[Node], direction: Direction) -> bool:
    """Say whether a property is ever sent this way."""
    flag = "readOnly" if direction is Direction.REQUEST else "writeOnly"
    values = [node.value for node in nodes]
    return not values or not all(isinstance(v, dict) and v.get(flag) for v in values)


def _mapping(discriminator: dict[str, object]) -> dict[str, str]:
    """Return the discriminator's mapping, tag to schema name."""
    entries = discriminator.get("mapping")
    entries = entries if isinstance(entries, dict) else {}
    return {tag: str(target).rpartition("/")[2] for tag, target in entries.items()}


def _variant_names(spec: Spec, shape: Shape) -> set[str]:
    return {target.name for node in shape.variants if (target := spec.target(node))}


def _step(name: str) -> str:
    """Return how a location names a property."""
    return f".{name}" if name.replace("-", "_").isidentifier() else f"[{name!r}]"
