r"""Separate leaked `<think>` blocks from the text of a message.

A server without a reasoning parser leaves the model's reasoning in the text, as in
`<think>\n...\n</think>\n\nThe answer`. The rules, for complete and for streamed text:

- Only blocks at the start of the text count. Whitespace may precede them, and there may be
  several in a row. A block ends at the first `</think>`; a block that is never closed is text.
- Text without a block is left unchanged.
- Whitespace after the last block is removed, except for the indentation of the first line if
  the text starts on a new line.
- The reasoning is the content of the blocks without surrounding whitespace. Several blocks are
  joined by an empty line. It is None if they are empty.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tensormesh_api.inference.models.chat_completion import ChatCompletion

_OPEN = "<think>"
_CLOSE = "</think>"


def split_reasoning(text: str) -> tuple[str | None, str]:
    """Split a complete text into its reasoning, or None, and the visible text."""
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
    """Split a text that arrives in pieces.

    Attributes:
        passthrough: Whether no block can follow any more. `feed` then returns its argument, so
            that a busy loop need not call it.
    """

    __slots__ = ("_blocks", "_edge", "_inside", "_undecided", "passthrough")

    def __init__(self) -> None:
        self.passthrough = False
        self._blocks: list[str] = []
        self._inside = False
        # Text that may still become a block. To keep the work linear, it is joined only when the
        # matter is decided, and tags are searched for in the new piece and the few characters
        # before it.
        self._undecided: list[str] = []
        self._edge = ""

    @property
    def reasoning(self) -> str | None:
        """The reasoning of the blocks closed so far, or None."""
        return _joined(self._blocks)

    def feed(self, piece: str) -> str:
        """Take the next piece. Return the text that is visible now, often an empty string."""
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
        """Return the text that is still held back after the last piece."""
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
    """Append the closed blocks at the start of the text. Return where the rest starts."""
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
