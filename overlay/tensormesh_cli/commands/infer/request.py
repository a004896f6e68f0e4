"""Sends a generating request, and prints the answer whole or as it is written."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from tensormesh_cli._errors import UsageFault
from tensormesh_cli.commands.infer.answers import render_usage
from tensormesh_cli.commands.infer.printing import StreamPrinter, show

if TYPE_CHECKING:
    from collections.abc import Callable

    from tensormesh_cli._app import App
    from tensormesh_cli.commands.infer.host import Host
    from tensormesh_cli.commands.infer.printing import Manner
    from tensormesh_cli.output import Table

WAITING = "Waiting for the answer"


@dataclass(frozen=True)
class Generation:
    """One kind of generating request.

    Attributes:
        resource: From a host's namespaces to that of the request.
        required: Fields that the method takes by name; all others are passed on as they are.
        text: From the typed answer to its text.
        extras: From the typed answer to what a stream of text leaves out.
        table: From the answer's JSON to its table.
        note: From the typed answer to what is worth a remark, or None.
        usage_on_request: Whether a stream tells its usage only when asked to.
    """

    resource: Callable[[Any], Any]
    required: tuple[str, ...]
    text: Callable[[Any], str]
    extras: Callable[[Any], str]
    table: Callable[[Any], Table]
    note: Callable[[Any], str | None]
    usage_on_request: bool


def generate(host: Host, kind: Generation, body: dict[str, Any], manner: Manner) -> None:
    """Send a request and print its answer.

    Args:
        host: Where to.
        kind: Which request.
        body: The request, its model included. Its own `stream` counts as `--stream`.
        manner: How to print the answer.

    Raises:
        UsageFault: The request cannot be sent, or is to stream in another output than text.
        CliError: It failed.
    """
    wanted = body.pop("stream", None)
    if not isinstance(wanted, bool | None):
        raise UsageFault("`stream` of the request must be true or false")
    streams = bool(wanted) or manner.stream
    options = host.app.options
    if streams and (options.output != "text" or options.query is not None):
        other = "--query" if options.output == "text" else f"--output {options.output}"
        raise UsageFault(
            f"--stream supports only --output text, not {other}", hint="leave out one of the two"
        )
    if not streams and body.get("stream_options") is not None:
        raise UsageFault("`stream_options` needs --stream")
    if streams:
        stream(host, kind, body, manner)
    else:
        _whole(host, kind, body, manner)


def stream(
    host: Host,
    kind: Generation,
    body: dict[str, Any],
    manner: Manner,
    pieces: list[str] | None = None,
) -> None:
    """Send a request and print its answer as it is written.

    Args:
        host: Where to.
        kind: Which request.
        body: The request, its model included.
        manner: How to print the answer.
        pieces: Gets the text as it comes, also if the rest of it never does.

    Raises:
        UsageFault: The request cannot be sent.
        CliError: It failed.
    """
    if manner.usage and kind.usage_on_request:
        wanted = body.get("stream_options") or {}
        body["stream_options"] = {**wanted, "include_usage": True}
    progress = host.app.terminal.progress
    with ExitStack() as stack:
        namespaces = stack.enter_context(host.calls(idle=manner.idle))
        with progress(WAITING):
            opened = stack.enter_context(
                send(
                    kind.resource(namespaces),
                    kind.required,
                    body,
                    stream=True,
                    timeout_seconds=manner.idle,
                )
            )
            deltas = opened.text_deltas()
            # Reasoning comes before any text, and may take long.
            first = next(deltas, "")
        printer = stack.enter_context(StreamPrinter())
        for piece in chain([first], deltas):
            if pieces is not None:
                pieces.append(piece)
            printer.write(piece)
        answer = opened.get_final_completion()
        printer.line(kind.extras(answer))
    _tell(host.app, kind, answer, manner)


def send(resource: Any, required: tuple[str, ...], body: dict[str, Any], **options: Any) -> Any:
    """Call `create` of a resource.

    Raises:
        UsageFault: A required field is missing, or the SDK refuses the request.
    """
    for name in required:
        if body.get(name) is None:
            raise UsageFault(f"the request has no `{name}`")
    rest = {name: value for name, value in body.items() if name not in required}
    fields = {name: body[name] for name in required}
    try:
        return resource.create(**fields, **options, extra_body=rest or None)
    except (TypeError, ValueError) as error:
        raise UsageFault(f"the request cannot be sent: {error}") from error


def _whole(host: Host, kind: Generation, body: dict[str, Any], manner: Manner) -> None:
    app = host.app
    with host.calls() as namespaces, app.terminal.progress(WAITING):
        response = send(
            kind.resource(namespaces).with_raw_response,
            kind.required,
            body,
            timeout_seconds=host.answer_seconds,
        )
    data = response.json()
    output = app.options.output
    # Models are loaded only if somebody looks at them.
    answer = response.parse() if output == "text" or manner.usage else None
    show(
        app,
        data,
        raw=response.content,
        text=lambda: kind.text(answer),
        table=lambda: kind.table(data),
    )
    if answer is not None:
        _tell(app, kind, answer, manner)


def _tell(app: App, kind: Generation, answer: Any, manner: Manner) -> None:
    note = kind.note(answer)
    if note is not None:
        app.terminal.note(note)
    if manner.usage:
        app.terminal.note(render_usage(answer.usage))
