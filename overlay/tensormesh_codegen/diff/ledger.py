"""Collecting findings, and reporting each once with all operations it affects.

The comparison walks from operations into components. A component is compared once in each
direction, however many operations lead to it. The ledger remembers which scope leads to which, so
recursion ends and the list of affected operations is complete.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from .report import Change
from .rules import RULES, Direction, Severity


@dataclass(frozen=True)
class Scope:
    """Something that is compared as a whole; `label` is the start of the locations within it."""

    kind: Literal["operation", "component", "document"]
    label: str
    key: tuple[object, ...] = ()
    short: str = ""


class _Finding(NamedTuple):
    scope: Scope
    path: str
    rule: str
    message: str
    direction: Direction


@dataclass(frozen=True)
class Place:
    """A place in the comparison: a scope, a path within it, and the direction of the value."""

    ledger: Ledger
    scope: Scope
    path: str = ""
    direction: Direction = Direction.REQUEST

    def at(self, suffix: str, direction: Direction | None = None) -> Place:
        """Return the place one step further in."""
        return replace(self, path=self.path + suffix, direction=direction or self.direction)

    def report(self, rule: str, message: str) -> None:
        """Record a change that `rule` found here."""
        finding = _Finding(self.scope, self.path, rule, message, self.direction)
        self.ledger.findings.append(finding)

    def enter(self, label: str, *key: object) -> Place | None:
        """Return the place of a component that this place leads to, or None after the first visit.

        `key` distinguishes it from components with the same label.
        """
        scope = Scope("component", label, key)
        first = scope not in self.ledger.callers
        self.ledger.callers[scope].add(self.scope)
        return Place(self.ledger, scope, direction=self.direction) if first else None


class Ledger:
    """All findings so far, and for each component the scopes that lead to it."""

    def __init__(self) -> None:
        self.findings: list[_Finding] = []
        self.callers: defaultdict[Scope, set[Scope]] = defaultdict(set)

    def changes(self) -> tuple[Change, ...]:
        """Return each change once, most severe first, then by location and rule."""
        groups: dict[tuple[str, ...], list[_Finding]] = defaultdict(list)
        for finding in self.findings:
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
            in_component=first.scope.kind == "component",
        )

    def _operations(self, scope: Scope) -> set[Scope]:
        """Return the operations that lead to a scope, including itself."""
        seen, pending = {scope}, [scope]
        while pending:
            for caller in self.callers.get(pending.pop(), set()) - seen:
                seen.add(caller)
                pending.append(caller)
        return {found for found in seen if found.kind == "operation"}


def _identity(finding: _Finding) -> tuple[str, ...]:
    """Return a key that is equal for findings of the same edit in several places."""
    scope, what = finding.scope, (finding.path, finding.rule, finding.message)
    if scope.kind != "operation":
        return (scope.kind, scope.label, *what)
    # The same edit in many operations is one change, but each removed operation is its own.
    return (scope.kind, "" if finding.path else scope.short, *what)


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
