"""Usage of inference, added up by the minute, and its history."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tensormesh_local.clock import DAY, HOUR, MINUTE, format_time, parse_time
from tensormesh_local.control_plane.billing.periods import month_of
from tensormesh_local.control_plane.billing.prices import TOKENS_PER_RATE
from tensormesh_local.control_plane.billing.serverless_charges import Tokens, cost
from tensormesh_local.control_plane.context import operation
from tensormesh_local.control_plane.errors import invalid_argument
from tensormesh_local.control_plane.observability.latency import count_latencies

if TYPE_CHECKING:
    import sqlite3
    from collections import Counter

    from tensormesh_local.control_plane.context import Context

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS usage_minutes (
    user_id TEXT NOT NULL,
    surface TEXT NOT NULL,
    model TEXT NOT NULL,
    model_id TEXT NOT NULL,
    minute INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    cached_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    busy INTEGER NOT NULL,
    saved_nanos INTEGER NOT NULL,
    saved_rest INTEGER NOT NULL,
    PRIMARY KEY (user_id, minute, surface, model, model_id)
) WITHOUT ROWID;
"""

SERVERLESS: Final = "serverless"
_HISTORY: Final = 30 * DAY
_SPANS: Final = {"USAGE_GRANULARITY_HOUR": HOUR}
_BY_MONTH: Final = "USAGE_GRANULARITY_MONTH"
_COUNTS: Final = ("prompt_tokens", "cached_tokens", "completion_tokens", "requests")


@dataclass(frozen=True, slots=True)
class Series:
    """Whose usage of which model; ``model_id`` is empty for models that nobody deployed."""

    user_id: str
    surface: str
    model: str
    model_id: str


@dataclass(slots=True)
class MinuteSums:
    """What the requests of one minute add up to.

    ``requests`` includes ``errors``; ``busy`` is the time they took and ``last`` when the last
    one ended, in microseconds; latencies are counted by their kind and class.
    """

    requests: int = 0
    errors: int = 0
    prompt: int = 0
    cached: int = 0
    completion: int = 0
    busy: int = 0
    last: int = 0
    latencies: dict[str, Counter[int]] = field(default_factory=dict)

    @property
    def tokens(self) -> Tokens:
        """What was answered, as it is charged."""
        return Tokens(self.requests - self.errors, self.prompt, self.cached, self.completion)


def add_usage(
    db: sqlite3.Connection, series: Series, minute: int, sums: MinuteSums, input_rate: int
) -> None:
    """Add requests to a minute; what their cached tokens saved follows from the input rate."""
    key = (series.user_id, series.surface, series.model, series.model_id, minute)
    saved, rest = cost(sums.cached, input_rate)
    db.execute(
        "INSERT INTO usage_minutes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT DO UPDATE SET requests = requests + excluded.requests, "
        "errors = errors + excluded.errors, "
        "prompt_tokens = prompt_tokens + excluded.prompt_tokens, "
        "cached_tokens = cached_tokens + excluded.cached_tokens, "
        "completion_tokens = completion_tokens + excluded.completion_tokens, "
        "busy = busy + excluded.busy, saved_nanos = saved_nanos + excluded.saved_nanos, "
        "saved_rest = saved_rest + excluded.saved_rest",
        (
            *key,
            sums.requests,
            sums.errors,
            sums.prompt,
            sums.cached,
            sums.completion,
            sums.busy,
            saved,
            rest,
        ),
    )
    count_latencies(db, key, sums.latencies)


def savings_by_day(db: sqlite3.Connection, user_id: str, start: int) -> dict[int, int]:
    """Return the nanos that cached tokens saved a user since a time, by day since 1970."""
    rows = db.execute(
        "SELECT minute / :day AS day, sum(saved_nanos) AS nanos, sum(saved_rest) AS rest "
        "FROM usage_minutes WHERE user_id = :user AND minute >= :start GROUP BY 1",
        {"day": DAY, "user": user_id, "start": start - start % MINUTE},
    )
    return {row["day"]: row["nanos"] + row["rest"] // TOKENS_PER_RATE for row in rows}


def read_range(context: Context, usual: int) -> tuple[int, int]:
    """Return the range of time that a request names, in microseconds, its end exclusive.

    Args:
        context: The request, with ``startTime`` and ``endTime``, which may be left out.
        usual: How long the range is without a start.

    Raises:
        ControlPlaneError: 400, it ends before it starts.
    """
    given_start, given_end = context.query.get("startTime"), context.query.get("endTime")
    # One more, so that what was done in this very moment is part of "until now".
    end = parse_time(given_end) if given_end else context.now + 1
    start = parse_time(given_start) if given_start else end - usual
    if start > end:
        raise invalid_argument("endTime", "Input should not be before startTime")
    return start, end


@operation
def get_serverless_usage_history(context: Context) -> dict[str, Any]:
    """Return a user's Serverless usage, model by model and span by span.

    Usage is kept by the minute: one that begins within the range belongs to it, and so does
    the one in which the range starts.
    """
    query = context.query
    owner = context.owner(query.get("userId"))
    start, end = read_range(context, _HISTORY)
    granularity = query.get("granularity", "")
    span = _SPANS.get(granularity, DAY)
    with context.state.read() as db:
        rows = db.execute(
            "SELECT minute / :span * :span AS start, model, sum(prompt_tokens) AS prompt_tokens, "
            "sum(cached_tokens) AS cached_tokens, sum(completion_tokens) AS completion_tokens, "
            "sum(requests - errors) AS requests FROM usage_minutes WHERE user_id = :owner "
            "AND surface = :surface AND (:model IS NULL OR model = :model) "
            "AND minute >= :start AND minute < :end GROUP BY 1, 2 "
            "HAVING sum(requests - errors) > 0",
            {
                "span": span,
                "owner": owner,
                "surface": SERVERLESS,
                "model": query.get("model") or None,
                "start": start - start % MINUTE,
                "end": end,
            },
        ).fetchall()
    totals: defaultdict[tuple[int, int, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for row in rows:
        spanned = (row["start"], row["start"] + span)
        if granularity == _BY_MONTH:
            spanned = month_of(row["start"])
        total = totals[*spanned, row["model"]]
        for index, name in enumerate(_COUNTS):
            total[index] += row[name]
    return {"buckets": [_bucket(*key, *totals[key]) for key in sorted(totals)]}


def _bucket(
    start: int, end: int, model: str, prompt: int, cached: int, completion: int, requests: int
) -> dict[str, Any]:
    return {
        "bucketStart": format_time(start),
        "bucketEnd": format_time(end),
        "model": model,
        "promptTokens": str(prompt),
        "cachedTokens": str(cached),
        "completionTokens": str(completion),
        "requests": str(requests),
    }
