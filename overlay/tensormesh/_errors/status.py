"""Turn an error response into an exception. Loaded with the first one."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from .._http import decompression
from ..settings import SECRET_HEADERS, SHORTEST_SECRET
from . import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    InternalServerError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    UnprocessableEntityError,
    safe_url,
)
from .body import MAX_BODY_BYTES, clean_text, read_error_body
from .redaction import HIDDEN, hide_secrets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from . import HintTopic

    # What a hint is about, and the hint.
    Hint = tuple[HintTopic, str]

_STATUS_CLASSES: dict[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: UnprocessableEntityError,
    429: RateLimitError,
}

_CHECK_KEY: Hint = (
    "inference_api_key",
    "Check `inference_api_key` (TENSORMESH_INFERENCE_API_KEY); "
    "a Control Plane token is not valid for the inference hosts.",
)
_REDIRECT: Hint = (
    "redirect",
    "Redirects are followed only within the same host, and only for GET.",
)
_HINTS: dict[tuple[int, str], Hint] = {
    (401, "serverless"): _CHECK_KEY,
    (401, "on_demand"): _CHECK_KEY,
    (401, "control_plane"): (
        "control_plane_token",
        "Check `control_plane_token` (TENSORMESH_CONTROL_PLANE_TOKEN); it may have expired: "
        "`tm auth whoami` tests it, `tm auth refresh` renews it.",
    ),
    (404, "serverless"): (
        "model",
        "Check `serverless_base_url`, and that the model is one of the published Serverless names; "
        "models.list() shows them.",
    ),
    (404, "on_demand"): (
        "on_demand_user_id",
        "Check `on_demand_user_id` (X-User-Id), and that the model is the served name and not "
        "the modelId UUID.",
    ),
}


def status_hint(status_code: int, host: str) -> Hint | None:
    """Return a hint for this status and what the hint is about, or None.

    Args:
        status_code: HTTP status code.
        host: `"serverless"`, `"on_demand"` or `"control_plane"`.
    """
    if 300 <= status_code < 400:
        return _REDIRECT
    return _HINTS.get((status_code, host))


def status_error(
    status_code: int,
    reason: str,
    headers: Mapping[str, str] | Iterable[tuple[str, str]],
    content: bytes,
    *,
    method: str,
    url: str,
    attempts: int,
    hint: Hint | None = None,
    secrets: Iterable[str] = (),
    now: float | None = None,
) -> APIStatusError:
    """Return the exception for a response that does not report success.

    Args:
        status_code: HTTP status code, 300 or more.
        reason: Reason phrase, or an empty string.
        headers: All headers, as a mapping or as pairs.
        content: The decompressed body. Only its first MiB is read.
        method: HTTP method of the request.
        url: URL of the request. The error leaves out its credentials and query.
        attempts: How many attempts were made.
        hint: What the user should check (see `status_hint`).
        secrets: Keys and tokens to mask if the server echoed them.
        now: Seconds since the epoch, for a `Retry-After` date, or None for the current time.
    """
    secrets = [secret for secret in secrets if len(secret) >= SHORTEST_SECRET]
    plain = _plain_headers(headers, secrets)
    reason = clean_text(hide_secrets(reason, secrets), 100) or _standard_reason(status_code)
    # One byte more than is read, so that the reader sees that there is more.
    content = hide_secrets(content[: MAX_BODY_BYTES + 1], secrets)
    found = read_error_body(content, plain.get("content-type", ""))
    message = found.message
    encoding = plain.get("content-encoding", "")
    if not decompression.is_supported(encoding):
        message = f"the response {decompression.unsupported(encoding)}"
    if not message and 300 <= status_code < 400 and "location" in plain:
        message = f"redirect to {clean_text(safe_url(plain['location']))} was not followed"
    if now is None:
        now = time.time()
    default: type[APIStatusError] = InternalServerError if status_code >= 500 else APIStatusError
    return _STATUS_CLASSES.get(status_code, default)(
        message or reason or "the server gave no reason",
        status_code=status_code,
        reason=reason,
        body=found.body,
        code=found.code,
        type=found.type,
        param=found.param,
        headers=plain,
        retry_after=parse_retry_after(plain.get("retry-after"), now=now),
        hint=None if hint is None else hint[1],
        hint_about=None if hint is None else hint[0],
        request_id=clean_text(plain.get("x-request-id", ""), 200) or None,
        attempts=attempts,
        method=method,
        url=url,
    )


def parse_retry_after(value: str | None, *, now: float) -> float | None:
    """Read a ``Retry-After`` header: seconds to wait, never negative, always finite.

    Args:
        value: whole or decimal seconds, or an HTTP date; ``None`` if there is no header.
        now: time in seconds since the epoch; a date before it gives 0.0.

    Returns:
        The seconds, however many, or ``None`` if there is no header or it makes no sense.
    """
    text = (value or "").strip()
    if not text.isascii():
        return None
    if text.replace(".", "", 1).isdigit():
        return min(float(text), sys.float_info.max)
    if ":" not in text:
        return None  # not a date either; the parser of dates would guess one
    try:
        date = parsedate_to_datetime(text)
        if date.tzinfo is None:
            date = date.replace(tzinfo=UTC)
        return max(date.timestamp() - now, 0.0)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _plain_headers(
    headers: Mapping[str, str] | Iterable[tuple[str, str]], secrets: Iterable[str]
) -> dict[str, str]:
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    plain: dict[str, str] = {}
    for name, value in pairs:
        name = name.lower()  # pyright: ignore[reportAttributeAccessIssue]
        value = HIDDEN if name in SECRET_HEADERS else hide_secrets(value, secrets)
        plain[name] = f"{plain[name]}, {value}" if name in plain else value
    return plain


def _standard_reason(status_code: int) -> str:
    try:
        return HTTPStatus(status_code).phrase
    except ValueError:
        return ""
