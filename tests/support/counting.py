"""Counts what a piece of work costs, without a clock: the same on every machine."""

from __future__ import annotations

import gc
import sys
import tracemalloc
from collections.abc import Callable
from typing import Any


def function_calls(work: Callable[[], object]) -> int:
    """How many functions this thread calls for some work, of Python and of C."""
    count = 0

    def notice(frame: object, event: str, argument: object) -> None:
        nonlocal count
        if event in ("call", "c_call"):
            count += 1

    gc.collect()
    gc.disable()
    before = sys.getprofile()
    sys.setprofile(notice)
    try:
        work()
    finally:
        sys.setprofile(before)
        gc.enable()
    return count


def function_calls_of_each(work: Callable[[int], object], few: int, many: int) -> float:
    """How many functions each further part of some work calls.

    Loading and whatever comes once are left out, and so is most of what the network adds by
    chance: the least of three tries counts.

    Args:
        work: Does as many parts as it is told.
        few: Parts to compare with.
        many: Parts, more than `few`.
    """
    work(few)
    least = {
        parts: min(function_calls(lambda parts=parts: work(parts)) for _ in range(3))  # type: ignore[misc]
        for parts in (few, many)
    }
    return (least[many] - least[few]) / (many - few)


def kept_memory(make: Callable[[], list[Any]]) -> tuple[float, float]:
    """Bytes and blocks of memory of each thing in a list that some work makes."""
    make()
    gc.collect()
    tracemalloc.start()
    try:
        kept = make()
        gc.collect()
        statistics = tracemalloc.take_snapshot().statistics("filename")
    finally:
        tracemalloc.stop()
    size = sum(statistic.size for statistic in statistics)
    blocks = sum(statistic.count for statistic in statistics)
    return size / len(kept), blocks / len(kept)
