"""Options that `infer` commands share."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from tensormesh_cli._app import App
from tensormesh_cli._errors import UsageFault
from tensormesh_cli._inputs import (
    Expected,
    Payload,
    read_payload,
    read_prompt,
    request_object,
)
from tensormesh_cli._options import SECONDS
from tensormesh_cli.commands.infer.generation import Streaming
from tensormesh_cli.commands.infer.host import SURFACES, Host

if TYPE_CHECKING:
    from collections.abc import Callable

    Function = Callable[..., Any]

IDLE_SECONDS = 300.0


def host_options(default: str) -> Callable[[Function], Function]:
    """Give a command the options that name a host, which it gets as one argument `host`."""

    def decorate(command: Function) -> Function:
        @wraps(command)
        @click.pass_obj
        def call(app: App, /, *args: Any, **options: Any) -> Any:
            names = ("surface", "user_id", "api_key", "base_url", "timeout")
            host = Host(app, **{name: options.pop(name) for name in names})
            return command(*args, host=host, **options)

        return _with_options(
            call,
            click.option(
                "--surface",
                type=click.Choice(SURFACES),
                default=default,
                help="The inference host.",
            ),
            click.option("--user-id", metavar="UUID", help="X-User-Id header, only for on-demand."),
            click.option("--api-key", metavar="KEY", help="Inference API key."),
            click.option("--base-url", metavar="URL", help="Base URL of the host."),
            click.option(
                "--timeout",
                type=SECONDS,
                metavar="SECONDS",
                help="Connect timeout.",
            ),
        )

    return decorate


def request_options(command: Function) -> Function:
    """Give a command `--model`, `--json` and `--file`."""
    return _with_options(
        command,
        click.option(
            "--model",
            metavar="NAME",
            help="The model. On on-demand, @latest is the newest served one.",
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


def system_option(help: str) -> Callable[[Function], Function]:
    """Give a command `--system`."""
    return click.option("--system", metavar="TEXT", help=help)


def generating_options(
    default: str, *more: Callable[[Function], Function]
) -> Callable[[Function], Function]:
    """Give a command the options of requests that generate text.

    Args:
        default: The default surface.
        more: Options to list after those of the request.
    """

    def decorate(command: Function) -> Function:
        @wraps(command)
        def call(
            *args: Any, stream: bool, stream_idle_timeout: float, usage: bool, **options: Any
        ) -> Any:
            streaming = Streaming(stream, stream_idle_timeout, usage)
            return command(*args, streaming=streaming, **options)

        return _with_options(
            call, host_options(default), request_options, *more, *_SAMPLING, *_STREAMING
        )

    return decorate


_SAMPLING = (
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
        "--seed", type=int, metavar="N", help="Random seed for reproducible output (best effort)."
    ),
    click.option(
        "--stop", multiple=True, metavar="TEXT", help="Text that ends the response. Repeatable."
    ),
)
_STREAMING = (
    click.option(
        "--stream",
        is_flag=True,
        help="Print the response as it is written. Only with --output text.",
    ),
    click.option(
        "--stream-idle-timeout",
        type=SECONDS,
        default=IDLE_SECONDS,
        metavar="SECONDS",
        help="Longest wait between events of a stream.",
    ),
    click.option("--usage", is_flag=True, help="Print the number of tokens to stderr."),
)


def _with_options(command: Function, *options: Callable[[Function], Function]) -> Function:
    for option in reversed(options):
        command = option(command)
    return command


def given_fields(**values: Any) -> dict[str, Any]:
    """Return the request fields whose options were given."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in values.items()
        if value is not None and value != ()
    }


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
    given = [
        label
        for label, value in ((name, prompt), ("--json", inline), ("--file", file))
        if value is not None
    ]
    if len(given) > 1:
        raise UsageFault(f"{' and '.join(given)} exclude each other, pass only one of them")
    if prompt is None:
        return read_payload(inline, file, expected)
    if prompt == "-":
        return read_prompt()
    if not prompt.strip():
        raise UsageFault(f"{name} is empty")
    return prompt


def read_body(
    field: str,
    value: str | None,
    inline: str | None,
    file: str | None,
    expected: Expected,
    *,
    name: str | None = None,
) -> dict[str, Any]:
    """Return the request that a command is to send.

    Takes the arguments of `read_input`, and the field of the request that plain text goes to.

    Raises:
        UsageFault: Nothing or too much is given, or it cannot be read.
    """
    name = name or field.upper()
    given = read_input(value, inline, file, expected, name=name)
    if given is None:
        raise nothing_given(expected, name=name)
    return {field: given} if isinstance(given, str) else request_object(given, expected)


def nothing_given(expected: Expected, *, name: str | None = "PROMPT") -> UsageFault:
    """Return the error for a command without input."""
    ways = "--json, --file, or JSON on standard input"
    if name is not None:
        ways = f"{name}, {ways}"
    return UsageFault(f"nothing to send: pass {ways}", hint=f"expected {expected}")
