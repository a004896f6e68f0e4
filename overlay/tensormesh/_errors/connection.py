"""What a failure of the transport is called here. Loaded when the first one happens."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import httpx

from .._http import httpx_link as _http
from . import APIConnectionError, APITimeoutError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._calls.call import Call
    from . import TimeoutPhase

# A wait that was cut to what was left of a call may end by so much before its deadline.
_TOLERANCE_SECONDS = 0.005

_PHASES: tuple[tuple[type[Exception], TimeoutPhase, str], ...] = (
    (_http.TotalTimeout, "total", "the whole call"),
    (_http.IdleTimeout, "idle", "waiting for the next event"),
    (httpx.ConnectTimeout, "connect", "connecting"),
    (httpx.ReadTimeout, "read", "waiting for the next bytes"),
    (httpx.WriteTimeout, "write", "sending"),
    (httpx.PoolTimeout, "pool", "waiting for a free connection"),
)


def connection_error(
    error: Exception, call: Call, attempts: int, secrets: tuple[str, ...] = ()
) -> APIConnectionError:
    """Return the error for a failure of the transport.

    Args:
        error: What httpx raised.
        call: What was sent.
        attempts: How often.
        secrets: What must not be shown, should a server that makes no sense have echoed it.
    """
    if any(secret in text for text in _texts(error) for secret in secrets):
        found = _error(type(error)("the answer makes no sense"), call, attempts)
        found.__suppress_context__ = True
        return found
    found = _error(error, call, attempts)
    found.__cause__ = error
    return found


def _texts(error: BaseException) -> Iterator[str]:
    """What an error and those below it say."""
    below: BaseException | None = error
    seen = set()
    while below is not None and id(below) not in seen:
        seen.add(id(below))
        yield str(below)
        below = below.__cause__ or below.__context__


def _error(error: Exception, call: Call, attempts: int) -> APIConnectionError:
    if isinstance(error, httpx.TimeoutException):
        phase, what = _phase(error, call)
        seconds = {"connect": call.connect_seconds, "total": call.total_seconds}.get(phase)
        if seconds is None:
            seconds = call.seconds
        return APITimeoutError(
            f"{what} took longer than {seconds:g} s",
            phase=phase,
            seconds=seconds,
            attempts=attempts,
            method=call.method,
            url=call.url,
        )
    reason = str(error) or type(error).__name__
    if "CERTIFICATE_VERIFY_FAILED" in reason:
        reason += ". `ca_bundle` (TENSORMESH_CA_BUNDLE) names the certificates to trust"
    return APIConnectionError(
        f"connection failed: {reason}", attempts=attempts, method=call.method, url=call.url
    )


def _phase(error: httpx.TimeoutException, call: Call) -> tuple[TimeoutPhase, str]:
    if call.deadline is not None and time.monotonic() >= call.deadline - _TOLERANCE_SECONDS:
        return _PHASES[0][1:]
    for kind, phase, what in _PHASES:
        if isinstance(error, kind):
            return phase, what
    return "read", "waiting for the next bytes"
