"""Chunks that repeat the one before them but for a piece of text. Sans I/O.

Nearly every event of a chat stream has the same bytes as the one before it, except for one string.
Such an event must be what the last one was, with another text in it: no JSON is decoded, nothing is
checked again, and the strings that do not change are shared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tensormesh_api.inference.models.chat_completion_chunk import ChatCompletionChunk

_FIELDS = (("content", b'"content":"'), ("reasoning", b'"reasoning":"'))
# Patterns in a row that no event followed, after which a stream is looked at no more.
_MOST_FAILURES = 8


class ChatRepeats:
    """Reads chunks that differ from a pattern in one piece of text alone."""

    __slots__ = ("_failures", "_field", "_head", "_pattern", "_size", "_tail")

    def __init__(self) -> None:
        self._pattern: ChatCompletionChunk | None = None
        self._field = ""
        self._head = self._tail = b""
        self._size = 0
        self._failures = 0

    def read(self, payload: bytes) -> ChatCompletionChunk | None:
        """The chunk, if it follows the pattern."""
        pattern = self._pattern
        if pattern is None or not payload.startswith(self._head):
            return None
        if not payload.endswith(self._tail) or len(payload) < self._size:
            return None
        try:
            text = payload[len(self._head) : len(payload) - len(self._tail)].decode()
        except UnicodeDecodeError:
            return None
        # Without quotes, escapes and control characters, it is the whole of one JSON string.
        if '"' in text or "\\" in text or not text.isprintable():
            return None
        self._failures = 0
        return _with_text(pattern, self._field, text)

    def learn(self, payload: bytes, chunk: ChatCompletionChunk) -> None:
        """Take a chunk as the pattern of those that follow it, if it can be one."""
        # Three objects and one list: all else in them is immutable, and may be shared.
        if payload.count(b"{") != 3 or payload.count(b"[") != 1 or len(chunk.choices) != 1:
            return
        if self._failures == _MOST_FAILURES:
            return
        found = [(field, key) for field, key in _FIELDS if payload.count(key) == 1]
        if not found:
            return
        field, key = found[0]
        head, _, rest = payload.partition(key)
        text, _, tail = rest.partition(b'"')
        delta = chunk.choices[0].delta
        if b"\\" in text or getattr(delta, field) != text.decode("utf-8", "replace"):
            return
        if delta.reasoning_content is not None:
            return  # it has been read into another field as well
        self._failures += 1
        self._field = field
        self._head, self._tail = head + key, b'"' + tail
        self._size = len(self._head) + len(self._tail)
        # A copy: what was handed out is its user's, who may change it.
        self._pattern = _with_text(chunk, field, "")


def _with_text(pattern: ChatCompletionChunk, field: str, text: str) -> ChatCompletionChunk:
    choice = pattern.choices[0].__copy__()
    choice.delta = choice.delta.__copy__()
    setattr(choice.delta, field, text)
    chunk = pattern.__copy__()
    chunk.choices = [choice]
    return chunk
