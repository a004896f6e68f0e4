"""From the bytes of a stream to typed events: shared by both kinds of stream. Sans I/O."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, NoReturn

from tensormesh_api._model import InvalidDataError

from ._errors import StreamError
from ._events import EVENTS, StreamFailureError
from ._json import loads
from ._sse import EventTooLargeError, SSEDecoder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ._events import Events
    from ._exchange import Exchange

END_MARK = b"[DONE]"


class Reader:
    """Reads one stream.

    Attributes:
        ready: Typed events that have come and were not taken yet.
        ended: Whether the end mark has come.
        events: What the events mean.
        exchange: The call that the stream answers.
        headers: Headers of the response.
    """

    __slots__ = (
        "_decoder",
        "_failure",
        "_parse",
        "ended",
        "events",
        "exchange",
        "headers",
        "ready",
    )

    def __init__(self, exchange: Exchange, headers: Mapping[str, str]) -> None:
        operation = exchange.call.operation
        assert operation.event_parser is not None
        self.exchange = exchange
        self.headers = headers
        self.ready: deque[Any] = deque()
        self.ended = False
        self.events: Events = EVENTS[operation.id]()
        self._failure: StreamError | None = None
        self._parse: Callable[[Any], Any] = operation.event_parser()
        self._decoder = SSEDecoder()

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes. Events that came before an error are delivered before it."""
        try:
            for payload in self._decoder.feed(chunk):
                if payload == END_MARK or self.ended:
                    self.ended = True
                    return
                self._take(payload)
        except EventTooLargeError as error:
            self._failure = self._error(str(error), None)
        except StreamError as error:
            self._failure = error

    def _take(self, payload: bytes) -> None:
        try:
            data = loads(payload)
        except ValueError as error:
            if payload.strip() == END_MARK:
                self.ended = True
                return
            self._fail(f"an event is not JSON: {error}", payload)
        try:
            event = self._parse(data)
            self.events.take(event)
        except InvalidDataError as error:
            if isinstance(data, dict) and data.get("error"):
                self._fail_as_told(data)
            self._fail(f"an event does not fit: {error}", data)
        except StreamFailureError as failure:
            self._fail_as_told(failure.body)
        self.ready.append(event)
        self.ended = self.events.ended

    def finish(self) -> None:
        """Note that the bytes have ended."""
        if not self.ended and self._failure is None:
            message = "the stream ended before its end mark: the answer is not complete"
            self._failure = self._error(message, None)

    def broken(self, reason: str) -> None:
        """Note that the connection broke in the middle."""
        self._failure = self._error(f"the stream broke: {reason}", None)

    @property
    def failure(self) -> StreamError | None:
        """The error that the stream has come to, to be raised once nothing is ready any more."""
        return self._failure

    def _fail(self, message: str, body: Any, **labels: Any) -> NoReturn:
        raise self._error(message, body, **labels)

    def _fail_as_told(self, data: Any) -> NoReturn:
        from ._error_body import read_error_value

        found = read_error_value(data)
        message = f"the server reports an error in the stream: {found.message or 'no reason given'}"
        self._fail(message, data, code=found.code, type=found.type)

    def _error(self, message: str, body: Any, **labels: Any) -> StreamError:
        details = self.exchange.details(self.headers)
        return StreamError(message, body=body, partial=self.events.whole(), **labels, **details)
