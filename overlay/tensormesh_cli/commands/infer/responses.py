"""`tm infer responses`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tensormesh_cli._click import Argument, command
from tensormesh_cli._inputs import Expected
from tensormesh_cli.commands.infer.generation import (
    CUT_OFF,
    Generation,
    Streaming,
    generate,
    joined,
    json_lines,
)
from tensormesh_cli.commands.infer.host import SERVERLESS
from tensormesh_cli.commands.infer.options import (
    generating_options,
    given_fields,
    read_body,
    system_option,
)
from tensormesh_cli.output import Column

if TYPE_CHECKING:
    from tensormesh.types import Response
    from tensormesh_cli.commands.infer.host import Host
    from tensormesh_cli.output import Result, Stream

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
    help="The input text; - reads it from standard input.",
)
@generating_options(SERVERLESS, system_option("Instructions for the model."))
def responses(
    host: Host,
    input: str | None,
    model: str | None,
    inline: str | None,
    file: str | None,
    system: str | None,
    max_tokens: int | None,
    streaming: Streaming,
    **sampling: Any,
) -> Result | Stream:
    """Ask a model through the Responses API.

    The input can be a request object as JSON, from --json, --file or a pipe. Options override its
    fields.
    """
    body = read_body("input", input, inline, file, EXPECTED)
    body.update(given_fields(instructions=system, max_output_tokens=max_tokens, **sampling))
    body["model"] = host.model(model or body.get("model"))
    return generate(host, RESPONSE, body, streaming)


def _text(response: Response) -> str:
    """Return the output texts, with each function call as a line of JSON among them."""
    lines = []
    for item in response.output:
        if item.type == "message":
            content = item.to_dict()["content"]
            parts = [part for part in content if part.get("type") == "output_text"]
            lines.append("".join(part["text"] for part in parts))
        elif item.type == "function_call":
            lines += json_lines([item])
    return joined(lines, "\n")


def _calls(response: Response) -> str:
    """Return the function calls, as lines of JSON."""
    calls = (item for item in response.output if item.type == "function_call")
    return "\n".join(json_lines(calls))


def _content(item: dict[str, Any]) -> str:
    if item.get("type") == "function_call":
        return f"{item.get('name')} {item.get('arguments')}"
    return "".join(str(part.get("text") or "") for part in item.get("content") or [])


RESPONSE = Generation(
    resource=lambda namespaces: namespaces.responses,
    required=("model", "input"),
    text=_text,
    extras=_calls,
    rows="output",
    columns=(Column("TYPE", "type"), Column("STATUS", "status"), Column("CONTENT", _content)),
    note=lambda response: CUT_OFF if response.status == "incomplete" else None,
    usage_on_request=False,
)
