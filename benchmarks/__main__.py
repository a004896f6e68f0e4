"""Runs the suites and prints one table: `python -m benchmarks [--only NAME] [--quick]`."""

from __future__ import annotations

import argparse
import compileall
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from .document import remarks_on_run, write
from .local_server import local_server
from .paths import ROOT, SOURCES, environment
from .report import Row, judgement, surroundings, table, write_json

SUITES = (
    *("imports", "ready", "second_client", "call", "structured", "stream", "crowd", "threads"),
    *("storm", "connections", "memory", "pages", "objects", "generation", "cli", "scale"),
    "processes",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for. The exit status tells whether all of it could be measured."""
    options = _options(arguments)
    for source in SOURCES:
        compileall.compile_dir(source, quiet=2)
    load = os.getloadavg()[0]
    rows: list[Row] = []
    failed = []
    for name in options.only or SUITES:
        print(f"{name} ...", file=sys.stderr, flush=True)
        with local_server() as url:
            found, is_whole = _run_suite(name, url, quick=options.quick)
        rows += found
        if not is_whole:
            failed.append(name)
    print(", ".join(f"{name} {value}" for name, value in surroundings().items()), end="\n\n")
    print(table(rows), end="\n\n")
    print(judgement(rows))
    if options.json:
        write_json(options.json, rows)
    if options.document:
        cores = os.cpu_count() or 1
        remarks = remarks_on_run(quick=options.quick, load=load, cores=cores, failed=failed)
        write(options.document, rows, surroundings(), remarks)
    if failed:
        print(f"could not be measured: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure the SDK against openai and plain httpx."
    )
    parser.add_argument(
        "--only", action="append", choices=SUITES, help="run this suite (may be given again)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    parser.add_argument(
        "--document", type=Path, metavar="FILE", help="write a document of all figures to FILE"
    )
    parser.add_argument("--quick", action="store_true", help="fewer repetitions, rougher figures")
    options = parser.parse_args(arguments)
    if options.only and options.document:
        parser.error("--document is for all suites: leave out --only")
    return options


def _run_suite(name: str, url: str, *, quick: bool) -> tuple[list[Row], bool]:
    """Run a suite in a process of its own, in which nothing else was loaded before.

    Gives what it found, and whether that is all.
    """
    result = subprocess.run(
        [sys.executable, "-m", "benchmarks.suite", name, url, "quick" if quick else "full"],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    rows = [Row(**json.loads(line)) for line in result.stdout.splitlines()]
    return rows, not result.returncode


if __name__ == "__main__":
    raise SystemExit(main())
