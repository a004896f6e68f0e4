"""OpenAPI documents that refer to each other: finding what a ``$ref`` names."""

from __future__ import annotations

import datetime
import json
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import unquote

Document = Mapping[str, Any]
"""One parsed YAML file."""


class DiffError(Exception):
    """A specification that cannot be read or compared; the text is one line for people."""


@dataclass(frozen=True)
class Target:
    """What a ``$ref`` names: a file and a JSON pointer within it."""

    file: str
    pointer: str

    @property
    def parts(self) -> list[str]:
        """The pointer's segments, unescaped."""
        segments = unquote(self.pointer).strip("/").split("/")
        return [segment.replace("~1", "/").replace("~0", "~") for segment in segments]

    @property
    def name(self) -> str:
        """The last segment: the component's name."""
        return self.parts[-1]

    @property
    def section(self) -> str:
        """The section of ``components`` that it is in, such as ``schemas``, or ``""``."""
        parts = self.parts
        return parts[1] if len(parts) > 2 and parts[0] == "components" else ""


@dataclass(frozen=True)
class Node:
    """A value within a document, and the file that its ``$ref``s are relative to."""

    file: str
    value: Any
    trail: str = field(default="", compare=False)

    def __contains__(self, key: str) -> bool:
        return isinstance(self.value, dict) and key in self.value

    @property
    def mapping(self) -> dict[str, Any]:
        """The value as a mapping.

        Raises:
            DiffError: It is something else.
        """
        if not isinstance(self.value, dict):
            raise DiffError(f"{self.file}: {self.trail or 'the document'} must be a mapping")
        return self.value

    def child(self, key: str, default: Any = None) -> Node:
        """Return the value at ``key``, or a node that holds ``default``."""
        return Node(self.file, self.mapping.get(key, default), f"{self.trail}/{key}")

    def children(self) -> Iterator[tuple[str, Node]]:
        """Yield each key of the mapping with its value."""
        for key in self.mapping:
            yield key, self.child(key)

    def members(self, key: str) -> list[Node]:
        """Return the members of the list at ``key``; an absent list is empty.

        Raises:
            DiffError: It is no list.
        """
        values = self.mapping.get(key, [])
        if not isinstance(values, list):
            raise DiffError(f"{self.file}: {self.trail}/{key} must be a list")
        return [Node(self.file, value, f"{self.trail}/{key}/{i}") for i, value in enumerate(values)]


class Spec:
    """One version of the specification: its documents, by file name."""

    def __init__(self, documents: Mapping[str, Document]) -> None:
        self._documents = {name: plain(value, name) for name, value in documents.items()}
        self.touched: set[Target] = set()

    def root(self, name: str) -> Node:
        """Return the document of this name."""
        return Node(name, self._documents[name])

    @property
    def names(self) -> list[str]:
        """The names of all documents."""
        return list(self._documents)

    @property
    def roots(self) -> list[str]:
        """The names of the documents that have ``paths``."""
        return [name for name, value in self._documents.items() if "paths" in Node(name, value)]

    @cached_property
    def schemas(self) -> dict[Target, Node]:
        """Every schema component of every document."""
        found = {}
        for name in self._documents:
            schemas = self.root(name).child("components", {}).child("schemas", {})
            for key, node in schemas.children():
                escaped = key.replace("~", "~0").replace("/", "~1")
                found[Target(name, f"/components/schemas/{escaped}")] = node
        return found

    def has_schema(self, name: str) -> bool:
        """Say whether any document has a schema component of this name."""
        return self.find_schema(name) is not None

    def find_schema(self, name: str, file: str = "") -> Target | None:
        """Return the schema component of this name, in ``file`` if it is there."""
        found = [target for target in self.schemas if target.name == name]
        return min(found, key=lambda target: target.file != file, default=None)

    def target(self, node: Node) -> Target | None:
        """Return what the node's ``$ref`` names, or None when it has none."""
        ref = node.value.get("$ref") if isinstance(node.value, dict) else None
        if not isinstance(ref, str):
            return None
        file, _, pointer = ref.partition("#")
        if file:
            file = posixpath.normpath(posixpath.join(posixpath.dirname(node.file), file))
        target = Target(file or node.file, pointer)
        self.touched.add(target)
        return target

    def follow(self, target: Target) -> Node:
        """Return what ``target`` holds, which may be a ``$ref`` again.

        Raises:
            DiffError: It names nothing.
        """
        value: Any = self._documents.get(target.file)
        for part in target.parts if target.pointer.strip("/") else []:
            if isinstance(value, list) and part.isdigit() and int(part) < len(value):
                value = value[int(part)]
            else:
                value = value.get(part) if isinstance(value, dict) else None
        if value is None:
            raise DiffError(f"{target.file}#{target.pointer}: a $ref names what does not exist")
        return Node(target.file, value, target.pointer)

    def resolve(self, node: Node) -> Node:
        """Follow ``$ref``s until there is none.

        Raises:
            DiffError: A ``$ref`` names nothing, or leads back to itself.
        """
        seen: set[Target] = set()
        while (target := self.target(node)) is not None:
            if target in seen:
                raise DiffError(f"{target.file}#{target.pointer}: a $ref that leads to itself")
            seen.add(target)
            node = self.follow(target)
        return node


def plain(value: Any, file: str, within: tuple[int, ...] = ()) -> Any:
    """Copy a YAML value as JSON would have it: string keys, no dates, 1.0 written as 1.

    Raises:
        DiffError: The value holds itself, by a YAML alias.
    """
    if isinstance(value, Mapping | list):
        if id(value) in within:
            raise DiffError(f"{file}: a YAML alias leads to itself")
        within = (*within, id(value))
    if isinstance(value, Mapping):
        return {_key(key): plain(item, file, within) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item, file, within) for item in value]
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if value is None or isinstance(value, str | int | float) else str(value)


def _key(key: Any) -> str:
    return key if isinstance(key, str) else json.dumps(key, default=str)


def canonical(value: Any) -> str:
    """Return a text that is equal for equal JSON values (True and 1 are not equal)."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def show(value: Any, limit: int = 60) -> str:
    """Return the JSON value as short text for a message."""
    text = canonical(value)
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def show_change(old: Any, new: Any, limit: int = 60) -> str:
    """Return ``old -> new`` as short text; of long strings the part where they begin to differ."""
    if isinstance(old, str) and isinstance(new, str) and max(len(old), len(new)) > limit:
        shared = len(posixpath.commonprefix([old, new]))
        start = old.rfind(" ", 0, max(shared - limit // 4, 0)) + 1
        if start:
            old, new = f"...{old[start:]}", f"...{new[start:]}"
    return f"{show(old, limit)} -> {show(new, limit)}"
