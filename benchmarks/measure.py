"""Taking turns, timing, and medians."""

from __future__ import annotations

import gc
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from statistics import median

from .paths import ROOT, environment

# Programs that the SDK does not bring along, and httpx loads where they are installed.
_HIDDEN = "import sys; sys.modules['rich'] = sys.modules['click'] = None\n"


def take_turns(
    contestants: Mapping[str, Callable[[], float]], repetitions: int, *, warm_up: bool = True
) -> dict[str, list[float]]:
    """Run all contestants in turn, again and again. Each gives its own figure.

    A round that warms up is left out, unless the contestants do so themselves.
    """
    figures: dict[str, list[float]] = {name: [] for name in contestants}
    for repetition in range(repetitions + warm_up):
        for name, measure in contestants.items():
            gc.collect()
            figure = measure()
            if repetition >= warm_up:
                figures[name].append(figure)
    return figures


def ratio(figures: Mapping[str, list[float]], name: str, to: str) -> float:
    """Median of the ratios of neighbours in time, which noise of the machine strikes alike."""
    return median(ours / theirs for ours, theirs in zip(figures[name], figures[to], strict=True))


def cpu_microseconds(run: Callable[[], object], each: int) -> float:
    """CPU time of a run for each of its parts."""
    start = time.process_time()
    run()
    return (time.process_time() - start) * 1e6 / each


def allow_open_files() -> None:
    """Let this process have as many connections as the system allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = 16_384 if hard == resource.RLIM_INFINITY else min(hard, 16_384)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))


def fresh_process(program: str, *arguments: str) -> str:
    """What a program prints in a process of its own."""
    result = subprocess.run(
        [sys.executable, "-c", _HIDDEN + program, *arguments],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise RuntimeError(result.stderr)
    return result.stdout.strip()


def fresh_milliseconds(program: str, *arguments: str) -> Callable[[], float]:
    """Measures the CPU time of a program in a new process, once the interpreter is up.

    Loading code hardly waits for anything, and other programs on the machine do not count.
    """
    timed = f"from time import process_time\nt = process_time()\n{program}\nt = process_time() - t"

    def measure() -> float:
        return float(fresh_process(f"{timed}\nprint(t * 1e3)", *arguments))

    return measure
