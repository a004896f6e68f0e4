"""Decide whether a failed request is sent again, and when. Sans I/O."""

from __future__ import annotations

# Sending these twice has the same effect as sending them once. POST and PATCH are never retried.
IDEMPOTENT_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
RETRYABLE_STATUSES = frozenset({429, 500, 502, 503, 504})

FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 8.0
LONGEST_RETRY_AFTER_SECONDS = 60.0
# How much shorter than its full length a delay may be, so that clients do not return in step.
JITTER_SHARE = 0.25

# Beyond this many doublings every delay is the longest, and a larger power would overflow.
_MOST_DOUBLINGS = 10


def next_delay(
    *,
    max_retries: int,
    method: str,
    attempt: int,
    status: int | None = None,
    retry_after: float | None = None,
    is_network_error: bool = False,
    jitter: float,
) -> float | None:
    """Return the seconds to wait before the next attempt, or None to give up.

    - Only idempotent methods (GET, HEAD, OPTIONS, PUT, DELETE) are retried, only after a network
      failure or one of the statuses 429, 500, 502, 503 and 504, and at most `max_retries` times.
    - The full delay doubles from 0.5 s up to 8 s; the delay is between 75 % and 100 % of it.
    - `Retry-After` is obeyed exactly, but for no longer than 60 s: a longer one is cut to 60 s.
      A zero, which is also what a date in the past comes to, leaves the usual delay.

    Args:
        max_retries: How often a request is retried.
        method: HTTP method, in any case.
        attempt: How many attempts were made, including the failed one.
        status: HTTP status of the failed attempt; None if there was no response.
        retry_after: Seconds that the server asked for; None if it did not.
        is_network_error: Whether the attempt failed without a response.
        jitter: A random number from 0.0 up to, not including, 1.0; 0.0 gives the full delay.
    """
    if attempt > max_retries or method.upper() not in IDEMPOTENT_METHODS:
        return None
    if not is_network_error and status not in RETRYABLE_STATUSES:
        return None
    if retry_after is not None and retry_after > 0:
        return min(retry_after, LONGEST_RETRY_AFTER_SECONDS)
    return backoff_delay(attempt, jitter)


def backoff_delay(attempt: int, jitter: float) -> float:
    """Return the delay in seconds after a number of attempts, 1 or more."""
    doublings = min(attempt - 1, _MOST_DOUBLINGS)
    full = min(FIRST_DELAY_SECONDS * 2.0**doublings, LONGEST_DELAY_SECONDS)
    return full * (1.0 - JITTER_SHARE * jitter)
