"""What a stream needs to know about the events of its operation. Sans I/O."""

from __future__ import annotations

from typing import Any, Protocol


class Pattern(Protocol):
    """What chunks look like that differ in one piece of text alone."""

    def chunk(self, text: str) -> Any:
        """Return the chunk with this text."""


class Repeats(Protocol):
    """Read events that differ from a pattern in one piece of text alone."""

    def take(self, payload: bytes) -> tuple[Pattern, str] | None:
        """Return the pattern that an event follows and its text, or None if it follows none."""
        raise NotImplementedError

    def learn(self, payload: bytes, event: Any) -> None:
        """Take an event as the pattern of those that follow, if it can be one."""


class Events:
    """The events of one stream: their text, the end, errors, and the final result.

    Attributes:
        ended: Whether an event ended the stream.
        repeats: Reader of repeated events, if the operation has them.
    """

    ended: bool = False
    repeats: Repeats | None = None

    def repair(self, data: Any) -> None:
        """Fill in what servers leave out of an event, in place, before it is parsed."""

    def take(self, event: Any) -> None:
        """Accumulate an event before the user sees it.

        Raises:
            StreamFailureError: It reports an error.
        """
        raise NotImplementedError

    def text(self, event: Any) -> str:
        """Return the visible text that an event adds, often empty."""
        raise NotImplementedError

    def rest(self) -> str:
        """Return text that is still held back when the stream has ended."""
        return ""

    def partial(self) -> Any:
        """Return the result so far, or None if nothing has arrived."""
        return self.whole()

    def whole(self) -> Any:
        """Return the result once the stream has ended, or None if nothing has arrived."""
        raise NotImplementedError


class StreamFailureError(Exception):
    """An event reports an error."""
