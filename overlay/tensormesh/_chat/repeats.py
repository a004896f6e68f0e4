"""Fast path for chunks that repeat the previous one except for a piece of text. Sans I/O.

Nearly every event of a chat stream has the same bytes as the one before it, except for one string.
Such an event needs no JSON decoding and no validation: it is the previous chunk with another text.
The chunk object is built lazily, so readers of `text_deltas()` never pay for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tensormesh_api.inference.models.chat_completion_chunk import ChatCompletionChunk

    from .._streams.pieces import Pieces

    FindPieces = Callable[[int, str], Pieces]

_FIELDS = (("content", b'"content":"'), ("reasoning", b'"reasoning":"'))
# Give up after this many patterns in a row that no event followed.
_MOST_FAILURES = 8


class Pattern:
    """A chunk without its one piece of text.

    Attributes:
        is_shown: Whether the text is content of the first choice.
        grow: Function that appends a piece to the accumulated text.
    """

    __slots__ = ("_chunk", "_field", "grow", "is_shown")

    def __init__(self, chunk: ChatCompletionChunk, field: str, pieces: FindPieces) -> None:
        index = chunk.choices[0].index or 0
        self.is_shown = field == "content" and not index
        self.grow = pieces(index, field).add
        self._field = field
        # A copy, because the user may change the chunk that was handed out.
        self._chunk = chunk
        self._chunk = self.chunk("")

    def chunk(self, text: str) -> ChatCompletionChunk:
        """Return the chunk with this text."""
        pattern = self._chunk
        choice = pattern.choices[0].__copy__()
        choice.delta = choice.delta.__copy__()
        setattr(choice.delta, self._field, text)
        chunk = pattern.__copy__()
        chunk.choices = [choice]
        return chunk


class ChatRepeats:
    """Recognize chunks that differ from the previous one in one piece of text only.

    Args:
        pieces: Function that returns the accumulated text of a choice's field, given the choice's
            index and the field's name.
    """

    __slots__ = ("_failures", "_head", "_pattern", "_pieces", "_size", "_tail")

    def __init__(self, pieces: FindPieces) -> None:
        self._pieces = pieces
        self._pattern: Pattern | None = None
        self._head = self._tail = b""
        self._size = 0
        self._failures = 0

    def take(self, payload: bytes) -> tuple[Pattern, str] | None:
        """Return the pattern that an event follows and its text, or None.

        The text is appended to the accumulated text. A tuple costs a tenth of the chunk it stands
        for.
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
        # Without quotes, escapes and control characters it is exactly one JSON string.
        if '"' in text or "\\" in text or not text.isprintable():
            return None
        self._failures = 0
        pattern.grow(text)
        return pattern, text

    def learn(self, payload: bytes, event: ChatCompletionChunk) -> None:
        """Use a chunk as the pattern for the next ones, if it qualifies."""
        # Three objects and one list; everything else in them is immutable and can be shared.
        if payload.count(b"{") != 3 or payload.count(b"[") != 1 or len(event.choices) != 1:
            return
        if self._failures == _MOST_FAILURES:
            return
        found = [(field, key) for field, key in _FIELDS if payload.count(key) == 1]
        if not found:
            return
        field, key = found[0]
        head, _, rest = payload.partition(key)
        text, _, tail = rest.partition(b'"')
        delta = event.choices[0].delta
        if b"\\" in text or getattr(delta, field) != text.decode("utf-8", "replace"):
            return
        if delta.reasoning_content is not None:
            return  # it was copied to another field too
        others = {"content": delta.reasoning, "reasoning": delta.content}
        if others[field] or delta.refusal:
            return  # more than one text changes
        self._failures += 1
        self._head, self._tail = head + key, b'"' + tail
        self._size = len(self._head) + len(self._tail)
        self._pattern = Pattern(event, field, self._pieces)
