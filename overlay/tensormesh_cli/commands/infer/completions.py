"""`tm infer completions`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tensormesh_cli._click import command
from tensormesh_cli._inputs import Expected
from tensormesh_cli.commands.infer.generation import CUT_OFF, Generation, generate, joined
from tensormesh_cli.commands.infer.host import ON_DEMAND
from tensormesh_cli.commands.infer.options import Given, body_of, generating_options
from tensormesh_cli.output import Column

if TYPE_CHECKING:
    from tensormesh.types import TextCompletion
    from tensormesh_cli.output import Result, Stream

EXPECTED = Expected(example='{"prompt":"Hi"}')

EXAMPLES = """
tm infer completions "Once upon a time"
tm infer completions --json '{"prompt":"Hi","max_tokens":64}'
echo '{"prompt":"Hi"}' | tm infer completions --stream
"""


@command("completions", examples=EXAMPLES)
@generating_options(ON_DEMAND, EXPECTED, "The text; - reads it from standard input.")
def completions(given: Given) -> Result | Stream:
    """Complete a text prompt.

    The input can be a request object as JSON, from --json, --file or a pipe. Options override its
    fields.
    """
    body = body_of(given.value, "prompt", EXPECTED, name="PROMPT")
    return generate(given.host, COMPLETION, given.complete(body), given.streaming)


def _note(completion: TextCompletion) -> str | None:
    cut_off = any(choice.finish_reason == "length" for choice in completion.choices)
    return CUT_OFF if cut_off else None


COMPLETION = Generation(
    resource=lambda namespaces: namespaces.completions,
    required=("model", "prompt"),
    text=lambda completion: joined((choice.text for choice in completion.choices), "\n\n"),
    rows="choices",
    columns=(
        Column("INDEX", "index", align="right"),
        Column("FINISH REASON", "finish_reason"),
        Column("TEXT", "text"),
    ),
    note=_note,
)
