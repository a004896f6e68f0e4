"""Usage of inference, summed by the minute, and its history."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from tensormesh_local.clock import DAY, HOUR, MINUTE, format_time
from tensormesh_local.control_plane.billing.periods import month_of
from tensormesh_local.control_plane.billing.prices import TOKENS_PER_RATE, cost
from tensormesh_local.control_plane.context import Context, Json, reads
from tensormesh_local.control_plane.observability.targets import read_range
from tensormesh_local.control_plane.state import Database

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


class Series(NamedTuple):
    """A user and a model. ``model_id`` is empty for models without a deployment."""

    user_id: str
    surface: str
    model: str
    model_id: str


@dataclass(slots=True)
class MinuteSums:
    """The sums of the requests of one minute.

    ``requests`` includes ``errors``. ``busy`` is their total duration, and ``last`` the end of the
    last one, in microseconds. Latencies are counted by kind and class.
    """

    requests: int = 0
    errors: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    busy: int = 0
    last: int = 0
    latencies: dict[str, Counter[int]] = field(default_factory=dict)


def add_usage(db: Database, series: Series, minute: int, sums: MinuteSums, input_rate: int) -> None:
    """Add requests to a minute. What cached tokens saved follows from the input rate."""
    key = {**series._asdict(), "minute": minute}
    saved, rest = cost(sums.cached_tokens, input_rate)
    db.accumulate(
        "usage_minutes",
        key,
        requests=sums.requests,
        errors=sums.errors,
        prompt_tokens=sums.prompt_tokens,
        cached_tokens=sums.cached_tokens,
        completion_tokens=sums.completion_tokens,
        busy=sums.busy,
        saved_nanos=saved,
        saved_rest=rest,
    )
    for kind, classes in sums.latencies.items():
        for number, count in classes.items():
            db.accumulate("latency_minutes", {**key, "kind": kind, "class": number}, count=count)


def savings_by_day(db: Database, user_id: str, start: int) -> dict[int, int]:
    """Return the nanos that cached tokens saved a user since a time, by day since 1970."""
    rows = db.all(
        "SELECT minute / :day AS day, sum(saved_nanos) AS nanos, sum(saved_rest) AS rest "
        "FROM usage_minutes WHERE user_id = :user AND minute >= :start GROUP BY 1",
        {"day": DAY, "user": user_id, "start": start - start % MINUTE},
    )
    return {row["day"]: row["nanos"] + row["rest"] // TOKENS_PER_RATE for row in rows}


@reads
def get_serverless_usage_history(context: Context) -> Json:
    """Return a user's Serverless usage, by model and time span.

    Usage is stored by the minute. The range includes the minutes that begin within it, and the one
    in which it starts.
    """
    query = context.query
    owner = context.owner(query.get("userId"))
    start, end = read_range(context, _HISTORY)
    granularity = query.get("granularity", "")
    span = _SPANS.get(granularity, DAY)
    rows = context.db.all(
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
    )
    totals: defaultdict[tuple[int, int, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for row in rows:
        bounds = (row["start"], row["start"] + span)
        if granularity == _BY_MONTH:
            bounds = month_of(row["start"])
        total = totals[*bounds, row["model"]]
        for index, name in enumerate(_COUNTS):
            total[index] += row[name]
    return {"buckets": [_bucket(*key, *totals[key]) for key in sorted(totals)]}


def _bucket(
    start: int, end: int, model: str, prompt: int, cached: int, completion: int, requests: int
) -> Json:
    return {
        "bucketStart": format_time(start),
        "bucketEnd": format_time(end),
        "model": model,
        "promptTokens": str(prompt),
        "cachedTokens": str(cached),
        "completionTokens": str(completion),
        "requests": str(requests),
    }
