"""Lines of a raw stream, at every way to cut it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cases import for_each
from support.references import ended_lines

from tensormesh._calls.lines import LineSplitter, LineTooLongError

pieces = st.lists(
    st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"a", b"\xff", b"\x0b", b"\x85"])).map(
        b"".join
    )
)


def split(chunks: list[bytes]) -> list[bytes]:
    splitter = LineSplitter()
    lines = [line for chunk in chunks for line in splitter.feed(chunk)]
    return lines + splitter.finish()


@for_each(
    ("stream", "lines"),
    [
        (b"", []),
        (b"a", [b"a"]),
        (b"a\r\nb\rc\nd", [b"a", b"b", b"c", b"d"]),
        (b"\r\n\n\r", [b"", b"", b""]),
        (b"a\x0b\x0c\x1c\x85b\n", [b"a\x0b\x0c\x1c\x85b"]),
    ],
)
def test_only_cr_and_lf_end_a_line_wherever_it_is_cut(stream: bytes, lines: list[bytes]) -> None:
    for cut in range(len(stream) + 1):
        assert split([stream[:cut], b"", stream[cut:]]) == lines


@given(pieces)
def test_any_pieces_give_the_lines_of_the_whole(pieces: list[bytes]) -> None:
    lines, rest = ended_lines(b"".join(pieces).decode("latin-1"))
    expected = [line.encode("latin-1") for line in [*lines, *([rest] if rest else [])]]
    assert split(pieces) == expected


def test_a_line_is_given_out_with_the_byte_that_ends_it() -> None:
    splitter = LineSplitter()
    assert splitter.feed(b"a\r") == [b"a"]
    assert splitter.feed(b"\n") == []
    assert splitter.feed(b"b\n") == [b"b"]
    assert splitter.finish() == []


def test_a_line_without_an_end_is_not_kept_for_ever() -> None:
    splitter = LineSplitter(max_line_bytes=10)
    assert splitter.feed(b"12345") == []
    assert splitter.feed(b"67890\n12") == [b"1234567890"]
    with pytest.raises(LineTooLongError, match="longer than 10 bytes"):
        splitter.feed(b"345678901")
