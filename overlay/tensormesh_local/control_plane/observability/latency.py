"""Latencies, counted in classes 2 % wide, so that those of several minutes can be added."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import accumulate
from typing import Final

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS latency_minutes (
    user_id TEXT NOT NULL,
    surface TEXT NOT NULL,
    model TEXT NOT NULL,
    model_id TEXT NOT NULL,
    minute INTEGER NOT NULL,
    kind TEXT NOT NULL,
    class INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (user_id, minute, surface, model, model_id, kind, class)
) WITHOUT ROWID;
"""

FIRST_TOKEN: Final = "ttft"  # noqa: S105 - not a password
WHOLE_REQUEST: Final = "request"

_WIDTH: Final = math.log(1.02)
_SHORTEST: Final = 1e-6


def latency_class(seconds: float) -> int:
    """Return the class of a latency. Class 0 is a microsecond or less."""
    return round(math.log(max(seconds, _SHORTEST) / _SHORTEST) / _WIDTH)


def class_seconds(number: int) -> float:
    """Return the latency at the center of a class in seconds, rounded to its precision."""
    return float(f"{_SHORTEST * math.exp(number * _WIDTH):.3g}")


def quantile(counted: Iterable[tuple[int, int]], share: float) -> float:
    """Return the latency in seconds that a share of the requests, such as 0.95, do not exceed.

    Args:
        counted: Pairs of a class and a count, with at least one count.
        share: The share.
    """
    ordered = sorted(counted)
    rank = max(1, math.ceil(share * sum(count for _, count in ordered)))
    passed = accumulate(count for _, count in ordered)
    number = next(number for (number, _), sum_ in zip(ordered, passed, strict=True) if sum_ >= rank)
    return class_seconds(number)
