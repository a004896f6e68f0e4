"""Chunks that repeat the one before them but for a piece of text. Sans I/O.

Nearly every event of a chat stream has the same bytes as the one before it, except for one string.
Such an event must be what the last one was, with another text in it: no JSON is decoded, nothing is
checked again, and the strings that do not change are shared. The chunk itself is made only for whom
wants it, not for whom reads the text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tensormesh_api.inference.models.chat_completion_chunk import ChatCompletionChunk

    from .._streams.pieces import Pieces

    FindPieces = Callable[[int, str], Pieces]

_FIELDS = (("content", b'"content":"'), ("reasoning", b'"reasoning":"'))
# Patterns in a row that no event followed, after which a stream is looked at no more.
_MOST_FAILURES = 8


class Pattern:
    """What a chunk looks like, but for one piece of text.

    Attributes:
        is_shown: Whether the text is that of the first answer, not of its reasoning.
        grow: Adds a piece to the text of the whole answer.
    """

    __slots__ = ("_chunk", "_field", "grow", "is_shown")

    def __init__(self, chunk: ChatCompletionChunk, field: str, pieces: FindPieces) -> None:
        index = chunk.choices[0].index or 0
        self.is_shown = field == "content" and not index
        self.grow = pieces(index, field).add
        self._field = field
        # A copy: what was handed out is its user's, who may change it.
        self._chunk = chunk
        self._chunk = self.chunk("")

    def chunk(self, text: str) -> ChatCompletionChunk:
        """The chunk with this text."""
        pattern = self._chunk
        choice = pattern.choices[0].__copy__()
        choice.delta = choice.delta.__copy__()
        setattr(choice.delta, self._field, text)
        chunk = pattern.__copy__()
        chunk.choices = [choice]
        return chunk


class ChatRepeats:
    """Reads chunks that differ from a pattern in one piece of text alone.

    Args:
        pieces: Gives the pieces of a field of the whole answer's choice, by its index and the
            field's name, once a chunk has brought some.
    """

    __slots__ = ("_failures", "_head", "_pattern", "_pieces", "_size", "_tail")

    def __init__(self, pieces: FindPieces) -> None:
        self._pieces = pieces
        self._pattern: Pattern | None = None
        self._head = self._tail = b""
        self._size = 0
        self._failures = 0

    def take(self, payload: bytes) -> tuple[Pattern, str] | None:
        """The pattern that an event follows, with its text, which the answer has grown by.

        A bare tuple, which costs a tenth of the chunk that it stands for. None if there is no
        pattern that it follows.
        """
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
        pattern.grow(text)
        return pattern, text

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
        others = {"content": delta.reasoning, "reasoning": delta.content}
        if others[field] or delta.refusal:
            return  # more than one text would grow
        self._failures += 1
        self._head, self._tail = head + key, b'"' + tail
        self._size = len(self._head) + len(self._tail)
        self._pattern = Pattern(chunk, field, self._pieces)
