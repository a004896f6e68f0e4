"""An answer is reported, and that is safe, before its client can know that it has all of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from support.cases import for_each

from tensormesh_local.wire.event_stream import DONE, EventStream, event
from tensormesh_local.wire.tally import Counts, Tally

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

SAFE = b"(safe)"


def _order(*chunks: bytes, failure: int | None = None) -> tuple[list[bytes], list[int]]:
    """Return what was sent, with the moment at which the report was safe; and what it told."""
    sent: list[bytes] = []
    reported: list[int] = []

    async def source() -> AsyncGenerator[bytes, None]:
        for chunk in chunks:
            yield chunk

    async def keep() -> None:
        await asyncio.sleep(0)
        sent.append(SAFE)

    def report(status: int, _counts: Counts, _seconds: float, first: float | None) -> None:
        assert first is not None
        reported.append(status)

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body" and message["body"]:
            sent.append(message["body"])

    stream = EventStream(source())
    stream.tally = Tally(report, keep)
    stream.tally.failure = failure
    asyncio.run(stream.stream_response(send))
    return sent, reported


@for_each(
    "last",
    [
        DONE,
        b"data:[DONE]\r\n\r\n",
        b'event: response.completed\ndata: {"response":{}}\n\n',
        b'event: response.incomplete\ndata: {"response":{}}\n\n',
        b"data: {}\n\ndata: [DONE]\n\n",
    ],
)
def test_the_mark_of_the_end_waits_until_the_report_is_safe(last: bytes) -> None:
    first = event({"text": "a"})
    assert _order(first, last) == ([first, SAFE, last], [200])
    assert _order(last) == ([SAFE, last], [200])


def test_a_mark_that_comes_in_pieces_waits_too() -> None:
    pieces = [b"data: {}\n", b"\nda", b"ta: [DO", b"NE]\n\n"]
    assert _order(*pieces) == ([*pieces[:-1], SAFE, pieces[-1]], [200])


def test_an_answer_that_speaks_of_a_mark_goes_on() -> None:
    texts = [event({"text": text}) for text in ("data: [DONE]", "\ndata: [DONE]", "[DONE]")]
    # As the start of what is remembered of a chunk, too.
    texts.append(b"data: " + b"data: [DONE]".ljust(64, b"x"))
    assert _order(*texts, b"\n\n", DONE) == ([*texts, b"\n\n", SAFE, DONE], [200])


def test_an_answer_without_a_mark_is_safe_at_its_end() -> None:
    chunk = event({"text": "a"})
    assert _order(chunk) == ([chunk, SAFE], [200])


def test_a_failure_in_mid_stream_is_what_is_reported() -> None:
    assert _order(event({}), DONE, failure=502)[1] == [502]
