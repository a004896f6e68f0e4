"""`tm infer responses`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tensormesh_cli._click import Argument, command
from tensormesh_cli.commands.infer.host import SERVERLESS
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

EXPECTED = Expected(example='{"input":"Hi"}')

EXAMPLES = """
tm infer responses --model openai/gpt-oss-20b "Say hello."
tm infer responses --model openai/gpt-oss-20b --json '{"input":"Hi"}'
tm infer responses --surface on-demand --stream --file request.json
"""


@command("responses", examples=EXAMPLES)
@click.argument(
    "input",
    metavar="INPUT",
    required=False,
    cls=Argument,
    help="Plain text; - reads it from standard input.",
)
@host_options(SERVERLESS)
@model_option
@body_options
@click.option("--system", metavar="TEXT", help="Instructions to the model.")
@sampling_options
@stream_options
@usage_option
def responses(
    host: Host,
    input: str | None,
    model: str | None,
    inline: str | None,
    file: str | None,
    system: str | None,
    max_tokens: int | None,
    stream: bool,
    stream_idle_timeout: float,
    usage: bool,
    **sampling: Any,
) -> None:
    """Ask a model through the Responses API.

    A request object is JSON, by --json, --file
    or a pipe. Options win over what the object says.
    """
    given = read_input(input, inline, file, EXPECTED, name="INPUT")
    if given is None:
        raise nothing_given(EXPECTED, name="INPUT")
    if isinstance(given, str):
        body: dict[str, Any] = {"input": given}
    else:
        body = request_object(given, EXPECTED)
    body.update(given_fields(instructions=system, max_output_tokens=max_tokens, **sampling))
    body["model"] = host.model(model or body.get("model"))

    from tensormesh_cli.commands.infer.generations import RESPONSE
    from tensormesh_cli.commands.infer.request import generate

    generate(host, RESPONSE, body, Manner(stream, stream_idle_timeout, usage))
