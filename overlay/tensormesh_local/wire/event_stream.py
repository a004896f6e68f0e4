"""Server-sent events."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final

from starlette.responses import StreamingResponse
from starlette.types import Send

from tensormesh_local.http.responses import dump
from tensormesh_local.wire.tally import CLIENT_GONE, Tally

DONE: Final = b"data: [DONE]\n\n"

# Lines that tell a client that the response is complete. In JSON a line feed is escaped.
_END_MARK: Final = re.compile(
    rb"\n(?:data: ?\[DONE\]|event: ?response\.(?:completed|incomplete|failed))"
)
_END_MARK_BYTES: Final = 64


def event(value: Any) -> bytes:
    """Return one data-only server-sent event."""
    return b"data: " + dump(value) + b"\n\n"


class EventStream(StreamingResponse):
    """A response of server-sent events. Its source is closed as soon as the client is gone.

    ``tally`` is told about the first token, and about the end before the client sees it.

    Args:
        source: The events, in chunks of any size.
        status_code: HTTP status.
        headers: Response headers.
        media_type: Content type.
    """

    def __init__(
        self,
        source: AsyncGenerator[bytes, None],
        *,
        status_code: int = 200,
        headers: dict[str, str] | None = None,
        media_type: str = "text/event-stream",
    ) -> None:
        super().__init__(source, status_code=status_code, headers=headers, media_type=media_type)
        self._source = source
        self.tally = Tally()

    async def stream_response(self, send: Send) -> None:
        """Send the events, then close their source, whatever happens."""
        status = 500
        try:
            await self._send_events(send)
            status = self.status_code
        except (asyncio.CancelledError, OSError):
            status = CLIENT_GONE
            raise
        finally:
            self.tally.finish(status)

    async def _send_events(self, send: Send) -> None:
        silent = self.tally.silent_chunks
        await send(
            {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        )
        tail = b"\n"
        async with aclosing(self._source) as source:
            async for chunk in source:
                if silent >= 0:
                    if not silent:
                        self.tally.first_token()
                    silent -= 1
                # The end marker may be split between chunks of an upstream server.
                tail += chunk
                if _END_MARK.search(tail):
                    await self.tally.close(self.status_code)
                tail = tail[-_END_MARK_BYTES:]
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await self.tally.close(self.status_code)
        await send({"type": "http.response.body", "body": b"", "more_body": False})
