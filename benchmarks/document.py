"""Write `docs/benchmarks.md` and its chart from the rows of one run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from .plot import Panel, Points, draw
from .report import HEADINGS, Row, count_met
from .scale import BY_LENGTH, BY_STREAMS
from .sizing import sizing

_HEAD = """# Benchmarks

`make bench` writes this page. It runs the SDK and its peers side by side: they take turns, each
suite has its own process and server, bytecode is compiled in advance, and ratios are medians of
neighboring pairs of measurements. Differences below 20% may be noise, and absolute times hold for
this machine only. Targets are goals for the SDK, whether it meets them yet or not.
"""
_SCALE = """
## Scale

The client's CPU time per chunk, for typed async streams with one event per HTTP chunk. A flat line
means that the cost does not grow. In short streams, the cost of the request dominates.

![CPU per chunk, by number of concurrent streams and by length of a stream]({chart})
"""
_QUICK = "This was a quick run (`make bench ARGUMENTS=--quick`) with few repetitions."
_FAILED = "Some figures are missing because these suites failed: {names}."
_LOADED = "Other programs were running: the load was {load:.1f} on {cores} cores."


def write(path: Path, rows: Sequence[Row], machine: Mapping[str, str], remarks: list[str]) -> None:
    """Write the document and, next to it, the chart."""
    chart = path.with_suffix(".svg")
    single = [row for row in rows if row.at is None]
    points = [row for row in rows if row.suite == "scale"]
    chart.write_text(draw(_panels(rows)), encoding="utf-8")
    parts = [
        _HEAD,
        f"Measured on {datetime.now(UTC):%d %B %Y}. {' '.join(remarks)}".rstrip() + "\n",
        *_table(("what", "value"), machine.items()),
        f"\n## Figures\n\n{count_met(rows)}\n",
        *_table(HEADINGS, [row.cells for row in single]),
        _SCALE.format(chart=chart.name),
        *_table(HEADINGS[:3:2], [row.cells[:3:2] for row in points]),
        f"\n{sizing(rows)}".rstrip() + "\n",
    ]
    path.write_text("\n".join(parts), encoding="utf-8")


def remarks_on_run(*, quick: bool, load: float, cores: int, failed: Sequence[str]) -> list[str]:
    """Return remarks on a quick run, on the load before it, and on suites that failed."""
    remarks = [_QUICK] if quick else []
    if load > cores / 4:
        remarks.append(_LOADED.format(load=load, cores=cores))
    if failed:
        remarks.append(_FAILED.format(names=", ".join(failed)))
    return remarks


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [headings, ["---"] * len(headings), *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]


def _panels(rows: Sequence[Row]) -> list[Panel]:
    cost = "CPU per chunk, µs"
    panels = [
        Panel("Concurrent streams", "streams", cost, _curves(rows, BY_STREAMS)),
        Panel("Length of a stream", "chunks", cost, _curves(rows, BY_LENGTH)),
    ]
    return [panel for panel in panels if panel.curves]


def _curves(rows: Sequence[Row], curve: str) -> dict[str, Points]:
    """Return the points of each contestant."""
    found: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        name, _, contestant = row.name.rpartition(", ")
        if name == curve and row.at is not None and row.reached is not None:
            found.setdefault(contestant, []).append((row.at, row.reached))
    return dict(found)
