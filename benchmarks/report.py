"""Rows of figures, their verdicts, and the machine they were measured on."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

HEADINGS = ("what", "target", "reached", "verdict", "note")
_PACKAGES = (
    *("tensormesh", "httpx", "attrs", "msgspec"),
    *("openai", "httpx2", "aiohttp", "pydantic", "click"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One figure.

    Attributes:
        name: What was measured.
        reached: The figure, or None if it was not measured.
        unit: Unit of the figure and its target; empty for a ratio.
        target: Highest acceptable figure, or None for a figure without a target.
        at_least: Whether the target is the lowest acceptable figure instead.
        at: Position of a point on a curve, or None.
        note: Details, or why there is no figure.
        suite: Name of the suite. `benchmarks.suite` sets it.
    """

    name: str
    reached: float | None
    unit: str = ""
    target: float | None = None
    at_least: bool = False
    at: int | None = None
    note: str = ""
    suite: str = ""

    @property
    def verdict(self) -> str:
        """`met`, `missed` or `skipped`; empty for a figure without a target."""
        if self.reached is None:
            return "skipped"
        if self.target is None:
            return ""
        is_met = self.reached >= self.target if self.at_least else self.reached <= self.target
        return "met" if is_met else "missed"

    @property
    def cells(self) -> tuple[str, str, str, str, str]:
        """The cells of the row, below `HEADINGS`."""
        at = "" if self.at is None else f", {self.at:,}"
        return (
            f"{self.suite}: {self.name}{at}",
            _number(self.target, self.unit, ">= " if self.at_least else "<= "),
            _number(self.reached, self.unit),
            self.verdict,
            self.note,
        )


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a text table."""
    cells = [HEADINGS, *(row.cells for row in rows)]
    widths = [max(len(cell[column]) for cell in cells) for column in range(4)]
    lines = []
    for what, target, reached, verdict, note in cells:
        line = (
            f"{what:<{widths[0]}}  {target:>{widths[1]}}  {reached:>{widths[2]}}"
            f"  {verdict:<{widths[3]}}  {note}"
        )
        lines.append(line.rstrip())
    lines.insert(1, "-" * max(map(len, lines)))
    return "\n".join(lines)


def count_met(rows: Sequence[Row]) -> str:
    """Return how many of the measured targets were met, as text."""
    verdicts = [row.verdict for row in rows]
    met, missed = verdicts.count("met"), verdicts.count("missed")
    return f"{met} of {met + missed} targets met"


def _number(value: float | None, unit: str, prefix: str = "") -> str:
    if value is None:
        return ""
    digits = f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"
    return f"{prefix}{digits} {unit}".rstrip()


def describe_machine() -> dict[str, str]:
    """Return a description of the machine, and the versions of packages."""
    found = {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "machine": platform.platform(),
        "processor": f"{os.cpu_count()} cores, {_processor()}",
    }
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def _processor() -> str:
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        for line in lines:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
