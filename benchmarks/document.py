"""Writes `docs/benchmarks.md` and its drawing, of the rows of one run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from .advice import advice
from .plot import Panel, Points, drawing
from .report import HEADINGS, Row, judgement
from .scale import BY_LENGTH, BY_STREAMS

_HEAD = """# Benchmarks

Written by `make bench`, which measures the SDK and its peers side by side: the contestants take
turns, each suite has a process and a server of its own, bytecode is compiled, and a ratio is the
median of the ratios of neighbours in time. Differences below a fifth may be noise, and times are
those of this machine. The targets are what the SDK is held to, whether it is there yet or not.
"""
_SCALE = """
## Scale

CPU of the client for each chunk, typed, asynchronous, one event an HTTP chunk. A flat line is a
cost that does not grow; a short stream pays for its request.

![CPU of a chunk by streams at a time, and by chunks of a stream]({drawing})
"""
_QUICK = "This was a quick run (`make bench ARGUMENTS=--quick`): few repetitions, rough figures."
_FAILED = "Some figures are missing, because these suites broke off: {names}."
_LOADED = "Other programs kept the machine busy: its load was {load:.1f} on {cores} cores."


def write(path: Path, rows: Sequence[Row], machine: Mapping[str, str], remarks: list[str]) -> None:
    """Write the document, and the drawing beside it.

    Args:
        path: The document.
        rows: All rows of all suites.
        machine: Machine and versions.
        remarks: What is to be known of this run.
    """
    picture = path.with_suffix(".svg")
    one_off = [row for row in rows if row.at is None]
    points = [row for row in rows if row.suite == "scale"]
    picture.write_text(drawing(_panels(rows)), encoding="utf-8")
    parts = [
        _HEAD,
        f"Measured on {datetime.now(UTC):%d %B %Y}. {' '.join(remarks)}".rstrip() + "\n",
        *_table(("what", "value"), machine.items()),
        f"\n## Figures\n\n{judgement(rows)}\n",
        *_table(HEADINGS, [row.cells for row in one_off]),
        _SCALE.format(drawing=picture.name),
        *_table(HEADINGS[:3:2], [row.cells[:3:2] for row in points]),
        f"\n{advice(rows)}".rstrip() + "\n",
    ]
    path.write_text("\n".join(parts), encoding="utf-8")


def remarks_on_run(*, quick: bool, load: float, cores: int, failed: Sequence[str]) -> list[str]:
    """What a reader must know of a run before trusting it.

    Args:
        quick: Whether it was a quick one.
        load: Load of the machine before it began.
        cores: How many cores there are.
        failed: Suites that broke off.
    """
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
    cost = "CPU of a chunk, µs"
    found = [
        Panel("Streams at a time", "streams", cost, _curves(rows, BY_STREAMS)),
        Panel("Length of a stream", "chunks", cost, _curves(rows, BY_LENGTH)),
    ]
    return [panel for panel in found if panel.curves]


def _curves(rows: Sequence[Row], curve: str) -> dict[str, Points]:
    """Points by contestant."""
    found: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        name, _, contestant = row.name.rpartition(", ")
        if name == curve and row.at is not None and row.reached is not None:
            found.setdefault(contestant, []).append((row.at, row.reached))
    return dict(found)
