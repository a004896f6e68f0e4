"""Decode the bytes of a stream into typed events. Sans I/O."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from tensormesh_api._model import InvalidDataError

from .._errors import StreamError
from .._json import loads
from .events import StreamFailureError
from .sse import EventTooLargeError, SSEDecoder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .._calls.exchange import Exchange
    from .._errors import APIError
    from .events import Events

END_MARK = b"[DONE]"


class Reader:
    """The state of one stream.

    Attributes:
        ready: Events not taken yet. An event that repeats another except for its text is a tuple
            of a pattern and the text.
        ended: Whether the end marker has arrived.
        failure: Error to raise once `ready` is empty.
        events: Reader of the operation's events.
        exchange: The call whose response this is.
        headers: Response headers.
    """

    def __init__(self, exchange: Exchange, headers: Mapping[str, str]) -> None:
        operation = exchange.call.operation
        assert operation.event_parser is not None
        self.exchange = exchange
        self.headers = headers
        self.ready: deque[Any] = deque()
        self.ended = False
        self.failure: APIError | None = None
        self.events: Events = operation.behavior.events()
        self._parse: Callable[[Any], Any] = operation.event_parser()
        self._decoder = SSEDecoder()

    def feed(self, chunk: bytes) -> None:
        """Decode the next bytes. Events that precede an error are delivered before it."""
        repeats = self.events.repeats
        try:
            for payload in self._decoder.feed(chunk):
                if payload == END_MARK or self.ended:
                    self.ended = True
                    return
                repeat = repeats.take(payload) if repeats is not None else None
                if repeat is None:
                    self._take(payload)
                else:
                    self.ready.append(repeat)
        except EventTooLargeError as error:
            self.fail(str(error))
        except StreamError as error:
            self.failure = error

    def _take(self, payload: bytes) -> None:
        try:
            data = loads(payload)
        except ValueError as error:
            text = payload.strip()
            if not text:
                return  # keep-alive
            if text == END_MARK:
                self.ended = True
                return
            raise self.error(f"an event is not JSON: {error}", self._shown(payload)) from None
        try:
            self.events.repair(data)
            event = self._parse(data)
            if data.get("error"):
                raise StreamFailureError
            self.events.take(event)
        except InvalidDataError as error:
            if isinstance(data, dict) and data.get("error"):
                raise self._server_error(payload) from None
            misfit = f"an event does not match its schema: {self.exchange.misfit(error)}"
            raise self.error(misfit, loads(self._shown(payload))) from None
        except StreamFailureError:
            raise self._server_error(payload) from None
        self.ready.append(event)
        self.ended = self.events.ended
        if self.events.repeats is not None:
            self.events.repeats.learn(payload, event)

    def finish(self) -> None:
        """Handle the end of the bytes. The last event may lack its terminating empty line."""
        if not self.ended and self.failure is None and self._decoder.pending:
            try:
                for payload in self._decoder.feed(b"\n\n"):
                    if _is_whole(payload):
                        self._take(payload)
            except StreamError as error:
                self.failure = error
        if not self.ended and self.failure is None:
            self.fail("the stream ended without its end marker: the response is incomplete")

    def fail(self, message: str) -> None:
        """Record a failure: nothing more can be read."""
        self.failure = self.error(message)

    def _shown(self, payload: bytes) -> bytes:
        return self.exchange.without_secrets(payload)

    def _server_error(self, payload: bytes) -> StreamError:
        from .._errors.body import read_error_value

        data = told = loads(self._shown(payload))
        response = data.get("response")
        if isinstance(response, dict) and response.get("error"):
            told = response
        found = read_error_value(told)
        message = (
            f"the server reported an error in the stream: {found.message or 'no reason given'}"
        )
        return self.error(message, data, code=found.code, type=found.type)

    def error(self, message: str, body: Any = None, **labels: Any) -> StreamError:
        """Return an error that carries what was received so far."""
        details = self.exchange.details(self.headers)
        return StreamError(message, body=body, partial=self.events.partial(), **labels, **details)


def _is_whole(payload: bytes) -> bool:
    """Return whether an event that lacks its end is complete nevertheless."""
    try:
        loads(payload)
    except ValueError:
        return payload.strip() == END_MARK
    return True
