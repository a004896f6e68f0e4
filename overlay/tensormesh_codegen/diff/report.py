"""What a comparison found, as text for people and as data for machines."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from tensormesh_codegen.errors import one_line

from .rules import Severity

JSON_VERSION = 1
"""The version of :meth:`Report.to_json`'s shape; it rises when a key changes or goes."""

_WIDTH = 100
_NAMED = 4
_BUMPS = {
    Severity.BREAKING: "major",
    Severity.COMPATIBLE: "minor",
    Severity.DOCUMENTATION: "patch",
}
_COLOURS = {Severity.BREAKING: "31", Severity.COMPATIBLE: "32", Severity.DOCUMENTATION: "36"}


@dataclass(frozen=True)
class Change:
    """One change between two versions of the specification.

    Attributes:
        severity: ``breaking``, ``compatible`` or ``documentation``.
        rule: The stable identifier of the rule that classed it.
        location: Where it is, for people: ``POST /v1/chat/completions request body.temperature``.
            A component's change is told at the component: ``schema ChatMessage.role``.
        message: What changed, ``old -> new``.
        reason: Why it has this severity.
        operations: The operations that it touches, such as ``POST /v1/chat/completions``; with
            the document's name in front when several documents are compared.
        in_component: Whether the change is in a shared component.
    """

    severity: Severity
    rule: str
    location: str
    message: str
    reason: str
    operations: tuple[str, ...] = ()
    in_component: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the change as JSON data."""
        return {
            "severity": self.severity.value,
            "rule": self.rule,
            "location": self.location,
            "message": self.message,
            "reason": self.reason,
            "operations": list(self.operations),
        }


@dataclass(frozen=True)
class Report:
    """Every change between two versions, gravest first."""

    changes: tuple[Change, ...]

    @property
    def bump(self) -> str:
        """The semantic-version part to raise: ``major``, ``minor``, ``patch`` or ``none``."""
        found = {change.severity for change in self.changes}
        return next((bump for severity, bump in _BUMPS.items() if severity in found), "none")

    @property
    def counts(self) -> dict[str, int]:
        """How many changes there are of each severity."""
        counter = Counter(change.severity for change in self.changes)
        return {severity.value: counter[severity] for severity in Severity}

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON data.

        ``schema_version`` (int) is the version of this shape; ``bump`` and ``counts`` are as the
        properties of this class; ``changes`` is a list of objects with the string keys
        ``severity``, ``rule``, ``location``, ``message`` and ``reason``, and ``operations``, a
        list of strings.
        """
        return {
            "schema_version": JSON_VERSION,
            "bump": self.bump,
            "counts": self.counts,
            "changes": [change.to_json() for change in self.changes],
        }

    def to_text(self, *, colour: bool = False) -> str:
        """Return the report for people, ended by a newline; ``colour`` adds terminal colours."""
        if not self.changes:
            return "No changes. Version bump asked for: none\n"
        lines: list[str] = []
        for severity in Severity:
            changes = [change for change in self.changes if change.severity is severity]
            if changes:
                heading = f"{severity.value.capitalize()} ({len(changes)})"
                lines.append(f"\033[1;{_COLOURS[severity]}m{heading}\033[0m" if colour else heading)
                width = max(len(change.rule) for change in changes)
                for change in changes:
                    lines += _entry(change, width)
                lines.append("")
        counts = ", ".join(f"{number} {name}" for name, number in self.counts.items())
        lines.append(f"{counts}. Version bump asked for: {self.bump}")
        if self.bump == "major":
            lines.append("Before 1.0 a project may choose a minor bump for breaking changes.")
        return "\n".join(lines) + "\n"


def _entry(change: Change, width: int) -> list[str]:
    indent = " " * (width + 4)
    lines = [f"  {change.rule:<{width}}  {one_line(change.location)}"]
    lines += _wrap(one_line(change.message).split(" "), indent)
    lines += _wrap(change.reason.split(" "), indent)
    if change.in_component:
        lines += _wrap(["used by:", *_users(change.operations)], indent)
    return lines


def _users(operations: tuple[str, ...]) -> list[str]:
    """Return the first operations for a list: ``POST /v1/responses (on_demand, serverless),``."""
    documents: dict[str, list[str]] = {}
    for operation in operations:
        *document, method, path = operation.rsplit(" ", 2)
        documents.setdefault(f"{method} {path}", []).extend(document)
    texts = [
        f"{short} ({', '.join(names)})" if names else short for short, names in documents.items()
    ]
    texts = [*texts[:_NAMED], *([f"{len(texts) - _NAMED} more"] if len(texts) > _NAMED else [])]
    texts = [one_line(text) for text in texts] or ["no operation"]
    return [*(f"{text}," for text in texts[:-1]), texts[-1]]


def _wrap(pieces: list[str], indent: str) -> list[str]:
    """Join pieces into lines of at most about 100 columns, breaking only between pieces."""
    lines = [indent + pieces[0]]
    for piece in pieces[1:]:
        if len(lines[-1]) + 1 + len(piece) > _WIDTH:
            lines.append(f"{indent}  {piece}")
        else:
            lines[-1] += f" {piece}"
    return lines
