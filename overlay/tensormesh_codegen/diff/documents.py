"""The documents of one version: their values, and where a `$ref` leads."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

from tensormesh_codegen.errors import SpecError
from tensormesh_codegen.loading import Document, Pointer, look_up


class Target(NamedTuple):
    """The place a `$ref` names."""

    file: str
    pointer: Pointer

    @property
    def name(self) -> str:
        """The last segment: the name of a component."""
        return str(self.pointer[-1]) if self.pointer else ""

    @property
    def section(self) -> str:
        """The section of `components` it is in, such as `schemas`, or an empty string."""
        inside = len(self.pointer) > 2 and self.pointer[0] == "components"
        return str(self.pointer[1]) if inside else ""


@dataclass(frozen=True, eq=False)
class Node:
    """A value in a document of one version, and where it is."""

    spec: Spec
    document: Document
    value: Any
    pointer: Pointer = ()

    def __contains__(self, key: str) -> bool:
        return isinstance(self.value, dict) and key in self.value

    @property
    def file(self) -> str:
        """The name of the document."""
        return self.document.name

    def error(self, problem: str) -> SpecError:
        """Return an error about this value."""
        return self.document.error(self.pointer, f"/{'/'.join(map(str, self.pointer))} {problem}")

    @property
    def mapping(self) -> dict[str, Any]:
        """The value, which must be a mapping."""
        if not isinstance(self.value, dict):
            raise self.error(f"must be a mapping, got {show(self.value)}: fix it")
        return self.value

    def child(self, key: str | int, default: Any = None) -> Node:
        """Return the value at `key`, or a node with `default`."""
        value = self.value[key] if isinstance(key, int) else self.mapping.get(key, default)
        return replace(self, value=value, pointer=(*self.pointer, key))

    def children(self) -> Iterator[tuple[str, Node]]:
        """Yield each key of the mapping with its value."""
        for key in self.mapping:
            yield key, self.child(key)

    def members(self, key: str) -> list[Node]:
        """Return the members of the list at `key`; a missing list is empty."""
        found = self.child(key, [])
        if not isinstance(found.value, list):
            raise found.error(f"must be a list, got {show(found.value)}: fix it")
        return [found.child(index) for index in range(len(found.value))]

    @cached_property
    def target(self) -> Target | None:
        """The place its `$ref` names, or None."""
        ref = self.value.get("$ref") if isinstance(self.value, dict) else None
        if not isinstance(ref, str):
            return None
        target = Target(*self.document.target(ref))
        self.spec.touched.setdefault(target, self)
        return target

    def resolve(self) -> Node:
        """Follow `$ref`s to a value without one."""
        seen: set[Target] = set()
        node = self
        while node.target is not None:
            if node.target in seen:
                raise node.error(f"has a circular $ref {node.value['$ref']!r}: remove the cycle")
            seen.add(node.target)
            node = self.spec.follow(node.target)
        return node


class Spec:
    """One version of the specs.

    Args:
        documents: Documents by name.

    Raises:
        SpecError: A document is not OpenAPI 3.1.
    """

    def __init__(self, documents: Mapping[str, Document]) -> None:
        self._documents = {
            name: replace(each, name=name, data=_normalize(each.data))
            for name, each in documents.items()
        }
        # The node that first referred to each target.
        self.touched: dict[Target, Node] = {}
        for each in self._documents.values():
            version = each.data.get("openapi", each.data.get("swagger"))
            if version is not None and not re.fullmatch(r"3\.1\.\d+", str(version)):
                problem = f"OpenAPI {version} is not supported: use OpenAPI 3.1"
                raise each.error(("openapi",), problem)

    @cached_property
    def documents(self) -> dict[str, Node]:
        """Every document, by name."""
        return {name: Node(self, each, each.data) for name, each in self._documents.items()}

    @cached_property
    def roots(self) -> list[str]:
        """The names of the documents that have paths."""
        return [name for name, node in self.documents.items() if "paths" in node]

    @cached_property
    def schemas(self) -> dict[Target, Node]:
        """Every schema component of every document."""
        return {
            Target(node.file, node.pointer): node
            for document in self.documents.values()
            for _, node in document.child("components", {}).child("schemas", {}).children()
        }

    def find_schema(self, name: str, file: str = "") -> Target | None:
        """Return the schema component with this name, preferably the one in `file`."""
        found = [target for target in self.schemas if target.name == name]
        return min(found, key=lambda target: target.file != file, default=None)

    def follow(self, target: Target) -> Node:
        """Return the value at a target, which may have a `$ref` itself."""
        try:
            value = look_up(self._documents, *target)
        except LookupError:
            node = self.touched[target]
            problem = f"has a dangling $ref {node.value['$ref']!r}: add the component or fix it"
            raise node.error(problem) from None
        return Node(self, self._documents[target.file], value, target.pointer)


def canonical(value: Any) -> str:
    """Return a text that is equal for equal JSON values (True and 1 are not equal)."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def show(value: Any, limit: int = 60) -> str:
    """Return a JSON value as short text for messages."""
    text = canonical(value)
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def show_change(old: Any, new: Any, limit: int = 60) -> str:
    """Return `old -> new` as short text; long strings start near their first difference."""
    if isinstance(old, str) and isinstance(new, str) and max(len(old), len(new)) > limit:
        shared = len(posixpath.commonprefix([old, new]))
        start = old.rfind(" ", 0, max(shared - limit // 4, 0)) + 1
        if start:
            old, new = f"...{old[start:]}", f"...{new[start:]}"
    return f"{show(old, limit)} -> {show(new, limit)}"


def _normalize(value: Any) -> Any:
    """Return the value with integral floats as integers: JSON does not distinguish them."""
    if isinstance(value, dict):
        return {key: _normalize(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_normalize(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
