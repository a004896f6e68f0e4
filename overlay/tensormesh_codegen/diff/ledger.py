"""Collecting findings where they are, and telling each once with the operations that it touches.

The comparison walks from operations into components. A component is compared once in each
direction however many operations lead to it; who leads to it is remembered as edges, so that
recursion ends and the list of operations is whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum
from typing import NamedTuple

from .report import Change
from .rules import RULES, Direction, Severity


class Kind(Enum):
    """What a scope is."""

    OPERATION = "operation"
    COMPONENT = "component"
    DOCUMENT = "document"


@dataclass(frozen=True)
class Scope:
    """Something that is compared as a whole.

    Attributes:
        kind: What it is.
        label: How a location within it begins.
        key: What tells it from others, beside the label.
        short: For an operation, its method and path without the document's name.
    """

    kind: Kind
    label: str
    key: tuple[str, ...] = ()
    short: str = ""


class _Finding(NamedTuple):
    scope: Scope
    path: str
    rule: str
    message: str
    direction: Direction


@dataclass(frozen=True)
class Place:
    """Where the comparison stands: a scope, a path within it, and who writes the value."""

    ledger: Ledger
    scope: Scope
    path: str = ""
    direction: Direction = Direction.REQUEST

    def at(self, suffix: str, direction: Direction | None = None) -> Place:
        """Return the place one step further in."""
        return replace(self, path=self.path + suffix, direction=direction or self.direction)

    def report(self, rule: str, message: str) -> None:
        """Record that ``rule`` found a change here."""
        self.ledger.record(self, rule, message)

    def enter(self, scope: Scope) -> Place | None:
        """Remember that this place leads to ``scope``; return its place on the first visit."""
        first = self.ledger.link(self.scope, scope)
        return Place(self.ledger, scope, direction=self.direction) if first else None


class Ledger:
    """What was found so far."""

    def __init__(self) -> None:
        self._findings: list[_Finding] = []
        self._callers: dict[Scope, set[Scope]] = {}

    def record(self, place: Place, rule: str, message: str) -> None:
        """Record one finding.

        Raises:
            KeyError: There is no such rule.
        """
        finding = _Finding(place.scope, place.path, RULES[rule].id, message, place.direction)
        self._findings.append(finding)

    def link(self, caller: Scope, scope: Scope) -> bool:
        """Record that ``caller`` leads to ``scope``; say whether that is its first mention."""
        first = scope not in self._callers
        self._callers.setdefault(scope, set()).add(caller)
        return first

    def changes(self) -> tuple[Change, ...]:
        """Return each change once, gravest first, then by location and rule."""
        groups: dict[tuple[str, ...], list[_Finding]] = defaultdict(list)
        for finding in self._findings:
            groups[_identity(finding)].append(finding)
        changes = [self._change(findings) for findings in groups.values()]
        ranks = list(Severity)
        return tuple(
            sorted(changes, key=lambda c: (ranks.index(c.severity), c.location, c.rule, c.message))
        )

    def _change(self, findings: list[_Finding]) -> Change:
        scopes = {finding.scope for finding in findings}
        operations = set().union(*(self._operations(scope) for scope in scopes))
        first = findings[0]
        directions = [d for d in Direction if any(f.direction is d for f in findings)]
        verdicts = [RULES[first.rule].verdict(direction) for direction in directions]
        severity = min((v.severity for v in verdicts), key=list(Severity).index)
        reasons = dict.fromkeys(v.reason for v in verdicts if v.severity is severity)
        return Change(
            severity=severity,
            rule=first.rule,
            location=_location(scopes, first.path),
            message=first.message,
            reason=" ".join(reasons),
            operations=tuple(sorted(operation.label for operation in operations)),
            in_component=first.scope.kind is Kind.COMPONENT,
        )

    def _operations(self, scope: Scope) -> set[Scope]:
        """Return the operations that lead to ``scope``, itself included."""
        seen, todo = {scope}, [scope]
        while todo:
            for caller in self._callers.get(todo.pop(), ()):
                if caller not in seen:
                    seen.add(caller)
                    todo.append(caller)
        return {found for found in seen if found.kind is Kind.OPERATION}


def _identity(finding: _Finding) -> tuple[str, ...]:
    """Return what makes two findings one change: the same edit, seen from several places."""
    scope, what = finding.scope, (finding.path, finding.rule, finding.message)
    if scope.kind is not Kind.OPERATION:
        return (scope.kind.value, scope.label, *what)
    # The same edit in many operations is one change; an operation that goes is its own.
    return (scope.kind.value, "" if finding.path else scope.short, *what)


def _location(scopes: Iterable[Scope], path: str) -> str:
    labels = {scope.label for scope in scopes}
    shorts = {scope.short for scope in scopes}
    if len(labels) == 1:
        begin = labels.pop()
    elif len(shorts) == 1:
        begin = shorts.pop()
    else:
        begin = f"{len(labels)} operations:"
    return (f"{begin} {path}" if path[:1].isalnum() else begin + path).strip()
