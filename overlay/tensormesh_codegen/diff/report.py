"""Result of a comparison, as text and as JSON."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from tensormesh_codegen.errors import one_line

from .rules import Severity

JSON_VERSION = 1
"""Version of the shape of `Report.to_json`, raised when a key is changed or removed."""

_WIDTH = 100
_NAMED = 4
_BUMPS = {
    Severity.BREAKING: "major",
    Severity.COMPATIBLE: "minor",
    Severity.DOCUMENTATION: "patch",
}
_COLORS = {Severity.BREAKING: "31", Severity.COMPATIBLE: "32", Severity.DOCUMENTATION: "36"}


@dataclass(frozen=True)
class Change:
    """A change between two versions of the specs.

    Attributes:
        rule: Stable name of the rule that classified it.
        location: Where it is, such as `POST /v1/completions request body.seed`, or in a component,
            `schema ChatMessage.role`.
        operations: Operations it affects, such as `POST /v1/completions`, prefixed by the name of
            the document if several are compared.
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
        data = asdict(self) | {"operations": list(self.operations)}
        del data["in_component"]
        return data


@dataclass(frozen=True)
class Report:
    """All changes between two versions, most severe first."""

    changes: tuple[Change, ...]

    @property
    def bump(self) -> str:
        """The part of a semantic version to raise: `major`, `minor`, `patch` or `none`."""
        found = {change.severity for change in self.changes}
        return next((bump for severity, bump in _BUMPS.items() if severity in found), "none")

    @property
    def counts(self) -> dict[str, int]:
        """The number of changes of each severity."""
        counter = Counter(change.severity for change in self.changes)
        return {severity.value: counter[severity] for severity in Severity}

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON data."""
        return {
            "schema_version": JSON_VERSION,
            "bump": self.bump,
            "counts": self.counts,
            "changes": [change.to_json() for change in self.changes],
        }

    def to_text(self, *, color: bool = False) -> str:
        """Return the report as lines of text, optionally with terminal colors."""
        if not self.changes:
            return "No changes. Suggested version bump: none\n"
        lines: list[str] = []
        for severity in Severity:
            changes = [change for change in self.changes if change.severity is severity]
            if changes:
                heading = f"{severity.value.capitalize()} ({len(changes)})"
                lines.append(f"\033[1;{_COLORS[severity]}m{heading}\033[0m" if color else heading)
                width = max(len(change.rule) for change in changes)
                for change in changes:
                    lines += _entry(change, width)
                lines.append("")
        counts = ", ".join(f"{number} {name}" for name, number in self.counts.items())
        lines.append(f"{counts}. Suggested version bump: {self.bump}")
        if self.bump == "major":
            lines.append("Before 1.0, a minor bump may contain breaking changes.")
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
    """Return the first operations, as in `POST /v1/responses (on_demand, serverless),`."""
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
    """Join pieces into lines of about 100 columns, breaking only between pieces."""
    lines = [indent + pieces[0]]
    for piece in pieces[1:]:
        if len(lines[-1]) + 1 + len(piece) > _WIDTH:
            lines.append(f"{indent}  {piece}")
        else:
            lines[-1] += f" {piece}"
    return lines
