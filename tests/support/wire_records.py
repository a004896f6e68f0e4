"""Reads the recorded exchanges with a real vLLM server under ``tests/wire``.

A ``.http`` record is the request (``METHOD PATH``, then the body), a line ``-----``, and the answer
(status line, headers, an empty line, and the body with the chunk framing taken off). A
``.rawchunks`` record beside it is the same answer byte for byte, framing included.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

WIRE_DIR = Path(__file__).resolve().parents[1] / "wire" / "vllm"
DONE = "[DONE]"


@dataclass(frozen=True, slots=True)
class SseEvent:
    """One server-sent event: its ``event:`` field, if it has one, and its ``data:``."""

    event: str | None
    data: str

    def json(self) -> Any:
        return json.loads(self.data)


@dataclass(frozen=True, slots=True)
class WireRecord:
    """One recorded exchange. Header names are in lower case."""

    name: str
    method: str
    path: str
    request_body: bytes
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def is_stream(self) -> bool:
        return self.headers.get("content-type", "").startswith("text/event-stream")

    def request_json(self) -> Any:
        """The request body parsed. Raises ``ValueError`` where it is not JSON."""
        return json.loads(self.request_body)

    def json(self) -> Any:
        """The answer's body parsed. Raises ``ValueError`` where it is empty or not JSON."""
        return json.loads(self.body)

    def events(self) -> list[SseEvent]:
        """The answer's events in order, with the end mark ``[DONE]`` where the server sent it."""
        return list(_events(self.body.decode()))


def record_names() -> list[str]:
    """The names of all ``.http`` records, sorted."""
    return sorted(path.stem for path in WIRE_DIR.glob("*.http"))


def raw_chunk_names() -> list[str]:
    """The names of the records that exist with their chunk framing too, sorted."""
    return sorted(path.stem for path in WIRE_DIR.glob("*.rawchunks"))


@cache
def read_record(name: str) -> WireRecord:
    """Read one ``.http`` record by its name, such as ``chat_stream``."""
    request, _, answer = (WIRE_DIR / f"{name}.http").read_bytes().partition(b"\n-----\n")
    request_line, _, request_body = request.partition(b"\n")
    method, _, path = request_line.decode().partition(" ")
    head, _, body = answer.partition(b"\n\n")
    status_line, *header_lines = head.decode().split("\n")
    pairs = (line.partition(":") for line in header_lines)
    return WireRecord(
        name=name,
        method=method,
        path=path,
        request_body=request_body.strip(),
        status=int(status_line.split(" ")[1]),
        headers={key.lower(): value.strip() for key, _, value in pairs},
        body=body,
    )


def read_raw_chunks(name: str) -> list[bytes]:
    """The HTTP chunks of a streamed answer, framing taken off, without the empty last one."""
    _, _, rest = (WIRE_DIR / f"{name}.rawchunks").read_bytes().partition(b"\r\n\r\n")
    chunks: list[bytes] = []
    while True:
        size_line, _, rest = rest.partition(b"\r\n")
        size = int(size_line, 16)
        if size == 0:
            return chunks
        chunks.append(rest[:size])
        rest = rest[size + len(b"\r\n") :]


def _events(text: str) -> Iterator[SseEvent]:
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if line)
        if "data" in fields:
            yield SseEvent(event=fields.get("event"), data=fields["data"])
