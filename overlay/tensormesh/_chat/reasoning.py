"""Takes leaked ``<think>`` blocks out of an answer.

A server without a reasoning parser leaves the model's reasoning in the text, as in
``<think>\\n...\\n</think>\\n\\nThe answer``. The rules, for a whole text and for pieces of one:

- Only blocks at the start of the text count, with white space before them allowed and several in
  a row. A block runs to the first ``</think>``; a block that is never closed is text.
- A text without a block is left as it is, to the last space.
- After a block, the white space up to the answer goes too, but for the indentation of the answer's
  first line when that begins on a new line.
- The reasoning is what the blocks hold, without white space around it; several are joined by an
  empty line. It is ``None`` when they hold nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tensormesh_api.inference.models.chat_completion import ChatCompletion

_OPEN = "<think>"
_CLOSE = "</think>"


def split_reasoning(text: str) -> tuple[str | None, str]:
    """Split a whole text into its reasoning (``None`` if it has none) and the answer."""
    blocks: list[str] = []
    rest = text[_take_blocks(text, blocks) :]
    return _joined(blocks), _answer(rest, blocks)


def lift_reasoning(completion: ChatCompletion) -> ChatCompletion:
    """Move a leaked `<think>` block at the start of a message into `reasoning`, in place.

    `reasoning_content`, the older name, is read into `reasoning` too. Reasoning that the server
    sent as such is never changed.
    """
    for choice in completion.choices:
        message = choice.message
        if not message.reasoning and message.reasoning_content:
            message.reasoning = message.reasoning_content
        if message.content:
            reasoning, message.content = split_reasoning(message.content)
            message.reasoning = message.reasoning or reasoning
    return completion


class ThinkSplitter:
    """Splits a text that arrives in pieces.

    ``passthrough`` turns true once no block can follow; from then on ``feed`` gives back what it
    is given, so that a busy loop need not call it any more.
    """

    __slots__ = ("_blocks", "_edge", "_inside", "_undecided", "passthrough")

    def __init__(self) -> None:
        self.passthrough = False
        self._blocks: list[str] = []
        self._inside = False
        # What has arrived and is neither a whole block nor text yet. Pieces are joined only when
        # something is decided, and tags are looked for in the last few characters and the new
        # piece, so that the work stays in proportion to the text.
        self._undecided: list[str] = []
        self._edge = ""

    @property
    def reasoning(self) -> str | None:
        """The reasoning of the blocks closed so far, ``None`` if there is none."""
        return _joined(self._blocks)

    def feed(self, piece: str) -> str:
        """Take the next piece and return the text that can be shown now, often ``""``."""
        if self.passthrough:
            return piece
        self._undecided.append(piece)
        window = self._edge + piece
        if self._inside:
            if _CLOSE not in window:
                self._edge = window[1 - len(_CLOSE) :]
                return ""
        else:
            window = window.lstrip()
            if _may_become_tag(window):
                self._edge = window
                return ""
        return self._decide()

    def finish(self) -> str:
        """Return the text that was still held back when the last piece has been fed."""
        if self.passthrough:
            return ""
        self.passthrough = True
        rest = "".join(self._undecided)
        self._undecided.clear()
        return _answer(rest, self._blocks)

    def _decide(self) -> str:
        text = "".join(self._undecided)
        rest = text[_take_blocks(text, self._blocks) :]
        visible = rest.lstrip()
        self._inside = visible.startswith(_OPEN)
        if self._inside or _may_become_tag(visible):
            self._undecided = [rest]
            self._edge = visible[1 - len(_CLOSE) :]
            return ""
        self.passthrough = True
        self._undecided.clear()
        return _answer(rest, self._blocks)


def _may_become_tag(visible: str) -> bool:
    return len(visible) < len(_OPEN) and _OPEN.startswith(visible)


def _take_blocks(text: str, blocks: list[str]) -> int:
    """Append the closed blocks at the start of the text; return where the rest begins."""
    position = 0
    while True:
        start = position
        while text[start : start + 1].isspace():
            start += 1
        if not text.startswith(_OPEN, start):
            return position
        end = text.find(_CLOSE, start + len(_OPEN))
        if end < 0:
            return position
        blocks.append(text[start + len(_OPEN) : end])
        position = end + len(_CLOSE)


def _joined(blocks: list[str]) -> str | None:
    return "\n\n".join(filter(None, map(str.strip, blocks))) or None


def _answer(rest: str, blocks: list[str]) -> str:
    if not blocks:
        return rest
    answer = rest.lstrip()
    separator = rest[: len(rest) - len(answer)]
    if not answer or "\n" not in separator:
        return answer
    indentation = separator.rpartition("\n")[2]
    return indentation + answer
