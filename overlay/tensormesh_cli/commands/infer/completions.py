"""`tm infer completions`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tensormesh_cli._click import Argument, command
from tensormesh_cli.commands.infer.host import ON_DEMAND
from tensormesh_cli.commands.infer.options import (
    body_options,
    given_fields,
    host_options,
    model_option,
    nothing_given,
    read_input,
    sampling_options,
    stream_options,
    usage_option,
)
from tensormesh_cli.commands.infer.payload import Expected, request_object
from tensormesh_cli.commands.infer.printing import Manner

if TYPE_CHECKING:
    from tensormesh_cli.commands.infer.host import Host

EXPECTED = Expected(example='{"prompt":"Hi"}')

EXAMPLES = """
tm infer completions "Once upon a time"
tm infer completions --json '{"prompt":"Hi","max_tokens":64}'
echo '{"prompt":"Hi"}' | tm infer completions --stream
"""


@command("completions", examples=EXAMPLES)
@click.argument(
    "prompt", required=False, cls=Argument, help="The text; - reads it from standard input."
)
@host_options(ON_DEMAND)
@model_option
@body_options
@sampling_options
@stream_options
@usage_option
def completions(
    host: Host,
    prompt: str | None,
    model: str | None,
    inline: str | None,
    file: str | None,
    stream: bool,
    stream_idle_timeout: float,
    usage: bool,
    **sampling: Any,
) -> None:
    """Let a model continue a text.

    A request object is JSON, by --json, --file
    or a pipe. Options win over what the object says.
    """
    given = read_input(prompt, inline, file, EXPECTED)
    if given is None:
        raise nothing_given(EXPECTED)
    if isinstance(given, str):
        body: dict[str, Any] = {"prompt": given}
    else:
        body = request_object(given, EXPECTED)
    body.update(given_fields(**sampling))
    body["model"] = host.model(model or body.get("model"))

    from tensormesh_cli.commands.infer.generations import COMPLETION
    from tensormesh_cli.commands.infer.request import generate

    generate(host, COMPLETION, body, Manner(stream, stream_idle_timeout, usage))
