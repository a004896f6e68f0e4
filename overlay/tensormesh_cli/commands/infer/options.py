"""Options that `infer` commands share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce, wraps
from typing import TYPE_CHECKING, Any

import click

from tensormesh_cli._app import App
from tensormesh_cli._click import Argument
from tensormesh_cli._errors import UsageFault
from tensormesh_cli._inputs import Expected, Payload, read_payload, read_prompt, request_object
from tensormesh_cli._options import SECONDS
from tensormesh_cli.commands.infer.generation import Streaming
from tensormesh_cli.commands.infer.host import SURFACES, Host

if TYPE_CHECKING:
    from collections.abc import Callable

    Function = Callable[..., Any]

IDLE_SECONDS = 300.0
_HOST = (
    click.option("--user-id", metavar="UUID", help="X-User-Id header, only for on-demand."),
    click.option("--api-key", metavar="KEY", help="Inference API key."),
    click.option("--base-url", metavar="URL", help="Base URL of the host."),
    click.option("--timeout", type=SECONDS, metavar="SECONDS", help="Connect timeout."),
)
_REQUEST = (
    click.option(
        "--model",
        metavar="NAME",
        help="Model to use. With on-demand, @latest is the newest served model.",
    ),
    click.option(
        "--json",
        "inline",
        metavar="JSON|@FILE",
        help="The request as JSON, or @FILE. By default it is read from a pipe.",
    ),
    click.option(
        "--file",
        type=click.Path(),
        metavar="PATH",
        help="Read the request from a file; - reads standard input.",
    ),
)
_GENERATION = (
    click.option(
        "--max-tokens",
        type=click.IntRange(min=1),
        metavar="N",
        help="Maximum length of the response.",
    ),
    click.option(
        "--temperature",
        type=click.FloatRange(min=0),
        metavar="X",
        help="Sampling temperature; 0 is greedy.",
    ),
    click.option(
        "--top-p",
        type=click.FloatRange(min=0, min_open=True, max=1),
        metavar="X",
        help="Sample from the most likely tokens with this total probability.",
    ),
    click.option(
        "--seed",
        type=int,
        metavar="N",
        help="Random seed for reproducible output (best effort).",
    ),
    click.option(
        "--stop", multiple=True, metavar="TEXT", help="Text that ends the response. Repeatable."
    ),
    click.option(
        "--stream",
        is_flag=True,
        help="Print the response as it is generated. Only with --output text.",
    ),
    click.option(
        "--stream-idle-timeout",
        type=SECONDS,
        default=IDLE_SECONDS,
        metavar="SECONDS",
        help="Maximum wait between events in a stream.",
    ),
    click.option("--usage", is_flag=True, help="Print the number of tokens to stderr."),
)


@dataclass(frozen=True)
class Given:
    """What a command was given to send.

    Attributes:
        host: Where to send it.
        value: Plain text, a JSON payload, or None.
        model: The model, or None.
        fields: Fields of the request that options set.
        streaming: How to send it.
    """

    host: Host
    value: str | Payload | None
    model: str | None
    fields: dict[str, Any]
    streaming: Streaming

    def complete(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return a request with the options and the model."""
        model = self.host.model(self.model or body.get("model"))
        return {**body, **self.fields, "model": model}


def host_options(default: str) -> Callable[[Function], Function]:
    """Give a command the options that name a host, which it gets as one argument `host`."""
    surface = click.option(
        "--surface", type=click.Choice(SURFACES), default=default, help="The inference host."
    )

    def decorate(command: Function) -> Function:
        @wraps(command)
        @click.pass_obj
        def call(app: App, /, **options: Any) -> Any:
            names = ("surface", "user_id", "api_key", "base_url", "timeout")
            host = Host(app, **{name: options.pop(name) for name in names})
            return command(host=host, **options)

        return _with_options(call, surface, *_HOST)

    return decorate


def request_options(command: Function) -> Function:
    """Give a command `--model`, `--json` and `--file`."""
    return _with_options(command, *_REQUEST)


def generating_options(
    default: str,
    expected: Expected,
    help: str,
    *more: Callable[[Function], Function],
    name: str = "PROMPT",
) -> Callable[[Function], Function]:
    """Give a command the options of requests that generate text, as one argument `given`.

    Args:
        default: The default surface.
        expected: What the command takes.
        help: Help for its argument.
        more: Options to list after those of the request.
        name: Name of its argument.
    """
    argument = click.argument("text", metavar=f"[{name}]", required=False, cls=Argument, help=help)

    def decorate(command: Function) -> Function:
        @wraps(command)
        def call(
            host: Host,
            text: str | None,
            model: str | None,
            inline: str | None,
            file: str | None,
            stream: bool,
            stream_idle_timeout: float,
            usage: bool,
            **options: Any,
        ) -> Any:
            fields = {
                field: list(value) if isinstance(value, tuple) else value
                for field, value in options.items()
                if value is not None and value != ()
            }
            value = read_input(text, inline, file, expected, name=name)
            streaming = Streaming(stream, stream_idle_timeout, usage)
            return command(given=Given(host, value, model, fields, streaming))

        return _with_options(
            call, argument, host_options(default), request_options, *more, *_GENERATION
        )

    return decorate


def _with_options(command: Function, *options: Callable[[Function], Function]) -> Function:
    return reduce(lambda made, option: option(made), reversed(options), command)


def read_input(
    prompt: str | None,
    inline: str | None,
    file: str | None,
    expected: Expected,
    *,
    name: str = "PROMPT",
) -> str | Payload | None:
    """Return what a command is to send: plain text, a JSON payload, or None.

    Args:
        prompt: Plain text. `-` reads it from standard input.
        inline: Value of `--json`.
        file: Value of `--file`.
        expected: What the command takes.
        name: Name of the prompt in the command's usage.

    Raises:
        UsageFault: More than one is given, or one cannot be read.
    """
    inputs = ((name, prompt), ("--json", inline), ("--file", file))
    given = [label for label, value in inputs if value is not None]
    if len(given) > 1:
        raise UsageFault(f"{' and '.join(given)} cannot be used together: pass only one of them")
    if prompt is None:
        return read_payload(inline, file, expected)
    if prompt == "-":
        return read_prompt()
    if not prompt.strip():
        raise UsageFault(f"{name} is empty")
    return prompt


def body_of(
    value: str | Payload | None, field: str, expected: Expected, *, name: str
) -> dict[str, Any]:
    """Return a request, whose field `field` plain text goes to.

    Raises:
        UsageFault: Nothing is given, or not a JSON object.
    """
    if value is None:
        raise nothing_given(expected, name=name)
    return {field: value} if isinstance(value, str) else request_object(value, expected)


def nothing_given(expected: Expected, *, name: str = "PROMPT") -> UsageFault:
    """Return the error for a command without input."""
    return UsageFault(
        f"nothing to send: pass {name}, --json, --file, or JSON on standard input",
        hint=f"expected {expected}",
    )
