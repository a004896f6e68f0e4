"""What both local servers share: receiving requests, and serving for a limited time."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Callable

from .measure import allow_open_files

JSON_HEAD = b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)
LAST_CHUNK = b"0\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


def chunked(data: bytes) -> bytes:
    """Return data as one HTTP chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


class Connection(asyncio.Protocol):
    """A connection that carries one request at a time. Subclasses respond to it."""

    _transport: asyncio.Transport

    def __init__(self) -> None:
        self._received = b""

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
            self._respond(head, body[:length])

    def _respond(self, head: bytes, body: bytes) -> None:
        raise NotImplementedError


async def serve(new_connection: Callable[[], Connection], seconds: float) -> None:
    """Print the port, then serve until standard input ends or the time is up."""
    allow_open_files()
    loop = asyncio.get_running_loop()
    # Many clients connect at once. Those that do not fit into the backlog retry a second later.
    server = await loop.create_server(new_connection, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with asyncio.timeout(seconds):
        await loop.run_in_executor(None, sys.stdin.read)
    server.close()
