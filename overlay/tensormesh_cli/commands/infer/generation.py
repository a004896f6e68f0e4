"""Requests that generate text. The response is returned whole or streamed."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any

from tensormesh_cli._errors import UsageFault
from tensormesh_cli.output import Column, Result, Stream, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tensormesh_cli.commands.infer.host import Host
    from tensormesh_cli.output import Screen

WAITING = "Waiting for the response"
CUT_OFF = "Note: the response was cut off at its token limit."


@dataclass(frozen=True)
class Streaming:
    """How to send a request.

    Attributes:
        stream: Whether to print the response as it is written.
        idle: Longest silence of a stream in seconds.
        usage: Whether to report the number of tokens on stderr.
    """

    stream: bool
    idle: float
    usage: bool


@dataclass(frozen=True)
class Generation:
    """A kind of request that generates text.

    Attributes:
        resource: Returns the resource among a host's namespaces.
        required: Fields that the method takes by name; all others are passed on unchanged.
        text: Returns the text of a typed response.
        extras: Returns what a stream of text leaves out of a typed response.
        rows: Field of the response with the entries of its table.
        columns: Columns of its table.
        note: Returns a remark about a typed response, or None.
        usage_on_request: Whether a stream reports its usage only if asked to.
    """

    resource: Callable[[Any], Any]
    required: tuple[str, ...]
    text: Callable[[Any], str]
    rows: str
    columns: tuple[Column, ...]
    note: Callable[[Any], str | None]
    extras: Callable[[Any], str] = lambda _: ""
    usage_on_request: bool = True


def generate(
    host: Host, kind: Generation, body: dict[str, Any], streaming: Streaming
) -> Result | Stream:
    """Send a request.

    Args:
        host: Where to send it.
        kind: The kind of request.
        body: The request, including its model. `stream` in it counts as `--stream`.
        streaming: How to send it.

    Raises:
        UsageFault: The request is invalid, or the output mode does not support streams.
        CliError: The request failed.
    """
    wanted = body.pop("stream", None)
    if not isinstance(wanted, bool | None):
        raise UsageFault("the request's `stream` must be true or false")
    if wanted or streaming.stream:
        host.app.emitter.require("text", option="--stream")
        return Stream(stream(host, kind, body, streaming))
    if body.get("stream_options") is not None:
        raise UsageFault("`stream_options` needs --stream")
    with host.calls() as namespaces, host.app.terminal.progress(WAITING):
        response = send(
            kind.resource(namespaces).with_raw_response,
            kind.required,
            body,
            timeout_seconds=host.answer_seconds,
        )
    # Models are loaded only if they are needed.
    parse = cache(response.parse)

    def view(data: Any, screen: Screen) -> str | Table:
        if screen.boxed:
            return Table(kind.columns, dicts_in(data, kind.rows))
        return kind.text(parse())

    return Result(
        response.json(),
        raw=response.content,
        view=view,
        verbatim=True,
        remarks=lambda: filter(None, [kind.note(parse())]),
        notes=(render_usage(parse().usage),) if streaming.usage else (),
    )


def stream(
    host: Host,
    kind: Generation,
    body: dict[str, Any],
    streaming: Streaming,
    *,
    pieces: list[str] | None = None,
) -> Iterator[str]:
    """Send a request, and yield the text of the response as it is written.

    Raises what `generate` raises. `pieces` collects the text, even if the rest never arrives.
    """
    if streaming.usage and kind.usage_on_request:
        wanted = body.get("stream_options") or {}
        body["stream_options"] = {**wanted, "include_usage": True}
    terminal = host.app.terminal
    with ExitStack() as stack:
        namespaces = stack.enter_context(host.calls(idle=streaming.idle))
        with terminal.progress(WAITING):
            resource, idle = kind.resource(namespaces), streaming.idle
            opened = stack.enter_context(
                send(resource, kind.required, body, stream=True, timeout_seconds=idle)
            )
            deltas = opened.text_deltas()
            # Reasoning comes before any text, and may take a while.
            first = next(deltas, "")
        end = "\n"
        for piece in chain([first], deltas):
            if pieces is not None:
                pieces.append(piece)
            end = piece[-1:] or end
            yield piece
        answer = opened.get_final_completion()
    if end != "\n":
        yield "\n"
    extras = kind.extras(answer)
    if extras:
        yield f"{extras}\n"
    note = kind.note(answer)
    if note is not None:
        terminal.note(note)
    if streaming.usage:
        terminal.note(render_usage(answer.usage))


def send(resource: Any, required: tuple[str, ...], body: dict[str, Any], **options: Any) -> Any:
    """Call `create` of a resource. Raise `UsageFault` if the request is invalid."""
    for name in required:
        if body.get(name) is None:
            raise UsageFault(f"the request has no `{name}`")
    rest = {name: value for name, value in body.items() if name not in required}
    fields = {name: body[name] for name in required}
    try:
        return resource.create(**fields, **options, extra_body=rest or None)
    except (TypeError, ValueError) as error:
        raise UsageFault(f"invalid request: {error}") from error


def render_usage(usage: Any) -> str:
    """Return a line with the number of tokens of any kind of response."""
    if usage is None:
        return "Usage: not reported by the server."
    data = usage.to_dict()
    prompt = data.get("prompt_tokens", data.get("input_tokens"))
    written = data.get("completion_tokens", data.get("output_tokens"))
    details = data.get("prompt_tokens_details") or data.get("input_tokens_details") or {}
    cached = details.get("cached_tokens") or 0
    return (
        f"Usage: {prompt or 0} prompt tokens ({cached} cached), {written or 0} completion tokens."
    )


def json_lines(models: Iterable[Any]) -> list[str]:
    """Return models as lines of JSON."""
    return [json.dumps(model.to_dict(), ensure_ascii=False) for model in models]


def joined(texts: Iterable[str], separator: str) -> str:
    """Join the texts that are not empty."""
    return separator.join(filter(None, texts))


def dicts_in(data: Any, name: str) -> list[Any]:
    """Return the objects in a list of a response."""
    found = data.get(name) if isinstance(data, dict) else None
    return [item for item in found or [] if isinstance(item, dict)]
