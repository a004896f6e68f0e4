"""Decompress response bodies in bounded pieces. Sans I/O.

A few hundred bytes can decompress to gigabytes, more so in several layers. So only one layer is
decompressed, and only one piece of it at a time. httpx does neither.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from .errors import DecodingError

# The largest piece that is decompressed at once.
PIECE_BYTES = 64 * 1024
# zlib copies the input that is left after each piece, so large inputs are cut up first.
_INPUT_BYTES = 16 * 1024
# Empty gzip members and deflate blocks can go on forever without producing a byte of output.
_EMPTY_BYTES = 1024 * 1024

_GZIP = frozenset({"gzip", "x-gzip"})
_SUPPORTED = _GZIP | {"deflate"}
# The compressions of RFC 9110 and its registry. Servers put other words into the header too, such
# as a character set, and mean no compression by them.
_KNOWN = _SUPPORTED | {"br", "compress", "dcb", "dcz", "x-compress", "zstd"}


def is_supported(content_encoding: str) -> bool:
    """Whether a body with this header can be read: not compressed, or once by gzip or deflate."""
    layers = _layers(content_encoding)
    return not layers or (len(layers) == 1 and layers[0] in _SUPPORTED)


def unsupported(content_encoding: str) -> str:
    """Return what is wrong with a header that is not supported, as said of the response."""
    # Only known names: a server may put anything into the header, even the key that it got.
    layers = ", ".join(_layers(content_encoding))
    return f"cannot be decompressed: unsupported content-encoding {layers!r}"


def acceptable(accept_encoding: str) -> str:
    """Reduce an `Accept-Encoding` header to what can be read."""
    offers = [offer.strip() for offer in accept_encoding.split(",")]
    names = {*_SUPPORTED, "identity"}
    kept = [offer for offer in offers if offer.partition(";")[0].strip().lower() in names]
    return ", ".join(kept) or "identity"


def _layers(content_encoding: str) -> list[str]:
    names = (name.strip().lower() for name in content_encoding.split(","))
    return [name for name in names if name in _KNOWN]


class Decompressor:
    """Decompress one body.

    Args:
        content_encoding: The header of that name; several are joined by commas.
    """

    def __init__(self, content_encoding: str) -> None:
        self._content_encoding = content_encoding
        self._coding = next(iter(_layers(content_encoding)), None)
        self._is_supported = is_supported(content_encoding)
        self._start = b""
        self._inflater: zlib._Decompress | None = None
        self._input_without_output = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what the next bytes of the body hold, at most `PIECE_BYTES` at a time.

        Yields one empty piece if they hold nothing, so that callers can check their clocks.

        Raises:
            DecodingError: The data is damaged, holds nothing for too long, or its encoding is not
                supported.
        """
        if not self._is_supported:
            raise DecodingError(unsupported(self._content_encoding))
        if self._coding is None:
            yield data
            return
        self._input_without_output += len(data)
        try:
            for start in range(0, len(data), _INPUT_BYTES):
                for piece in self._inflate(data[start : start + _INPUT_BYTES]):
                    self._input_without_output = 0
                    yield piece
        except zlib.error as error:
            problem = f"cannot be decompressed: damaged {self._coding} data: {error}"
            raise DecodingError(problem) from error
        if self._input_without_output > _EMPTY_BYTES:
            size = f"{_EMPTY_BYTES >> 20} MiB"
            raise DecodingError(
                f"cannot be decompressed: {size} of {self._coding} data decompress to nothing"
            )
        if self._input_without_output:
            yield b""

    def finish(self) -> None:
        """Note that the body has ended.

        Raises:
            DecodingError: Its compressed data has not.
        """
        if self._start or (self._inflater is not None and not self._inflater.eof):
            raise DecodingError(f"cannot be decompressed: the {self._coding} data ends early")

    def _inflate(self, data: bytes) -> Iterator[bytes]:
        while data:
            inflater = self._inflater
            if inflater is None or inflater.eof:
                data = self._start + data
                inflater = self._next_inflater(data)
                if inflater is None:
                    self._start = data
                    return
                self._start, self._inflater = b"", inflater
            piece_length = PIECE_BYTES
            # Behind a full piece there may be more, although all input is taken.
            while not inflater.eof and (data or piece_length == PIECE_BYTES):
                piece = inflater.decompress(data, PIECE_BYTES)
                data, piece_length = inflater.unconsumed_tail, len(piece)
                if piece:
                    yield piece
            data = inflater.unused_data

    def _next_inflater(self, data: bytes) -> zlib._Decompress | None:
        """Return what inflates data with this beginning; None if it is too short to tell."""
        if self._coding in _GZIP:
            # Several members, one after the other, are one body (RFC 1952).
            return zlib.decompressobj(zlib.MAX_WBITS | 16)
        if self._inflater is not None:
            raise zlib.error("data after its end")
        if len(data) < 2:
            return None
        # RFC 9110 means the zlib format; some servers send bare deflate data all the same.
        has_header = data[0] & 0x8F == 8 and (data[0] << 8 | data[1]) % 31 == 0
        return zlib.decompressobj(zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS)
