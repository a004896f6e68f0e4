"""Telling which member of a union became which, whatever their order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from .documents import Node, Spec, canonical
from .shapes import Shape, describe, is_annotation, peel, shape_of, show_types

_Key = Callable[[Spec, Node], str | None]


@dataclass
class Matched:
    """The members of two unions: those that belong together, and those on one side alone."""

    pairs: list[tuple[Node, Node]] = field(default_factory=list)
    removed: list[Node] = field(default_factory=list)
    added: list[Node] = field(default_factory=list)


def renamed(old: Spec, new: Spec, was: str, now: str) -> bool:
    """Say whether schema ``was`` can have become ``now``: each lives in its version alone."""
    return was != now and not new.has_schema(was) and not old.has_schema(now)


def match(old: Spec, new: Spec, before: list[Node], after: list[Node]) -> Matched:
    """Pair the members of two unions, by the surest sign first.

    The signs are the ``$ref``'s name, equality, the value of a ``const`` property, a description
    of the type, and the bare type. Two ``$ref``s of different names pair only as a renaming, and
    not by the bare type alone.
    """
    before, after = (
        _expand(old, before, _names(new, after)),
        _expand(new, after, _names(old, before)),
    )
    result = Matched(removed=before, added=after)
    for key in (_name, _content, _tag, describe, _type):
        _match_by(key, old, new, result)
    return result


def members(spec: Spec, node: Node, shape: Shape) -> list[Node]:
    """Return the members of a union, or the schema itself as the members of one.

    What stands beside ``anyOf`` or ``oneOf`` is made part of each member; a schema of several
    types is one member for each.
    """
    if not shape.variants:
        body = _body(node)
        if shape.types is None or len(shape.types) < 2 or "type" not in body.value:
            return [body]
        return [
            Node(body.file, {**body.value, "type": name}, body.trail)
            for name in sorted(shape.types)
        ]
    whole = peel(spec.resolve(node))[0]
    body = _body(whole, shape.union, "discriminator")
    if shape.union not in whole or not body.value:
        return shape.variants
    return [
        Node(member.file, {"allOf": [body.value, member.value]}, member.trail)
        for member in shape.variants
    ]


def _body(node: Node, *without: str) -> Node:
    """Return the schema without wording and without some keywords."""
    kept = {k: v for k, v in node.mapping.items() if not is_annotation(k) and k not in without}
    return Node(node.file, kept, node.trail)


def _names(spec: Spec, nodes: list[Node]) -> set[str]:
    return {target.name for node in nodes if (target := spec.target(node))}


def _expand(spec: Spec, nodes: list[Node], shared: set[str]) -> list[Node]:
    """Put the variants of a union in its place, unless the other side has it by name too."""
    found = []
    for node in nodes:
        target = spec.target(node)
        shape = shape_of(spec, node) if target and target.name not in shared else None
        found += shape.variants if shape and shape.variants else [node]
    return found


def _match_by(key: _Key, old: Spec, new: Spec, result: Matched) -> None:
    waiting: dict[str, list[Node]] = defaultdict(list)
    for node in result.added:
        if (sign := key(new, node)) is not None:
            waiting[sign].append(node)
    removed = []
    for node in result.removed:
        sign = key(old, node)
        partner = next(
            (
                other
                for other in waiting.get(sign or "", [])
                if _may_pair(old, new, node, other, certain=key is not _type)
            ),
            None,
        )
        if sign is None or partner is None:
            removed.append(node)
        else:
            waiting[sign].remove(partner)
            result.added = [other for other in result.added if other is not partner]
            result.pairs.append((node, partner))
    result.removed = removed


def _may_pair(old: Spec, new: Spec, before: Node, after: Node, *, certain: bool) -> bool:
    was, now = old.target(before), new.target(after)
    if was is None or now is None or was.name == now.name:
        return True
    return certain and renamed(old, new, was.name, now.name)


def _name(spec: Spec, node: Node) -> str | None:
    target = spec.target(node)
    return target.name if target else None


def _content(spec: Spec, node: Node) -> str | None:
    return canonical(spec.resolve(node).value)


def _tag(spec: Spec, node: Node) -> str | None:
    tags = {}
    for name, child in shape_of(spec, node).properties.items():
        keywords = shape_of(spec, child).keywords
        values = keywords.get("enum", [])
        if "const" in keywords or len(values) == 1:
            tags[name] = keywords.get("const", values[0] if values else None)
    return canonical(tags) if tags else None


def _type(spec: Spec, node: Node) -> str | None:
    shape = shape_of(spec, node)
    return None if shape.types is None else show_types(shape.types)
