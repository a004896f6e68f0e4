"""A server that costs next to nothing: `python -m benchmarks.server`.

It prints its port and runs until its standard input ends, for half an hour at most.

- `POST .../v1/chat/completions` returns a completion, or a stream if the body asks for one.
- Prefixes such as `/packed/5000` set the layout and the length of streams. `each` and `packed` are
  sent as fast as they are read, `single` sends one event of each stream in turn.
- `/after/20` delays a completion by 20 milliseconds, `/invoice` puts JSON in its text.
- `GET .../v1/billing/transactions` returns a page of a list, `/list/100` sets the number of pages.
- `GET /connections` returns how many connections have carried a POST.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator

from . import protocol
from .protocol import JSON_HEAD, STREAM_HEAD
from .responses import CHAT, INVOICE_CHAT, frames, page, stream

LIFE_SECONDS = 1800
_SLICE = 256 * 1024
_STREAM = re.compile(rb'"stream": *true')
_LIST = re.compile(r"^/list/(\d+)/.*?(?:pageToken=(\d+))?$")
_PREFIX = re.compile(r"^/(each|packed|single)/(\d+)/")
_AFTER = re.compile(r"^/after/(\d+)/")


def _response(body: bytes) -> bytes:
    return JSON_HEAD % (200, len(body)) + body


_CHAT, _INVOICE = _response(CHAT), _response(INVOICE_CHAT)


class Connection(protocol.Connection):
    """Sends completions, streams and lists."""

    used = 0

    def __init__(self) -> None:
        super().__init__()
        self._is_counted = False
        self._is_paused = False
        self._unsent = memoryview(b"")
        self._frames: Iterator[bytes] = iter(())
        self._loop = asyncio.get_running_loop()

    def _respond(self, head: bytes, body: bytes) -> None:
        method, target, _ = head.split(b"\r\n", 1)[0].decode("ascii").split(" ")
        if method == "GET":
            listed = _LIST.match(target)
            entries = page(int(listed[2] or 0), int(listed[1])) if listed else None
            self._transport.write(_response(entries or b"%d" % Connection.used))
            return
        if not self._is_counted:
            self._is_counted = True
            Connection.used += 1
        if _STREAM.search(body):
            self._start_stream(target)
        elif after := _AFTER.match(target):
            self._loop.call_later(int(after[1]) / 1e3, self._respond_late)
        else:
            self._transport.write(_INVOICE if target.startswith("/invoice/") else _CHAT)

    def _respond_late(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(_CHAT)

    def _start_stream(self, target: str) -> None:
        prefix = _PREFIX.match(target)
        layout, count = (prefix[1], int(prefix[2])) if prefix else ("each", 50)
        self._transport.write(STREAM_HEAD)
        if layout == "single":
            self._frames = iter(frames(count))
        else:
            self._unsent = memoryview(stream(layout, count))
        self._send()

    def _send(self) -> None:
        while self._unsent and not self._is_paused:
            part, self._unsent = self._unsent[:_SLICE], self._unsent[_SLICE:]
            self._transport.write(part)
        self._send_frame()

    def _send_frame(self) -> None:
        if self._is_paused:
            return
        frame = next(self._frames, None)
        if frame is not None:
            self._transport.write(frame)
            self._loop.call_soon(self._send_frame)

    def pause_writing(self) -> None:
        self._is_paused = True

    def resume_writing(self) -> None:
        self._is_paused = False
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._unsent = memoryview(b"")
        self._frames = iter(())


if __name__ == "__main__":
    asyncio.run(protocol.serve(Connection, LIFE_SECONDS))
