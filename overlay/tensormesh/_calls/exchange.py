"""What to do after each try of a call: give the answer, try again, or raise. Sans I/O."""

from __future__ import annotations

import logging
import random
import time
from typing import TYPE_CHECKING, Any

from .._errors import ProtocolError
from .._json import loads
from .retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tensormesh_api._model import InvalidDataError

    from .._errors import APIConnectionError, APIStatusError
    from .call import Call

logger = logging.getLogger("tensormesh")

# An error body longer than this is cut: its beginning says what is wrong.
MAX_ERROR_BYTES = 1 << 20
MAX_REDIRECTS = 5
# More than an error keeps of a body.
_LONGEST_BODY = 1 << 16


class Exchange:
    """One call through all its tries.

    Attributes:
        call: The call.
        attempts: How many tries were begun.
    """

    __slots__ = ("_policy", "_redirects", "attempts", "call")

    def __init__(self, call: Call, max_retries: int) -> None:
        self.call = call
        self.attempts = 0
        self._policy = RetryPolicy(max_retries)
        self._redirects = 0

    def begin(self) -> None:
        """Note that a try begins."""
        self.attempts += 1

    def failure(self, error: Exception) -> APIConnectionError:
        """The error for a failure of the transport."""
        from .._errors.connection import connection_error

        return connection_error(error, self.call, self.attempts, self._secrets())

    def after_failure(self, failure: Exception) -> float:
        """Seconds to wait before the next try, or raise the error."""
        error = self.failure(failure)
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug("%s: %s", str(self), error.message)
        delay = self._policy.next_delay(
            method=self.call.method,
            attempt=self.attempts,
            is_network_error=True,
            jitter=random.random(),  # noqa: S311
        )
        if delay is None or self._is_too_late(delay):
            raise error
        self._tell_delay(delay, error.message)
        return delay

    def succeeded(self, status_code: int) -> bool:
        """Whether an answer is a good one."""
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug("%s: %d", str(self), status_code)
        return 200 <= status_code < 300

    def redirected(self, status_code: int, target: str | None) -> bool:
        """Whether to go on to `target`: on the same host, for what only reads, a few times."""
        if status_code not in (301, 302, 303, 307, 308) or target is None:
            return False
        if self.call.method not in ("GET", "HEAD") or self._redirects == MAX_REDIRECTS:
            return False
        self._redirects += 1
        self.attempts -= 1
        self.call.url, self.call.query = target, None
        return True

    def after_refusal(
        self, status_code: int, reason: str, headers: Mapping[str, str], content: bytes
    ) -> float:
        """Seconds to wait before the next try, or raise the error that fits the status."""
        error = self.status_error(status_code, reason, headers, content)
        delay = self._policy.next_delay(
            method=self.call.method,
            attempt=self.attempts,
            status=status_code,
            retry_after=error.retry_after,
            jitter=random.random(),  # noqa: S311
        )
        if delay is None or self._is_too_late(delay):
            raise error
        self._tell_delay(delay, str(status_code))
        return delay

    def _tell_delay(self, delay: float, reason: str) -> None:
        if logger.isEnabledFor(logging.INFO):
            # Of now: a handler may read the record later.
            logger.info("%s: next try in %.1f s: %s", str(self), delay, reason)

    def _is_too_late(self, delay: float) -> bool:
        """Whether a next try would begin after the deadline."""
        deadline = self.call.deadline
        return deadline is not None and time.monotonic() + delay >= deadline

    def status_error(
        self, status_code: int, reason: str, headers: Mapping[str, str], content: bytes
    ) -> APIStatusError:
        """The error that fits a status."""
        from .._errors.status import status_error, status_hint

        hint = status_hint(status_code, self.call.operation.surface.name)
        if 300 <= status_code < 400:
            hint = "Redirects are followed only within the same host, and only for GET."
        return status_error(
            status_code,
            reason,
            headers,
            content,
            method=self.call.method,
            url=self.call.url,
            attempts=self.attempts,
            hint=hint,
            secrets=self._secrets(),
        )

    def _secrets(self) -> tuple[str, ...]:
        from .._errors.status import sent_secrets

        call = self.call
        return sent_secrets(call.headers, call.content, call.operation.secrets)

    def without_secrets(self, content: bytes) -> bytes:
        """What a server sent, fit to be kept on an error: it may have echoed what is secret."""
        from .._errors.status import hide_secrets

        return hide_secrets(content, self._secrets())

    def misfit(self, error: InvalidDataError) -> str:
        """What does not fit in an answer, without the value that was found if it may be secret."""
        found = repr(error.value)
        if any(secret in found for secret in self._secrets()):
            return f"{error.where}: expected {error.expected}"
        return str(error)

    def details(self, headers: Mapping[str, str]) -> dict[str, Any]:
        """What every error says of its call."""
        request_id = headers.get("x-request-id")
        if request_id is not None:
            request_id = self.without_secrets(request_id.encode()).decode()
        return {
            "request_id": request_id,
            "attempts": self.attempts,
            "method": self.call.method,
            "url": self.call.url,
        }

    def is_no_stream(self, headers: Mapping[str, str]) -> bool:
        """Whether a good answer cannot be the stream of events that was asked for."""
        content_type = headers.get("content-type", "")
        if content_type.partition(";")[0].strip().lower() in ("application/json", "text/html"):
            return True
        encoding = headers.get("content-encoding", "")
        if encoding in ("", "gzip", "deflate"):
            return False
        from .._http import decompression as compression

        return not compression.is_supported(encoding)

    def no_stream(self, headers: Mapping[str, str], content: bytes) -> ProtocolError:
        """The error for such an answer."""
        found = headers.get("content-type", "")
        message = f"the answer is no stream of events, but {found[:100]}{encoding_note(headers)}"
        return protocol_error(self, message, content, 200, headers)

    def unreadable(
        self, error: Exception, status_code: int, headers: Mapping[str, str]
    ) -> ProtocolError:
        """Return the error for a body that is too large, or cannot be decompressed."""
        from .._http import httpx_link as _http

        message = str(error)
        if not isinstance(error, _http.BodyTooLargeError):
            message = f"the response cannot be decompressed: {message}"
        return protocol_error(self, message, b"", status_code, headers)

    def __str__(self) -> str:
        return f"{self.call.method} {self.call.url.partition('?')[0]} (attempt {self.attempts})"


def protocol_error(
    exchange: Exchange, message: str, content: bytes, status_code: int, headers: Mapping[str, str]
) -> ProtocolError:
    """The error for an answer that reports success and is not what was promised."""
    return ProtocolError(
        message,
        body=exchange.without_secrets(content[:_LONGEST_BODY]),
        status_code=status_code,
        **exchange.details(headers),
    )


def encoding_note(headers: Mapping[str, str]) -> str:
    """A hint for what makes no sense: it may be compressed in a way that was not asked for."""
    encoding = headers.get("content-encoding")
    return f" (its content-encoding is {encoding[:40]!r})" if encoding else ""


def decode(exchange: Exchange, content: bytes, status_code: int, headers: Mapping[str, str]) -> Any:
    """Decoded JSON of a good answer.

    Raises:
        ProtocolError: It is not JSON.
    """
    try:
        return loads(content)
    except ValueError as error:
        what = "is empty" if not content.strip() else f"is not JSON: {error}"
        message = f"the answer {what}{encoding_note(headers)}"
        raise protocol_error(exchange, message, content, status_code, headers) from None


def parse(exchange: Exchange, status_code: int, headers: Mapping[str, str], content: bytes) -> Any:
    """The typed result of a good answer, with what servers leak put in its place.

    Raises:
        ProtocolError: The answer is not what the operation promises.
    """
    # Models, and attrs below them, load only now that the request has long been on its way.
    from tensormesh_api._model import InvalidDataError

    operation = exchange.call.operation
    if operation.empty is not None and not content.strip():
        data: Any = dict(operation.empty)
    else:
        data = decode(exchange, content, status_code, headers)
    operation.behavior.repair(data)
    try:
        result = operation.parse_response(data)
    except InvalidDataError as error:
        message = f"the answer does not fit: {exchange.misfit(error)}"
        raise protocol_error(exchange, message, content, status_code, headers) from None
    return operation.behavior.finish(result)
