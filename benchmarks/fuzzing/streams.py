"""Fuzz event streams, lines and `<think>` blocks: parsing does not depend on the splits."""

from __future__ import annotations

from random import Random

from support.references import ended_lines, read_sse, split_think

from tensormesh._calls.lines import LineSplitter
from tensormesh._chat.reasoning import ThinkSplitter, split_reasoning
from tensormesh._streams.sse import SSEDecoder

from .target import mutate, pick, split

_WHOLE = b'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n'
_PARTS = [
    *(b"data: x\n", b"data: x\n\n", b"data:\n", b"data\n", b"data: \n", b"data:  y: z\n", _WHOLE),
    *(b"event: e\n", b"event\n", b"id: 1\n", b"id: \x00\n", b"retry: 5\n", b"retry: \xb2\n"),
    *(b": ping\n\n", b":\n", b"other: 1\n", b"data: [DONE]\n\n", b"\xef\xbb\xbf", b"\xef\xbb"),
    *(b"\n", b"\r", b"\r\n", b"\n\n", b"\r\r", b"\n\ndata: ", b"da", b"ta", b"id", b":", b" "),
    *(b"\t", b"\x00", b"\xff", b"\xc3", b"\xa9", b"\xe2\x80\xa8", b"\xc2\x85", b"\x0b", b"\x1c"),
]
_WORDS = [
    *("<think>", "</think>", "<", "</", "think>", "thi", "<think", "/think>", "</think", "nk>"),
    *(" ", "\n", "\r\n", "\t", "\u3000", "\x1c", "\xa0", "\u200b", "a", "\xe9", "\U0001f914"),
    "<b>",
]


def make_stream(chance: Random) -> list[bytes]:
    """Make bytes that resemble an event stream."""
    whole = b"".join(pick(chance, _PARTS, 14))
    if chance.random() < 0.2:
        whole = whole.replace(b"\n", chance.choice((b"\r", b"\r\n")))
    if chance.random() < 0.2:
        whole = mutate(chance, whole)
    return split(chance, whole)


def check_stream(pieces: list[bytes]) -> None:
    """Check both methods of the decoder against the reference."""
    expected = read_sse(b"".join(pieces))
    decoder, plain = SSEDecoder(), SSEDecoder()
    events = [event for piece in pieces for event in decoder.feed_events(piece)]
    found = [(e.event, e.data.decode("utf-8", "replace").encode(), e.id, e.retry) for e in events]
    assert found == expected, (found, expected)
    data = [payload for piece in pieces for payload in plain.feed(piece)]
    assert data == [event.data for event in events]
    assert decoder.pending == plain.pending


def check_lines(pieces: list[bytes]) -> None:
    """Check that the lines of the pieces are those of the whole."""
    lines, rest = ended_lines(b"".join(pieces).decode("latin-1"))
    expected = [line.encode("latin-1") for line in [*lines, *([rest] if rest else [])]]
    splitter = LineSplitter()
    found = [line for piece in pieces for line in splitter.feed(piece)]
    found += splitter.finish()
    assert found == expected, (found, expected)


def make_text(chance: Random) -> list[str]:
    """Make pieces of a text with complete and broken tags."""
    return split(chance, "".join(pick(chance, _WORDS, 12)))


def check_text(pieces: list[str]) -> None:
    """Check that the pieces result in the text of the whole, which only ever grows."""
    text = "".join(pieces)
    reasoning, answer = split_think(text)
    assert split_reasoning(text) == (reasoning, answer)
    splitter = ThinkSplitter()
    shown = ""
    for piece in pieces:
        shown += splitter.feed(piece)
        assert answer.startswith(shown), (shown, answer)
    shown += splitter.finish()
    assert (splitter.reasoning, shown) == (reasoning, answer)
