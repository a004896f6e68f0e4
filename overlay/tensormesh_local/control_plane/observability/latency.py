"""Latencies: counted in classes that each are 2 % wide, so that percentiles of any time add up."""

from __future__ import annotations

import math
from itertools import accumulate
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3
    from collections import Counter
    from collections.abc import Iterable, Mapping

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
    """Return the class of a latency; class 0 is a microsecond and less."""
    return round(math.log(max(seconds, _SHORTEST) / _SHORTEST) / _WIDTH)


def class_seconds(number: int) -> float:
    """Return the latency in the middle of a class, in seconds, rounded to its precision."""
    return float(f"{_SHORTEST * math.exp(number * _WIDTH):.3g}")


def count_latencies(
    db: sqlite3.Connection,
    key: tuple[str, str, str, str, int],
    latencies: Mapping[str, Counter[int]],
) -> None:
    """Add latencies, counted by kind and class, to a minute of the usage table's key."""
    db.executemany(
        "INSERT INTO latency_minutes VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT DO UPDATE SET count = count + excluded.count",
        [
            (*key, kind, number, count)
            for kind, counted in latencies.items()
            for number, count in counted.items()
        ],
    )


def quantile(counted: Iterable[tuple[int, int]], share: float) -> float:
    """Return the latency, in seconds, that a share of the requests do not exceed.

    Args:
        counted: (class, count) with at least one count.
        share: Such as 0.95.
    """
    ordered = sorted(counted)
    rank = max(1, math.ceil(share * sum(count for _, count in ordered)))
    passed = accumulate(count for _, count in ordered)
    number = next(number for (number, _), sum_ in zip(ordered, passed, strict=True) if sum_ >= rank)
    return class_seconds(number)
