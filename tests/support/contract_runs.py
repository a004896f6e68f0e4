"""Runs the contract suite in a process of its own, as `make contract` does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# What of this process's own run must not get into the other.
UNSET = (
    *("SERVERLESS_URL", "ON_DEMAND_URL", "CONTROL_PLANE_URL"),
    *("CONTRACT_REPORT", "CONTRACT_RECORD", "CONTRACT_REPLAY", "CONTRACT_WRITE", "CONTRACT_FUZZ"),
)
FAST = {"CONTRACT_RATE": "200/s"}
SECONDS = 300


def run_contract_suite(*options: str, **settings: str) -> tuple[int, str]:
    """Run it with these options of pytest and these variables; give its exit status and all it
    printed.
    """
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/contract", "-p", "no:cacheprovider", *options],
        cwd=ROOT,
        env={**os.environ, **dict.fromkeys(UNSET, ""), **FAST, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )
    return done.returncode, done.stdout
