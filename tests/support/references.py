"""Slow and plain readings of what the SDK reads fast, to compare it with."""

from __future__ import annotations

import re

SSEEvent = tuple[str, bytes, str, int | None]
"""Its type, its data in UTF-8, the last event id, the reconnection time."""


def decode_utf8(stream: bytes) -> str:
    """`UTF-8 decode` of the Encoding standard: without one byte order mark at the start."""
    return stream.decode("utf-8", "replace").removeprefix("\ufeff")


def ended_lines(text: str) -> tuple[list[str], str]:
    """The lines of a text that CRLF, LF or CR end, and what follows the last of them."""
    lines: list[str] = []
    line = ""
    index = 0
    while index < len(text):
        character = text[index]
        index += 1
        if character == "\r":
            if text[index : index + 1] == "\n":
                index += 1
        elif character != "\n":
            line += character
            continue
        lines.append(line)
        line = ""
    return lines, line


class EventStream:
    """Section 9.2.6 of the HTML standard, "Interpreting an event stream", step by step."""

    def __init__(self) -> None:
        self.data_buffer = ""
        self.event_type_buffer = ""
        self.last_event_id_buffer = ""
        self.reconnection_time: int | None = None
        self.dispatched: list[SSEEvent] = []

    def process_line(self, line: str) -> None:
        """What the standard says of a line, by its form."""
        if line == "":
            self.dispatch()
        elif line.startswith(":"):
            pass
        elif ":" in line:
            field, value = line.split(":", 1)
            if value.startswith(" "):
                value = value[1:]
            self.process_field(field, value)
        else:
            self.process_field(line, "")

    def process_field(self, field: str, value: str) -> None:
        """What it says of a field, by its name."""
        if field == "event":
            self.event_type_buffer = value
        elif field == "data":
            self.data_buffer += value + "\n"
        elif field == "id":
            if "\0" not in value:
                self.last_event_id_buffer = value
        elif field == "retry" and value and all(digit in "0123456789" for digit in value):
            self.reconnection_time = int(value)

    def dispatch(self) -> None:
        """What it says of the empty line."""
        if self.data_buffer == "":
            self.event_type_buffer = ""
            return
        if self.data_buffer.endswith("\n"):
            self.data_buffer = self.data_buffer[:-1]
        name = self.event_type_buffer if self.event_type_buffer else "message"
        data = self.data_buffer.encode()
        self.dispatched.append((name, data, self.last_event_id_buffer, self.reconnection_time))
        self.data_buffer = ""
        self.event_type_buffer = ""


def read_sse(stream: bytes) -> list[SSEEvent]:
    """The events of a whole stream; what its end cuts off is discarded, as the standard says."""
    lines, _ = ended_lines(decode_utf8(stream))
    reading = EventStream()
    for line in lines:
        reading.process_line(line)
    return reading.dispatched


_BLOCK = re.compile(r"\s*<think>(.*?)</think>", re.DOTALL)


def split_think(text: str) -> tuple[str | None, str]:
    """Split a text into its reasoning and its answer, by the rules of `_chat.reasoning`."""
    thoughts = []
    rest = text
    while block := _BLOCK.match(rest):
        thoughts.append(block[1].strip())
        rest = rest[block.end() :]
    reasoning = "\n\n".join(thought for thought in thoughts if thought) or None
    if not thoughts:
        return None, text
    gap, answer = re.fullmatch(r"(\s*)(.*)", rest, re.DOTALL).groups()  # type: ignore[union-attr]
    if answer and "\n" in gap:
        answer = gap[gap.rindex("\n") + 1 :] + answer
    return reasoning, answer
