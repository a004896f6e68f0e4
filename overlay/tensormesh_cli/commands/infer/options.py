"""Options that `infer` commands share."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import click

from tensormesh_cli._app import App
from tensormesh_cli._errors import UsageFault
from tensormesh_cli._options import SECONDS
from tensormesh_cli.commands.infer.host import SURFACES, Host
from tensormesh_cli.commands.infer.payload import Expected, Payload, read_payload, read_stdin_text

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
R = TypeVar("R")

IDLE_SECONDS = 300.0


def host_options(default: str) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Give a command the options that say where to send a request, as one argument `host`.

    Args:
        default: The surface where none is named.
    """

    def decorate(command: Callable[..., R]) -> Callable[..., R]:
        @wraps(command)
        @click.pass_obj
        def call(app: App, /, *args: Any, **options: Any) -> R:
            names = ("surface", "user_id", "api_key", "base_url", "timeout")
            return command(
                *args, host=Host(app, **{name: options.pop(name) for name in names}), **options
            )

        for option in reversed(
            (
                click.option(
                    "--surface",
                    type=click.Choice(SURFACES),
                    default=default,
                    help="Inference surface to use.",
                ),
                click.option(
                    "--user-id",
                    metavar="UUID",
                    help="X-User-Id header, for --surface on-demand only.",
                ),
                click.option("--api-key", metavar="KEY", help="Inference API key."),
                click.option("--base-url", metavar="URL", help="Base URL of the selected surface."),
                click.option(
                    "--timeout",
                    type=SECONDS,
                    metavar="SECONDS",
                    help="HTTP connect timeout of the request.",
                ),
            )
        ):
            call = option(call)
        return call

    return decorate


def model_option(command: Callable[P, R]) -> Callable[P, R]:
    """`--model`."""
    return click.option(
        "--model", metavar="NAME", help="Model to ask; @latest on on-demand: the newest served."
    )(command)


def body_options(command: Callable[P, R]) -> Callable[P, R]:
    """`--json` and `--file`."""
    command = click.option(
        "--file",
        type=click.Path(),
        metavar="PATH",
        help="Read the JSON from a file; - is standard input.",
    )(command)
    return click.option(
        "--json",
        "inline",
        metavar="JSON|@FILE",
        help="The request as JSON, or @FILE. Left out, JSON is read from a pipe.",
    )(command)


def stream_options(command: Callable[P, R]) -> Callable[P, R]:
    """`--stream` and `--stream-idle-timeout`."""
    command = click.option(
        "--stream-idle-timeout",
        type=SECONDS,
        default=IDLE_SECONDS,
        metavar="SECONDS",
        help="Longest silence of a stream.",
    )(command)
    return click.option(
        "--stream", is_flag=True, help="Print the answer as it is written; with --output text only."
    )(command)


def usage_option(command: Callable[P, R]) -> Callable[P, R]:
    """`--usage`."""
    return click.option(
        "--usage", is_flag=True, help="Tell the number of tokens on standard error."
    )(command)


def sampling_options(command: Callable[P, R]) -> Callable[P, R]:
    """What most requests say of how to write the answer."""
    for option in reversed(
        (
            click.option(
                "--max-tokens", type=click.IntRange(min=1), metavar="N", help="Longest answer."
            ),
            click.option(
                "--temperature", type=click.FloatRange(min=0), metavar="X", help="0 is greedy."
            ),
            click.option(
                "--top-p",
                type=click.FloatRange(min=0, min_open=True, max=1),
                metavar="X",
                help="Share of the likeliest tokens to choose from.",
            ),
            click.option(
                "--seed", type=int, metavar="N", help="For answers that repeat, as far as they can."
            ),
            click.option(
                "--stop",
                multiple=True,
                metavar="TEXT",
                help="Text that ends the answer; repeatable.",
            ),
        )
    ):
        command = option(command)
    return command


def given_fields(**values: Any) -> dict[str, Any]:
    """The request fields whose options were given, to lay over a request."""
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
    """What a command is to send: plain text, or a JSON payload; None if nothing was given.

    Args:
        prompt: Plain text; `-` stands for that on standard input.
        inline: Value of `--json`.
        file: Value of `--file`.
        expected: What the command takes.
        name: What the prompt is called in its usage.

    Raises:
        UsageFault: Several of them are given, or one cannot be read.
    """
    given = [
        label
        for label, value in ((name, prompt), ("--json", inline), ("--file", file))
        if value is not None
    ]
    if len(given) > 1:
        raise UsageFault(f"{' and '.join(given)} exclude each other: give one of them")
    if prompt is None:
        return read_payload(inline, file, expected)
    if prompt == "-":
        return read_stdin_text()
    if not prompt.strip():
        raise UsageFault(f"{name} is empty")
    return prompt


def nothing_given(expected: Expected, *, name: str | None = "PROMPT") -> UsageFault:
    """The error for a command that was given nothing to send."""
    ways = "--json, --file, or JSON on standard input"
    if name is not None:
        ways = f"{name}, {ways}"
    return UsageFault(f"nothing to send: give {ways}", hint=f"expected {expected}")
