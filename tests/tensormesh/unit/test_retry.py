"""The retry policy: what is repeated, how often, and after how long."""

from __future__ import annotations

import math
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cases import for_each

from tensormesh._calls.retry import backoff_delay, next_delay

jitters = st.floats(0, 1, exclude_max=True)
attempts = st.integers(1, 10**9)


@for_each("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "get"])
@for_each("status", [429, 500, 502, 503, 504])
def test_idempotent_methods_are_repeated_after_passing_failures(method: str, status: int) -> None:
    policy = partial(next_delay, max_retries=1)
    assert policy(method=method, attempt=1, status=status, jitter=0.0) == 0.5
    assert policy(method=method, attempt=1, is_network_error=True, jitter=0.0) == 0.5


@given(
    method=st.sampled_from(["POST", "PATCH", "post", "CONNECT", "TRACE", "", "PROPFIND"]),
    attempt=attempts,
    status=st.none() | st.integers(100, 599),
    retry_after=st.none() | st.floats(0, 100),
    is_network_error=st.booleans(),
    jitter=jitters,
)
def test_nothing_else_is_ever_repeated(
    method: str,
    attempt: int,
    status: int | None,
    retry_after: float | None,
    is_network_error: bool,
    jitter: float,
) -> None:
    delay = next_delay(
        max_retries=10**9,
        method=method,
        attempt=attempt,
        status=status,
        retry_after=retry_after,
        is_network_error=is_network_error,
        jitter=jitter,
    )
    assert delay is None


@given(st.integers(100, 599).filter(lambda status: status not in (429, 500, 502, 503, 504)))
def test_other_statuses_are_final_even_with_retry_after(status: int) -> None:
    policy = partial(next_delay, max_retries=5)
    delay = policy(method="GET", attempt=1, status=status, retry_after=1.0, jitter=0.0)
    assert delay is None


def test_an_answer_that_was_no_failure_is_not_repeated() -> None:
    assert next_delay(max_retries=5, method="GET", attempt=1, jitter=0.0) is None


@given(st.integers(0, 20))
def test_a_request_is_sent_at_most_once_more_than_max_retries(max_retries: int) -> None:
    policy = partial(next_delay, max_retries=max_retries)
    tries = 1
    while policy(method="GET", attempt=tries, status=503, jitter=0.0) is not None:
        tries += 1
    assert tries == max_retries + 1


def test_the_full_delays_double_up_to_eight_seconds() -> None:
    assert [backoff_delay(attempt, 0.0) for attempt in range(1, 8)] == [0.5, 1, 2, 4, 8, 8, 8]


@given(attempts, jitters)
def test_jitter_shortens_a_delay_by_less_than_a_quarter(attempt: int, jitter: float) -> None:
    full = backoff_delay(attempt, 0.0)
    assert 0.75 * full <= backoff_delay(attempt, jitter) <= full <= 8.0


@given(attempts)
def test_jitter_spreads_delays(attempt: int) -> None:
    assert backoff_delay(attempt, 0.9) < backoff_delay(attempt, 0.5) < backoff_delay(attempt, 0.1)


@given(attempts, jitters)
def test_later_delays_are_never_shorter_at_the_same_jitter(attempt: int, jitter: float) -> None:
    assert backoff_delay(attempt, jitter) <= backoff_delay(attempt + 1, jitter)


@for_each(
    ("retry_after", "delay"),
    [(0.001, 0.001), (3.0, 3.0), (60.0, 60.0), (61.0, 60.0), (1e300, 60.0), (math.inf, 60.0)],
)
def test_retry_after_is_obeyed_up_to_a_minute(retry_after: float, delay: float) -> None:
    policy = partial(next_delay, max_retries=3)
    for attempt in (1, 3):
        given_delay = policy(
            method="GET", attempt=attempt, status=429, retry_after=retry_after, jitter=0.5
        )
        assert given_delay == delay


@pytest.mark.parametrize("retry_after", [None, 0.0, -1.0, math.nan])
def test_without_a_usable_retry_after_the_usual_delay_holds(retry_after: float | None) -> None:
    delay = next_delay(
        max_retries=3, method="GET", attempt=2, status=503, retry_after=retry_after, jitter=0.0
    )
    assert delay == 1.0


@given(
    attempt=attempts,
    retry_after=st.none() | st.floats(),
    jitter=jitters,
)
def test_every_delay_is_positive_and_bounded(
    attempt: int, retry_after: float | None, jitter: float
) -> None:
    delay = next_delay(
        max_retries=10**9,
        method="GET",
        attempt=attempt,
        status=429,
        retry_after=retry_after,
        jitter=jitter,
    )
    assert delay is not None
    assert 0 < delay <= 60
