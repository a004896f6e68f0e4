"""Synthetic usage for the demo account: it grows, follows working hours, and drops at weekends.

Usage is summed over one hour or several, as if all requests came in one minute. The last hour has
single requests.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tensormesh_local.clock import HOUR, MINUTE, SECOND, from_micros
from tensormesh_local.control_plane.billing.metering import Record
from tensormesh_local.control_plane.billing.usage import MinuteSums, Series
from tensormesh_local.control_plane.observability.latency import (
    FIRST_TOKEN,
    WHOLE_REQUEST,
    latency_class,
)

_SATURDAY: Final = 5
_WEEKEND: Final = 0.3
_NOON: Final = 12.5
_WORKDAY_SPREAD: Final = 3.2
_ERROR_RATE: Final = 0.004
# How many latencies represent those of a sum.
_LATENCIES: Final = 4
_RECENT_SHARE: Final = 0.7


@dataclass(frozen=True, slots=True)
class Workload:
    """How a user uses a model.

    Attributes:
        series: The user and the model.
        requests: Requests in the busiest hour of the first day.
        prompt: Prompt tokens of a typical request.
        completion: Completion tokens of a typical request.
        first_token: Seconds to the first token.
        per_token: Seconds for each further token.
    """

    series: Series
    requests: float
    prompt: int
    completion: int
    first_token: float
    per_token: float


def hours_of_day(
    rng: random.Random, workload: Workload, midnight: int, growth: float, step: int
) -> Iterator[tuple[tuple[Series, int], MinuteSums]]:
    """Yield the usage of a day, summed over steps.

    Args:
        rng: Random generator.
        workload: The workload.
        midnight: Start of the day (UTC) in microseconds.
        growth: Factor by which usage exceeds that of the first day.
        step: Hours to sum up.
    """
    weekend = from_micros(midnight).weekday() >= _SATURDAY
    factor = step * workload.requests * growth * (_WEEKEND if weekend else 1.0)
    for hour in range(0, 24, step):
        distance = (hour + step / 2 - _NOON) / _WORKDAY_SPREAD
        count = round(factor * math.exp(-(distance**2) / 2) * rng.uniform(0.8, 1.2))
        if count:
            minute = midnight + hour * HOUR + rng.randrange(60) * MINUTE
            yield (workload.series, minute), _sums(rng, workload, minute, count, growth)


def recent_requests(
    rng: random.Random, workload: Workload, now: int, growth: float
) -> Iterator[Record]:
    """Yield the requests of the last hour, oldest first."""
    for minutes_ago in range(59, 0, -1):
        if rng.random() < _RECENT_SHARE:
            at = now - minutes_ago * MINUTE + rng.randrange(MINUTE)
            yield _request(rng, workload, at, growth)


def _sums(
    rng: random.Random, workload: Workload, minute: int, count: int, growth: float
) -> MinuteSums:
    sums = MinuteSums(requests=count, last=minute + 30 * SECOND)
    sums.errors = int(count * _ERROR_RATE + rng.random())
    answered = count - sums.errors
    sums.prompt_tokens = round(answered * workload.prompt * rng.uniform(0.85, 1.15))
    sums.cached_tokens = round(sums.prompt_tokens * _cached_share(rng, growth))
    sums.completion_tokens = round(answered * workload.completion * rng.uniform(0.85, 1.15))
    first: Counter[int] = Counter()
    whole: Counter[int] = Counter()
    for part in range(_LATENCIES):
        share = answered * (part + 1) // _LATENCIES - answered * part // _LATENCIES
        seconds = _seconds(rng, workload, workload.completion)
        first[latency_class(seconds[0])] += share
        whole[latency_class(seconds[1])] += share
        sums.busy += round(share * seconds[1] * SECOND)
    sums.latencies = {FIRST_TOKEN: +first, WHOLE_REQUEST: +whole}
    return sums


def _request(rng: random.Random, workload: Workload, at: int, growth: float) -> Record:
    failed = rng.random() < _ERROR_RATE
    prompt = 0 if failed else round(workload.prompt * rng.uniform(0.4, 1.6))
    completion = 0 if failed else round(workload.completion * rng.uniform(0.4, 1.6))
    first, whole = _seconds(rng, workload, completion)
    return Record(
        at=at,
        user_id=workload.series.user_id,
        api_key_id="",
        surface=workload.series.surface,
        model=workload.series.model,
        prompt_tokens=prompt,
        cached_tokens=round(prompt * _cached_share(rng, growth)),
        completion_tokens=completion,
        status=500 if failed else 200,
        seconds=whole,
        ttft_seconds=None if failed else first,
    )


def _cached_share(rng: random.Random, growth: float) -> float:
    """Return the share of cached prompt tokens, which grows with the usage."""
    return min(0.8, 0.2 + 0.1 * growth) * rng.uniform(0.85, 1.15)


def _seconds(rng: random.Random, workload: Workload, tokens: int) -> tuple[float, float]:
    first = workload.first_token * rng.lognormvariate(0, 0.35)
    return first, first + tokens * workload.per_token * rng.lognormvariate(0, 0.15)
