"""Answers of a server that call tools, and runs of tools against them."""

from __future__ import annotations

import json
from typing import Any

import httpx
from support.sdk_faces import Face, Server
from support.sdk_samples import CHAT, MESSAGES, as_json, chunk, stream_of


def call(name: str, arguments: Any = "", id: str = "c1") -> dict[str, Any]:
    """A call as it stands in an answer. Arguments that are no text become JSON."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return {"id": id, "type": "function", "function": {"name": name, "arguments": text}}


def calling(*calls: dict[str, Any], **message: Any) -> httpx.Response:
    """An answer with these calls."""
    message = {"content": None, "finish_reason": "tool_calls", **message}
    return saying(tool_calls=list(calls), **message)


def calls(name: str, number: int) -> httpx.Response:
    """An answer that calls one tool so many times, with the argument `number` from 0."""
    return calling(*(call(name, {"number": index}, f"c{index}") for index in range(number)))


def saying(
    content: str | None = "Done.", *, finish_reason: str = "stop", usage: Any = "", **message: Any
) -> httpx.Response:
    """An answer with this text."""
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": content, **message},
        "finish_reason": finish_reason,
    }
    body = {**CHAT, "choices": [choice]}
    if usage != "":
        body["usage"] = usage
    return as_json(body)


def calls_in_pieces(*calls: dict[str, Any]) -> httpx.Response:
    """A streamed answer with these calls: first the name, then the arguments in two pieces."""
    chunks = [chunk("", role="assistant")]
    for index, each in enumerate(calls):
        name, text = each["function"]["name"], each["function"]["arguments"]
        head = {"index": index, "id": each["id"], "type": "function", "function": {"name": name}}
        chunks.append(chunk(tool_calls=[head]))
        for piece in (text[:3], text[3:]):
            delta = {"index": index, "function": {"arguments": piece}}
            chunks.append(chunk(tool_calls=[delta]))
    return stream_of(*chunks, chunk(finish_reason="tool_calls"))


def text_in_pieces(*pieces: str) -> httpx.Response:
    """A streamed answer with this text."""
    return stream_of(*(chunk(piece) for piece in pieces), chunk(finish_reason="stop"))


def completions(face: Face, server: Server) -> Any:
    """`chat.completions` of a client that talks to this server."""
    return face.client(server).inference.serverless.chat.completions


def run(face: Face, server: Server, tools: Any, **options: Any) -> Any:
    """The result of a run."""
    arguments = {"model": "m", "messages": MESSAGES, "tools": tools, **options}
    return face.run(completions(face, server).run(**arguments))


def run_events(face: Face, server: Server, tools: Any, **options: Any) -> list[Any]:
    """The events of a run."""
    return face.list(run(face, server, tools, stream=True, **options))


def sent(server: Server, number: int = -1) -> dict[str, Any]:
    """The body of a request."""
    body: dict[str, Any] = json.loads(server.requests[number].content)
    return body


def told(server: Server, number: int = -1) -> list[str]:
    """What the results of calls say in a request."""
    messages = sent(server, number)["messages"]
    return [message["content"] for message in messages if message["role"] == "tool"]
