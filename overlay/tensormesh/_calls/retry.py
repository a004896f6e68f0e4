"""Decides whether a failed request is sent again, and when. Pure: it neither sleeps nor sends."""

from __future__ import annotations

# Sending these twice does what sending them once does. POST and PATCH are never repeated.
IDEMPOTENT_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
RETRYABLE_STATUSES = frozenset({429, 500, 502, 503, 504})

FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 8.0
LONGEST_RETRY_AFTER_SECONDS = 60.0
# A delay may be this much shorter than its full length, so that clients do not return in step.
JITTER_SHARE = 0.25

# Beyond this many doublings every delay is the longest; a larger power would only overflow.
_MOST_DOUBLINGS = 10


class RetryPolicy:
    """When to send a request again.

    - Only idempotent methods (GET, HEAD, OPTIONS, PUT, DELETE), only after a network failure or one
      of the statuses 429, 500, 502, 503 and 504, and at most ``max_retries`` times.
    - The full delay doubles from 0.5 s up to 8 s; the delay is taken between 75 % and 100 % of it.
    - ``Retry-After`` is obeyed exactly, but for no longer than 60 s: a longer one is cut to 60 s.
      A zero, which is also what a date in the past comes to, leaves the usual delay.

    Raises:
        ValueError: ``max_retries`` is negative.
    """

    __slots__ = ("max_retries",)

    def __init__(self, max_retries: int) -> None:
        if max_retries < 0:
            raise ValueError("max_retries must not be negative")
        self.max_retries = max_retries

    def __repr__(self) -> str:
        return f"RetryPolicy(max_retries={self.max_retries})"

    def next_delay(
        self,
        *,
        method: str,
        attempt: int,
        status: int | None = None,
        retry_after: float | None = None,
        is_network_error: bool = False,
        jitter: float,
    ) -> float | None:
        """Return the seconds to wait before the next try, or ``None`` to give up.

        Args:
            method: HTTP method, in any case.
            attempt: how many tries have been made, the failed one included; 1 after the first.
            status: HTTP status of the failed try, ``None`` if there was no answer.
            retry_after: seconds that the server asked for, ``None`` if it did not.
            is_network_error: whether the try failed without an answer.
            jitter: a random number from 0.0 up to, not including, 1.0; 0.0 gives the full delay.
        """
        if attempt > self.max_retries or method.upper() not in IDEMPOTENT_METHODS:
            return None
        if not is_network_error and status not in RETRYABLE_STATUSES:
            return None
        if retry_after is not None and retry_after > 0:
            return min(retry_after, LONGEST_RETRY_AFTER_SECONDS)
        return backoff_delay(attempt, jitter)


def backoff_delay(attempt: int, jitter: float) -> float:
    """Return the delay in seconds after the given number of tries (1 or more)."""
    doublings = min(attempt - 1, _MOST_DOUBLINGS)
    full = min(FIRST_DELAY_SECONDS * 2.0**doublings, LONGEST_DELAY_SECONDS)
    return full * (1.0 - JITTER_SHARE * jitter)
