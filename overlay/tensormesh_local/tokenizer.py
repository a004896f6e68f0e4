"""A reversible byte-level tokenizer with a fixed vocabulary and no weights.

Text is split into words, numbers, punctuation and whitespace. Each piece is encoded as the longest
known tokens, or as single bytes, so any Python string survives a round trip.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from tensormesh_local.vocabulary import BOS, SPECIAL_TOKENS, ordinary_tokens

_PIECES = re.compile(r" ?[A-Za-z]+| ?[0-9]{1,2}| ?[^\sA-Za-z0-9]+|\s+(?!\S)|\s+")
_UTF8_DECODER: Final = codecs.getincrementaldecoder("utf-8")
_SPECIAL_COUNT: Final = len(SPECIAL_TOKENS)
_TOKENS: Final = ordinary_tokens()
_IDS: Final = {token: _SPECIAL_COUNT + index for index, token in enumerate(_TOKENS)}
_SINGLE: Final = (1,)
# Longer pieces are rare and would only fill the cache.
_CACHED_PIECE_LENGTH: Final = 32

VOCABULARY_SIZE: Final = _SPECIAL_COUNT + len(_TOKENS)


class UnknownTokenError(ValueError):
    """A token id is not in the vocabulary."""

    def __init__(self, token_id: int) -> None:
        super().__init__(
            f"token id {token_id} is outside the vocabulary (0 to {VOCABULARY_SIZE - 1})"
        )


def encode(text: str, *, add_special_tokens: bool = False) -> list[int]:
    """Return the token ids of a text, optionally after a beginning-of-sequence token.

    Text that looks like a special token is encoded as ordinary text.
    """
    ids = [BOS] if add_special_tokens else []
    for piece in _PIECES.findall(text):
        ids.extend(_cached(piece) if len(piece) <= _CACHED_PIECE_LENGTH else _longest_match(piece))
    return ids


def decode(ids: Iterable[int]) -> str:
    """Return the text of tokens. The beginning-of-sequence token has none.

    Invalid UTF-8 becomes replacement characters.

    Raises:
        UnknownTokenError: An id is not in the vocabulary.
    """
    return to_text(b"".join([token_bytes(token_id) for token_id in ids]))


def to_text(data: bytes) -> str:
    """Decode UTF-8 with lone surrogates. Replace what is invalid."""
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace")


def token_bytes(token_id: int) -> bytes:
    """Return the bytes of a token.

    Raises:
        UnknownTokenError: The id is not in the vocabulary.
    """
    if not 0 <= token_id < VOCABULARY_SIZE:
        raise UnknownTokenError(token_id)
    if token_id >= _SPECIAL_COUNT:
        return _TOKENS[token_id - _SPECIAL_COUNT]
    return b"" if token_id == BOS else SPECIAL_TOKENS[token_id].encode()


def token_string(token_id: int) -> str:
    """Return a printable name: a visible character for each byte, or a special token's name."""
    if 0 <= token_id < _SPECIAL_COUNT:
        return SPECIAL_TOKENS[token_id]
    return "".join([_BYTE_NAMES[value] for value in token_bytes(token_id)])


class TextDecoder:
    """Decodes tokens one at a time, and holds back incomplete characters."""

    __slots__ = ("_decoder", "_partial")

    def __init__(self) -> None:
        self._decoder = _UTF8_DECODER("surrogatepass")
        self._partial = False

    def feed(self, token_id: int) -> str:
        """Return the text that a token completes."""
        if not self._partial and (text := TOKEN_TEXTS[token_id]) is not None:
            return text
        try:
            text = self._decoder.decode(token_bytes(token_id))
        except UnicodeDecodeError as error:
            text = error.object.decode("utf-8", "replace")
            self._decoder.reset()
        self._partial = bool(self._decoder.getstate()[0])
        return text

    def flush(self) -> str:
        """Return the rest after the last token."""
        left = self._decoder.getstate()[0].decode("utf-8", "replace")
        self._decoder.reset()
        self._partial = False
        return left


def _longest_match(piece: str) -> Sequence[int]:
    data = piece.encode("utf-8", "surrogatepass")
    ids: list[int] = []
    start = 0
    while start < len(data):
        # Only lengths that tokens with this beginning have are tried, so that long pieces take
        # little more time than short ones per byte.
        for length in _LENGTHS.get(data[start : start + 2], _SINGLE):
            token_id = _IDS.get(data[start : start + length])
            if token_id is not None:
                ids.append(token_id)
                start += length
                break
    return ids


_cached = lru_cache(maxsize=16384)(_longest_match)


def _lengths() -> dict[bytes, Sequence[int]]:
    """Return the lengths of the tokens with each beginning of two bytes, longest first."""
    found: dict[bytes, set[int]] = {}
    for token in _TOKENS:
        if len(token) > 1:
            found.setdefault(token[:2], {1}).add(len(token))
    return {start: sorted(lengths, reverse=True) for start, lengths in found.items()}


def _byte_names() -> list[str]:
    names = []
    spare = 0x100
    for value in range(256):
        if 0x21 <= value <= 0x7E or (value >= 0xA1 and value != 0xAD):
            names.append(chr(value))
        else:
            names.append(chr(spare))
            spare += 1
    return names


def _whole_text(token_id: int) -> str | None:
    try:
        return token_bytes(token_id).decode()
    except UnicodeDecodeError:
        return None


_BYTE_NAMES: Final = _byte_names()
_LENGTHS: Final = _lengths()

TOKEN_TEXTS: Final = [_whole_text(token_id) for token_id in range(VOCABULARY_SIZE)]
"""The text of each token, or None if its bytes are not complete characters."""
