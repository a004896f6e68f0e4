"""`tm infer tokenize` and `tm infer detokenize`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tensormesh_cli._click import command
from tensormesh_cli._errors import UsageFault
from tensormesh_cli.commands.infer.host import ON_DEMAND
from tensormesh_cli.commands.infer.options import (
    body_options,
    host_options,
    model_option,
    nothing_given,
    read_input,
)
from tensormesh_cli.commands.infer.payload import Expected, request_object
from tensormesh_cli.commands.infer.printing import show

if TYPE_CHECKING:
    from tensormesh_cli.commands.infer.host import Host
    from tensormesh_cli.output import Table

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
@model_option
@body_options
def tokenize(
    host: Host, prompt: str | None, model: str | None, inline: str | None, file: str | None
) -> None:
    """Split a text into the tokens of a model.

    Prints the tokens as a list with commas, which `tm infer detokenize --tokens` takes.
    """
    given = read_input(prompt, inline, file, TEXT, name="--prompt")
    if given is None:
        raise nothing_given(TEXT, name="--prompt")
    body = {"prompt": given} if isinstance(given, str) else request_object(given, TEXT)
    body["model"] = host.model(model or body.get("model"))
    data, content = _send(host, "tokenize", ("model", "prompt"), body)
    show(
        host.app,
        data,
        raw=content,
        text=lambda: ",".join(str(token) for token in data.get("tokens") or []),
        table=lambda: _token_table(data),
    )


@command(
    "detokenize",
    examples="""
tm infer detokenize --tokens 13225,0
tm infer detokenize --json '{"tokens":[13225,0]}'
""",
)
@click.option("--tokens", metavar="LIST", help="Token numbers, with commas between them.")
@host_options(ON_DEMAND)
@model_option
@body_options
def detokenize(
    host: Host, tokens: str | None, model: str | None, inline: str | None, file: str | None
) -> None:
    """Turn the tokens of a model back into text."""
    if tokens is not None:
        read_input(tokens, inline, file, TOKENS, name="--tokens")
        body: dict[str, Any] = {"tokens": _numbers(tokens)}
    else:
        given = read_input(None, inline, file, TOKENS)
        if given is None or isinstance(given, str):
            raise nothing_given(TOKENS, name="--tokens")
        body = request_object(given, TOKENS)
    body["model"] = host.model(model or body.get("model"))
    data, content = _send(host, "detokenize", ("model", "tokens"), body)
    show(host.app, data, raw=content, text=lambda: str(data.get("prompt") or ""))


def _send(
    host: Host, resource: str, required: tuple[str, ...], body: dict[str, Any]
) -> tuple[Any, bytes]:
    from tensormesh_cli.commands.infer.request import send

    with host.calls() as namespaces:
        response = send(getattr(namespaces, resource).with_raw_response, required, body)
    return response.json(), response.content


def _numbers(text: str) -> list[int]:
    numbers = []
    for word in text.replace(",", " ").split():
        if not (word.isascii() and word.isdigit()):
            raise UsageFault(
                f"--tokens holds {word!r}, which is no token number",
                hint="write it as --tokens 13225,0",
            )
        numbers.append(int(word))
    return numbers


def _token_table(data: dict[str, Any]) -> Table:
    from tensormesh_cli.output import Column, Table

    tokens = data.get("tokens") or []
    texts = data.get("token_strs") or [""] * len(tokens)
    rows = [{"token": token, "text": text} for token, text in zip(tokens, texts, strict=False)]
    columns = [Column("TOKEN", "token", align="right"), Column("TEXT", "text")]
    return Table(columns=columns, rows=rows)
