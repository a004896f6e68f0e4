"""Feed a million hostile inputs to the SDK's parsers: `make fuzz`.

Each result is compared with a slow reference implementation or checked for invariants. Runs with
the same `--seed` are the same. The first failing input of each target is shown. `tests/` must be
importable, because it contains the reference implementations.
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
# Inputs between two checks of the time.
BATCH = 500


class Outcome(NamedTuple):
    """The result of one target."""

    inputs: int
    seconds: float
    counterexample: str | None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the targets. Return 1 if any failed or the time was too short, else 0."""
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
    return _summarize(outcomes, options.inputs)


def run(target: Target, seed: str, count: int, until: float) -> Outcome:
    """Feed inputs to a target until all were fed, one fails, or the time is up."""
    chance = random.Random(seed)
    start = time.monotonic()
    done = 0
    while done < count and time.monotonic() < until:
        for _ in range(min(BATCH, count - done)):
            given = target.make(chance)
            done += 1
            try:
                target.check(given)
            except Exception:
                shown = f"input {done}: {given!r}\n{traceback.format_exc()}"
                return Outcome(done, time.monotonic() - start, shown)
    return Outcome(done, time.monotonic() - start, None)


def _summarize(outcomes: Sequence[Outcome], wanted: int) -> int:
    inputs = sum(outcome.inputs for outcome in outcomes)
    seconds = sum(outcome.seconds for outcome in outcomes)
    failed = sum(outcome.counterexample is not None for outcome in outcomes)
    print(f"{'all':<12} {inputs:>9,} inputs {inputs / max(seconds, 1e-9):>9,.0f} /s", end=", ")
    print(f"{seconds:.0f} s, {failed} of {len(outcomes)} targets failed")
    if inputs < wanted and not failed:
        print("time ran out before all inputs were tested", file=sys.stderr)
    return int(bool(failed) or inputs < wanted)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.fuzz", description="Feed hostile inputs to the SDK's parsers."
    )
    parser.add_argument("--only", action="append", choices=TARGETS, help="run only this target")
    parser.add_argument("--inputs", type=int, default=INPUTS, help="number  [%(default)s]")
    parser.add_argument("--seed", default="1", help="seed of the inputs  [%(default)s]")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="limit  [%(default)s]")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    raise SystemExit(main())
