"""A server that misbehaves on request: `python -m benchmarks.soak_server SECONDS`.

It prints its port and runs until its standard input ends, for at most that many seconds. The header
`x-soak: KIND NUMBER` of a request chooses the response. Every good response contains the number, so
that callers notice a mix-up. `GET /counts` returns the number of requests of each kind, and how
many streams were open at the same time.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections import Counter
from typing import ClassVar

from . import protocol
from .protocol import JSON_HEAD, LAST_CHUNK, STREAM_HEAD, chunked

CHUNKS = 10
CHUNK_SECONDS = 0.1
STATUSES = {"status-400": 400, "status-429": 429, "status-500": 500, "status-503": 503}
_SOAK = re.compile(rb"\r\nx-soak: *(\S+) (\d+)", re.IGNORECASE)


class Connection(protocol.Connection):
    """Misbehaves as each request asks. The counts are those of all connections."""

    kinds: ClassVar[Counter[str]] = Counter()
    numbers_tried: ClassVar[set[str]] = set()
    open_streams = most_streams = 0

    def __init__(self) -> None:
        super().__init__()
        self._timer: asyncio.TimerHandle | None = None
        self._is_streaming = False

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._end_stream()

    def _respond(self, head: bytes, body: bytes) -> None:  # noqa: ARG002
        asked = _SOAK.search(head)
        if not asked:
            self._send(200, {**self.kinds, "most-streams": self.most_streams})
            return
        kind, number = asked[1].decode(), asked[2].decode()
        self.kinds[kind] += 1
        if kind == "answer":
            self._send(200, _chat(number))
        elif kind in STATUSES:
            self._send(STATUSES[kind], {"error": {"message": f"refused {number}"}})
        elif kind == "reset":
            self._transport.abort()
        elif kind == "short-body":
            self._send(200, _chat(number), missing=10)
            self._transport.close()
        elif kind == "not-json":
            self._transport.write(JSON_HEAD % (200, 4) + b"<p/>")
        elif kind == "flaky-get":
            self._refuse_first_try(number)
        else:
            self._start_stream(kind, number)

    def _refuse_first_try(self, number: str) -> None:
        if number in self.numbers_tried:
            self.numbers_tried.discard(number)
            self._send(200, {"object": "list", "data": [{"id": number, "object": "model"}]})
        else:
            self.numbers_tried.add(number)
            self._send(503, {"error": {"message": "not yet"}})

    def _start_stream(self, kind: str, number: str) -> None:
        self._is_streaming = True
        Connection.open_streams += 1
        Connection.most_streams = max(self.most_streams, self.open_streams)
        self._transport.write(STREAM_HEAD)
        self._stream(kind, number, 0)

    def _stream(self, kind: str, number: str, index: int) -> None:
        """Send the event at an index, and schedule the next one."""
        is_last = index == CHUNKS - 1
        self._send_event(_chunk(number, index, "stop" if is_last else None))
        if index == CHUNKS // 2 and kind != "stream":
            # `stream-stall` sends nothing more: the caller has to give up.
            if kind == "stream-reset":
                self._transport.abort()
            elif kind == "stream-cut":
                self._transport.write(LAST_CHUNK)
                self._end_stream()
            elif kind == "stream-malformed":
                self._send_event(b'{"id": ')
            elif kind == "stream-error":
                self._send_event(b'{"error": {"message": "overloaded", "code": 500}}')
        elif is_last:
            self._send_event(b"[DONE]")
            self._transport.write(LAST_CHUNK)
            self._end_stream()
        else:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(CHUNK_SECONDS, self._stream, kind, number, index + 1)

    def _end_stream(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._is_streaming:
            self._is_streaming = False
            Connection.open_streams -= 1

    def _send_event(self, data: bytes) -> None:
        self._transport.write(chunked(b"data: %s\n\n" % data))

    def _send(self, status: int, value: object, *, missing: int = 0) -> None:
        body = json.dumps(value).encode()
        self._transport.write(JSON_HEAD % (status, len(body) + missing) + body)


def _chat(number: str) -> dict[str, object]:
    message = {"role": "assistant", "content": number}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    ids = {"id": f"chatcmpl-{number}", "object": "chat.completion", "created": 1, "model": "m"}
    return {**ids, "choices": [choice]}


def _chunk(number: str, index: int, finish_reason: str | None) -> bytes:
    delta = {"content": f"{number}/{index} "}
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    chunk = {**_chat(number), "object": "chat.completion.chunk", "choices": [choice]}
    return json.dumps(chunk).encode()


def stream_text(number: int) -> str:
    """Return the text of a whole stream."""
    return "".join(f"{number}/{index} " for index in range(CHUNKS))


if __name__ == "__main__":
    asyncio.run(protocol.serve(Connection, float(sys.argv[1])))
