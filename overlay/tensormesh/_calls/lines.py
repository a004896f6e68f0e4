"""Lines out of bytes that come in pieces. Sans I/O."""

from __future__ import annotations

MAX_LINE_BYTES = 64 * 1024 * 1024


class LineTooLongError(ValueError):
    """A line is longer than the splitter was told to accept."""


class LineSplitter:
    """Split bytes at LF, CRLF and CR, wherever the pieces end.

    Args:
        max_line_bytes: The length of the longest line that may come in several pieces.
    """

    __slots__ = ("_after_cr", "_max", "_rest")

    def __init__(self, *, max_line_bytes: int = MAX_LINE_BYTES) -> None:
        self._rest = bytearray()
        self._after_cr = False
        self._max = max_line_bytes

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the lines that a piece completes, without their ends.

        Raises:
            LineTooLongError: A line is still without an end, and too long already.
        """
        if self._after_cr and chunk:
            self._after_cr = False
            chunk = chunk.removeprefix(b"\n")
        if not chunk:
            return []
        lines = chunk.splitlines()
        rest = b"" if chunk[-1:] in (b"\n", b"\r") else lines.pop()
        self._after_cr = chunk[-1:] == b"\r"
        if lines and self._rest:
            lines[0] = bytes(self._rest + lines[0])
            self._rest.clear()
        self._rest += rest
        if len(self._rest) > self._max:
            self._rest.clear()
            raise LineTooLongError(f"a line of the response is longer than {self._max} bytes")
        return lines

    def finish(self) -> list[bytes]:
        """Return the last line, if the body did not end with a line's end."""
        rest = bytes(self._rest)
        self._rest.clear()
        return [rest] if rest else []
