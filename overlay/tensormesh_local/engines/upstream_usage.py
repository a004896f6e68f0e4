"""Find the token counts in responses that are forwarded without being parsed."""

from __future__ import annotations

import json
from collections import deque
from typing import Any, Final

from tensormesh_local.wire.tally import Counts

_KEY: Final = b'"usage":'
# The last usage of a stream is near its end: in one of the last two events.
_TAIL_BYTES: Final = 16 * 1024
_decoder = json.JSONDecoder()


class UsageReader:
    """Keeps the end of a stream, which contains the counts."""

    def __init__(self) -> None:
        self._chunks: deque[bytes] = deque()
        self._size = 0

    def feed(self, chunk: bytes) -> None:
        """Add the next bytes."""
        self._chunks.append(chunk)
        self._size += len(chunk)
        while self._size - len(self._chunks[0]) >= _TAIL_BYTES:
            self._size -= len(self._chunks.popleft())

    def counts(self) -> Counts:
        """Return the last counts so far, or zeros."""
        return counts_of(b"".join(self._chunks))


def counts_of(content: bytes) -> Counts:
    """Return the last counts in a response, or in the end of one, or zeros."""
    end = len(content)
    # Quotes within strings are escaped, so this can only be a key.
    while (at := content.rfind(_KEY, 0, end)) >= 0:
        counts = _read(content[at + len(_KEY) :].decode("utf-8", "replace").lstrip())
        if counts is not None:
            return counts
        end = at
    return Counts()


def _read(text: str) -> Counts | None:
    """Return the counts of the usage object at the start of a text, in the form of any API."""
    try:
        usage, _ = _decoder.raw_decode(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(usage, dict):
        return None
    prompt = usage.get("prompt_tokens", usage.get("input_tokens"))
    if not isinstance(prompt, int):
        return None
    details = usage.get("prompt_tokens_details") or usage.get("input_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else None
    completion = usage.get("completion_tokens", usage.get("output_tokens"))
    # A server may report impossible counts, which must not reach the ledger.
    prompt = max(0, prompt)
    return Counts(prompt, min(_count(cached), prompt), _count(completion))


def _count(value: Any) -> int:
    return max(0, value) if isinstance(value, int) else 0
