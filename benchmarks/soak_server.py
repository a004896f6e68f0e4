"""A server that misbehaves as each request asks: `python -m benchmarks.soak_server SECONDS`.

It prints its port, listens on the loopback interface, and lives until its standard input ends, at
most so many seconds. A request says by the header `x-soak: KIND NUMBER` what is to become of it;
every good answer has the number in its text, so that a caller notices somebody else's. `GET
/counts` tells how many requests of each kind came, and how many streams were open at the same time.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections import Counter

CHUNKS = 10
CHUNK_SECONDS = 0.1
STATUSES = {"status-400": 400, "status-429": 429, "status-500": 500, "status-503": 503}

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_SOAK = re.compile(rb"\r\nx-soak: *(\S+) (\d+)", re.IGNORECASE)
_STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
)
_DONE = b"data: [DONE]\n\n"
_ERROR_EVENT = b'data: {"error": {"message": "overloaded", "code": 500}}\n\n'


class Tally:
    """What happened so far."""

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self.tried_once: set[str] = set()
        self.open_streams = 0
        self.most_streams = 0

    def opened(self) -> None:
        self.open_streams += 1
        self.most_streams = max(self.most_streams, self.open_streams)


class Connection(asyncio.Protocol):
    """One connection: a request at a time."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._received = b""
        self._timer: asyncio.TimerHandle | None = None
        self._streams = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        found = _LENGTH.search(head)
        length = int(found[1]) if found else 0
        if end and len(body) >= length:
            self._received = body[length:]
            asked = _SOAK.search(head)
            if asked:
                self._misbehave(asked[1].decode(), asked[2].decode())
            else:
                counts = {**self._tally.kinds, "most-streams": self._tally.most_streams}
                self._send(200, counts)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._end_stream()

    def _misbehave(self, kind: str, number: str) -> None:
        self._tally.kinds[kind] += 1
        if kind == "answer":
            self._send(200, _chat(number))
        elif kind in STATUSES:
            self._send(STATUSES[kind], {"error": {"message": f"refused {number}"}})
        elif kind == "reset":
            self._transport.abort()
        elif kind == "short-body":
            whole = json.dumps(_chat(number)).encode()
            self._write_head(200, len(whole) + 10)
            self._transport.write(whole)
            self._transport.close()
        elif kind == "not-json":
            self._write_head(200, 4)
            self._transport.write(b"<p/>")
        elif kind == "flaky-get":
            self._answer_second_try(number)
        else:
            self._tally.opened()
            self._streams = True
            self._transport.write(_STREAM_HEAD)
            self._stream(kind, number, 0)

    def _answer_second_try(self, number: str) -> None:
        if number in self._tally.tried_once:
            self._tally.tried_once.discard(number)
            self._send(200, {"object": "list", "data": [{"id": number, "object": "model"}]})
        else:
            self._tally.tried_once.add(number)
            self._send(503, {"error": {"message": "not yet"}})

    def _stream(self, kind: str, number: str, index: int) -> None:
        """Send the event of an index, and the next ones in a while."""
        is_last = index == CHUNKS - 1
        self._write_event(_event(number, index, is_last=is_last))
        if index == CHUNKS // 2 and kind != "stream":
            # `stream-stall` goes on for ever; the caller has to leave.
            if kind == "stream-reset":
                self._transport.abort()
            elif kind == "stream-cut":
                self._transport.write(b"0\r\n\r\n")
                self._end_stream()
            elif kind == "stream-malformed":
                self._write_event(b'data: {"id": \n\n')
            elif kind == "stream-error":
                self._write_event(_ERROR_EVENT)
        elif is_last:
            self._write_event(_DONE)
            self._transport.write(b"0\r\n\r\n")
            self._end_stream()
        else:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(CHUNK_SECONDS, self._stream, kind, number, index + 1)

    def _end_stream(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._streams:
            self._streams = False
            self._tally.open_streams -= 1

    def _write_event(self, event: bytes) -> None:
        self._transport.write(b"%x\r\n%s\r\n" % (len(event), event))

    def _send(self, status: int, value: object) -> None:
        body = json.dumps(value).encode()
        self._write_head(status, len(body))
        self._transport.write(body)

    def _write_head(self, status: int, length: int) -> None:
        self._transport.write(
            b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
            % (status, length)
        )


def _chat(number: str) -> dict[str, object]:
    message = {"role": "assistant", "content": number}
    return {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
    }


def _event(number: str, index: int, *, is_last: bool) -> bytes:
    choice = {
        "index": 0,
        "delta": {"content": f"{number}/{index} "},
        "finish_reason": "stop" if is_last else None,
    }
    chunk = {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [choice],
    }
    return b"data: %s\n\n" % json.dumps(chunk).encode()


def stream_text(number: int) -> str:
    """The text of a whole stream."""
    return "".join(f"{number}/{index} " for index in range(CHUNKS))


async def serve(seconds: float) -> None:
    """Serve until standard input ends."""
    loop = asyncio.get_running_loop()
    tally = Tally()
    server = await loop.create_server(lambda: Connection(tally), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with asyncio.timeout(seconds):
        await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1])))
