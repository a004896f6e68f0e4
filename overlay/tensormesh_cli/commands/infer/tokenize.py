"""`tm infer tokenize` and `tm infer detokenize`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tensormesh_cli._click import command
from tensormesh_cli._errors import UsageFault
from tensormesh_cli._inputs import Expected
from tensormesh_cli.commands.infer.host import ON_DEMAND
from tensormesh_cli.commands.infer.options import (
    body_of,
    host_options,
    read_input,
    request_options,
)
from tensormesh_cli.output import Column, Result, Screen, Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from tensormesh_cli.commands.infer.host import Host

TEXT = Expected(example='{"prompt":"Hello!"}')
TOKENS = Expected(example='{"tokens":[13225,0]}', takes_text=False)


@command(
    "tokenize",
    examples="""
tm infer tokenize --prompt "Hello!"
tm --output json infer tokenize --json '{"prompt":"Hello!","return_token_strs":true}'
""",
)
@click.option("--prompt", metavar="TEXT", help="The text; - reads it from standard input.")
@host_options(ON_DEMAND)
@request_options
def tokenize(
    host: Host, prompt: str | None, model: str | None, inline: str | None, file: str | None
) -> Result:
    """Split a text into the tokens of a model.

    Prints the tokens separated by commas, as `tm infer detokenize --tokens` takes them.
    """
    given = read_input(prompt, inline, file, TEXT, name="--prompt")
    body = body_of(given, "prompt", TEXT, name="--prompt")
    return _send(host, "tokenize", ("model", "prompt"), model, body, _tokens)


@command(
    "detokenize",
    examples="""
tm infer detokenize --tokens 13225,0
tm infer detokenize --json '{"tokens":[13225,0]}'
""",
)
@click.option("--tokens", metavar="LIST", help="Token numbers, separated by commas.")
@host_options(ON_DEMAND)
@request_options
def detokenize(
    host: Host, tokens: str | None, model: str | None, inline: str | None, file: str | None
) -> Result:
    """Convert the tokens of a model to text."""
    given = read_input(tokens, inline, file, TOKENS, name="--tokens")
    body = body_of(given, "tokens", TOKENS, name="--tokens")
    if isinstance(given, str):
        body["tokens"] = _numbers(given)
    return _send(host, "detokenize", ("model", "tokens"), model, body, _prompt)


def _send(
    host: Host,
    resource: str,
    required: tuple[str, ...],
    model: str | None,
    body: dict[str, Any],
    view: Callable[[Any, Screen], str | Table],
) -> Result:
    from tensormesh_cli.commands.infer.generation import send

    body["model"] = host.model(model or body.get("model"))
    with host.calls() as namespaces:
        response = send(getattr(namespaces, resource).with_raw_response, required, body)
    return Result(response.json(), raw=response.content, view=view, verbatim=True)


def _prompt(data: Any, _screen: Screen) -> str:
    return str(data.get("prompt") or "")


def _numbers(text: str) -> list[int]:
    numbers = []
    for word in text.replace(",", " ").split():
        if not (word.isascii() and word.isdigit()):
            raise UsageFault(
                f"invalid token number {word!r} in --tokens",
                hint="write it as --tokens 13225,0",
            )
        numbers.append(int(word))
    return numbers


def _tokens(data: Any, screen: Screen) -> str | Table:
    tokens = data.get("tokens") or []
    if not screen.boxed:
        return ",".join(map(str, tokens))
    texts = data.get("token_strs") or [""] * len(tokens)
    rows = [{"token": token, "text": text} for token, text in zip(tokens, texts, strict=False)]
    return Table([Column("TOKEN", "token", align="right"), Column("TEXT", "text")], rows)
