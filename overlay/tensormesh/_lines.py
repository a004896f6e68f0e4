"""Lines out of bytes that come in pieces. Sans I/O."""

from __future__ import annotations


class LineSplitter:
    """Splits at LF, CRLF and CR, wherever the pieces end."""

    __slots__ = ("_after_cr", "_rest")

    def __init__(self) -> None:
        self._rest: list[bytes] = []
        self._after_cr = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines that a piece completes, without their ends."""
        if self._after_cr and chunk:
            self._after_cr = False
            chunk = chunk.removeprefix(b"\n")
        if not chunk:
            return []
        lines = chunk.splitlines()
        rest = b"" if chunk[-1:] in (b"\n", b"\r") else lines.pop()
        self._after_cr = chunk[-1:] == b"\r"
        if lines:
            lines[0] = b"".join([*self._rest, lines[0]])
            self._rest = []
        if rest:
            self._rest.append(rest)
        return lines

    def finish(self) -> list[bytes]:
        """The last line, if the body did not end with a line's end."""
        rest, self._rest = b"".join(self._rest), []
        return [rest] if rest else []
