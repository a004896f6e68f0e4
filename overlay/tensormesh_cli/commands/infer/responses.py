"""`tm infer responses`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tensormesh_cli._click import command
from tensormesh_cli._inputs import Expected
from tensormesh_cli.commands.infer.generation import (
    CUT_OFF,
    Generation,
    generate,
    joined,
    json_lines,
)
from tensormesh_cli.commands.infer.host import SERVERLESS
from tensormesh_cli.commands.infer.options import Given, body_of, generating_options
from tensormesh_cli.output import Column

if TYPE_CHECKING:
    from tensormesh.types import Response
    from tensormesh_cli.output import Result, Stream

EXPECTED = Expected(example='{"input":"Hi"}')

EXAMPLES = """
tm infer responses --model openai/gpt-oss-20b "Say hello."
tm infer responses --model openai/gpt-oss-20b --json '{"input":"Hi"}'
tm infer responses --surface on-demand --stream --file request.json
"""


@command("responses", examples=EXAMPLES)
@generating_options(
    SERVERLESS,
    EXPECTED,
    "The input text; - reads it from standard input.",
    click.option("--system", "instructions", metavar="TEXT", help="Instructions for the model."),
    name="INPUT",
)
def responses(given: Given) -> Result | Stream:
    """Ask a model through the Responses API.

    The input can be a request object as JSON, from --json, --file or a pipe. Options override its
    fields.
    """
    body = given.complete(body_of(given.value, "input", EXPECTED, name="INPUT"))
    if "max_tokens" in given.fields:
        body["max_output_tokens"] = body.pop("max_tokens")
    return generate(given.host, RESPONSE, body, given.streaming)


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
