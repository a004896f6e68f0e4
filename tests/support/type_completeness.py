"""Fails if too few public names of the SDK have types that every type checker knows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LEAST = 0.98


def main() -> int:
    """Check the SDK and the generated client. Return the exit status."""
    return max(check(package) for package in ("tensormesh", "tensormesh_api"))


def check(package: str) -> int:
    """Run `pyright --verifytypes`, and print its score. Return the exit status."""
    folders = os.pathsep.join(str(ROOT / name) for name in ("overlay", "generated"))
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pyright", "--outputjson"),
            *("--verifytypes", package, "--ignoreexternal"),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": folders},
        capture_output=True,
        text=True,
        check=False,
    )
    report = json.loads(done.stdout)["typeCompleteness"]
    score: float = report["completenessScore"]
    print(f"{score:.1%} of the public names of {package} have known types")
    if score >= LEAST:
        return 0
    for symbol in report["symbols"]:
        if symbol["isExported"] and not symbol["isTypeKnown"]:
            print(symbol["name"], *(each["message"] for each in symbol["diagnostics"]), sep="\n  ")
    return 1


if __name__ == "__main__":
    sys.exit(main())
