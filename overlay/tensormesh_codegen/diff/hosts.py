"""Comparison of whole versions: hosts, their operations, and what applies to all of these."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .documents import Node, Spec, canonical, show
from .keywords import compare_keywords, compare_members, compare_table, compare_values
from .ledger import Ledger, Place, Scope
from .operations import OperationComparison
from .schemas import SchemaComparison

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_DOCUMENT = {
    "openapi": "info",
    "info": "info",
    "tags": "tag-description",
}
_Alternatives = set[frozenset[str]]


@dataclass(frozen=True)
class _Operation:
    """An operation and its path item."""

    method: str
    path: str
    item: Node
    node: Node

    @property
    def short(self) -> str:
        return f"{self.method.upper()} {self.path}"

    @property
    def key(self) -> tuple[str, str]:
        """What identifies it on the wire, where the names of path parameters do not matter."""
        return self.method, re.sub(r"\{[^}]*\}", "{}", self.path)


class HostComparison:
    """Compares the documents with paths, and what no operation refers to."""

    def __init__(self, old: Spec, new: Spec, ledger: Ledger) -> None:
        self._old = old
        self._new = new
        self._ledger = ledger
        self._prefixed = len({*old.roots, *new.roots}) > 1
        self._schemas = SchemaComparison(old, new)
        self._operations = OperationComparison(self._schemas)

    def compare(self) -> None:
        """Compare every document with the one of the same name."""
        old, new = self._old.roots, self._new.roots
        if len(old) == len(new) == 1:  # A single host may move to another file.
            self._prefixed = False
            self._compare_document(old[0], new[0])
        else:
            nowhere = Place(self._ledger, Scope("document", ""))
            hosts = [{name: s.documents[name] for name in s.roots} for s in (self._old, self._new)]
            for was, now, _ in compare_members(hosts[0], hosts[1], nowhere, "document", at=_stem):
                self._compare_document(was.file, now.file)
        for name in [name for name in self._new.documents if name in self._old.documents]:
            before, after = self._old.documents[name], self._new.documents[name]
            if name not in {*old, *new}:
                compare_table(before.mapping, after.mapping, self._document(name), _DOCUMENT)
            _compare_examples(before, after, self._document(name))
        self._schemas.compare_unreached(Place(self._ledger, Scope("document", "")))

    def _document(self, name: str) -> Place:
        return Place(self._ledger, Scope("document", _stem(name)))

    def _compare_document(self, was: str, now: str) -> None:
        old, new = self._old.documents[was], self._new.documents[now]
        place = self._document(now)
        rest, known = "document-keyword", ("components", "paths", "security", "servers")
        compare_keywords(old.mapping, new.mapping, place, rest=rest, table=_DOCUMENT, known=known)
        _compare_servers(old, new, place)
        self._compare_operations(old, new, now)

    def _compare_operations(self, old: Node, new: Node, file: str) -> None:
        before = {found.key: found for found in _operations(old)}
        after = {found.key: found for found in _operations(new)}
        moved = _moved(before, after)
        for key in {**before, **after}:
            was, now = before.get(key), after.get(moved.get(key, key))
            if was is not None and now is not None:
                place = self._place(file, now)
                if key in moved:
                    place.report("operation-moved", f"{was.short} -> {now.short}")
                self._compare_operation(old, new, was, now, place)
            elif was is not None:
                self._place(file, was).report("operation-removed", "operation removed")
            elif now is not None and key not in moved.values():
                self._place(file, now).report("operation-added", "operation added")

    def _place(self, file: str, operation: _Operation) -> Place:
        label = f"{_stem(file)} {operation.short}" if self._prefixed else operation.short
        return Place(self._ledger, Scope("operation", label, (file,), operation.short))

    def _compare_operation(
        self, old: Node, new: Node, was: _Operation, now: _Operation, place: Place
    ) -> None:
        self._compare_item(was, now, place)
        before, after = _parameters(was), _parameters(now)
        names = [re.findall(r"\{([^}]*)\}", each.path) for each in (was, now)]
        for name, other in zip(*names, strict=False):
            if name != other and f"path {name}" in before and f"path {other}" in after:
                place.at(f"path {other}").report("path-parameter-renamed", f"{name} -> {other}")
                before[f"path {other}"] = before.pop(f"path {name}")
        self._operations.compare_parameters(before, after, place)
        self._operations.compare(was.node, now.node, place)
        _compare_servers(was.node, now.node, place)
        self._compare_security(old, new, was.node, now.node, place)

    def _compare_item(self, was: _Operation, now: _Operation, place: Place) -> None:
        """Compare the keywords of a path item, once for all its operations."""
        label = f"{_stem(now.item.file)} {now.path}" if self._prefixed else now.path
        inside = place.enter(label, now.item.file, was.path)
        if inside is not None:
            rest, known = "operation-keyword", {*_METHODS, "parameters", "servers"}
            compare_keywords(was.item.mapping, now.item.mapping, inside, rest=rest, known=known)
            _compare_servers(was.item, now.item, inside)

    def _compare_security(self, old: Node, new: Node, was: Node, now: Node, place: Place) -> None:
        """Compare the required credentials; those of the document only once."""
        before = was if "security" in was else old
        after = now if "security" in now else new
        inside: Place | None = place
        if before is old and after is new:
            inside = place.enter(f"{_stem(new.file)} security", new.file)
        schemes = _Schemes(old), _Schemes(new)
        if inside is not None:
            shared = schemes[0].nodes.keys() & schemes[1].nodes.keys()
            required = schemes[0].alternatives(before, shared)
            offered = schemes[1].alternatives(after, shared)
            if required != offered:
                sufficient = all(any(offer <= had for offer in offered) for had in required)
                rule = "security-loosened" if sufficient else "security-tightened"
                inside.report(rule, f"security: {_words(required)} -> {_words(offered)}")
        for name in schemes[0].used(before) & schemes[1].used(after):
            one, other = (each.nodes[name] for each in schemes)
            inside = place.enter(f"security scheme {name}", one.file, other.file)
            if inside is not None:
                rest, table = "security-scheme", {"bearerFormat": "comment"}
                compare_keywords(one.mapping, other.mapping, inside, rest=rest, table=table)


class _Schemes:
    """The security schemes of a document."""

    def __init__(self, document: Node) -> None:
        schemes = document.child("components", {}).child("securitySchemes", {})
        self.nodes = {name: node.resolve() for name, node in schemes.children()}

    def used(self, holder: Node) -> set[str]:
        """Return the names of the known schemes that an object requires."""
        asked = {name for member in holder.members("security") for name in member.mapping}
        return asked & self.nodes.keys()

    def alternatives(self, holder: Node, shared: set[str]) -> _Alternatives:
        """Return each set of credentials that is sufficient.

        A scheme whose name exists in only one version is identified by its definition, so that
        renaming a scheme is not a change.
        """
        found = {
            frozenset(
                part
                for name, scopes in member.mapping.items()
                for part in self._parts(name, scopes, shared)
            )
            for member in holder.members("security")
        }
        return found or {frozenset()}

    def _parts(self, name: str, scopes: Any, shared: set[str]) -> Iterator[str]:
        identity = name
        if name in self.nodes and name not in shared:
            definition = self.nodes[name].mapping
            kept = {k: v for k, v in definition.items() if k not in ("description", "bearerFormat")}
            identity = canonical(kept)
        yield identity
        for scope in scopes or ():
            yield f"{identity} {scope}"


def _words(alternatives: _Alternatives) -> str:
    return " or ".join(sorted(" and ".join(sorted(parts)) or "none" for parts in alternatives))


def _compare_examples(old: Node, new: Node, place: Place) -> None:
    """Compare the examples in components."""
    was, now = (node.child("components", {}).child("examples", {}).mapping for node in (old, new))
    table = dict.fromkeys({**was, **now}, "example")
    compare_table(was, now, place.at("examples"), table)


def _compare_servers(old: Node, new: Node, place: Place) -> None:
    before = {str(node.mapping.get("url")): node for node in old.members("servers")}
    after = {str(node.mapping.get("url")): node for node in new.members("servers")}
    here = place.at(" server" if place.path else "server")
    for was, now, _ in compare_members(before, after, here, "server"):
        rest, known = "server-variable", ("url", "variables")
        compare_keywords(was.mapping, now.mapping, here, rest=rest, known=known)
        _compare_variables(was, now, here)
    first, now_first = next(iter(before), None), next(iter(after), None)
    if first != now_first and first in after and now_first is not None:
        place.at("server").report("default-server-changed", f"{show(first)} -> {show(now_first)}")


def _compare_variables(old: Node, new: Node, place: Place) -> None:
    rest = "server-variable"
    before, after = old.child("variables", {}), new.child("variables", {})
    shared = before.mapping.keys() & after.mapping.keys()
    for name in sorted(shared):
        was, now = before.child(name).mapping, after.child(name).mapping
        here = place.at(f" variable {name}")
        compare_keywords(was, now, here, rest=rest, known=("enum",))
        compare_values(was, now, here)
    table = dict.fromkeys(sorted(before.mapping.keys() ^ after.mapping.keys()), rest)
    compare_table(before.mapping, after.mapping, place, table)


def _operations(document: Node) -> Iterator[_Operation]:
    for path, item in document.child("paths").children():
        if not path.startswith("x-"):
            found = item.resolve()
            for method in _METHODS:
                if method in found:
                    yield _Operation(method, path, found, found.child(method))


def _moved(
    old: dict[tuple[str, str], _Operation], new: dict[tuple[str, str], _Operation]
) -> dict[tuple[str, str], tuple[str, str]]:
    """Pair removed operations with added ones that have the same `operationId`."""
    removed, added = (
        {
            name: key
            for key, found in ours.items()
            if key not in others and (name := found.node.mapping.get("operationId"))
        }
        for ours, others in ((old, new), (new, old))
    )
    return {key: added[name] for name, key in removed.items() if name in added}


def _parameters(operation: _Operation) -> dict[str, Node]:
    """Return the parameters of an operation and its path item, by location and name."""
    found = {}
    for node in (*operation.item.members("parameters"), *operation.node.members("parameters")):
        value = node.resolve().mapping
        if not {"in", "name"} <= value.keys():
            raise node.error("is a parameter without `in` or `name`: add both")
        where, name = str(value["in"]), str(value["name"])
        found[f"{where} {name.lower() if where == 'header' else name}"] = node
    return found


def _stem(name: str) -> str:
    return name.rpartition("/")[2].removesuffix(".yaml")
