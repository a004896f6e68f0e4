"""What becomes of a stream does not depend on where the network cuts it."""

from __future__ import annotations

from typing import Any

from support.cases import for_each
from support.sdk_samples import chunk, sse

from tensormesh._calls.call import Call
from tensormesh._calls.exchange import Exchange
from tensormesh._inference import SERVERLESS
from tensormesh._streams.reader import Reader

BOM = b"\xef\xbb\xbf"
ERROR = {"error": {"message": "boom", "code": 500}}
NO_END = "ended without its end marker"


def crlf(stream: bytes) -> bytes:
    return stream.replace(b"\n", b"\r\n")


# The bytes, the texts that come of them, and words of the error if it ends in one.
STREAMS: dict[str, tuple[bytes, list[str], str | None]] = {
    "a good one": (sse(chunk("a"), chunk("b")), ["a", "b"], None),
    "of CRLF": (crlf(sse(chunk("a"), chunk("b"))), ["a", "b"], None),
    "of CR": (sse(chunk("a")).replace(b"\n", b"\r"), ["a"], None),
    "a byte order mark": (BOM + sse(chunk("a")), ["a"], None),
    "keep-alives": (b": ping\n\n" + sse(chunk("a"), done=False) + b":\n\n" + sse(), ["a"], None),
    "several data lines": (b'data: {"choices":\ndata: []}\n\ndata: [DONE]\n\n', [], None),
    "spaces around the end mark": (
        sse(chunk("a"), done=False) + b"data:  [DONE] \n\n",
        ["a"],
        None,
    ),
    "more after the end mark": (sse(chunk("a")) + sse(chunk("z")) + b"\xff\0", ["a"], None),
    "event types of no meaning": (b"event: x\nid: 1\nretry: 2\n" + sse(chunk("a")), ["a"], None),
    "no final newline": (sse(chunk("a"))[:-2], ["a"], None),
    "an error in the middle": (sse(chunk("a"), ERROR, chunk("z")), ["a"], "boom"),
    "bytes that are not UTF-8": (
        sse(chunk("a"), done=False) + b'data: {"choices":[],"id":"\xff"}\n\n' + sse(),
        ["a"],
        "is not JSON",
    ),
    "no end mark": (sse(chunk("a"), done=False), ["a"], NO_END),
    "an event cut off": (sse(chunk("a"), chunk("b"), done=False)[:-9], ["a"], NO_END),
    "nothing": (b"", [], NO_END),
}


def read(*pieces: bytes) -> tuple[list[str], str | None, Any]:
    url = "https://host.test/v1/chat/completions"
    call = Call(SERVERLESS.create_chat_completion, url, None, {}, None, (1.0, 1.0, None))
    reader = Reader(Exchange(call, 0), {})
    for piece in pieces:
        # As the streams do: nothing is read past the end or an error.
        if not reader.ended and reader.failure is None:
            reader.feed(piece)
    reader.finish()
    texts = [one.choices[0].delta.content for one in reader.ready if one.choices]
    partial = reader.events.partial()
    failure = None if reader.failure is None else str(reader.failure)
    return texts, failure, partial and partial.to_dict()


@for_each("name", STREAMS)
def test_a_stream_means_the_same_wherever_it_is_cut(name: str) -> None:
    stream, expected, words = STREAMS[name]
    whole = read(stream)
    texts, failure, _ = whole
    assert texts == expected
    assert (failure is None) == (words is None)
    assert words is None or words in (failure or "")
    for cut in range(len(stream) + 1):
        assert read(stream[:cut], stream[cut:]) == whole
    assert read(*(bytes([byte]) for byte in stream)) == whole


def test_a_stream_that_ends_at_any_byte_keeps_what_came_and_is_no_answer() -> None:
    stream = sse(chunk("a"), chunk("b"))
    for end in range(len(stream) - len(b"data: [DONE]\n\n")):
        texts, failure, _ = read(stream[:end])
        assert texts == ["a", "b"][: len(texts)]
        assert NO_END in (failure or "")
