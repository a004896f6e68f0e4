"""Run the suites and print one table: `python -m benchmarks [--only NAME] [--quick]`."""

from __future__ import annotations

import argparse
import compileall
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from .document import remarks_on_run, write
from .report import Row, count_met, describe_machine, table
from .spawn import SOURCES, local_server, start_python

SUITES = (
    *("imports", "ready", "second_client", "call", "structured", "stream", "concurrency"),
    *("threads", "storm", "connections", "memory", "pages", "objects", "generation", "cli"),
    *("scale", "processes"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the chosen suites. Return 1 if any of them failed, else 0."""
    options = _options(arguments)
    for source in SOURCES:
        compileall.compile_dir(source, quiet=2)
    load = os.getloadavg()[0]
    rows: list[Row] = []
    failed = []
    for name in options.only or SUITES:
        print(f"{name} ...", file=sys.stderr, flush=True)
        found, is_complete = _run_suite(name, quick=options.quick)
        rows += found
        if not is_complete:
            failed.append(name)
    machine = describe_machine()
    print(", ".join(f"{name} {value}" for name, value in machine.items()), end="\n\n")
    print(table(rows), end="\n\n")
    print(count_met(rows))
    if options.document:
        cores = os.cpu_count() or 1
        remarks = remarks_on_run(quick=options.quick, load=load, cores=cores, failed=failed)
        write(options.document, rows, machine, remarks)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Compare the SDK with openai and plain httpx."
    )
    parser.add_argument("--only", action="append", choices=SUITES, help="run only this; repeatable")
    parser.add_argument("--document", type=Path, metavar="FILE", help="write a report to FILE")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions, rougher figures")
    options = parser.parse_args(arguments)
    if options.only and options.document:
        parser.error("--document needs all suites: leave out --only")
    return options


def _run_suite(name: str, *, quick: bool) -> tuple[list[Row], bool]:
    """Run a suite in a fresh process. Return its rows, and whether it ran to the end."""
    with local_server() as url:
        process = start_python("-m", "benchmarks.suite", name, url, "quick" if quick else "full")
        lines = process.communicate()[0].splitlines()
    return [Row(**json.loads(line)) for line in lines], process.returncode == 0


if __name__ == "__main__":
    raise SystemExit(main())
