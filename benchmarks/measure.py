"""Take turns, time, and compare medians."""

from __future__ import annotations

import gc
import resource
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

from .report import Row
from .spawn import run_python

Figures = dict[str, list[float]]

# Prints how much traced memory grows after the first tenth of `items()`.
TRACED_GROWTH = """
import tracemalloc
count = int(sys.argv[2])
tracemalloc.start()
for number, _ in enumerate(items()):
    if number == count // 10:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
assert number == count - 1
print(tracemalloc.get_traced_memory()[1] - before)
"""
# Optional packages that httpx imports if they are installed, unlike the SDK.
_HIDDEN = "import sys; sys.modules['rich'] = sys.modules['click'] = None\n"


@dataclass(frozen=True, slots=True)
class Setting:
    """Where and how long a suite measures.

    Attributes:
        url: Base URL of the local server.
        quick: Whether rough figures are enough.
    """

    url: str
    quick: bool

    def choose(self, full: int, quick: int) -> int:
        """Return the number of repetitions, or another amount, for this run."""
        return quick if self.quick else full


def take_turns(
    contestants: Mapping[str, Callable[[], float]], repetitions: int, *, warm_up: bool = True
) -> Figures:
    """Measure all contestants in turn, over and over, and return the figures of each.

    Args:
        contestants: What to measure. Each function returns one figure.
        repetitions: How often to measure each.
        warm_up: Whether to discard a first round. Some contestants warm up on their own.
    """
    figures: Figures = {name: [] for name in contestants}
    for repetition in range(repetitions + warm_up):
        for name, measure in contestants.items():
            gc.collect()
            figure = measure()
            if repetition >= warm_up:
                figures[name].append(figure)
    return figures


def ratio_row(
    figures: Figures,
    name: str,
    ours: str,
    peer: str,
    target: float | None = None,
    *,
    at_least: bool = False,
    note: str = "",
) -> Row:
    """Return the ratio of two contestants, or a skipped row if the peer is not installed.

    It is the median ratio of neighboring measurements, which share the noise of the machine.
    """
    if peer not in figures:
        note = f"{peer} is not installed"
        return Row(name, None, target=target, at_least=at_least, note=note)
    ratios = (a / b for a, b in zip(figures[ours], figures[peer], strict=True))
    return Row(name, median(ratios), target=target, at_least=at_least, note=note)


def show_medians(figures: Figures, form: str) -> str:
    """Return the median of each contestant as text, in a form such as `{:.1f} µs`."""
    return ", ".join(f"{name} {form.format(median(all_))}" for name, all_ in figures.items())


def cpu_timer(run: Callable[[], object], *, calls: int = 1, parts: int = 1) -> Callable[[], float]:
    """Return a function that measures the CPU time of each part of a call, in microseconds."""

    def measure() -> float:
        start = time.process_time()
        for _ in range(calls):
            run()
        return (time.process_time() - start) * 1e6 / (calls * parts)

    return measure


def allow_open_files() -> None:
    """Raise the limit of open files of this process, for many connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = 16_384 if hard == resource.RLIM_INFINITY else min(hard, 16_384)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))


def run_fresh(program: str, *arguments: str) -> str:
    """Run a program in a fresh process and return what it prints."""
    return run_python("-c", _HIDDEN + program, *arguments).strip()


def fresh_timer(program: str, *arguments: str) -> Callable[[], float]:
    """Return a function that measures a program in a fresh process, in milliseconds.

    It measures CPU time after the start of the interpreter. Importing code hardly waits for
    anything, and other programs on the machine do not count.
    """
    timed = f"from time import process_time\nt = process_time()\n{program}\nt = process_time() - t"
    return lambda: float(run_fresh(f"{timed}\nprint(t * 1e3)", *arguments))
