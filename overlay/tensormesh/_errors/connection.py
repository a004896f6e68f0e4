"""Turn a failure of a link into a public exception. Loaded with the first failure."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from .._http.errors import LinkError, LinkTimeout
from . import APIConnectionError, APITimeoutError
from .redaction import has_secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._calls.call import Call
    from . import TimeoutPhase

# How much before its deadline a wait may end that was cut to what was left of a call.
_TOLERANCE_SECONDS = 0.005

_WHAT: dict[TimeoutPhase, str] = {
    "total": "the whole call",
    "idle": "waiting for the next event",
    "connect": "connecting",
    "read": "waiting for the next bytes",
    "write": "sending",
    "pool": "waiting for a free connection",
}


def connection_error(
    error: LinkError, call: Call, attempts: int, secrets: tuple[str, ...] = ()
) -> APIConnectionError:
    """Return the error for a failure of a link.

    Args:
        error: What the link raised.
        call: What was sent.
        attempts: How many attempts were started.
        secrets: What must not be shown, even if a server that misbehaves echoes it.
    """
    if any(has_secret(text, secrets) for text in _texts(error)):
        found = _error(type(error)("the server sent an invalid response"), call, attempts)
        found.__suppress_context__ = True
        return found
    found = _error(error, call, attempts)
    # The failure below, of a socket or of httpx, says more to those who debug it.
    found.__cause__ = error.__cause__ or error
    return found


def _texts(error: BaseException) -> Iterator[str]:
    """Yield the messages of an error and of those below it."""
    below: BaseException | None = error
    seen = set()
    while below is not None and id(below) not in seen:
        seen.add(id(below))
        yield str(below)
        below = below.__cause__ or below.__context__


def _error(error: LinkError, call: Call, attempts: int) -> APIConnectionError:
    if isinstance(error, LinkTimeout):
        phase = _phase(error, call)
        seconds = {"connect": call.connect_seconds, "total": call.total_seconds}.get(phase)
        if seconds is None:
            seconds = call.seconds
        return APITimeoutError(
            f"{_WHAT[phase]} took longer than {seconds:g} s",
            phase=phase,
            seconds=seconds,
            attempts=attempts,
            method=call.method,
            url=call.url,
        )
    reason = str(error) or type(error).__name__
    found = APIConnectionError(
        f"connection failed: {reason}", attempts=attempts, method=call.method, url=call.url
    )
    # Where a proxy or a client of the user's is between, only the text is left of the error.
    if "CERTIFICATE_VERIFY_FAILED" in reason:
        found.hint_about = "ca_bundle"
        found.hint = (
            "To trust a private CA, set `ca_bundle` (TENSORMESH_CA_BUNDLE) to its certificate file"
        )
    return found


def _phase(error: LinkTimeout, call: Call) -> TimeoutPhase:
    if call.deadline is not None and time.monotonic() >= call.deadline - _TOLERANCE_SECONDS:
        return "total"
    return error.phase
