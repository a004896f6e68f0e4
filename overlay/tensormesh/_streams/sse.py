"""Incremental decoder for server-sent events, following the WHATWG HTML standard. Sans I/O."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DEFAULT_MAX_EVENT_BYTES = 64 * 1024 * 1024

_BOM = b"\xef\xbb\xbf"
_LF = 0x0A
_CR = 0x0D
_COLON = 0x3A
# Many short lines as separate objects would take far more memory than their bytes.
_MAX_DATA_LINES = 1024
# Longer values make no sense, and int() is slow on them.
_MOST_RETRY_DIGITS = 18


class EventTooLargeError(ValueError):
    """An event exceeds the size limit of the decoder."""


class ServerSentEvent:
    """A server-sent event.

    Attributes:
        event: Type of the event; `"message"` if the stream gives none.
        data: The data lines, joined by newlines.
        id: The latest event ID in the stream, or `""`.
        retry: The latest reconnection time in the stream, in milliseconds, or None.
    """

    __slots__ = ("data", "event", "id", "retry")

    def __init__(self, event: str, data: bytes, id: str, retry: int | None) -> None:
        self.event = event
        self.data = data
        self.id = id
        self.retry = retry

    @property
    def text(self) -> str:
        """The data as text. Invalid UTF-8 is replaced with U+FFFD."""
        return self.data.decode("utf-8", "replace")

    def __repr__(self) -> str:
        return f"ServerSentEvent(event={self.event!r}, data={self.data!r}, id={self.id!r})"


class SSEDecoder:
    """Decode the bytes of one stream into events.

    Once an event exceeds the size limit, every further call raises `EventTooLargeError`; events
    before it are returned first. An event that is incomplete when the stream ends is not
    returned; `pending` is true then.

    Args:
        max_event_bytes: Size limit of an event's data lines and of an incomplete line. Comments
            do not count.
    """

    def __init__(self, *, max_event_bytes: int = DEFAULT_MAX_EVENT_BYTES) -> None:
        self._max = max_event_bytes
        self._start: bytes | None = b""  # possible part of a byte order mark; None after it
        self._after_cr = False  # the last line ended with CR: a following LF belongs to it
        self._line = bytearray()  # an incomplete line
        self._data: list[bytes] = []
        self._joined = bytearray()  # earlier data lines, each with a line feed
        self._event = b""
        self._id = b""
        self._retry: int | None = None
        self._size = 0  # bytes of data lines in this event
        self._clean = False  # between two events, with nothing buffered
        self._too_large = False

    @property
    def pending(self) -> bool:
        """Whether an incomplete event is buffered."""
        return bool(self._start or self._line or self._data or self._event)

    def feed(self, chunk: bytes) -> list[bytes]:
        """Decode the next bytes. Return the data of the events that they complete."""
        # Nearly every chunk consists of whole events of one data line each. Splitting is enough
        # for these, provided that the chunk has no other line ends.
        if self._clean and _CR not in chunk and len(chunk) <= self._max:
            line, _, rest = chunk.partition(b"\n")
            if line[:7] == b"event: ":
                line, _, rest = rest.partition(b"\n")
            if line[:6] == b"data: ":
                if rest == b"\n":
                    return [line[6:]]
                payloads = chunk[6:-2].split(b"\n\ndata: ")
                if chunk[-2:] == b"\n\n" and chunk.count(b"\n") == 2 * len(payloads):
                    return payloads
        return self._decode(chunk, data_only=True)

    def feed_events(self, chunk: bytes) -> list[ServerSentEvent]:
        """Decode the next bytes. Return the events that they complete."""
        return self._decode(chunk, data_only=False)

    def _decode(self, chunk: bytes, *, data_only: bool) -> list[Any]:
        if self._too_large:
            raise self._error()
        events: list[Any] = []
        data = self._data
        for line in self._complete_lines(chunk):
            if not line:
                if data:
                    payload = data[0] if len(data) == 1 else b"\n".join(data)
                    if self._joined:
                        payload = bytes(self._joined + payload)
                        self._joined.clear()
                    events.append(payload if data_only else self._new_event(payload))
                    data.clear()
                    self._size = 0
                self._event = b""
            elif line[0] != _COLON:
                if self._size + len(line) > self._max:
                    return self._refuse(events)
                if line[:6] == b"data: ":
                    self._size += len(line)
                    data.append(line[6:])
                else:
                    self._take_field(line)
                if len(data) > _MAX_DATA_LINES:
                    self._joined += b"\n".join([*data[:-1], b""])
                    del data[:-1]
        if self._line and self._line[0] != _COLON and self._size + len(self._line) > self._max:
            return self._refuse(events)
        self._clean = not (data or self._line or self._event or self._after_cr or self._start)
        return events

    def _complete_lines(self, chunk: bytes) -> list[bytes]:
        """Return the lines that the chunk completes, without line ends. Buffer the rest."""
        if self._start is not None:
            chunk = self._without_bom(chunk)
        if self._after_cr and chunk:
            self._after_cr = False
            if chunk[0] == _LF:
                chunk = chunk[1:]
        if not chunk:
            return []
        lines = chunk.splitlines()  # bytes split at CR, LF and CRLF only
        tail = b""
        if chunk[-1] == _CR:
            self._after_cr = True
        elif chunk[-1] != _LF:
            tail = lines.pop()
        if lines and self._line:
            self._line += lines[0]
            lines[0] = bytes(self._line)
            self._line.clear()
        if tail:
            self._line += tail
            if self._line[0] == _COLON:
                del self._line[1:]  # the text of a comment is never needed
        return lines

    def _without_bom(self, chunk: bytes) -> bytes:
        chunk = (self._start or b"") + chunk
        if len(chunk) < len(_BOM) and _BOM.startswith(chunk):
            self._start = chunk
            return b""
        self._start = None
        return chunk.removeprefix(_BOM)

    def _take_field(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._size += len(line)
            self._data.append(value)
        elif name == b"event":
            self._event = value
        elif name == b"id":
            if b"\0" not in value:
                self._id = value
        elif name == b"retry" and value.isdigit() and len(value) <= _MOST_RETRY_DIGITS:
            self._retry = int(value)

    def _new_event(self, payload: bytes) -> ServerSentEvent:
        event = self._event.decode("utf-8", "replace") or "message"
        return ServerSentEvent(event, payload, self._id.decode("utf-8", "replace"), self._retry)

    def _refuse(self, events: list[Any]) -> list[Any]:
        self._too_large = True
        self._clean = False
        self._data.clear()
        self._joined.clear()
        self._line.clear()
        if not events:
            raise self._error()
        return events

    def _error(self) -> EventTooLargeError:
        return EventTooLargeError(f"an event in the stream is larger than {self._max} bytes")
