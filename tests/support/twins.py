"""Finds what exists twice, sync and async, and compares both after renaming.

Twins have the same name but for what says that one is async. They are in one module, or in the two
modules of a pair in `MODULES`.
"""

from __future__ import annotations

import ast
import difflib
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef

# Async modules by their names below the package, and the sync modules beside them.
MODULES = {
    "_calls.async_dispatcher": "_calls.dispatcher",
    "_http.async_link": "_http.link",
    "_tools.async_run": "_tools.run",
}
PATTERNS = [
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"(?<![a-z])(Async|Sync)(?=[A-Z])", ""),
        (r"StopAsyncIteration", "StopIteration"),
        (r"__a(iter|next|enter|exit)__", r"__\1__"),
        (r"\b(_?)a(close|iter|next|read|push_callback)(?=\b|_)", r"\1\2"),
        (r"_async(?=_|\b)", ""),
        (r"\b(_?)(async|sync)_", r"\1"),
        (r"\b(asynchronous|synchronous|async|sync) ", ""),
    )
]


@dataclass(frozen=True)
class Twins:
    """Two definitions that should differ only in how they wait.

    Attributes:
        name: The sync one, with its module.
        sync: Its source, by members.
        other: The source of the async one, by members, renamed.
    """

    name: str
    sync: dict[str, str]
    other: dict[str, str]

    def differences(self) -> Iterator[tuple[str, list[str]]]:
        """Yield each member that differs, with the lines that do."""
        for member in sorted({*self.sync, *self.other}):
            one, two = (each.get(member, "").splitlines() for each in (self.sync, self.other))
            lines = [
                line
                for line in difflib.unified_diff(one, two, lineterm="", n=0)
                if not line.startswith(("---", "+++", "@@"))
            ]
            if lines:
                yield f"{self.name}.{member}", lines


def twins_in(package: Path) -> Iterator[Twins]:
    """Yield the twins of a package."""
    for module, name, group in _groups(package):
        if len(group) == 2:
            sync, other = sorted(group, key=lambda each: is_async(each.name))
            yield Twins(f"{module}.{name}", _members(sync), _members(other))


def alone_in(package: Path) -> Iterator[str]:
    """Yield the async classes and functions without a sync twin."""
    for module, _, group in _groups(package):
        for each in group:
            if len(group) == 1 and (isinstance(each, ast.AsyncFunctionDef) or is_async(each.name)):
                yield f"{module}.{each.name}"


def renamed(text: str) -> str:
    """Return a text with async names replaced by sync ones."""
    for pattern, replacement in PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def is_async(name: str) -> bool:
    """Return whether a name says that it is async."""
    return renamed(name) != name and "Sync" not in name


def _groups(package: Path) -> Iterator[tuple[str, str, list[Definition]]]:
    """Yield the definitions that share a name after renaming, with their module."""
    for path in sorted(package.rglob("*.py")):
        module = ".".join(path.relative_to(package).with_suffix("").parts)
        if module in MODULES:
            continue
        found = _definitions(path)
        for other, sync in MODULES.items():
            if sync == module:
                found += _definitions(package / f"{other.replace('.', '/')}.py")
        groups = defaultdict(list)
        for each in found:
            groups[renamed(each.name)].append(each)
        for name, group in groups.items():
            yield f"{package.name}.{module}", name, group


def _definitions(path: Path) -> list[Definition]:
    tree = ast.parse(path.read_text("utf-8"))
    return [each for each in tree.body if isinstance(each, Definition)]


def _members(definition: Definition) -> dict[str, str]:
    """Return the renamed source of a definition: of a class, that of each member."""
    if not isinstance(definition, ast.ClassDef):
        return {"()": _source(definition)}
    members: dict[str, str] = defaultdict(str)
    members["bases"] = ", ".join(_source(each) for each in definition.bases)
    for each in definition.body:
        # Overloads have one name.
        members[renamed(getattr(each, "name", "attributes"))] += f"{_source(each)}\n"
    return dict(members)


def _source(node: ast.AST) -> str:
    plain = _Sync().visit(node)
    return renamed(ast.unparse(ast.fix_missing_locations(plain))) if plain else ""


class _Sync(ast.NodeTransformer):
    """Drops what waits, and docstrings: those of public names have a test of their own."""

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self.generic_visit(ast.FunctionDef(**vars(node)))

    def visit_AsyncFor(self, node: ast.AsyncFor) -> ast.AST:
        return self.generic_visit(ast.For(**vars(node)))

    def visit_AsyncWith(self, node: ast.AsyncWith) -> ast.AST:
        return self.generic_visit(ast.With(**vars(node)))

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        node.is_async = 0
        return self.generic_visit(node)

    def visit_Await(self, node: ast.Await) -> ast.AST:
        return self.visit(node.value)  # type: ignore[no-any-return]

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        if isinstance(node.value, ast.Name) and node.value.id == "Awaitable":
            return self.visit(node.slice)  # type: ignore[no-any-return]
        return self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        is_text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if is_text else self.generic_visit(node)
