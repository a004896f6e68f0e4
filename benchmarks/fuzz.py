"""Feeds a million hostile inputs to what reads servers' bytes: `make fuzz`.

Each input is made of a seed, and checked against a slow reading or against what must always hold.
The run is the same for the same `--seed`, prints inputs a second, and shows the first input of
each target that fails. `tests/` must be importable: the slow readings live there.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import traceback
from collections.abc import Sequence
from typing import NamedTuple

from .fuzzing import TARGETS, Target

INPUTS = 1_000_000
SECONDS = 900.0
# Between two looks at the clock.
BATCH = 500


class Outcome(NamedTuple):
    """What came of one target: how many inputs in how many seconds, and the one that failed."""

    inputs: int
    seconds: float
    counterexample: str | None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the targets. The exit status tells whether every input was fed and none failed."""
    options = _options(arguments)
    names = options.only or list(TARGETS)
    shares = {name: TARGETS[name].share for name in names}
    until = time.monotonic() + options.seconds
    print(f"seed {options.seed}, {options.inputs:,} inputs, {options.seconds:g} s at most")
    outcomes = []
    for name in names:
        count = -(-options.inputs * shares[name] // sum(shares.values()))
        outcome = run(TARGETS[name], f"{options.seed}/{name}", count, until)
        outcomes.append(outcome)
        rate = outcome.inputs / max(outcome.seconds, 1e-9)
        print(f"{name:<12} {outcome.inputs:>9,} inputs {rate:>9,.0f} /s", flush=True)
        if outcome.counterexample is not None:
            print(f"FAILED: {outcome.counterexample}")
    return _judge(outcomes, options.inputs)


def run(target: Target, seed: str, count: int, until: float) -> Outcome:
    """Feed inputs to one target, until there were enough, one fails, or the time is up."""
    chance = random.Random(seed)
    begun = time.monotonic()
    done = 0
    while done < count and time.monotonic() < until:
        for _ in range(min(BATCH, count - done)):
            given = target.make(chance)
            done += 1
            try:
                target.check(given)
            except Exception:
                shown = f"input {done}: {given!r}\n{traceback.format_exc()}"
                return Outcome(done, time.monotonic() - begun, shown)
    return Outcome(done, time.monotonic() - begun, None)


def _judge(outcomes: Sequence[Outcome], wanted: int) -> int:
    inputs = sum(outcome.inputs for outcome in outcomes)
    seconds = sum(outcome.seconds for outcome in outcomes)
    failed = sum(outcome.counterexample is not None for outcome in outcomes)
    print(f"{'all':<12} {inputs:>9,} inputs {inputs / max(seconds, 1e-9):>9,.0f} /s", end=", ")
    print(f"{seconds:.0f} s, {failed} of {len(outcomes)} targets failed")
    if inputs < wanted and not failed:
        print("the time was up before all inputs were fed", file=sys.stderr)
    return int(bool(failed) or inputs < wanted)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.fuzz", description="Feed hostile inputs to the SDK's readers."
    )
    parser.add_argument("--only", action="append", choices=TARGETS, help="this target alone")
    parser.add_argument("--inputs", type=int, default=INPUTS, help="how many  [%(default)s]")
    parser.add_argument("--seed", default="1", help="another seed, other inputs  [%(default)s]")
    parser.add_argument(
        "--seconds", type=float, default=SECONDS, help="when to stop at last  [%(default)s]"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    raise SystemExit(main())
