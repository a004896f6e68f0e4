"""What the specs promise of a stream: events that fit their schema, in order, and an end mark."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from support.inference_specs import component, operations, problems

DONE = "[DONE]"


@dataclass(frozen=True)
class Event:
    """One server-sent event, its data still as text."""

    name: str | None
    data: str

    def json(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.data)
        return value


def read_events(text: str) -> list[Event]:
    """Split a stream into its events.

    Raises:
        ValueError: It is not made of `event:` and `data:` lines alone, or its last event is cut.
    """
    if not text.endswith("\n\n"):
        raise ValueError(f"the stream ends in the middle of an event: {text[-80:]!r}")
    events = []
    for block in text.removesuffix("\n\n").split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        events.append(Event(fields.pop("event", None), fields.pop("data")))
        if fields:
            raise ValueError(f"unknown fields in an event: {block!r}")
    return events


def stream_problems(host: str, path: str, text: str) -> list[str]:
    """What is wrong with the stream that the POST operation at `path` answered."""
    schema = component(_event_schema(host, path))
    events = read_events(text)
    ends = [event.data == DONE for event in events]
    if any(ends[:-1]):
        return ["something follows the end mark [DONE]"]
    bodies = [event.json() for event in events if event.data != DONE]
    # What does not even fit its schema is not looked at any closer.
    found = [
        f"event {number}: {problem}"
        for number, body in enumerate(bodies)
        for problem in problems(schema, body)
    ]
    if found:
        return found
    if path == "/v1/responses":
        return _response_problems(events, bodies)
    return _chunk_problems(bodies, is_ended=ends[-1])


def _chunk_problems(chunks: list[dict[str, Any]], *, is_ended: bool) -> list[str]:
    found = [] if is_ended else ["the end mark [DONE] is missing"]
    if len({chunk.get("id") for chunk in chunks}) != 1:
        found.append("the chunks have different ids")
    finished: list[int] = []
    for choice in (choice for chunk in chunks for choice in chunk["choices"]):
        index = choice.get("index", 0)
        if index in finished:
            found.append(f"choice {index} goes on after its finish_reason")
        if choice.get("finish_reason"):
            finished.append(index)
    if not finished or sorted(finished) != list(range(len(finished))):
        found.append(f"only the choices {finished} have a finish_reason")
    return found


def _response_problems(events: list[Event], bodies: list[dict[str, Any]]) -> list[str]:
    found = []
    if bodies[-1]["type"] != "response.completed":
        found.append(f"the last event is {bodies[-1]['type']}, not response.completed")
    if bodies[0]["type"] != "response.created":
        found.append(f"the first event is {bodies[0]['type']}, not response.created")
    # They are optional, so not every server numbers its events.
    numbers = [body["sequence_number"] for body in bodies if "sequence_number" in body]
    if numbers and numbers != list(range(len(bodies))):
        found.append("the sequence numbers do not count from 0")
    for event, body in zip(events, bodies, strict=False):
        if event.name not in (None, body["type"]):
            found.append(f"an event named {event.name} has the type {body['type']}")
    return found


def _event_schema(host: str, path: str) -> str:
    for each, method, operation in operations(host):
        if (each, method) == (path, "post"):
            name: str = operation["x-tm-stream"]
            return name
    raise LookupError(path)
