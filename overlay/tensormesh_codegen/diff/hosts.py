"""Comparing two versions as wholes: which operations there are, and what holds for all of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .documents import DiffError, Node, Spec, canonical, show
from .keywords import (
    Names,
    compare_extensions,
    compare_rest,
    compare_table,
    compare_values,
    compare_wording,
)
from .ledger import Kind, Ledger, Place, Scope
from .operations import OperationComparison
from .schemas import SchemaComparison

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_DOCUMENT = {
    "openapi": Names.one("info-changed"),
    "info": Names.one("info-changed"),
    "tags": Names.one("tag-description-changed"),
}
_WALKED = {*_DOCUMENT, "components", "paths", "security", "servers"}
_Alternatives = set[frozenset[str]]


@dataclass(frozen=True)
class _Operation:
    """An operation and the path item that it is in."""

    method: str
    path: str
    item: Node
    node: Node

    @property
    def short(self) -> str:
        return f"{self.method.upper()} {self.path}"

    @property
    def key(self) -> tuple[str, str]:
        """What identifies it on the wire: the names of path parameters do not matter."""
        return self.method, re.sub(r"\{[^}]*\}", "{}", self.path)


class HostComparison:
    """Compares the documents that have paths."""

    def __init__(self, old: Spec, new: Spec, ledger: Ledger) -> None:
        self._old = old
        self._new = new
        self._ledger = ledger
        self._prefixed = len({*old.roots, *new.roots}) > 1
        self._schemas = SchemaComparison(old, new)
        self._operations = OperationComparison(old, new, self._schemas)

    def compare(self) -> None:
        """Compare every document with its namesake, and what no operation led to."""
        old, new = self._old.roots, self._new.roots
        if len(old) == len(new) == 1:  # one API on either side is the same API, whatever its file
            self._prefixed = False
            self._compare_document(old[0], new[0])
        else:
            for name in dict.fromkeys([*old, *new]):
                if name not in new:
                    self._document(name).report("document-removed", f"{name} removed")
                elif name not in old:
                    self._document(name).report("document-added", f"{name} added")
                else:
                    self._compare_document(name, name)
        for name in sorted({*self._old.names, *self._new.names} - {*old, *new}):
            if name in self._old.names and name in self._new.names:
                before, after = self._old.root(name).mapping, self._new.root(name).mapping
                compare_table(before, after, self._document(name), _DOCUMENT)
        for name in self._new.names:
            if name in self._old.names:
                _compare_examples(self._old.root(name), self._new.root(name), self._document(name))
        self._schemas.compare_unreached(Place(self._ledger, Scope(Kind.DOCUMENT, "")))

    def _document(self, name: str) -> Place:
        return Place(self._ledger, Scope(Kind.DOCUMENT, _stem(name)))

    def _compare_document(self, was: str, now: str) -> None:
        old, new = self._old.root(was), self._new.root(now)
        place = self._document(now)
        compare_wording(old.mapping, new.mapping, place)
        compare_extensions(old.mapping, new.mapping, place)
        compare_table(old.mapping, new.mapping, place, _DOCUMENT)
        compare_rest(old.mapping, new.mapping, place, _WALKED, "document-keyword-changed")
        _compare_servers(old, new, place)
        self._compare_operations(old, new, now)

    def _compare_operations(self, old: Node, new: Node, file: str) -> None:
        before = {found.key: found for found in _operations(self._old, old)}
        after = {found.key: found for found in _operations(self._new, new)}
        moved = _moved(before, after)
        for key in {**before, **after}:
            was, now = before.get(key), after.get(key)
            if was is not None and now is not None:
                self._compare_operation(old, new, was, now, self._place(file, now))
            elif was is not None and key in moved:
                now = after[moved[key]]
                place = self._place(file, now)
                place.report("operation-moved", f"{was.short} -> {now.short}")
                self._compare_operation(old, new, was, now, place)
            elif was is not None:
                self._place(file, was).report("operation-removed", "operation removed")
            elif now is not None and key not in moved.values():
                self._place(file, now).report("operation-added", "operation added")

    def _place(self, file: str, operation: _Operation) -> Place:
        label = f"{_stem(file)} {operation.short}" if self._prefixed else operation.short
        return Place(self._ledger, Scope(Kind.OPERATION, label, (file,), operation.short))

    def _compare_operation(
        self, old: Node, new: Node, was: _Operation, now: _Operation, place: Place
    ) -> None:
        self._compare_item(was, now, place)
        before, after = _parameters(self._old, was), _parameters(self._new, now)
        names = zip(_path_names(was), _path_names(now), strict=False)
        for name, other in names:
            if name != other and f"path {name}" in before and f"path {other}" in after:
                place.at(f"path {other}").report("path-parameter-renamed", f"{name} -> {other}")
                before[f"path {other}"] = before.pop(f"path {name}")
        self._operations.compare_parameters(before, after, place)
        self._operations.compare(was.node, now.node, place)
        _compare_servers(was.node, now.node, place)
        self._compare_security(old, new, was.node, now.node, place)

    def _compare_item(self, was: _Operation, now: _Operation, place: Place) -> None:
        """Compare what a path says for all its operations, once."""
        label = f"{_stem(now.item.file)} {now.path}" if self._prefixed else now.path
        inside = place.enter(Scope(Kind.COMPONENT, label, (now.item.file, was.path)))
        if inside is not None:
            before, after = was.item.mapping, now.item.mapping
            compare_wording(before, after, inside)
            compare_extensions(before, after, inside)
            known = {*_METHODS, "parameters", "servers"}
            compare_rest(before, after, inside, known, "operation-keyword-changed")
            _compare_servers(was.item, now.item, inside)

    def _compare_security(self, old: Node, new: Node, was: Node, now: Node, place: Place) -> None:
        """Compare the credentials asked for; what the document asks of all, once."""
        before = was if "security" in was else old
        after = now if "security" in now else new
        inside: Place | None = place
        if before is old and after is new:
            scope = Scope(Kind.COMPONENT, f"{_stem(new.file)} security", (new.file,))
            inside = place.enter(scope)
        schemes = _Schemes(self._old, old), _Schemes(self._new, new)
        if inside is not None:
            shared = schemes[0].names & schemes[1].names
            required = schemes[0].alternatives(before, shared)
            offered = schemes[1].alternatives(after, shared)
            _compare_alternatives(required, offered, inside)
        for name in schemes[0].used(before) & schemes[1].used(after):
            self._compare_scheme(schemes[0].get(name), schemes[1].get(name), name, place)

    def _compare_scheme(self, old: Node, new: Node, name: str, place: Place) -> None:
        scope = Scope(Kind.COMPONENT, f"security scheme {name}", (old.file, new.file))
        inside = place.enter(scope)
        if inside is not None:
            compare_wording(old.mapping, new.mapping, inside)
            compare_extensions(old.mapping, new.mapping, inside)
            table = {"bearerFormat": Names.one("comment-changed")}
            compare_table(old.mapping, new.mapping, inside, table)
            compare_rest(old.mapping, new.mapping, inside, table, "security-scheme-changed")


class _Schemes:
    """The security schemes of one document."""

    def __init__(self, spec: Spec, document: Node) -> None:
        schemes = document.child("components", {}).child("securitySchemes", {})
        self._schemes = {name: spec.resolve(node) for name, node in schemes.children()}
        self.names = frozenset(self._schemes)

    def get(self, name: str) -> Node:
        return self._schemes[name]

    def used(self, holder: Node) -> set[str]:
        """Return the names of the known schemes that ``holder`` asks for."""
        asked = {name for member in holder.members("security") for name in member.mapping}
        return asked & self.names

    def alternatives(self, holder: Node, shared: frozenset[str]) -> _Alternatives:
        """Return each set of credentials that suffices.

        A scheme that only one version has by this name is identified by what it is, so that a
        new name for the same scheme is no change.
        """
        members = holder.members("security")
        found = {
            frozenset(
                part
                for name, scopes in member.mapping.items()
                for part in self._parts(name, scopes, shared)
            )
            for member in members
        }
        return found or {frozenset()}

    def _parts(self, name: str, scopes: Any, shared: frozenset[str]) -> Iterator[str]:
        identity = name
        if name in self._schemes and name not in shared:
            definition = self._schemes[name].mapping
            kept = {k: v for k, v in definition.items() if k not in ("description", "bearerFormat")}
            identity = canonical(kept)
        yield identity
        for scope in scopes or ():
            yield f"{identity} {scope}"


def _compare_alternatives(old: _Alternatives, new: _Alternatives, place: Place) -> None:
    if old == new:
        return
    suffices = all(any(offer <= had for offer in new) for had in old)
    rule = "security-loosened" if suffices else "security-tightened"
    place.report(rule, f"security: {_words(old)} -> {_words(new)}")


def _words(alternatives: _Alternatives) -> str:
    return " or ".join(sorted(" and ".join(sorted(parts)) or "none" for parts in alternatives))


def _compare_examples(old: Node, new: Node, place: Place) -> None:
    """Compare the examples that are components, whoever refers to them."""
    was, now = (node.child("components", {}).child("examples", {}).mapping for node in (old, new))
    table = dict.fromkeys({**was, **now}, Names.one("example-changed"))
    compare_table(was, now, place.at("examples"), table)


def _compare_servers(old: Node, new: Node, place: Place) -> None:
    before = {str(node.mapping.get("url")): node for node in old.members("servers")}
    after = {str(node.mapping.get("url")): node for node in new.members("servers")}
    for url in {**before, **after}:
        here = place.at(" server" if place.path else "server")
        if url not in after:
            here.report("server-removed", f"server removed: {url}")
        elif url not in before:
            here.report("server-added", f"server added: {url}")
        else:
            was, now = before[url].mapping, after[url].mapping
            compare_wording(was, now, here)
            compare_extensions(was, now, here)
            compare_rest(was, now, here, ("url", "variables"), "server-variable-changed")
            _compare_variables(before[url], after[url], here)
    first, now_first = next(iter(before), None), next(iter(after), None)
    if first != now_first and first in after and now_first is not None:
        place.at("server").report("default-server-changed", f"{show(first)} -> {show(now_first)}")


def _compare_variables(old: Node, new: Node, place: Place) -> None:
    before, after = old.child("variables", {}), new.child("variables", {})
    names = [name for name, _ in before.children() if name in after]
    for name in names:
        was, now = before.child(name).mapping, after.child(name).mapping
        here = place.at(f" variable {name}")
        compare_wording(was, now, here)
        compare_extensions(was, now, here)
        compare_values(was, now, here)
        compare_rest(was, now, here, ("enum",), "server-variable-changed")
    compare_rest(before.mapping, after.mapping, place, names, "server-variable-changed")


def _operations(spec: Spec, document: Node) -> Iterator[_Operation]:
    for path, item in document.child("paths").children():
        if path.startswith("x-"):
            continue
        found = spec.resolve(item)
        for method in _METHODS:
            if method in found:
                yield _Operation(method, path, found, found.child(method))


def _moved(
    old: dict[tuple[str, str], _Operation], new: dict[tuple[str, str], _Operation]
) -> dict[tuple[str, str], tuple[str, str]]:
    """Pair the operations that went with those that came under the same ``operationId``."""
    came = {
        name: key
        for key, found in new.items()
        if key not in old and (name := found.node.mapping.get("operationId"))
    }
    gone = {
        key: found.node.mapping.get("operationId") for key, found in old.items() if key not in new
    }
    return {key: came[name] for key, name in gone.items() if name in came}


def _parameters(spec: Spec, operation: _Operation) -> dict[str, Node]:
    """Return the parameters of an operation, those of its path included, by location and name."""
    found = {}
    for node in (*operation.item.members("parameters"), *operation.node.members("parameters")):
        value = spec.resolve(node).mapping
        if not {"in", "name"} <= value.keys():
            raise DiffError(f"{node.file}: {node.trail}: a parameter needs 'in' and 'name'")
        where, name = str(value["in"]), str(value["name"])
        found[f"{where} {name.lower() if where == 'header' else name}"] = node
    return found


def _path_names(operation: _Operation) -> list[str]:
    return re.findall(r"\{([^}]*)\}", operation.path)


def _stem(name: str) -> str:
    return name.rpartition("/")[2].removesuffix(".yaml")
