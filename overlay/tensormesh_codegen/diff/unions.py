"""Matching the members of two unions, independent of their order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from .documents import Node, canonical
from .shapes import Shape, describe, is_annotation, peel, shape_of, show_types

_Key = Callable[[Node], str | None]


@dataclass
class Matched:
    """Members of two unions: pairs that match, and those in only one of them."""

    pairs: list[tuple[Node, Node]]
    removed: list[Node]
    added: list[Node]


def renamed(old: Node, new: Node, was: str, now: str) -> bool:
    """Return whether a schema may have been renamed: each name exists in only one version."""
    return was != now and not new.spec.find_schema(was) and not old.spec.find_schema(now)


def match(before: list[Node], after: list[Node]) -> Matched:
    """Pair the members of two unions, by the most reliable criterion first.

    The criteria are the name of a `$ref`, equality, the value of a `const` property, a description
    of the type, and the type. `$ref`s with different names are only paired if the schema may have
    been renamed, and never by type alone.
    """
    names = [{_name(node) for node in nodes} for nodes in (before, after)]
    result = Matched([], _expand(before, names[1]), _expand(after, names[0]))
    for key in (_name, _content, _tag, describe, _type):
        _match_by(key, result)
    return result


def members(node: Node, shape: Shape) -> list[Node]:
    """Return the members of a union; a schema that is not a union is its own only member.

    Keywords next to `anyOf` or `oneOf` become part of each member. A schema of several types has
    one member for each type.
    """
    if not shape.variants:
        body = _body(node)
        if shape.types is None or len(shape.types) < 2 or "type" not in body.value:
            return [body]
        return [replace(body, value={**body.value, "type": name}) for name in sorted(shape.types)]
    whole = peel(node.resolve())[0]
    body = _body(whole, shape.union, "discriminator")
    if shape.union not in whole or not body.value:
        return shape.variants
    return [replace(each, value={"allOf": [body.value, each.value]}) for each in shape.variants]


def _body(node: Node, *without: str) -> Node:
    """Return the schema without annotations and the given keywords."""
    kept = {k: v for k, v in node.mapping.items() if not is_annotation(k) and k not in without}
    return replace(node, value=kept)


def _expand(nodes: list[Node], shared: set[str | None]) -> list[Node]:
    """Replace nested unions by their members, unless both sides refer to the union."""
    found = []
    for node in nodes:
        nested = node.target is not None and node.target.name not in shared
        found += (shape_of(node).variants if nested else []) or [node]
    return found


def _match_by(key: _Key, result: Matched) -> None:
    waiting = [(key(node), node) for node in result.added]
    removed = []
    for node in result.removed:
        sign, certain = key(node), key is not _type
        partners = [pair for pair in waiting if sign is not None and pair[0] == sign]
        partner = next((p for p in partners if _may_pair(node, p[1], certain=certain)), None)
        if partner is None:
            removed.append(node)
        else:
            waiting.remove(partner)
            result.pairs.append((node, partner[1]))
    result.removed, result.added = removed, [node for _, node in waiting]


def _may_pair(before: Node, after: Node, *, certain: bool) -> bool:
    was, now = before.target, after.target
    if was is None or now is None or was.name == now.name:
        return True
    return certain and renamed(before, after, was.name, now.name)


def _name(node: Node) -> str | None:
    return node.target.name if node.target else None


def _content(node: Node) -> str | None:
    return canonical(node.resolve().value)


def _tag(node: Node) -> str | None:
    tags = {}
    for name, child in shape_of(node).properties.items():
        keywords = shape_of(child).keywords
        values = keywords.get("enum", [])
        if "const" in keywords or len(values) == 1:
            tags[name] = keywords.get("const", values[0] if values else None)
    return canonical(tags) if tags else None


def _type(node: Node) -> str | None:
    types = shape_of(node).types
    return None if types is None else show_types(types)
