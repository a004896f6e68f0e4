"""What was measured, as a table for people and as JSON for machines."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

HEADINGS = ("what", "target", "reached", "verdict", "note")
_PACKAGES = (
    *("tensormesh", "httpx", "attrs", "msgspec"),
    *("openai", "httpx2", "aiohttp", "pydantic", "click"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure.

    Attributes:
        suite: The suite that it belongs to.
        name: What was measured.
        reached: The figure; None if it was not measured.
        unit: Its unit; empty for a ratio.
        target: The most that it should be, in the same unit; None for a figure that only informs.
        at_least: Whether the target is the least that it should be, instead.
        at: Where a point of a curve lies; None for a figure that is no part of one.
        note: Figures behind it, or why there is none.
    """

    suite: str
    name: str
    reached: float | None
    unit: str = ""
    target: float | None = None
    at_least: bool = False
    at: int | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        """`met`, `missed`, `skipped`, or empty for a figure without a target."""
        if self.reached is None:
            return "skipped"
        if self.target is None:
            return ""
        is_met = self.reached >= self.target if self.at_least else self.reached <= self.target
        return "met" if is_met else "missed"

    @property
    def cells(self) -> tuple[str, str, str, str, str]:
        """What it says: what, target, reached, verdict, note."""
        at = "" if self.at is None else f", {self.at:,}"
        return (
            f"{self.suite}: {self.name}{at}",
            _number(self.target, self.unit, ">= " if self.at_least else "<= "),
            _number(self.reached, self.unit),
            self.verdict,
            self.note,
        )


def table(rows: Sequence[Row]) -> str:
    """The rows in columns."""
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


def judgement(rows: Sequence[Row]) -> str:
    """How many targets were met, of those that could be judged."""
    verdicts = [row.verdict for row in rows]
    met, missed = verdicts.count("met"), verdicts.count("missed")
    return f"{met} of {met + missed} targets met"


def _number(value: float | None, unit: str, prefix: str = "") -> str:
    if value is None:
        return ""
    digits = f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"
    return f"{prefix}{digits} {unit}".rstrip()


def surroundings() -> dict[str, str]:
    """Machine and versions."""
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
    """Its name, where the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def write_json(path: Path, rows: Sequence[Row]) -> None:
    """Write all rows, with machine and versions."""
    data = {
        "surroundings": surroundings(),
        "rows": [{**asdict(row), "verdict": row.verdict} for row in rows],
    }
    path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
