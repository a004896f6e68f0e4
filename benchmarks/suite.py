"""Run one suite and print its rows as JSON: `python -m benchmarks.suite NAME URL quick|full`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from importlib import import_module

from .measure import Setting


def main(name: str, url: str, length: str) -> None:
    """Run a suite. Print each row as soon as it is measured."""
    suite = import_module(f".{name}", __package__)
    for row in suite.run(Setting(url, quick=length == "quick")):
        print(json.dumps({**asdict(row), "suite": name}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
