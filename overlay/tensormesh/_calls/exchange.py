"""Decide what happens after each attempt: return the result, try again, or raise. Sans I/O."""

from __future__ import annotations

import logging
import random
import time
from typing import TYPE_CHECKING, Any

from .._errors import ProtocolError
from .._json import loads

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import AnyStr

    from tensormesh_api._model import InvalidDataError

    from .._errors import APIConnectionError, APIError, APIStatusError
    from .._http.errors import LinkError
    from .._http.response import Response
    from .call import Call

logger = logging.getLogger("tensormesh")

MAX_REDIRECTS = 5
# More than an error keeps of a body.
_EXCERPT_BYTES = 1 << 16


class Exchange:
    """One call through all its attempts.

    Attributes:
        call: The call.
        attempts: How many attempts were started.
    """

    __slots__ = ("_max_retries", "_redirects", "attempts", "call")

    def __init__(self, call: Call, max_retries: int) -> None:
        self.call = call
        self.attempts = 0
        self._max_retries = max_retries
        self._redirects = 0

    # Each attempt

    def begin(self) -> None:
        """Note that an attempt starts."""
        self.attempts += 1

    def succeeded(self, response: Response) -> bool:
        """Whether a response reports success."""
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug("%s: %d", str(self), response.status_code)
        return 200 <= response.status_code < 300

    def after_failure(self, failure: LinkError) -> float:
        """Return the seconds to wait before the next attempt, or raise the error."""
        error = self.failure(failure)
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug("%s: %s", str(self), error.message)
        return self._next_delay(error, error.message, is_network_error=True)

    def after_refusal(self, response: Response, content: bytes) -> float:
        """Return the seconds to wait before the next attempt, or raise the error of the status.

        A redirect that is followed needs no wait.
        """
        if self._is_redirected(response):
            return 0.0
        error = self.status_error(response, content)
        status = response.status_code
        return self._next_delay(error, str(status), status=status, retry_after=error.retry_after)

    def _is_redirected(self, response: Response) -> bool:
        """Follow a redirect on the same host, for requests that only read, a few times."""
        if response.status_code not in (301, 302, 303, 307, 308):
            return False
        if self.call.method not in ("GET", "HEAD") or self._redirects == MAX_REDIRECTS:
            return False
        from .._http.url import same_origin_target

        target = same_origin_target(self.call.url, response.headers.get("location"))
        # URLs appear in errors and in logs, those of the server too.
        if target is None or self._has_secret(target):
            return False
        self._redirects += 1
        self.attempts -= 1
        self.call.url, self.call.query = target, None
        return True

    def _next_delay(self, error: APIError, reason: str, **outcome: Any) -> float:
        """Return the seconds to wait before the next attempt, or raise the error."""
        from .retry import next_delay

        call = self.call
        delay = next_delay(
            max_retries=self._max_retries,
            method=call.method,
            attempt=self.attempts,
            jitter=random.random(),  # noqa: S311
            **outcome,
        )
        if delay is None:
            raise error
        if call.deadline is not None and time.monotonic() + delay >= call.deadline:
            raise error
        if logger.isEnabledFor(logging.INFO):
            # As text: a handler may read the record later.
            logger.info("%s: retrying in %.1f s: %s", str(self), delay, reason)
        return delay

    # Errors

    def failure(self, error: LinkError) -> APIConnectionError:
        """Return the error for a failure of the link."""
        from .._errors.connection import connection_error

        return connection_error(error, self.call, self.attempts, self._secrets())

    def status_error(self, response: Response, content: bytes) -> APIStatusError:
        """Return the error for a status."""
        from .._errors.status import status_error, status_hint

        return status_error(
            response.status_code,
            response.reason,
            response.headers,
            content,
            method=self.call.method,
            url=self.call.url,
            attempts=self.attempts,
            hint=status_hint(response.status_code, self.call.operation.host.name),
            secrets=self._secrets(),
        )

    def protocol_error(self, message: str, content: bytes, response: Response) -> ProtocolError:
        """Return the error for a response that reports success but is not what was promised."""
        return ProtocolError(
            message,
            body=self.without_secrets(content[:_EXCERPT_BYTES]),
            status_code=response.status_code,
            **self.details(response.headers),
        )

    def read_failure(self, error: LinkError, response: Response) -> APIError:
        """Return the error for a failure to read the body."""
        from .._http.errors import BodyError

        if not isinstance(error, BodyError):
            return self.failure(error)
        found = self.protocol_error(f"the response {error}", b"", response)
        found.__cause__ = error.__cause__ or error
        return found

    def is_no_stream(self, response: Response) -> bool:
        """Whether a response cannot be the stream of events that was asked for."""
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind in ("application/json", "text/html"):
            return True
        encoding = response.headers.get("content-encoding")
        if encoding is None:
            return False
        from .._http.decompression import is_supported

        return not is_supported(encoding)

    def no_stream(self, response: Response, content: bytes) -> ProtocolError:
        """Return the error for such a response."""
        found = self._shown(response, "content-type", 100)
        note = self._encoding_note(response)
        message = f"the response is not an event stream but {found}{note}"
        return self.protocol_error(message, content, response)

    def misfit(self, error: InvalidDataError) -> str:
        """Describe what does not fit, without the value if it may be secret."""
        found = repr(error.value)
        if self._has_secret(found):
            return f"{error.where}: expected {error.expected}"
        return str(error)

    def details(self, headers: Mapping[str, str]) -> dict[str, Any]:
        """Return what every error says about its call."""
        request_id = headers.get("x-request-id")
        if request_id is not None:
            request_id = self.without_secrets(request_id)
        return {
            "request_id": request_id,
            "attempts": self.attempts,
            "method": self.call.method,
            "url": self.call.url,
        }

    def without_secrets(self, content: AnyStr) -> AnyStr:
        """Mask what is secret in something that a server sent."""
        from .._errors.redaction import hide_secrets

        return hide_secrets(content, self._secrets())

    def _has_secret(self, text: str) -> bool:
        from .._errors.redaction import has_secret

        return has_secret(text, self._secrets())

    def _secrets(self) -> tuple[str, ...]:
        from .._errors.redaction import sent_secrets

        call = self.call
        return sent_secrets(call.headers, call.content, call.operation.secrets)

    def _encoding_note(self, response: Response) -> str:
        """Return a hint for content that cannot be parsed: it may be compressed in another way."""
        encoding = self._shown(response, "content-encoding", 40)
        return f" (its content-encoding is {encoding!r})" if encoding else ""

    def _shown(self, response: Response, name: str, limit: int) -> str:
        """Return the start of a header, fit for a message."""
        value = response.headers.get(name, "")
        return self.without_secrets(value)[:limit] if value else ""

    # Results

    def decode(self, content: bytes, response: Response) -> Any:
        """Decode the JSON of a response.

        Raises:
            ProtocolError: It is not JSON.
        """
        try:
            return loads(content)
        except ValueError as error:
            what = "is empty" if not content.strip() else f"is not JSON: {error}"
            message = f"the response {what}{self._encoding_note(response)}"
        raise self.protocol_error(message, content, response)

    def parse(self, content: bytes, response: Response) -> Any:
        """Parse the result.

        Raises:
            ProtocolError: The response is not what the operation promises.
        """
        # Models, and attrs below them, load only now that the request has long been on its way.
        from tensormesh_api._model import InvalidDataError

        operation = self.call.operation
        if operation.empty is not None and not content.strip():
            data: Any = dict(operation.empty)
        else:
            data = self.decode(content, response)
        operation.behavior.repair(data)
        try:
            result = operation.parse_response(data)
        except InvalidDataError as error:
            message = f"the response does not match its schema: {self.misfit(error)}"
            raise self.protocol_error(message, content, response) from None
        return operation.behavior.finish(result)

    def __str__(self) -> str:
        return f"{self.call.method} {self.call.url.partition('?')[0]} (attempt {self.attempts})"
