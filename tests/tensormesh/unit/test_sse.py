"""The Server-Sent Events decoder against the WHATWG text, at every way to cut a stream."""

from __future__ import annotations

import time
import tracemalloc
from itertools import cycle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.cases import for_each
from support.references import SSEEvent as Event
from support.references import read_sse

from tensormesh._streams.sse import EventTooLargeError, ServerSentEvent, SSEDecoder

BOM = b"\xef\xbb\xbf"


def as_tuple(event: ServerSentEvent) -> Event:
    return event.event, event.data, event.id, event.retry


def decode(*chunks: bytes) -> list[Event]:
    decoder = SSEDecoder()
    return [as_tuple(event) for chunk in chunks for event in decoder.feed_events(chunk)]


def decode_data(*chunks: bytes) -> list[bytes]:
    decoder = SSEDecoder()
    return [data for chunk in chunks for data in decoder.feed(chunk)]


def message(data: bytes, event: str = "message", id: str = "", retry: int | None = None) -> Event:
    return event, data, id, retry


CASES = {
    "one event": (b"data: a\n\n", [message(b"a")]),
    "several events": (
        b"data: a\n\ndata: b\n\ndata: c\n\n",
        [message(x) for x in (b"a", b"b", b"c")],
    ),
    "line ends of CRLF": (b"data: a\r\n\r\ndata: b\r\n\r\n", [message(b"a"), message(b"b")]),
    "line ends of CR": (b"data: a\r\rdata: b\r\r", [message(b"a"), message(b"b")]),
    "line ends mixed": (
        b"data: a\r\n\ndata: b\n\r\ndata: c\r\r\ndata: d\n\r",
        [message(x) for x in (b"a", b"b", b"c", b"d")],
    ),
    "a lone CR inside what looks like one line": (b"data: a\rdata: b\n\n", [message(b"a\nb")]),
    "a CR before an event that looks whole": (b"\rdata: a\n\n", [message(b"a")]),
    "byte order mark at the start": (BOM + b"data: a\n\n", [message(b"a")]),
    "byte order mark twice": (BOM + BOM + b"data: a\n\ndata: b\n\n", [message(b"b")]),
    "byte order mark later": (b"\n" + BOM + b"data: a\n\ndata: b\n\n", [message(b"b")]),
    "byte order mark after an event": (
        b"data: a\n\n" + BOM + b"data: b\n\ndata: c\n\n",
        [message(b"a"), message(b"c")],
    ),
    "byte order mark in data": (b"data: " + BOM + b"\n\n", [message(BOM)]),
    "byte order mark cut short": (b"\xef\xbb" + b"data: a\n\ndata: b\n\n", [message(b"b")]),
    "comment": (b": ping\n\ndata: a\n\n", [message(b"a")]),
    "comment inside an event": (b"data: a\n: ping\n:\ndata: b\n\n", [message(b"a\nb")]),
    "several data lines": (b"data: a\ndata: b\ndata: c\n\n", [message(b"a\nb\nc")]),
    "several data lines with CRLF": (
        b"data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n",
        [message(b"a\nb"), message(b"c")],
    ),
    "empty data lines": (b"data\ndata:\ndata: \ndata: x\ndata\n\n", [message(b"\n\n\nx\n")]),
    "empty data": (b"data\n\ndata:\n\ndata: \n\n", [message(b"")] * 3),
    "no space after the colon": (b"data:a\n\n", [message(b"a")]),
    "one space is dropped and no more": (b"data:  a \n\n", [message(b" a ")]),
    "a tab is not a space": (b"data:\ta\n\n", [message(b"\ta")]),
    "colons in the value": (b"data: a: b:c\n\n", [message(b"a: b:c")]),
    "field names are exact": (b"Data: a\ndatas: b\n data: c\ndata : d\n\n", []),
    "field without a colon": (b"nonsense\ndata: a\n\n", [message(b"a")]),
    "event name": (b"event: e\ndata: a\n\ndata: b\n\n", [message(b"a", "e"), message(b"b")]),
    "event name after the data": (b"data: a\nevent: e\n\n", [message(b"a", "e")]),
    "the last event name counts": (b"event: e\nevent\ndata: a\n\n", [message(b"a")]),
    "an event name alone is dropped": (b"event: e\n\ndata: a\n\n", [message(b"a")]),
    "an id alone dispatches nothing and stays": (b"id: 7\n\ndata: a\n\n", [message(b"a", id="7")]),
    "an id stays until it changes": (
        b"id: 7\ndata: a\n\ndata: b\n\nid\ndata: c\n\n",
        [message(b"a", id="7"), message(b"b", id="7"), message(b"c")],
    ),
    "an id with NUL is ignored": (b"id: 7\nid: 8\x009\ndata: a\n\n", [message(b"a", id="7")]),
    "retry": (b"retry: 0150\ndata: a\n\n", [message(b"a", retry=150)]),
    "retry alone stays": (b"retry: 5\n\ndata: a\n\n", [message(b"a", retry=5)]),
    "retry of other than digits": (
        b"retry: 5\nretry: -1\nretry: 1.5\nretry:\nretry: 7 \ndata: a\n\n",
        [message(b"a", retry=5)],
    ),
    "an event that is cut off is dropped": (b"data: a\n\ndata: b\n", [message(b"a")]),
    "a line that is cut off is dropped": (b"data: a\n\ndata: b", [message(b"a")]),
    "blank lines": (b"\n\n\ndata: a\n\n\n\n\ndata: b\n\n", [message(b"a"), message(b"b")]),
    "line separators of Unicode do not end a line": (
        "data: a\u2028b\u2029c\x85d\x0be\x0cf\x1cg\n\n".encode(),
        [message("a\u2028b\u2029c\x85d\x0be\x0cf\x1cg".encode())],
    ),
    "bytes that are not UTF-8": (b"event: \xff\ndata: \xff\n\n", [message(b"\xff", "\ufffd")]),
    "NUL in data": (b"data: \x00\n\n", [message(b"\x00")]),
    "what ends a stream for users is data here": (b"data: [DONE]\n\n", [message(b"[DONE]")]),
    "nothing": (b"", []),
}


each_case = for_each(("stream", "expected"), CASES.values(), ids=CASES)


class TestNamedCases:
    @each_case
    def test_as_a_whole(self, stream: bytes, expected: list[Event]) -> None:
        assert decode(stream) == expected
        assert decode_data(stream) == [event[1] for event in expected]

    @each_case
    def test_cut_at_every_byte(self, stream: bytes, expected: list[Event]) -> None:
        for cut in range(len(stream) + 1):
            assert decode(stream[:cut], stream[cut:]) == expected
            assert decode_data(stream[:cut], b"", stream[cut:]) == [event[1] for event in expected]

    @each_case
    def test_byte_by_byte(self, stream: bytes, expected: list[Event]) -> None:
        pieces = [stream[index : index + 1] for index in range(len(stream))]
        assert decode(*pieces) == expected
        assert decode_data(*pieces) == [event[1] for event in expected]

    @each_case
    def test_agrees_with_the_reference(self, stream: bytes, expected: list[Event]) -> None:
        shown = [(e, d.decode("utf-8", "replace").encode(), i, r) for e, d, i, r in expected]
        assert read_sse(stream) == shown


LATER_CASES = {name: case for name, case in CASES.items() if not case[0].startswith(b"\xef")}


@for_each(("stream", "expected"), LATER_CASES.values(), ids=LATER_CASES.keys())
def test_after_another_event(stream: bytes, expected: list[Event]) -> None:
    """The usual state of a decoder, in which it may take its short way."""
    assert decode(b"data: 0\n\n", stream) == [message(b"0"), *expected]
    assert decode_data(b"data: 0\n\n", stream) == [b"0", *[event[1] for event in expected]]


ENDS = [b"\n", b"\r", b"\r\n"]
LINES = [
    *(b"data: x", b"data: {}", b"data:y", b"data", b"data: ", b"data:  z: "),
    *(b"event: e", b"event", b"id: 1", b"id: \x00", b"retry: 5", b"retry: x", b"other: 1"),
    *(b": comment", b":", b"", b"", b""),
]
PARTS = [
    *(b"data", b"event", b"id", b"retry", b":", b" ", b"\t", b"1", b"a", b"\x00", b"\xff"),
    *(BOM, b"\xef", b"\xbb", b"\xc3\xa9", b"\n\n", b"\n\ndata: ", b"data: x\n\n", *ENDS),
]
lines = st.tuples(st.sampled_from(LINES), st.sampled_from(ENDS)).map(b"".join)
regular = st.sampled_from(ENDS).flatmap(
    lambda end: st.lists(st.sampled_from(LINES).map(lambda line: line + end), max_size=12)
)
streams = (
    regular | st.lists(lines, max_size=12) | st.lists(st.sampled_from(PARTS), max_size=24)
).map(b"".join)
# Sizes of the chunks, over and over.
cuts = st.lists(st.integers(1, 24), min_size=1, max_size=6)


def cut_up(stream: bytes, sizes: list[int]) -> list[bytes]:
    chunks: list[bytes] = []
    for size in cycle(sizes):
        if not stream:
            return chunks
        chunks.append(stream[:size])
        stream = stream[size:]
    raise AssertionError("not reached")


@pytest.mark.slow
@settings(max_examples=1000)
@given(streams, cuts)
def test_any_stream_cut_anywhere_reads_as_the_standard_says(
    stream: bytes, sizes: list[int]
) -> None:
    chunks = cut_up(stream, sizes)
    events = decode(*chunks)
    shown = [(name, data.decode("utf-8", "replace").encode(), i, r) for name, data, i, r in events]
    assert shown == read_sse(stream)
    assert decode_data(*chunks) == [event[1] for event in events]


@settings(max_examples=300)
@given(streams, cuts, st.lists(st.booleans(), min_size=1))
def test_both_ways_of_feeding_may_be_mixed(
    stream: bytes, sizes: list[int], ways: list[bool]
) -> None:
    chunks = cut_up(stream, sizes)
    decoder = SSEDecoder()
    expected = iter(decode(stream))
    for chunk, as_data in zip(chunks, cycle(ways)):
        if as_data:
            for data in decoder.feed(chunk):
                assert data == next(expected)[1]
        else:
            for event in decoder.feed_events(chunk):
                assert as_tuple(event) == next(expected)
    assert next(expected, None) is None


def test_an_event_name_does_not_leak_from_one_way_of_feeding_to_the_other() -> None:
    decoder = SSEDecoder()
    assert decoder.feed(b"data: 0\n\nevent: e\n") == [b"0"]
    assert decoder.feed(b"data: a\n\n") == [b"a"]
    assert [as_tuple(event) for event in decoder.feed_events(b"data: b\n\n")] == [message(b"b")]


@settings(max_examples=300)
@given(streams, cuts, st.integers(1, 20))
def test_the_size_limit_does_not_depend_on_where_a_stream_is_cut(
    stream: bytes, sizes: list[int], limit: int
) -> None:
    def outcome(chunks: list[bytes]) -> tuple[list[bytes], bool]:
        decoder = SSEDecoder(max_event_bytes=limit)
        data: list[bytes] = []
        try:
            for chunk in [*chunks, b""]:
                data += decoder.feed(chunk)
        except EventTooLargeError:
            return data, True
        return data, False

    assert outcome(cut_up(stream, sizes)) == outcome([stream])


def test_a_retry_time_of_absurd_length_is_ignored() -> None:
    stream = b"retry: 5\nretry: " + b"9" * 10_000 + b"\ndata: a\n\n"
    assert decode(stream) == [message(b"a", retry=5)]


def test_an_event_is_given_out_with_the_byte_that_ends_it() -> None:
    """A CR ends a line by itself; waiting for a LF would delay every event by one."""
    decoder = SSEDecoder()
    assert decoder.feed(b"data: a\r\r") == [b"a"]
    assert decoder.feed(b"\ndata: b\r\n\r") == [b"b"]
    assert decoder.feed(b"\n") == []


def test_pending_tells_whether_an_event_is_unfinished() -> None:
    decoder = SSEDecoder()
    assert not decoder.pending
    for chunk, pending in [
        (b"da", True),
        (b"ta: a\n", True),
        (b"\n", False),
        (b"event: e\n", True),
        (b"\n", False),
        (b"data: a\r\n\r", False),
        (b"\n", False),
    ]:
        decoder.feed(chunk)
        assert decoder.pending is pending


class TestSizeLimit:
    def test_an_event_of_just_the_limit_is_accepted(self) -> None:
        decoder = SSEDecoder(max_event_bytes=10)
        assert decoder.feed(b"data: 1234\n\ndata: 5678\n\n") == [b"1234", b"5678"]
        assert decoder.feed(b"data: 1234\n\n") == [b"1234"]
        assert decoder.feed(b"data: 5678") == []
        assert decoder.feed(b"\n\n") == [b"5678"]

    @for_each(
        "chunks",
        [
            [b"data: 12345\n\n"],
            [b"data: 1", b"2345"],
            [b"data: 1234", b"5"],
            [b"data: 1\ndata: 2\n"],
            [b"data:\n" * 3],
            [b"data\ndata\n", b"data\n"],
            [b"\n", b"x" * 11],
            [b"data: 1\n", b"id: 77"],
        ],
    )
    def test_more_is_refused_even_before_it_is_complete(self, chunks: list[bytes]) -> None:
        decoder = SSEDecoder(max_event_bytes=10)
        *accepted, last = chunks
        for chunk in accepted:
            assert decoder.feed(chunk) == []
        with pytest.raises(EventTooLargeError, match="larger than 10 bytes"):
            decoder.feed(last)

    def test_all_data_lines_of_an_event_count_together(self) -> None:
        decoder = SSEDecoder(max_event_bytes=20)
        assert decoder.feed(b"data: 1\ndata: 2\n") == []
        with pytest.raises(EventTooLargeError):
            decoder.feed(b"data: 3\n")

    def test_the_events_before_it_are_returned_first(self) -> None:
        decoder = SSEDecoder(max_event_bytes=10)
        assert decoder.feed(b"data: 0\n\n") == [b"0"]
        assert decoder.feed(b"data: a\n\ndata: 12345\n\ndata: b\n\n") == [b"a"]
        for _ in range(2):
            with pytest.raises(EventTooLargeError):
                decoder.feed(b"data: c\n\n")

    def test_comments_may_be_endless_and_are_not_kept(self) -> None:
        decoder = SSEDecoder(max_event_bytes=10)
        comment = b": still here" * 1000
        tracemalloc.start()
        for _ in range(1000):
            assert decoder.feed(comment) == []
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 10 * len(comment)
        assert decoder.feed(b"\ndata: a\n\n") == [b"a"]

    def test_lines_of_no_meaning_are_not_kept(self) -> None:
        decoder = SSEDecoder()
        lines = b"other: of no meaning\nid: 1\nretry: 5\n" * 100
        tracemalloc.start()
        for _ in range(200):
            assert decoder.feed(lines) == []
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 20 * len(lines)
        assert decoder.feed(b"data: a\n\n") == [b"a"]

    def test_an_event_without_an_end_is_refused_at_64_mib(self) -> None:
        decoder = SSEDecoder()
        piece = b"z" * (1 << 20)
        assert [decoder.feed(piece) for _ in range(64)] == [[]] * 64
        with pytest.raises(EventTooLargeError):
            decoder.feed(piece)

    def test_the_usual_limit_lets_megabytes_through(self) -> None:
        payload = b"y" * (2 << 20)
        assert decode_data(b"data: ", payload, b"\n\n") == [payload]


def test_ten_thousand_data_lines_make_one_event() -> None:
    stream = b"data: x\n" * 10_000 + b"\n"
    assert decode_data(stream[:5000], stream[5000:]) == [b"\n".join([b"x"] * 10_000)]


def test_a_long_line_in_small_pieces_costs_no_more_than_its_length() -> None:
    """Copying the whole line for each piece would move 64 GB here, and take ten seconds or more."""
    piece = b"z" * 16
    decoder = SSEDecoder()
    start = time.process_time()
    decoder.feed(b"data: ")
    for _ in range(1 << 16):
        decoder.feed(piece)
    assert decoder.feed(b"\n\n") == [piece * (1 << 16)]
    assert time.process_time() - start < 3


def test_text_resizes_what_is_not_utf8() -> None:
    (event,) = SSEDecoder().feed_events(b"data: \xc3\xa9\xff\n\n")
    assert event.text == "é\ufffd"
    assert "event='message'" in repr(event)


def test_many_short_lines_of_one_event_take_no_more_memory_than_their_bytes() -> None:
    decoder = SSEDecoder()
    lines = [b"%02d" % (place % 100) for place in range(50_000)]
    tracemalloc.start()
    try:
        for line in lines:
            assert decoder.feed(b"data: " + line + b"\n") == []
        assert tracemalloc.get_traced_memory()[0] < 400_000
    finally:
        tracemalloc.stop()
    assert decoder.feed(b"\n") == [b"\n".join(lines)]
    assert decoder.feed(b"data: 1\n\n") == [b"1"]
