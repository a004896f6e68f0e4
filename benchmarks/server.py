"""A server that costs next to nothing: `python -m benchmarks.server`.

It prints its port, and lives until its standard input ends, at most half an hour.

`POST .../v1/chat/completions` answers a chat, or a stream if the body asks for one. A prefix such
as `/packed/5000` sets the layout and the length of streams: `each` and `packed` are sent at once,
as fast as they are read; `single` sends one event at a time, each stream in turn. The prefix
`/after/20` answers a chat after 20 milliseconds, `/invoice` makes the answer JSON. `GET
.../v1/billing/transactions`
answers a page of a list; a prefix such as `/list/100` sets how many pages there are. `GET
/connections` tells how many connections have carried a POST.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Iterator

from .answers import CHAT, INVOICE_CHAT, frames, page, stream
from .measure import allow_open_files

LIFE_SECONDS = 1800
_SLICE = 256 * 1024
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_STREAM = re.compile(rb'"stream": *true')
_LIST = re.compile(r"^/list/(\d+)/.*?(?:pageToken=(\d+))?$")
_PREFIX = re.compile(r"^/(each|packed|single)/(\d+)/")
_AFTER = re.compile(r"^/after/(\d+)/")

_JSON_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
_STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)
_CHAT_RESPONSE = _JSON_HEAD % len(CHAT) + CHAT
_INVOICE_RESPONSE = _JSON_HEAD % len(INVOICE_CHAT) + INVOICE_CHAT


class Connection(asyncio.Protocol):
    """One connection: a request at a time."""

    used = 0

    def __init__(self) -> None:
        self._received = b""
        self._counted = False
        self._paused = False
        self._unsent = memoryview(b"")
        self._frames: Iterator[bytes] = iter(())
        self._loop = asyncio.get_running_loop()

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
            method, target, _ = head.split(b"\r\n", 1)[0].decode("ascii").split(" ")
            self._answer(method, target, body[:length])

    def _answer(self, method: str, target: str, body: bytes) -> None:
        if method == "GET":
            listed = _LIST.match(target)
            told = page(int(listed[2] or 0), int(listed[1])) if listed else b"%d" % Connection.used
            self._transport.write(_JSON_HEAD % len(told) + told)
            return
        if not self._counted:
            self._counted = True
            Connection.used += 1
        if _STREAM.search(body):
            prefix = _PREFIX.match(target)
            layout, count = (prefix[1], int(prefix[2])) if prefix else ("each", 50)
            self._transport.write(_STREAM_HEAD)
            if layout == "single":
                self._frames = iter(frames(count))
            else:
                self._unsent = memoryview(stream(layout, count))
            self._send()
        elif after := _AFTER.match(target):
            self._loop.call_later(int(after[1]) / 1e3, self._answer_late)
        else:
            is_invoice = target.startswith("/invoice/")
            self._transport.write(_INVOICE_RESPONSE if is_invoice else _CHAT_RESPONSE)

    def _answer_late(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(_CHAT_RESPONSE)

    def _send(self) -> None:
        while self._unsent and not self._paused:
            part, self._unsent = self._unsent[:_SLICE], self._unsent[_SLICE:]
            self._transport.write(part)
        self._send_frame()

    def _send_frame(self) -> None:
        if self._paused:
            return
        frame = next(self._frames, None)
        if frame is not None:
            self._transport.write(frame)
            self._loop.call_soon(self._send_frame)

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._unsent = memoryview(b"")
        self._frames = iter(())


async def serve() -> None:
    """Serve until standard input ends."""
    allow_open_files()
    loop = asyncio.get_running_loop()
    # A crowd comes at once: who does not get into the backlog tries again a second later.
    server = await loop.create_server(Connection, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with asyncio.timeout(LIFE_SECONDS), server:
        await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve())
