"""Runs one suite and prints its rows as JSON: `python -m benchmarks.suite NAME URL quick|full`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from importlib import import_module

from .setting import Setting


def main(name: str, url: str, length: str) -> None:
    """Run it."""
    suite = import_module(f".{name}", __package__)
    for row in suite.run(Setting(url, quick=length == "quick")):
        print(json.dumps(asdict(row)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
