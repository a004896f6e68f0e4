"""Helpers for the reference page."""

from __future__ import annotations

from .commands import build_commands
from .model import Operation, Package


def roots(package: Package) -> list[str]:
    """Return the attributes of the client that have the namespaces of a package."""
    start = f"client.{package.name}"
    if len(package.hosts) == 1:
        return [start]
    return [f"{start}.{host.name}" for host in package.hosts]


def methods(package: Package) -> list[Operation]:
    """Return the operations sorted by the name of their method."""
    return sorted(package.operations, key=lambda each: (each.resource, each.name))


def anchor(package: Package, operation: Operation) -> str:
    """Return the anchor that GitHub gives the heading of a method."""
    heading = f"{package.name}: {operation.resource}.{operation.name}"
    kept = "".join(char for char in heading.lower() if char.isalnum() or char in " -_")
    return kept.replace(" ", "-")


def signature(operation: Operation) -> str:
    """Return the names of the arguments as a signature."""
    named = [item.name if item.required else f"{item.name}=None" for item in operation.arguments]
    return ", ".join(["*", *named]) if named else ""


def commands(package: Package) -> dict[str, str]:
    """Return the words of the command of each operation that has one."""
    return {each.operation.id: " ".join(each.words) for each in build_commands(package)}


def markdown(text: str) -> str:
    """Return text as one line of Markdown, in which only inline code is markup."""
    folded = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    parts = folded.split("`")
    if len(parts) % 2 == 0 or "``" in folded:
        return _plain(folded.replace("`", "'"))
    return "`".join(_plain(part) if index % 2 == 0 else part for index, part in enumerate(parts))


def cell(text: str) -> str:
    """Return text as Markdown for the cell of a table, in which code must not contain `|`."""
    parts = markdown(text).split("`")
    return "`".join(
        part.replace("|", "\\|") if index % 2 else part for index, part in enumerate(parts)
    )


def _plain(text: str) -> str:
    for char in "\\<>[]|*#":
        text = text.replace(char, f"\\{char}")
    return f"\\{text}" if text.startswith(("-", "+", "=", "~", "_")) else text
