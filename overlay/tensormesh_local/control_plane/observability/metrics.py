"""Metrics of inference: requests, tokens and latencies over time.

They are measured on the traffic of this host, so there are no metrics of GPUs. Only times with
traffic have points.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any, Final

from tensormesh_local.clock import DAY, HOUR, MINUTE, SECOND, format_time
from tensormesh_local.control_plane.context import Context, Json, reads
from tensormesh_local.control_plane.observability.latency import (
    FIRST_TOKEN,
    WHOLE_REQUEST,
    quantile,
)
from tensormesh_local.control_plane.observability.targets import find_target, read_range
from tensormesh_local.control_plane.state import Database, Row

_QUANTILES: Final = ("0.5", "0.95", "0.99")
_LATENCIES: Final = {"ttft_seconds": FIRST_TOKEN, "request_latency_seconds": WHOLE_REQUEST}
# The default step is the smallest of these that gives at most this many points.
_STEPS: Final = (MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 6 * HOUR, DAY)
_POINTS: Final = 200


def _cache_hit_rate(sums: Row, _: int) -> float | None:
    prompt = sums["prompt_tokens"]
    return sums["cached_tokens"] / prompt if prompt else None


def _output_tokens_per_second(sums: Row, _: int) -> float | None:
    return sums["completion_tokens"] * SECOND / sums["busy"] if sums["busy"] else None


# The unit of a metric, and its value for the sums of a step and its length in microseconds.
_COUNTERS: Final[dict[str, tuple[str, Callable[[Row, int], float | None]]]] = {
    "request_count": ("requests", lambda sums, _: sums["requests"]),
    "error_count": ("requests", lambda sums, _: sums["errors"]),
    "prompt_tokens": ("tokens", lambda sums, _: sums["prompt_tokens"]),
    "completion_tokens": ("tokens", lambda sums, _: sums["completion_tokens"]),
    "cached_tokens": ("tokens", lambda sums, _: sums["cached_tokens"]),
    "cache_hit_rate": ("ratio", _cache_hit_rate),
    "output_tokens_per_second": ("tokens/s", _output_tokens_per_second),
    # The total duration of requests in proportion to the elapsed time: how many ran on average.
    "running_requests": ("requests", lambda sums, step: sums["busy"] / step),
}


@reads
def query_metrics(context: Context) -> Json:
    """Return metrics of a model over time. Each point is for the step that starts there."""
    query = context.query
    owner = context.owner(query.get("userId"))
    start, end = read_range(context, HOUR)
    step = _step(query.get("step"), end - start)
    wanted = set(query.get("metricNames") or ())
    target = find_target(context, owner, query["modelId"], query.get("deploymentId"))
    parameters = {**target.parameters, "step": step, "start": start - start % MINUTE, "end": end}
    series = [*_counters(context.db, parameters), *_percentiles(context.db, parameters)]
    return {"series": [each for each in series if not wanted or each["metricName"] in wanted]}


def _step(given: str | None, length: int) -> int:
    """Return the time between two points: at least a minute, the resolution of the data."""
    if given:
        return max(MINUTE, int(given.removesuffix("s")) * SECOND)
    return next((step for step in _STEPS if length <= step * _POINTS), DAY)


def _counters(db: Database, parameters: dict[str, Any]) -> Iterator[Json]:
    rows = db.all(
        "SELECT minute / :step * :step AS at, sum(requests) AS requests, sum(errors) AS errors, "
        "sum(prompt_tokens) AS prompt_tokens, sum(cached_tokens) AS cached_tokens, "
        "sum(completion_tokens) AS completion_tokens, sum(busy) AS busy FROM usage_minutes "
        "WHERE user_id = :user_id AND model_id = :model_id AND :name IN (model, :no_name) "
        "AND minute >= :start AND minute < :end GROUP BY 1 ORDER BY 1",
        parameters,
    )
    for name, (unit, value) in _COUNTERS.items():
        values = [(row["at"], value(row, parameters["step"])) for row in rows]
        yield _series(name, unit, {}, [(at, each) for at, each in values if each is not None])


def _percentiles(db: Database, parameters: dict[str, Any]) -> Iterator[Json]:
    counted: defaultdict[str, defaultdict[int, list[tuple[int, int]]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for row in db.all(
        "SELECT kind, minute / :step * :step AS at, class, sum(count) AS count "
        "FROM latency_minutes WHERE user_id = :user_id AND model_id = :model_id "
        "AND :name IN (model, :no_name) AND minute >= :start AND minute < :end "
        "GROUP BY 1, 2, 3 ORDER BY 2",
        parameters,
    ):
        counted[row["kind"]][row["at"]].append((row["class"], row["count"]))
    for name, kind in _LATENCIES.items():
        for share in _QUANTILES:
            points = [
                (at, quantile(classes, float(share))) for at, classes in counted[kind].items()
            ]
            yield _series(name, "seconds", {"quantile": share}, points)


def _series(name: str, unit: str, labels: dict[str, str], points: list[tuple[int, float]]) -> Json:
    return {
        "metricName": name,
        "unit": unit,
        "labels": labels,
        "points": [{"timestamp": format_time(at), "value": value} for at, value in points],
    }
