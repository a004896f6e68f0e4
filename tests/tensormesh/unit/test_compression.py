"""Decompression of bodies, whatever pieces they come in."""

from __future__ import annotations

import gzip
import random
import zlib
from collections.abc import Callable

import pytest
from support.cases import for_each

from tensormesh._http.decompression import PIECE_BYTES, Decompressor
from tensormesh._http.errors import DecodingError


def bare_deflate(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


FORMS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "members": ("gzip", lambda content: gzip.compress(content[:9]) + gzip.compress(content[9:])),
    "deflate": ("deflate", zlib.compress),
    "bare deflate": ("deflate", bare_deflate),
}


def decompressed(coding: str, *pieces: bytes) -> list[bytes]:
    decompressor = Decompressor(coding)
    found = [part for piece in pieces for part in decompressor.feed(piece)]
    decompressor.finish()
    return found


@pytest.mark.parametrize("form", FORMS)
def test_a_body_is_the_same_wherever_it_is_cut(form: str) -> None:
    coding, pack = FORMS[form]
    content = bytes(random.Random(1).randrange(97, 101) for _ in range(500))
    packed = pack(content)
    for cut in range(len(packed) + 1):
        assert b"".join(decompressed(coding, packed[:cut], packed[cut:])) == content
    single = [packed[place : place + 1] for place in range(len(packed))]
    assert b"".join(decompressed(coding, *single)) == content


@for_each("form", FORMS)
@for_each("size", [PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES * 3 + 7, 5_000_000])
def test_pieces_are_bounded_and_none_is_lost(form: str, size: int) -> None:
    coding, pack = FORMS[form]
    for content in (b"a" * size, random.Random(2).randbytes(size)):
        found = decompressed(coding, pack(content))
        assert max(map(len, found)) <= PIECE_BYTES
        assert b"".join(found) == content


def test_what_has_come_is_given_out_at_once() -> None:
    # An event of a stream must not wait for the next one.
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    decompressor = Decompressor("gzip")
    for event in (b"data: 1\n\n", b"x" * PIECE_BYTES, b"y" * (3 * PIECE_BYTES + 1)):
        packed = packer.compress(event) + packer.flush(zlib.Z_SYNC_FLUSH)
        assert b"".join(decompressor.feed(packed)) == event


@pytest.mark.parametrize("form", FORMS)
def test_a_body_that_is_cut_off_is_an_error(form: str) -> None:
    coding, pack = FORMS[form]
    packed = pack(b"some content, and more of it")
    whole = {len(packed)}
    if form == "members":
        whole |= {len(gzip.compress(b"some content, and more of it"[:9]))}
    for cut in set(range(1, len(packed))) - whole:
        with pytest.raises(DecodingError, match="ends early"):
            decompressed(coding, packed[:cut])
    assert decompressed(coding) == []


def test_what_follows_the_end_is_an_error() -> None:
    for coding, packed in (("gzip", gzip.compress(b"a")), ("deflate", zlib.compress(b"a"))):
        for pieces in ([packed + b"more"], [packed, b"more"]):
            with pytest.raises(DecodingError, match="damaged"):
                decompressed(coding, *pieces)


def test_data_that_holds_nothing_is_refused_when_it_goes_on() -> None:
    deflated = zlib.compressobj()
    empty = {"gzip": gzip.compress(b""), "deflate": b"\x00\x00\x00\xff\xff"}
    start = {"gzip": b"", "deflate": deflated.compress(b"") + deflated.flush(zlib.Z_SYNC_FLUSH)}
    for coding, block in empty.items():
        decompressor = Decompressor(coding)
        # An empty piece lets the caller look at its clock.
        assert list(decompressor.feed(start[coding] + block)) == [b""]
        half = block * (600 * 1024 // len(block))
        assert list(decompressor.feed(half)) == [b""]
        with pytest.raises(DecodingError, match=f"1 MiB of {coding} data decompress to not"):
            list(decompressor.feed(half))


def test_empty_data_is_counted_anew_after_each_piece() -> None:
    decompressor = Decompressor("gzip")
    for _ in range(3):
        for _ in range(900 * 1024 // len(gzip.compress(b""))):
            assert list(decompressor.feed(gzip.compress(b""))) == [b""]
        assert list(decompressor.feed(gzip.compress(b"a"))) == [b"a"]
